"""What a planner could have seen: orders, exposure and order sizes, and their discounted sums before each date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HALF_LIFE_DAYS = 120.0
SLOW_HALF_LIFE_DAYS = 240.0
SLOW_RATE = 0.1
"""Orders per day up to which the longer half-life holds (DEMAND 4)."""
WEEKDAY_PRIOR = 30.0
"""Counts with which the weekday index is shrunk to one."""


@dataclass(frozen=True)
class OrderHistory:
    """First-vintage history; matrices are (S, T).

    Attributes:
        orders: orders per day; 0 where the day teaches nothing.
        exposure: in-stock share of the day where it teaches something, else 0.
        units: units sold per day.
        squares: sum over the day's orders of their squared quantity, capped lines.
        category: (S,) code of the category.
        first_weekday: weekday of day 0, Monday = 0.
    """

    orders: FloatArray
    exposure: FloatArray
    units: FloatArray
    squares: FloatArray
    category: IntArray
    first_weekday: int

    def until(self, days: int) -> OrderHistory:
        """The same history, ended before day ``days``."""
        orders, exposure, units, squares = (
            matrix[:, :days] for matrix in (self.orders, self.exposure, self.units, self.squares)
        )
        return OrderHistory(orders, exposure, units, squares, self.category, self.first_weekday)


@dataclass(frozen=True)
class Sums:
    """Sums over the days before each of the dates.

    Attributes:
        orders, exposure: (D, S) discounted, for the half-life that suits the SKU's rate.
        order_count, unit_count, square_count: (D, S) undiscounted.
        weekday: (D, 7) weekday index known on the date, mean one.
        plain_exposure: (D, S) undiscounted exposure x weekday index; windows are differences of two dates.
    """

    orders: FloatArray
    exposure: FloatArray
    order_count: FloatArray
    unit_count: FloatArray
    square_count: FloatArray
    weekday: FloatArray
    plain_exposure: FloatArray


def weekday_index(orders: FloatArray, exposure: FloatArray, first_weekday: int) -> FloatArray:
    """Weekday index as known before each day, (T + 1, 7), exposure-weighted mean one; one before anything is known.

    Args:
        orders, exposure: (T,) sums over the catalogue.
        first_weekday: weekday of day 0.
    """
    days = len(orders)
    one_hot = np.zeros((days, 7))
    one_hot[np.arange(days), (first_weekday + np.arange(days)) % 7] = 1.0
    seen = np.vstack([np.zeros(7), np.cumsum(one_hot * orders[:, None], axis=0)])
    exposed = np.vstack([np.zeros(7), np.cumsum(one_hot * exposure[:, None], axis=0)])
    total = exposed.sum(axis=1, keepdims=True)
    rate = seen.sum(axis=1, keepdims=True) / np.maximum(total, 1e-12)
    index = (seen + WEEKDAY_PRIOR) / np.maximum(exposed * rate + WEEKDAY_PRIOR, 1e-12)
    return index / index.mean(axis=1, keepdims=True)


def sums_before(history: OrderHistory, dates: IntArray) -> Sums:
    """One pass over the days; each date sees days before it only.

    Args:
        history: of T days.
        dates: (D,) day indices, 0..T.
    """
    skus, days = history.orders.shape
    index = weekday_index(history.orders.sum(axis=0), history.exposure.sum(axis=0), history.first_weekday)
    decay, slow_decay = 0.5 ** (1 / HALF_LIFE_DAYS), 0.5 ** (1 / SLOW_HALF_LIFE_DAYS)
    by_day = {
        name: np.ascontiguousarray(getattr(history, name).T) for name in ("orders", "exposure", "units", "squares")
    }
    state = np.zeros((8, skus))  # fast and slow orders and exposure; counts of orders, units, squares; plain exposure
    unique, row_of = np.unique(dates, return_inverse=True)
    result = np.zeros((len(unique), 8, skus))
    position = {int(date): row for row, date in enumerate(unique)}
    for day in range(days + 1):
        if day in position:
            result[position[day]] = state
        if day == days:
            break
        exposed = by_day["exposure"][day] * index[day, (history.first_weekday + day) % 7]
        state[0:2] *= decay
        state[2:4] *= slow_decay
        state[0] += by_day["orders"][day]
        state[1] += exposed
        state[2] += by_day["orders"][day]
        state[3] += exposed
        state[4] += by_day["orders"][day]
        state[5] += by_day["units"][day]
        state[6] += by_day["squares"][day]
        state[7] += exposed
    result = result[row_of]
    slow = result[:, 2] <= SLOW_RATE * np.maximum(result[:, 3], 1e-12)
    return Sums(
        orders=np.where(slow, result[:, 2], result[:, 0]),
        exposure=np.where(slow, result[:, 3], result[:, 1]),
        order_count=result[:, 4],
        unit_count=result[:, 5],
        square_count=result[:, 6],
        weekday=index[dates],
        plain_exposure=result[:, 7],
    )
