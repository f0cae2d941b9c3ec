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
BLOCK_DAYS = 64
"""Days that are turned from rows to columns at once."""
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


class KnownSums:
    """Sums before any of the dates asked for, from one pass over the days; each date sees days before it only."""

    def __init__(self, history: OrderHistory, dates: IntArray) -> None:
        """Run over the days once.

        Args:
            history: of T days.
            dates: day indices, 0..T; those ``at`` may be asked for.
        """
        self.dates = np.unique(dates)
        orders, exposure = history.orders.sum(axis=0), history.exposure.sum(axis=0)
        self.weekday = weekday_index(orders, exposure, history.first_weekday)
        self._states = _states_before(history, self.dates, self.weekday)

    def at(self, dates: IntArray) -> Sums:
        """Sums before each of the dates, in their order."""
        states = self._states[np.searchsorted(self.dates, dates)]
        slow = states[:, 2] <= SLOW_RATE * np.maximum(states[:, 3], 1e-12)
        return Sums(
            orders=np.where(slow, states[:, 2], states[:, 0]),
            exposure=np.where(slow, states[:, 3], states[:, 1]),
            order_count=states[:, 4],
            unit_count=states[:, 5],
            square_count=states[:, 6],
            weekday=self.weekday[dates],
            plain_exposure=states[:, 7],
        )


def _states_before(history: OrderHistory, dates: IntArray, weekday: FloatArray) -> FloatArray:
    """(D, 8, S): orders and exposure with fast and slow decay; counts of orders, units, squares; plain exposure."""
    skus, days = history.orders.shape
    decay, slow_decay = 0.5 ** (1 / HALF_LIFE_DAYS), 0.5 ** (1 / SLOW_HALF_LIFE_DAYS)
    state, result = np.zeros((8, skus)), np.zeros((len(dates), 8, skus))
    position = {int(date): row for row, date in enumerate(dates)}
    last = min(days, int(dates.max(initial=0)))
    for day in range(last + 1):
        if day in position:
            result[position[day]] = state
        if day == last:
            break
        if day % BLOCK_DAYS == 0:
            block = slice(day, day + BLOCK_DAYS)
            matrices = (history.orders, history.exposure, history.units, history.squares)
            by_day = [np.ascontiguousarray(matrix[:, block].T) for matrix in matrices]
        orders, exposure, units, squares = (matrix[day % BLOCK_DAYS] for matrix in by_day)
        exposed = exposure * weekday[day, (history.first_weekday + day) % 7]
        state[0:2] *= decay
        state[2:4] *= slow_decay
        state[0] += orders
        state[1] += exposed
        state[2] += orders
        state[3] += exposed
        state[4] += orders
        state[5] += units
        state[6] += squares
        state[7] += exposed
    return result
