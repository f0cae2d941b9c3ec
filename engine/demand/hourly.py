"""Demand of shops that log sales and an in-stock flag per hour, but neither page views nor quantities on hand.

FreshRetailNet-50K (arXiv 2505.16319) is such a log. A day's in-stock share is weighted by the time-of-day profile of
sales: the late hours of a shop that sells in the morning hide little. The level of a series follows its sales per
in-stock day; the sales before the shelf was empty say how busy that very day was.

Time of day and level are fitted to in-stock hours of all days, those that sold out included: a stock-out is a
stopping time, and dropping its day would drop the good days (Anupindi, Dada and Gupta 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from engine.demand.arrays import Ints
from engine.demand.traffic import Matrix, Vector, day_shape, fit_index, half_life_decay
from engine.errors import InputError
from engine.schema import MICRO

Cube = NDArray[np.int64]
Flags = NDArray[np.bool_]

PROFILE_PRIOR_UNITS = 60.0
DAY_PRIOR_UNITS = 200.0
LEVEL_HALF_LIFE_DAYS = 7.0
LEVEL_PRIOR_DAYS = 3.0
ROUNDS = 5


@dataclass(frozen=True)
class HourlyDemand:
    """Recovered demand of series with hourly in-stock flags.

    Attributes:
        units: (S, T) units sold.
        in_stock_share: (S, T) share of the day's usual sales that falls into hours in stock, 0..1.
        lost_expected_u6: (S, T) expected lost units, micro-units.
        lost_var_u6: (S, T) their variance, micro-units.
        profile: (S, H) share of a day's sales by hour; rows sum to 1.
        expected_units: (S, T) units that a day in stock would have sold.
        day_shape: shape of the gamma-distributed level of a day.
        dispersion: variance over mean of the units of an hour, given the day's sales.
    """

    units: NDArray[np.int64]
    in_stock_share: Matrix
    lost_expected_u6: NDArray[np.int64]
    lost_var_u6: NDArray[np.int64]
    profile: Matrix
    expected_units: Matrix
    day_shape: float
    dispersion: float


def recover_hourly(sales: Cube, out: Flags, categories: Sequence[str]) -> HourlyDemand:
    """Recover daily demand from hourly sales and out-of-stock flags.

    A flagged hour may have sold something before the shelf was empty: these units count as sold and against what the
    hour is thought to hide, and do not teach the level.

    Args:
        sales: (S, T, H) whole units per series, day and opening hour.
        out: (S, T, H) whether the item was out of stock in that hour.
        categories: category name of each series, (S,).

    Raises:
        InputError: shapes differ, or sales are negative.
    """
    _check(sales, out, categories)
    category = np.unique(np.asarray(categories, dtype=object), return_inverse=True)[1].astype(np.int32)
    stocked = ~out
    seen = np.where(stocked, sales, 0)
    profile, share, level = _fit(seen, stocked, category)
    units = seen.sum(axis=2)
    whole_day = stocked.all(axis=2)
    dispersion = _dispersion(seen[whole_day], profile[np.nonzero(whole_day)[0]])
    shape = _day_shape(units[whole_day], level[whole_day], dispersion)
    mean, variance = _hidden(units, share, level, shape, dispersion)
    lost = np.maximum(mean - np.where(out, sales, 0).sum(axis=2), 0.0)
    return HourlyDemand(
        sales.sum(axis=2), share, _micros(lost), _micros(np.where(lost > 0, variance, 0.0)), profile, level, shape,
        dispersion,
    )  # fmt: skip


def _check(sales: Cube, out: Flags, categories: Sequence[str]) -> None:
    if sales.shape != out.shape or sales.ndim != 3 or len(categories) != len(sales):
        shapes = f"{sales.shape}, {out.shape}, {len(categories)} categories"
        raise InputError("sales and flags must be (series, days, hours) of the same shape", value=shapes)
    if sales.size and sales.min() < 0:
        raise InputError("sales must be >= 0", value=int(sales.min()), remedy="Count returns apart from sales")


def _fit(seen: Cube, stocked: Flags, category: Ints) -> tuple[Matrix, Matrix, Matrix]:
    """Profile (S, H), in-stock share (S, T) and level (S, T), each from the two others, a few times around."""
    units = seen.sum(axis=2)
    by_hour = stocked.sum(axis=(0, 1))
    shop = np.divide(seen.sum(axis=(0, 1)), by_hour, out=np.zeros(seen.shape[2]), where=by_hour > 0)
    profile = np.tile(_normal(shop[None, :]), (len(seen), 1))
    share, level = np.ones(units.shape), np.zeros(units.shape)
    for _ in range(ROUNDS):
        share = np.clip(np.einsum("sth,sh->st", stocked, profile), 0.0, 1.0)
        level = _level(units, share, category)
        profile = _profile(seen.sum(axis=1), np.einsum("st,sth->sh", level, stocked))
    return profile, np.clip(np.einsum("sth,sh->st", stocked, profile), 0.0, 1.0), level


def _normal(rows: Matrix) -> Matrix:
    """Rows that sum to 1; even where there is nothing."""
    total = rows.sum(axis=1, keepdims=True)
    return np.divide(rows, total, out=np.full(rows.shape, 1.0 / max(rows.shape[1], 1)), where=total > 0)


def _profile(units: NDArray[np.int64], expected: Matrix) -> Matrix:
    """Units per expected unit of the day by hour, shrunk to the shop's profile by 60 units of expected sales."""
    of_shop = np.divide(
        units.sum(axis=0), expected.sum(axis=0), out=np.zeros(units.shape[1]), where=expected.any(axis=0)
    )
    shop = _normal(of_shop[None, :])
    return _normal((units + PROFILE_PRIOR_UNITS * shop) / (expected + PROFILE_PRIOR_UNITS))


