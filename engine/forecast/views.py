"""The ``views`` option: how many visitors come now, times how many of them order.

The traffic of an item answers within days, its conversion hardly moves: mean = size x conversion x level of traffic
(DEMAND 4; Huang & Van Mieghem 2014). Only views that found stock count, so nothing hidden has to be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecast.history import SLOW_HALF_LIFE_DAYS, OrderHistory
from engine.forecast.matrix import (
    LEVEL_DAYS,
    LEVEL_PRIOR,
    Basis,
    ForecastMatrix,
    coming_season,
    exposure_rates,
)
from engine.forecast.pooling import Categories, gamma_prior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TRAFFIC_HALF_LIFE_DAYS = 21.0
TRAFFIC_PRIOR_DAYS = 7.0
"""Days of an item's long-run traffic with which its level is shrunk (DEMAND 2.3)."""
BLOCK_DAYS = 64


@dataclass(frozen=True)
class ViewHistory:
    """First-vintage page views; matrices are (S, T).

    Attributes:
        views: counted views that found stock.
        logged: 1 on days on which the item was listed and the shop logged views.
    """

    views: NDArray[np.int32]
    logged: NDArray[np.uint8]

    def until(self, days: int) -> ViewHistory:
        """The same history, ended before day ``days``."""
        return ViewHistory(self.views[:, :days], self.logged[:, :days])


@dataclass(frozen=True)
class ViewSums:
    """Sums over the days before each date, (D, S): orders of days with logged views, views, exposure.

    Attributes:
        orders, views, exposure: discounted slowly; ``recent_views``, ``recent_exposure``: quickly.
        order_count, view_count: undiscounted.
    """

    orders: FloatArray
    views: FloatArray
    exposure: FloatArray
    recent_views: FloatArray
    recent_exposure: FloatArray
    order_count: FloatArray
    view_count: FloatArray


class KnownViews:
    """Sums before any of the dates asked for, from one pass over the days."""

    def __init__(self, history: OrderHistory, views: ViewHistory, weekday: FloatArray, dates: IntArray) -> None:
        """Run over the days once.

        Args:
            history, views: of T days.
            weekday: (T + 1, 7) index as known before each day.
            dates: day indices, 0..T.
        """
        self.dates = np.unique(dates)
        self._states = _states_before(history, views, weekday, self.dates)

    def at(self, dates: IntArray) -> ViewSums:
        """Sums before each of the dates, in their order."""
        states = self._states[np.searchsorted(self.dates, dates)]
        return ViewSums(*(states[:, row] for row in range(7)))


def _states_before(history: OrderHistory, views: ViewHistory, weekday: FloatArray, dates: IntArray) -> FloatArray:
    """(D, 7, S), rows as the fields of ``ViewSums``."""
    skus, days = history.orders.shape
    slow, quick = 0.5 ** (1 / SLOW_HALF_LIFE_DAYS), 0.5 ** (1 / TRAFFIC_HALF_LIFE_DAYS)
    decay = np.array([slow, slow, slow, quick, quick, 1.0, 1.0])[:, None]
    state, result = np.zeros((7, skus)), np.zeros((len(dates), 7, skus))
    position = {int(date): row for row, date in enumerate(dates)}
    last = min(days, int(dates.max(initial=0)))
    for day in range(last + 1):
        if day in position:
            result[position[day]] = state
        if day == last:
            break
        if day % BLOCK_DAYS == 0:
            block = slice(day, day + BLOCK_DAYS)
            logged = views.logged[:, block].T.astype(np.float64)
            orders = history.orders[:, block].T * logged
            exposure = history.exposure[:, block].T * logged
            seen = views.views[:, block].T * logged
        row = day % BLOCK_DAYS
        exposed = exposure[row] * weekday[day, (history.first_weekday + day) % 7]
        state *= decay
        for target, values in enumerate((orders[row], seen[row], exposed, seen[row], exposed, orders[row], seen[row])):
            state[target] += values
    return result


def views_forecast(basis: Basis, views: ViewHistory) -> ForecastMatrix:
    """Forecast from conversion and the level of traffic; items without any views keep the ``exposure`` forecast.

    Conversion has a gamma prior of its category on each day, and the category's last four weeks against it. The
    level of traffic is a mean with a half-life of three weeks, shrunk to the item's own long run and that to the
    category. Where there is a past year, the coming weeks stand to the last ones as they did then.
    """
    days = np.unique(np.concatenate([basis.dates, basis.starts]))
    back = np.maximum(days - LEVEL_DAYS, 0)
    known = KnownViews(basis.history, views, basis.known.weekday, np.concatenate([days, back]))
    plain, categories = exposure_rates(basis), basis.categories

    def rates_on(when: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        sums, fallback = known.at(when), plain(when)
        a, b = gamma_prior(sums.orders, sums.views, categories)
        shape, weight = categories.spread(a) + sums.orders, categories.spread(b) + sums.views
        recent = _recent_conversion(sums, known.at(np.maximum(when - LEVEL_DAYS, 0)), shape / weight, categories)
        traffic = _traffic(sums, categories) * categories.spread(recent * coming_season(basis, when))
        viewed = (sums.view_count > 0) & (traffic > 0)
        return (
            np.where(viewed, shape, fallback[0]),
            np.where(viewed, weight, fallback[1]),
            np.where(viewed, traffic, fallback[2]),
        )

    return basis.matrix(rates_on)


def _traffic(sums: ViewSums, categories: Categories) -> FloatArray:
    """Views per day in stock now, (D, S)."""
    total, exposed = categories.sum(sums.views), categories.sum(sums.exposure)
    usual = categories.spread(total / np.maximum(exposed, 1e-9))
    long_run = (sums.views + TRAFFIC_PRIOR_DAYS * usual) / (sums.exposure + TRAFFIC_PRIOR_DAYS)
    return (sums.recent_views + TRAFFIC_PRIOR_DAYS * long_run) / (sums.recent_exposure + TRAFFIC_PRIOR_DAYS)


def _recent_conversion(now: ViewSums, before: ViewSums, conversion: FloatArray, categories: Categories) -> FloatArray:
    """Orders of the last four weeks over those their views let expect, shrunk to one, (D, C)."""
    expected = categories.sum((now.view_count - before.view_count) * conversion)
    orders = categories.sum(now.order_count - before.order_count)
    return (orders + LEVEL_PRIOR) / (expected + LEVEL_PRIOR)
