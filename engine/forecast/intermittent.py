"""Classic forecasts of intermittent demand, one value per series: units per period from the next period on.

Each takes one series or rows of series, (T,) or (S, T), zeros included, and gives a float or (S,). ``before`` gives
the same at many dates without look-ahead. A series without demand gives 0.
Sources: Croston (1972); Syntetos & Boylan (2005); Teunter, Syntetos & Babai (2011); Nikolopoulos et al. (2011);
Petropoulos & Kourentzes (2015).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError, nearest
from engine.kernels import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SMOOTHING_BOUNDS = (0.1, 0.3)
"""Range within which ADIDA and IMAPA choose their smoothing constant."""
GOLDEN = 0.6180339887498949
SEARCH_STEPS = 40


@kernel
def _croston(demand: FloatArray, alpha: float, dates: IntArray, first: IntArray) -> FloatArray:
    """(S, D): smoothed size / smoothed interval, updated at demands only; the first interval starts at ``first``."""
    rows, days = demand.shape
    result = np.zeros((rows, dates.shape[0]))
    for row in range(rows):
        size, interval, since, cell = 0.0, 0.0, 0, 0
        for day in range(days + 1):
            while cell < dates.shape[0] and dates[cell] == day:
                result[row, cell] = size / interval if interval > 0.0 else 0.0
                cell += 1
            if day == days:
                break
            if day < first[row]:
                continue
            since += 1
            if demand[row, day] > 0.0:
                if interval == 0.0:
                    size, interval = demand[row, day], float(since)
                else:
                    size += alpha * (demand[row, day] - size)
                    interval += alpha * (since - interval)
                since = 0
    return result


@kernel
def _tsb(demand: FloatArray, alpha: float, beta: float, dates: IntArray, first: IntArray) -> FloatArray:
    """(S, D): smoothed size x smoothed chance of a demand; the chance is updated every day."""
    rows, days = demand.shape
    result = np.zeros((rows, dates.shape[0]))
    for row in range(rows):
        size, chance, cell = 0.0, 0.0, 0
        for day in range(days + 1):
            while cell < dates.shape[0] and dates[cell] == day:
                result[row, cell] = size * chance
                cell += 1
            if day == days:
                break
            if day < first[row]:
                continue
            present = 1.0 if demand[row, day] > 0.0 else 0.0
            chance = present if day == first[row] else chance + beta * (present - chance)
            if present > 0.0:
                size = demand[row, day] if size == 0.0 else size + alpha * (demand[row, day] - size)
    return result


@register_jitable
def _smooth(series: FloatArray, alpha: float) -> tuple[float, float]:
    """Last level of simple exponential smoothing from the first value on, and its sum of squared errors."""
    level, errors = series[0], 0.0
    for value in series[1:]:
        errors += (value - level) ** 2
        level += alpha * (value - level)
    return level, errors


@kernel
def _ses(demand: FloatArray, alpha: float, dates: IntArray, first: IntArray) -> FloatArray:
    """(S, D): simple exponential smoothing from the first day on."""
    rows, days = demand.shape
    result = np.zeros((rows, dates.shape[0]))
    for row in range(rows):
        level, cell = 0.0, 0
        for day in range(days + 1):
            while cell < dates.shape[0] and dates[cell] == day:
                result[row, cell] = level
                cell += 1
            if day == days:
                break
            if day < first[row]:
                continue
            level = demand[row, day] if day == first[row] else level + alpha * (demand[row, day] - level)
    return result


@register_jitable
def _optimised(series: FloatArray, low: float, high: float) -> float:
    """Forecast with the smoothing constant of least squared error between two bounds, by golden section."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = _smooth(series, left)[1], _smooth(series, right)[1]
    for _ in range(SEARCH_STEPS):
        if at_left == at_right:  # the least lies between; where all are equal this ends in the middle
            low, high = left, right
            left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            at_left, at_right = _smooth(series, left)[1], _smooth(series, right)[1]
        elif at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = _smooth(series, left)[1]
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = _smooth(series, right)[1]
    return _smooth(series, 0.5 * (low + high))[0]


@register_jitable
def _mean_interval(series: FloatArray) -> int:
    """Mean interval between demands, rounded half to even, at least one; 0 without demand."""
    last, count = 0, 0
    for day in range(series.shape[0]):
        if series[day] > 0.0:
            last, count = day + 1, count + 1
    return max(1, int(np.rint(last / count))) if count > 0 else 0


@register_jitable
def _aggregated(series: FloatArray, periods: int, low: float, high: float) -> float:
    """Forecast per period from sums over buckets of so many periods; the oldest incomplete bucket is left out."""
    buckets = series.shape[0] // periods
    first = series.shape[0] - buckets * periods
    sums = np.zeros(buckets)
    for bucket in range(buckets):
        for period in range(periods):
            sums[bucket] += series[first + bucket * periods + period]
    return _optimised(sums, low, high) / periods


