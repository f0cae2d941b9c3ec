"""Traffic (DEMAND 2, steps 1 and 3): page views that an item would have had on each day, had it been in stock."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from engine.demand.arrays import WEEKDAYS, Bytes, DemandArrays, Floats, Ints
from engine.kernels import kernel

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SHAPE_ITERATIONS = 4
WEEK_PRIOR_VIEWS = 200.0
LEVEL_HALF_LIFE_DAYS = 21.0
LEVEL_PRIOR_DAYS = 7.0
DAY_SHAPE_BOUNDS = (0.3, 1000.0)


@dataclass(frozen=True)
class IndexFit:
    """Multiplicative fit counts ~ rate_s * period_cj * weekday_w * exposure.

    Attributes:
        rate: (S,) counts per unit of exposure at index 1; 0 without exposure.
        period: (C, P) index of a category in a period.
        weekday: (7,) index of the day of the week, in the phase of day 0.
    """

    rate: Vector
    period: Matrix
    weekday: Vector

    def by_day(self, days: int, period_days: int) -> Matrix:
        """Product of both indices for every day, (C, T)."""
        day = np.arange(days)
        return np.ascontiguousarray(self.period[:, day // period_days] * self.weekday[day % WEEKDAYS])


@kernel
def _counts_by_cell(counts: Ints, category: Ints, categories: int) -> tuple[Vector, Matrix]:
    skus, cells = counts.shape
    by_sku, by_cell = np.zeros(skus), np.zeros((categories, cells))
    for s in range(skus):
        for k in range(cells):
            by_sku[s] += counts[s, k]
            by_cell[category[s], k] += counts[s, k]
    return by_sku, by_cell


@kernel
def _expected_by_cell(rate: Vector, exposure: Floats, category: Ints, categories: int) -> Matrix:
    skus, cells = exposure.shape
    expected = np.zeros((categories, cells))
    for s in range(skus):
        r, row = rate[s], expected[category[s]]
        if r > 0.0:
            for k in range(cells):
                row[k] += r * exposure[s, k]
    return expected


@kernel
def _reach(exposure: Floats, index: Matrix, category: Ints) -> Vector:
    """Exposure of each SKU weighted by its category's index; four sums in a fixed order, so that additions overlap."""
    skus, cells = exposure.shape
    reach = np.zeros(skus)
    for s in range(skus):
        row, a, b, c, d = index[category[s]], 0.0, 0.0, 0.0, 0.0
        for k in range(0, cells - 3, 4):
            a += exposure[s, k] * row[k]
            b += exposure[s, k + 1] * row[k + 1]
            c += exposure[s, k + 2] * row[k + 2]
            d += exposure[s, k + 3] * row[k + 3]
        for k in range(cells - cells % 4, cells):
            a += exposure[s, k] * row[k]
        reach[s] = (a + b) + (c + d)
    return reach


def fit_index(
    counts: Ints,
    exposure: Floats,
    category: Ints,
    categories: int,
    period_of: NDArray[np.int64],
    weekday_of: NDArray[np.int64],
    prior: float,
) -> IndexFit:
    """Fit rate_s * period_cj * weekday_w by iterative proportional scaling, periods shrunk to 1.

    Args:
        counts: (S, K) counts per cell (a day, or a weekday of a longer period).
        exposure: (S, K) what the counts are proportional to.
        category: (S,) category code.
        categories: number of categories.
        period_of: (K,) period of a cell.
        weekday_of: (K,) day of the week of a cell.
        prior: pseudo-counts that pull each period's index to 1; a weekday's is pulled by one.
    """
    periods = int(period_of.max(initial=0)) + 1
    by_sku, by_cell = _counts_by_cell(counts, category, categories)
    by_period, by_weekday = _fold(by_cell, period_of, periods), _fold(by_cell, weekday_of, WEEKDAYS).sum(axis=0)
    period, weekday = np.ones((categories, periods)), np.ones(WEEKDAYS)
    rate = _ratio(by_sku, _reach(exposure, np.ones(by_cell.shape), category))
    for _ in range(SHAPE_ITERATIONS):
        expected = _expected_by_cell(rate, exposure, category, categories)
        period = (prior + by_period) / (prior + _fold(expected * weekday[weekday_of], period_of, periods))
        in_weekday = _fold(expected * period[:, period_of], weekday_of, WEEKDAYS).sum(axis=0)
        weekday = (1.0 + by_weekday) / (1.0 + in_weekday)
        rate = _ratio(by_sku, _reach(exposure, period[:, period_of] * weekday[weekday_of], category))
    return IndexFit(rate, period, weekday)


def _fold(by_cell: Matrix, group_of: NDArray[np.int64], groups: int) -> Matrix:
    """Sum cells of the same group, (C, K) -> (C, groups), in the order of the cells."""
    out = np.zeros((groups, by_cell.shape[0]))
    np.add.at(out, group_of, by_cell.T)
    return out.T


def _ratio(counts: Vector, reach: Vector) -> Vector:
    """Counts per reach; 0 where nothing was reached."""
    return np.divide(counts, reach, out=np.zeros_like(counts), where=reach > 0)


