"""One matrix of demand forecasts for all strategies: rates, seasons, order sizes and how wrong they have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecast.history import KnownSums, OrderHistory, Sums
from engine.forecast.pooling import Categories, gamma_prior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL_DAYS = 28
YEAR_DAYS = 364
LEVEL_PRIOR = 200.0
"""Orders with which a category's season is shrunk to one."""
SIZE_PRIOR = 20.0
"""Orders with which a SKU's order size is shrunk to its category's."""
BANDS = (0.3, 1.0, 3.0, 10.0)
"""Units per window between the volume bands of the process variance."""
PROCESS_PRIOR, PROCESS_WEIGHT, PROCESS_MOST = 0.25, 50.0, 4.0


@dataclass(frozen=True)
class ForecastMatrix:
    """Demand as known on each re-planning date; arrays are (D, S) unless said otherwise.

    Attributes:
        dates: (D,) day indices.
        shape, rate_weight: Gamma posterior (A, B) of orders per day of exposure.
        season: expected level of the coming weeks over that of the past.
        weekday: (D, 7) index, mean one; ``first_weekday``: weekday of day 0.
        mean_size: units per order; ``size_ratio``: E[q^2] / E[q].
        process: (D, len(BANDS) + 1) squared coefficient of variation of the process, by volume band.
    """

    dates: IntArray
    shape: FloatArray
    rate_weight: FloatArray
    season: FloatArray
    weekday: FloatArray
    first_weekday: int
    mean_size: FloatArray
    size_ratio: FloatArray
    process: FloatArray

    @property
    def daily_mean(self) -> FloatArray:
        """Units per average day, (D, S)."""
        return self.mean_size * self.shape / self.rate_weight * self.season

    def index_sum(self, horizon: IntArray) -> FloatArray:
        """Sum of the weekday index over the ``horizon`` days from each date on, (D, S)."""
        weeks, rest = np.divmod(horizon, 7)
        first = (self.first_weekday + self.dates) % 7
        order = (first[:, None] + np.arange(7)) % 7
        rolled = np.take_along_axis(self.weekday, order, axis=1)
        cumulated = np.concatenate([np.zeros((len(self.dates), 1)), np.cumsum(rolled, axis=1)], axis=1)
        return weeks * cumulated[:, 7:] + np.take_along_axis(cumulated, np.broadcast_to(rest, self.shape.shape), axis=1)

    def moments(self, horizon: IntArray, lead_time_variance: FloatArray | float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of demand over the ``horizon`` days from each date on.

        mean = q lambda sum(index); variance = phi mean + mean^2 (1/A + process) + (q lambda i)^2 Var(L) (DEMAND 4).

        Args:
            horizon: (S,) or (D, S) days, >= 0.
            lead_time_variance: days^2, broadcastable to (D, S).
        """
        horizon = np.broadcast_to(np.asarray(horizon, np.int64), self.shape.shape)
        mean = self.daily_mean * self.index_sum(horizon)
        band = np.digitize(mean, BANDS)
        process = np.take_along_axis(self.process, band, axis=1)
        variance = self.size_ratio * mean + mean**2 * (1.0 / self.shape + process)
        return mean, variance + self.daily_mean**2 * lead_time_variance


def forecast_matrix(history: OrderHistory, dates: IntArray) -> ForecastMatrix:
    """Forecast from rows before each date only (the ``exposure`` option of DEMAND 4).

    Args:
        history: first-vintage orders and exposure.
        dates: (D,) ascending re-planning days.
    """
    categories = Categories(history.category)
    starts = np.arange(0, int(dates.max(initial=0)) - LEVEL_DAYS + 1, LEVEL_DAYS)
    known = KnownSums(history, _needed(np.concatenate([dates, starts, starts + LEVEL_DAYS])))
    sums = known.at(dates)
    shape, weight = _posterior(sums, categories)
    mean_size, size_ratio = _order_sizes(sums, categories)
    season = categories.spread(_seasons(known, dates, categories))
    process = _process_variance(known, starts, dates, categories)
    return ForecastMatrix(
        dates, shape, weight, season, sums.weekday, history.first_weekday, mean_size, size_ratio, process
    )


def _needed(dates: IntArray) -> IntArray:
    """The dates, and those that their seasons look back to."""
    last_year = np.maximum(dates - YEAR_DAYS, 0)
    return np.concatenate([dates, np.maximum(dates - LEVEL_DAYS, 0), last_year, last_year + LEVEL_DAYS])


def _order_sizes(sums: Sums, categories: Categories) -> tuple[FloatArray, FloatArray]:
    """Units per order and E[q^2] / E[q], shrunk to the category and that to one unit."""
    orders, units, squares = (categories.sum(x) for x in (sums.order_count, sums.unit_count, sums.square_count))
    size = (units + SIZE_PRIOR) / (orders + SIZE_PRIOR)
    square = (squares + SIZE_PRIOR) / (orders + SIZE_PRIOR)
    mean = (sums.unit_count + SIZE_PRIOR * categories.spread(size)) / (sums.order_count + SIZE_PRIOR)
    second = (sums.square_count + SIZE_PRIOR * categories.spread(square)) / (sums.order_count + SIZE_PRIOR)
    return np.maximum(mean, 1.0), np.maximum(second / mean, 1.0)


def _posterior(sums: Sums, categories: Categories) -> tuple[FloatArray, FloatArray]:
    """Gamma posterior (A, B) of each SKU's orders per day of exposure, (D, S) each."""
    a, b = gamma_prior(sums.orders, sums.exposure, categories)
    return categories.spread(a) + sums.orders, categories.spread(b) + sums.exposure


def _level(first: Sums, last: Sums, known: Sums, categories: Categories) -> FloatArray:
    """Orders between two dates over those expected at the rates of ``known``, shrunk to one, (D, C)."""
    shape, weight = _posterior(known, categories)
    expected = categories.sum((last.plain_exposure - first.plain_exposure) * shape / weight)
    orders = categories.sum(last.order_count - first.order_count)
    return (orders + LEVEL_PRIOR) / (expected + LEVEL_PRIOR)


def _seasons(known: KnownSums, dates: IntArray, categories: Categories) -> FloatArray:
    """Level of the coming four weeks over the discounted level, by category, (D, C).

    From the same weeks of the past year where there is one; else the last four weeks stand for the coming ones.
    """
    now = known.at(dates)
    season = _level(known.at(np.maximum(dates - LEVEL_DAYS, 0)), now, now, categories)
    start = dates - YEAR_DAYS
    has_year = start >= LEVEL_DAYS
    if has_year.any():
        start = np.maximum(start, 0)
        then = known.at(start)
        seasonal = _level(then, known.at(start + LEVEL_DAYS), then, categories)
        season = np.where(has_year[:, None], seasonal, season)
    return season


def _process_variance(known: KnownSums, starts: IntArray, dates: IntArray, categories: Categories) -> FloatArray:
    """Squared coefficient of variation beyond order sizes and rate uncertainty, by volume band, (D, bands).

    From forecasts of past windows of four weeks that were complete on the date.
    """
    bands = len(BANDS) + 1
    if len(starts) == 0:
        return np.full((len(dates), bands), PROCESS_PRIOR)
    excess, squares, count = _window_errors(known, starts, categories, bands)
    complete = np.searchsorted(starts + LEVEL_DAYS, dates, side="right")
    cumulated = [np.vstack([np.zeros(bands), np.cumsum(x, axis=0)])[complete] for x in (excess, squares, count)]
    mean_square = cumulated[1] / np.maximum(cumulated[2], 1.0)
    weight = PROCESS_WEIGHT * np.where(cumulated[2] > 0, mean_square, 1.0)
    return np.clip((cumulated[0] + PROCESS_PRIOR * weight) / (cumulated[1] + weight), 0.0, PROCESS_MOST)


def _window_errors(
    known: KnownSums, starts: IntArray, categories: Categories, bands: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per window and band: excess squared error, squared mean, SKUs."""
    then, after = known.at(starts), known.at(starts + LEVEL_DAYS)
    shape, weight = _posterior(then, categories)
    mean_size, size_ratio = _order_sizes(then, categories)
    season = categories.spread(_seasons(known, starts, categories))
    mean = mean_size * shape / weight * season * (after.plain_exposure - then.plain_exposure)
    error = (after.unit_count - then.unit_count - mean) ** 2 - size_ratio * mean - mean**2 / shape
    band = np.digitize(mean, BANDS)
    shapes = [np.zeros((len(starts), bands)) for _ in range(3)]
    for index in range(bands):
        member = (band == index) & (mean > 0)
        shapes[0][:, index] = np.where(member, error, 0.0).sum(axis=1)
        shapes[1][:, index] = np.where(member, mean**2, 0.0).sum(axis=1)
        shapes[2][:, index] = member.sum(axis=1)
    return shapes[0], shapes[1], shapes[2]