def _level(units: NDArray[np.int64], share: Matrix, category: Ints) -> Matrix:
    """Units a day in stock would sell, (S, T): index of the category's day times the series' two-sided local level."""
    days = units.shape[1]
    index = fit_index(
        units.astype(np.int32), share.astype(np.float32), category, int(category.max(initial=0)) + 1,
        np.arange(days), np.zeros(days, np.int64), DAY_PRIOR_UNITS,
    )  # fmt: skip
    of_day = (index.period * index.weekday[0])[category]
    sold, reach = _two_sided(units.astype(np.float64)), _two_sided(of_day * share)
    usual = index.rate[:, None]
    level: Matrix = of_day * (sold + LEVEL_PRIOR_DAYS * usual) / (reach + LEVEL_PRIOR_DAYS)
    return level


def _two_sided(values: Matrix) -> Matrix:
    """Exponentially weighted sum over the days before and after, the day itself once."""
    rho = half_life_decay(LEVEL_HALF_LIFE_DAYS)
    before = lfilter([1.0], [1.0, -rho], values, axis=1)
    after = lfilter([1.0], [1.0, -rho], values[:, ::-1], axis=1)[:, ::-1]
    both: Matrix = before + after - values
    return both


def _dispersion(seen: NDArray[np.int64], profile: Matrix) -> float:
    """Variance over mean of hourly units around the day's sales times the profile, on whole days in stock (N, H)."""
    expected = profile * seen.sum(axis=1, keepdims=True)
    noise = (expected * (1.0 - profile)).sum()
    return max(1.0, float(((seen - expected) ** 2).sum() / noise)) if noise > 0 else 1.0


def _day_shape(units: NDArray[np.int64], level: Vector, dispersion: float) -> float:
    """Shape of a day's level: what is left of the variance of whole days beyond the dispersion of their units."""
    return day_shape(float((level**2).sum()), float(((units - level) ** 2 - dispersion * level).sum()))


def _hidden(
    units: NDArray[np.int64], share: Matrix, level: Matrix, shape: float, dispersion: float
) -> tuple[Matrix, Matrix]:
    """Mean and variance of the units of the hours out of stock (gamma-Poisson, as DEMAND 2, step 4)."""
    strength = shape + units / dispersion
    reach = shape + level * share / dispersion
    gone = (1.0 - share) * level
    mean: Matrix = gone * strength / reach
    return mean, dispersion * mean + mean**2 / strength


def _micros(values: Matrix) -> NDArray[np.int64]:
    return np.rint(values * MICRO).astype(np.int64)