def traffic_shape(arrays: DemandArrays) -> IndexFit:
    """Step 1: views while in stock ~ rate_s * week_cj * weekday_w * in-stock share; periods are weeks."""
    day = np.arange(arrays.shape[1])
    exposure = np.where(arrays.active, arrays.share, np.float32(0))
    return fit_index(
        arrays.views_in, exposure, arrays.category, len(arrays.categories),
        day // WEEKDAYS, day % WEEKDAYS, WEEK_PRIOR_VIEWS,
    )  # fmt: skip


@dataclass(frozen=True)
class TrafficLevel:
    """Step 3.

    Attributes:
        expected_views: (S, T) views that a day in stock would have had.
        keep_rate: (S, T) share of views that still arrive while out of stock.
        day_shape: shape k of the gamma distribution of a day's traffic around its level.
    """

    expected_views: Floats
    keep_rate: Floats
    day_shape: float


@kernel
def keep_at(age: float, by_age: Vector, age_limits: Vector, factor: float) -> float:
    """Keep rate of an item at an age of its stock-out, 0.03..1."""
    bucket = 0
    while bucket < age_limits.size and age >= age_limits[bucket]:
        bucket += 1
    return min(1.0, max(0.03, by_age[bucket] * factor))


@kernel
def _traffic_level(
    views_in: Ints, views_out: Ints, share: Floats, active: Bytes, index: Matrix, category: Ints, keep_age: Matrix,
    age_limits: Vector, keep_sku: Vector, mean_rate: float, rho: float, prior: float,
) -> tuple[Floats, Floats, Vector, Vector]:  # fmt: skip
    skus, days = share.shape
    expected, keep = np.zeros((skus, days), np.float32), np.ones((skus, days), np.float32)
    squares, excess = np.zeros(skus), np.zeros(skus)
    seen, reach = np.empty(days), np.empty(days)
    for s in range(skus):
        c = category[s]
        age, total_views, total_reach = 0.0, mean_rate, 1.0
        views, exposure = 0.0, 0.0
        for t in range(days):
            f = np.float64(share[s, t])
            k = 1.0
            x = 0.0
            v = 0.0
            if active[s, t]:
                if f < 0.9999:
                    age += 1.0 - f
                    k = keep_at(age, keep_age[c], age_limits, keep_sku[s])
                    x = index[c, t] * (f + (1.0 - f) * k)
                else:
                    age = 0.0
                    x = index[c, t]
                v = np.float64(views_in[s, t]) + np.float64(views_out[s, t])
            else:
                age = 0.0
            keep[s, t] = k
            total_views += v
            total_reach += x
            views = views * rho + v
            exposure = exposure * rho + x
            seen[t], reach[t] = views, exposure
        mean = total_views / total_reach
        views, exposure = 0.0, 0.0
        for t in range(days - 1, -1, -1):
            f = np.float64(share[s, t])
            level = (seen[t] + views + prior * mean) / (reach[t] + exposure + prior)
            m = level * index[c, t]
            expected[s, t] = m
            v = x = 0.0
            if active[s, t]:
                v = np.float64(views_in[s, t]) + np.float64(views_out[s, t])
                x = index[c, t] * (f + (1.0 - f) * np.float64(keep[s, t]))
                if f >= 0.9999:
                    squares[s] += m * m
                    excess[s] += (v - m) * (v - m) - m
            views = (views + v) * rho
            exposure = (exposure + x) * rho
    return expected, keep, squares, excess


def traffic_level(
    arrays: DemandArrays, shape: IndexFit, keep_age: Matrix, age_limits: Vector, keep_sku: Vector
) -> TrafficLevel:
    """Step 3: two-sided exponential mean of all views over the traffic that could reach the item.

    Args:
        arrays: the world.
        shape: traffic shape by week, of these items or of others of the same shop.
        keep_age: (C, A) keep rate by category and age of the stock-out.
        age_limits: (A - 1,) days.
        keep_sku: (S,) factor of the SKU.
    """
    rho = half_life_decay(LEVEL_HALF_LIFE_DAYS)
    mean_rate = float(np.mean(shape.rate)) if shape.rate.size else 0.0
    expected, keep, squares, excess = _traffic_level(
        arrays.views_in, arrays.views_out, arrays.share, arrays.active, shape.by_day(arrays.shape[1], WEEKDAYS),
        arrays.category, keep_age, age_limits, keep_sku, mean_rate, rho, LEVEL_PRIOR_DAYS,
    )  # fmt: skip
    return TrafficLevel(expected, keep, day_shape(float(squares.sum()), float(excess.sum())))


def day_shape(squares: float, excess: float) -> float:
    """Shape k = sum m**2 / sum((V - m)**2 - m) of the gamma-distributed traffic of a day, bounded."""
    low, high = DAY_SHAPE_BOUNDS
    return high if excess <= squares / high else max(low, squares / excess)


def half_life_decay(days: float) -> float:
    """Weight that one day keeps of the day before, for a half-life in days."""
    return exp(-log(2.0) / days)
