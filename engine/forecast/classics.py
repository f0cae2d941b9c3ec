"""The classics as information options: Croston, SBA, TSB and exponential smoothing on as-of demand.

Each on its best side: items that came later begin on their first day and have their category's rate while they are
new or have not sold, the smoothing constant is the one that erred least on the windows known so far, and the spread
around the mean is calibrated as for every other option.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.forecast.intermittent import before
from engine.forecast.matrix import Basis, ForecastMatrix, exposure_rates
from engine.forecast.pooling import gamma_prior
from engine.forecast.process import WINDOW_DAYS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CLASSICS = ("croston", "sba", "tsb", "ses")
SMOOTHING = (0.02, 0.05, 0.1, 0.2)
"""Constants to choose from: the range of Syntetos & Boylan (2005) and one below it, as periods are days."""
FIRST_CHOICE = 1
LOWEST_RATE = 1e-6
"""Units per day of an item without demand: a forecast of zero would stock it never again."""


def classic_forecast(method: str, basis: Basis, demand: FloatArray) -> ForecastMatrix:
    """Forecast matrix of one of ``CLASSICS``.

    The rate is as uncertain as one seen over the memory of the smoothing, 2 / alpha - 1 days.

    Args:
        method: its name.
        basis: what all options share.
        demand: (S, T) as-of demand, units per day.
    """
    days = np.unique(np.concatenate([basis.dates, basis.starts]))
    first_day = _first_day(basis.history.exposure)
    rates = np.stack([_rates(method, demand, days, alpha, first_day) for alpha in SMOOTHING])
    errors, plain = _errors(basis, days, rates), exposure_rates(basis)

    def rates_on(when: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        chosen = _least_error(errors, basis.starts, when)
        orders = rates[chosen, np.searchsorted(days, when)] / basis.order_sizes(when)[0]
        memory = (2.0 / np.array(SMOOTHING) - 1.0)[chosen][:, None]
        sums, categories = basis.known.at(when), basis.categories
        shape = categories.spread(gamma_prior(sums.orders, sums.exposure, categories)[0]) + orders * memory
        blank, prior = (sums.order_count == 0) | basis.new_on(when), plain(when)
        return (
            np.where(blank, prior[0], shape),
            np.where(blank, prior[1], shape / orders),
            np.where(blank, prior[2], 1.0),
        )

    return basis.matrix(rates_on)


def _rates(method: str, demand: FloatArray, days: IntArray, alpha: float, first_day: IntArray) -> FloatArray:
    """(N, S) units per day."""
    if demand.shape[1] == 0:
        return np.full((len(days), len(demand)), LOWEST_RATE)
    return np.maximum(before(method, demand, days, alpha, first_day), LOWEST_RATE)


def _first_day(exposure: FloatArray) -> IntArray:
    """First day in stock, (S,): the number of days where there is none."""
    days = exposure.shape[1]
    seen = exposure > 0
    if days == 0:
        return np.zeros(len(exposure), np.int64)
    return np.where(seen.any(axis=1), seen.argmax(axis=1), days).astype(np.int64)


def _errors(basis: Basis, days: IntArray, rates: FloatArray) -> FloatArray:
    """(alphas, W) squared errors of past windows, each item's over its expected units as of the window's start."""
    starts = basis.starts
    if len(starts) == 0:
        return np.zeros((len(rates), 0))
    then, after = basis.known.at(starts), basis.known.at(starts + WINDOW_DAYS)
    exposure, units = after.plain_exposure - then.plain_exposure, after.unit_count - then.unit_count
    shape, weight, season = exposure_rates(basis)(starts)
    scale = np.maximum(basis.order_sizes(starts)[0] * shape / weight * season * exposure, 1.0)
    at_start = rates[:, np.searchsorted(days, starts)]
    return ((units - at_start * exposure) ** 2 / scale).sum(axis=2)


def _least_error(errors: FloatArray, starts: IntArray, when: IntArray) -> IntArray:
    """Index of the constant with the least error over the windows complete on each day; the first choice without."""
    complete = np.searchsorted(starts + WINDOW_DAYS, when, side="right")
    total = np.concatenate([np.zeros((len(errors), 1)), np.cumsum(errors, axis=1)], axis=1)[:, complete]
    return np.where(complete > 0, total.argmin(axis=0), FIRST_CHOICE)
