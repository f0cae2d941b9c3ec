"""One matrix of demand forecasts for all strategies: rates, seasons, order sizes and how wrong they have been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.forecast.history import KnownSums, OrderHistory, Sums
from engine.forecast.pooling import Categories, gamma_prior
from engine.forecast.process import (
    WINDOW_DAYS,
    BoolArray,
    WindowForecasts,
    band_of,
    new_level,
    process_variance,
    window_starts,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL_DAYS = WINDOW_DAYS
YEAR_DAYS = 364
LEVEL_PRIOR = 200.0
"""Orders with which a category's season is shrunk to one."""
SIZE_PRIOR = 20.0
"""Orders with which a SKU's order size is shrunk to its category's."""
FIRST_DAYS, NEW_DAYS, NEW_EXPOSURE = 7, 28, 26.0
"""Items without a day in stock in the first days of the logs are new until they had about four weeks in stock: the
weekday indices known then need not add to 28."""


@dataclass(frozen=True)
class ForecastMatrix:
    """Demand as known on each re-planning date; arrays are (D, S) unless said otherwise.

    Attributes:
        dates: (D,) day indices.
        shape, rate_weight: Gamma posterior (A, B) of orders per day of exposure.
        season: expected level of the coming weeks over that of the past.
        weekday: (D, 7) index, mean one; ``first_weekday``: weekday of day 0.
        mean_size: units per order; ``size_ratio``: E[q^2] / E[q].
        process: (D, bands) squared coefficient of variation of the process, by volume band, new items last.
        new: items that came to the catalogue after the logs began, and have not yet been there for four weeks.
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
    new: BoolArray

    @cached_property
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
        mean, variance = self.moments_over(self.index_sum(horizon))
        return mean, variance + self.daily_mean**2 * lead_time_variance

    def mean(self, horizon: IntArray) -> FloatArray:
        """Mean demand over the ``horizon`` (D, S) days from each date on."""
        return self.daily_mean * self.index_sum(horizon)

    def moments_over(self, exposure: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of demand over a sum of exposure x weekday index, (D, S)."""
        mean = self.daily_mean * exposure
        process = np.take_along_axis(self.process, band_of(mean, self.new), axis=1)
        return mean, self.size_ratio * mean + mean**2 * (1.0 / self.shape + process)


@dataclass(frozen=True)
class Basis:
    """What all information options share: the sums before every date and every past window.

    Attributes:
        history: first-vintage.
        dates: (D,) ascending re-planning days.
        starts: (W,) first days of the windows that forecasts are judged by.
        categories: of the SKUs; ``known``: sums before any of the days above.
    """

    history: OrderHistory
    dates: IntArray
    starts: IntArray
    categories: Categories
    known: KnownSums

    def order_sizes(self, days: IntArray) -> tuple[FloatArray, FloatArray]:
        """Units per order and E[q^2] / E[q] as known on the days, shrunk to the category and that to one unit."""
        sums, categories = self.known.at(days), self.categories
        orders, units, squares = (categories.sum(x) for x in (sums.order_count, sums.unit_count, sums.square_count))
        size = (units + SIZE_PRIOR) / (orders + SIZE_PRIOR)
        square = (squares + SIZE_PRIOR) / (orders + SIZE_PRIOR)
        mean = (sums.unit_count + SIZE_PRIOR * categories.spread(size)) / (sums.order_count + SIZE_PRIOR)
        second = (sums.square_count + SIZE_PRIOR * categories.spread(square)) / (sums.order_count + SIZE_PRIOR)
        return np.maximum(mean, 1.0), np.maximum(second / mean, 1.0)

    def matrix(self, rates_on: RatesOn) -> ForecastMatrix:
        """The forecast matrix of an option, its process variance from its own past errors.

        Args:
            rates_on: days -> (A, B, season) as known on them, (N, S) each.
        """
        shape, weight, season = rates_on(self.dates)
        mean_size, size_ratio = self.order_sizes(self.dates)
        level, process = self._past_errors(rates_on)
        new = self.new_on(self.dates)
        return ForecastMatrix(
            dates=self.dates,
            shape=shape,
            rate_weight=weight,
            season=season * np.where(new, level[:, None], 1.0),
            weekday=self.known.at(self.dates).weekday,
            first_weekday=self.history.first_weekday,
            mean_size=mean_size,
            size_ratio=size_ratio,
            process=process,
            new=new,
        )

    def new_on(self, days: IntArray) -> BoolArray:
        """Items that were not there when the logs began, and for less than four weeks since, (N, S)."""
        at_first = self.known.at(np.minimum(days, FIRST_DAYS)).plain_exposure > 0
        young = self.known.at(days).plain_exposure < NEW_EXPOSURE
        return young & ~at_first & (days >= NEW_DAYS)[:, None]

    def _past_errors(self, rates_on: RatesOn) -> tuple[FloatArray, FloatArray]:
        """Level of new items, and process variance, from windows that were complete on each date."""
        starts = self.starts
        then, after = self.known.at(starts), self.known.at(starts + WINDOW_DAYS)
        shape, weight, season = rates_on(starts)
        mean_size, size_ratio = self.order_sizes(starts)
        rate, new = mean_size * shape / weight * season, self.new_on(starts)
        plain = WindowForecasts(starts, rate, 1.0 / shape, mean_size, size_ratio, new)
        level = new_level(plain, then, after, np.concatenate([starts, self.dates]))
        raised = replace(plain, rate=rate * np.where(new, level[: len(starts), None], 1.0))
        return level[len(starts) :], process_variance(raised, then, after, self.dates)


