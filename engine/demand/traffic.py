"""Traffic: how many page views an item would have had on each day, had it been in stock (DEMAND 2, steps 1, 3 and the day shape).
"""

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
def _fit_index(
    counts: Ints, exposure: Floats, category: Ints, categories: int, period_of: NDArray[np.int64],
    weekday_of: NDArray[np.int64], prior: float, iterations: int,
) -> tuple[Vector, Matrix, Vector]:  # fmt: skip
    skus, cells = counts.shape
    periods = 1
    for k in range(cells):
        periods = max(periods, period_of[k] + 1)
    rate, period, weekday = np.zeros(skus), np.ones((categories, periods)), np.ones(7)
    sum_sku, by_period, by_weekday = np.zeros(skus), np.zeros((categories, periods)), np.zeros(7)
    for s in range(skus):
        c, expected = category[s], 0.0
        for k in range(cells):
            expected += exposure[s, k]
            n = counts[s, k]
            if n > 0:
                sum_sku[s] += n
                by_period[c, period_of[k]] += n
                by_weekday[weekday_of[k]] += n
        rate[s] = sum_sku[s] / expected if expected > 0.0 else 0.0
    for _ in range(iterations):
        expected_cells = np.zeros((categories, cells))
        for s in range(skus):
            if rate[s] > 0.0:
                row = expected_cells[category[s]]
                r = rate[s]
                for k in range(cells):
                    row[k] += r * exposure[s, k]
        expected_weekday = np.zeros(7)
        for c in range(categories):
            expected_period = np.zeros(periods)
            for k in range(cells):
                expected_period[period_of[k]] += expected_cells[c, k] * weekday[weekday_of[k]]
            for j in range(periods):
                period[c, j] = (prior + by_period[c, j]) / (prior + expected_period[j])
            for k in range(cells):
                expected_weekday[weekday_of[k]] += expected_cells[c, k] * period[c, period_of[k]]
        for w in range(7):
            weekday[w] = (1.0 + by_weekday[w]) / (1.0 + expected_weekday[w])  # one pseudo-count: never 0 / 0
        index = np.empty((categories, cells))
        for c in range(categories):
            for k in range(cells):
                index[c, k] = period[c, period_of[k]] * weekday[weekday_of[k]]
        for s in range(skus):
            if rate[s] > 0.0:
                row = index[category[s]]
                # Four accumulators in a fixed order: no fastmath, yet the additions overlap.
                a = b = d = e = 0.0
                whole = cells - cells % 4
                for k in range(0, whole, 4):
                    a += exposure[s, k] * row[k]
                    b += exposure[s, k + 1] * row[k + 1]
                    d += exposure[s, k + 2] * row[k + 2]
                    e += exposure[s, k + 3] * row[k + 3]
                for k in range(whole, cells):
                    a += exposure[s, k] * row[k]
                expected = (a + b) + (d + e)
                rate[s] = sum_sku[s] / expected if expected > 0.0 else 0.0
    return rate, period, weekday


def fit_index(
    counts: NDArray[np.int32],
    exposure: Floats,
    category: NDArray[np.int32],
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
        prior: pseudo-counts that pull each period's index to 1.
    """
    fit = _fit_index(counts, exposure, category, categories, period_of, weekday_of, prior, SHAPE_ITERATIONS)
    return IndexFit(*fit)


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
                    b = 0
                    while b < age_limits.size and age >= age_limits[b]:
                        b += 1
                    k = min(1.0, max(0.03, keep_age[c, b] * keep_sku[s]))
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
        shape: traffic shape by week.
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