@kernel
def _adida(
    demand: FloatArray, low: float, high: float, every_level: bool, dates: IntArray, first_day: IntArray
) -> FloatArray:
    """(S, D): forecast of buckets as long as the mean interval (ADIDA), or the mean over all up to it (IMAPA)."""
    result = np.zeros((demand.shape[0], dates.shape[0]))
    for row in range(demand.shape[0]):
        for cell in range(dates.shape[0]):
            series = demand[row, first_day[row] : max(dates[cell], first_day[row])]
            longest = _mean_interval(series)
            if longest == 0:
                continue
            first = 1 if every_level else longest
            for periods in range(first, longest + 1):
                result[row, cell] += _aggregated(series, periods, low, high)
            result[row, cell] /= longest - first + 1
    return result


def _rows(demand: ArrayLike) -> FloatArray:
    """As (S, T) of finite numbers >= 0."""
    rows = np.atleast_2d(np.ascontiguousarray(demand, dtype=np.float64))
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise InputError("demand must be a series or rows of series of at least one period", value=rows.shape)
    broken = ~(np.isfinite(rows) & (rows >= 0))
    if broken.any():
        raise InputError("demand must be >= 0", value=float(rows[broken][0]))
    return rows


def _constant(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value <= 1:
            raise InputError(f"{name} must be > 0 and <= 1", value=value)


def _apply(compute: Callable[..., FloatArray], demand: ArrayLike, *arguments: Any) -> Any:
    rows = _rows(demand)
    result = compute(rows, *arguments, np.array([rows.shape[1]]), np.zeros(len(rows), np.int64))[:, 0]
    return float(result[0]) if np.ndim(demand) == 1 else result


def croston(demand: ArrayLike, alpha: float = 0.1) -> Any:
    """Croston (1972): smoothed demand size over smoothed interval.

    >>> round(croston([0, 0, 0, 6, 0, 0]), 6)
    1.5
    """
    _constant(alpha=alpha)
    return _apply(_croston, demand, alpha)


def sba(demand: ArrayLike, alpha: float = 0.1) -> Any:
    """Croston less its bias: (1 - alpha / 2) x Croston (Syntetos & Boylan 2005)."""
    return (1 - alpha / 2) * croston(demand, alpha)


def tsb(demand: ArrayLike, alpha: float = 0.1, beta: float = 0.1) -> Any:
    """Teunter, Syntetos & Babai (2011): size x chance of a demand, which falls with every day without.

    Args:
        demand: units per period; ``alpha``: smoothing of sizes; ``beta``: of the chance.
    """
    _constant(alpha=alpha, beta=beta)
    return _apply(_tsb, demand, alpha, beta)


def ses(demand: ArrayLike, alpha: float = 0.1) -> Any:
    """Simple exponential smoothing, started at the first value."""
    _constant(alpha=alpha)
    return _apply(_ses, demand, alpha)


def adida(demand: ArrayLike, bounds: tuple[float, float] = SMOOTHING_BOUNDS) -> Any:
    """Smooth sums over buckets as long as the mean interval between demands (Nikolopoulos et al. 2011).

    Args:
        demand: units per period; ``bounds``: of the smoothing constant, chosen by least squares.
    """
    _constant(low=bounds[0], high=bounds[1])
    return _apply(_adida, demand, *bounds, False)


def imapa(demand: ArrayLike, bounds: tuple[float, float] = SMOOTHING_BOUNDS) -> Any:
    """Mean of the forecasts at all bucket lengths up to the mean interval (Petropoulos & Kourentzes 2015)."""
    _constant(low=bounds[0], high=bounds[1])
    return _apply(_adida, demand, *bounds, True)


METHODS: dict[str, Callable[[FloatArray, float, IntArray, IntArray], FloatArray]] = {
    "croston": _croston,
    "sba": lambda demand, alpha, dates, first: (1 - alpha / 2) * _croston(demand, alpha, dates, first),
    "tsb": lambda demand, alpha, dates, first: _tsb(demand, alpha, alpha, dates, first),
    "ses": _ses,
    "adida": lambda demand, _, dates, first: _adida(demand, *SMOOTHING_BOUNDS, False, dates, first),
    "imapa": lambda demand, _, dates, first: _adida(demand, *SMOOTHING_BOUNDS, True, dates, first),
}
"""Methods by name; the last argument is the first day of each row."""


def before(
    method: str, demand: ArrayLike, dates: IntArray, alpha: float = 0.1, first_day: IntArray | None = None
) -> FloatArray:
    """Forecast of each row on each date from the days before it only, (D, S) units per day.

    Args:
        method: a key of ``METHODS``.
        demand: (S, T) units per day.
        dates: (D,) day indices, rising, 0..T.
        alpha: smoothing constant; adida and imapa choose their own.
        first_day: (S,) day from which each row counts, 0 by default: an item that came later has no demand before.
    """
    if method not in METHODS:
        raise InputError("method must be a known one", value=method, remedy=nearest(method, METHODS))
    _constant(alpha=alpha)
    rows, days = _rows(demand), np.asarray(dates, np.int64)
    if len(days) and (days.min() < 0 or days.max() > rows.shape[1] or (np.diff(days) < 0).any()):
        raise InputError(f"dates must rise and lie in 0..{rows.shape[1]}", value=days.tolist()[:5])
    first = np.zeros(len(rows), np.int64) if first_day is None else np.asarray(first_day, np.int64)
    return np.ascontiguousarray(METHODS[method](rows, alpha, days, first).T)