RatesOn = Callable[[IntArray], tuple[FloatArray, FloatArray, FloatArray]]
"""Gamma posterior (A, B) of orders per day of exposure, and the season on top, as known on each day."""


def forecast_basis(history: OrderHistory, dates: IntArray) -> Basis:
    """One pass over the days for all options.

    Args:
        history: first-vintage orders and exposure.
        dates: (D,) ascending re-planning days.
    """
    starts = window_starts(dates)
    known = KnownSums(history, _needed(np.concatenate([dates, starts, starts + WINDOW_DAYS])))
    return Basis(history, dates, starts, Categories(history.category), known)


def exposure_rates(basis: Basis) -> RatesOn:
    """Orders per day of exposure, and the category's season."""

    def rates_on(days: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        shape, weight = posterior(basis.known.at(days), basis.categories)
        return shape, weight, basis.categories.spread(_seasons(basis.known, days, basis.categories))

    return rates_on


def exposure_forecast(basis: Basis) -> ForecastMatrix:
    """The ``exposure`` option of DEMAND 4."""
    return basis.matrix(exposure_rates(basis))


def forecast_matrix(history: OrderHistory, dates: IntArray) -> ForecastMatrix:
    """Forecast from rows before each date only, by the ``exposure`` option.

    Args:
        history: first-vintage orders and exposure.
        dates: (D,) ascending re-planning days.
    """
    return exposure_forecast(forecast_basis(history, dates))


def _needed(dates: IntArray) -> IntArray:
    """The dates, and those that their seasons look back to."""
    last_year = np.maximum(dates - YEAR_DAYS, 0)
    first = np.minimum(dates, FIRST_DAYS)
    before = (np.maximum(dates - LEVEL_DAYS, 0), np.maximum(last_year - LEVEL_DAYS, 0))
    return np.concatenate([dates, first, *before, last_year, last_year + LEVEL_DAYS])


def posterior(sums: Sums, categories: Categories) -> tuple[FloatArray, FloatArray]:
    """Gamma posterior (A, B) of each SKU's orders per day of exposure, (D, S) each."""
    a, b = gamma_prior(sums.orders, sums.exposure, categories)
    return categories.spread(a) + sums.orders, categories.spread(b) + sums.exposure


def _level(first: Sums, last: Sums, known: Sums, categories: Categories) -> FloatArray:
    """Orders between two dates over those expected at the rates of ``known``, shrunk to one, (D, C)."""
    shape, weight = posterior(known, categories)
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


def coming_season(basis: Basis, days: IntArray) -> FloatArray:
    """Level of the coming four weeks over that of the last four, by category, as it was a year ago, (N, C).

    One where there is no past year: the last weeks stand for the coming ones.
    """
    known, categories = basis.known, basis.categories
    start = days - YEAR_DAYS
    has_year = start >= LEVEL_DAYS
    if not has_year.any():
        return np.ones((len(days), categories.count))
    start = np.maximum(start, 0)
    then = known.at(start)
    coming = _level(then, known.at(start + LEVEL_DAYS), then, categories)
    past = _level(known.at(np.maximum(start - LEVEL_DAYS, 0)), then, then, categories)
    return np.where(has_year[:, None], coming / past, 1.0)
