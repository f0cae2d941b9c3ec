"""Orders of one day that compete: limits on money over all SKUs, and suppliers' minimum order values.

What is wanted on a day is known before anything is ordered; then whole orders, in order of their rank (see
``rules.order_rank``; ties by SKU), take from the money that is left. Both steppers call ``granted_quantities``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.plan import Levels, Orders, Plan
from engine.scenario import Limits, Scenario
from engine.scenario.world import NO_LIMIT

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Wanted:
    """What SKUs would order today, one row each, SKUs ascending; arrays are (N,) int64.

    Attributes:
        sku, supplier: indices; ``unit_cost``: of the chosen offer, minor units.
        quantity: units wanted; ``smallest``, ``multiple``: of the chosen offer.
        most: units that the longest cover allows.
        rank: who goes first.
    """

    sku: IntArray
    supplier: IntArray
    unit_cost: IntArray
    quantity: IntArray
    smallest: IntArray
    multiple: IntArray
    most: IntArray
    rank: IntArray


def granted_quantities(
    order: IntArray, supplier: IntArray, unit_cost: IntArray, quantity: IntArray, smallest: IntArray,
    multiple: IntArray, most: IntArray, minimum: IntArray, tops_up: bool, room: int,
) -> IntArray:  # fmt: skip
    """Units each line may order, (N,).

    Where suppliers' orders are topped up, lines of an order below the minimum value grow by whole multiples, the
    first in rank first, as far as cover allows. Then lines take from ``room``, whole or as many multiples as it
    pays. An order that is still below its supplier's minimum waits: its lines get nothing, and their money is not
    passed on.

    Args:
        order: (N,) line numbers by rank, first to last.
        supplier, unit_cost, quantity, smallest, multiple, most: (N,) see ``Wanted``.
        minimum: (V,) minimum order value, minor units.
        tops_up: raise orders below the minimum.
        room: money left to order for, minor units.
    """
    granted = quantity.copy()
    value = np.zeros(minimum.shape[0], np.int64)
    for line in range(order.shape[0]):
        value[supplier[line]] += granted[line] * unit_cost[line]
    if tops_up:
        for place in range(order.shape[0]):
            line = order[place]
            missing = minimum[supplier[line]] - value[supplier[line]]
            if missing > 0 and unit_cost[line] > 0:
                steps = -(-missing // (unit_cost[line] * multiple[line]))
                steps = max(0, min(steps, (most[line] - granted[line]) // multiple[line]))
                granted[line] += steps * multiple[line]
                value[supplier[line]] += steps * multiple[line] * unit_cost[line]
    value[:] = 0
    for place in range(order.shape[0]):
        line = order[place]
        if granted[line] * unit_cost[line] > room:
            affordable = max(room, 0) // unit_cost[line] // multiple[line] * multiple[line]
            granted[line] = affordable if affordable >= smallest[line] else 0
        room -= granted[line] * unit_cost[line]
        value[supplier[line]] += granted[line] * unit_cost[line]
    for line in range(order.shape[0]):
        if value[supplier[line]] < minimum[supplier[line]]:
            granted[line] = 0
    return granted


class Purse:
    """The money that limits leave on each day, and what was ordered this week."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        self.limits: Limits = scenario.limits
        self.weekday = scenario.axes.first_day.weekday()
        self.plan_days, self.plan_limit = _limit_of_plan(plan)
        self.week, self.spent = -1, 0

    @staticmethod
    def is_needed(scenario: Scenario, plan: Plan) -> bool:
        """Whether anything couples the orders of a day; explicit orders are history and stand."""
        own_limit = isinstance(plan, Levels) and plan.capital_limit is not None
        return not isinstance(plan, Orders) and (scenario.limits.couples or own_limit)

    def room(self, day: int, capital: int) -> int:
        """Money that may be ordered for on a day.

        Args:
            day: day index.
            capital: value on hand and on order of all SKUs, minor units.
        """
        week = (day + self.weekday) // 7
        if week != self.week:
            self.week, self.spent = week, 0
        limit = self.limits.open_capital
        date = int(np.searchsorted(self.plan_days, day, side="right")) - 1
        if date >= 0:
            limit = min(limit, int(self.plan_limit[date]))
        return min(limit - capital, self.limits.weekly_spend - self.spent)

    def spend(self, value: int) -> None:
        """Book what was ordered."""
        self.spent += value


def share_out(
    wanted: Wanted, limits: Limits, room: int, rule: Callable[..., IntArray] = granted_quantities
) -> IntArray:
    """Units each line may order, (N,): highest rank first, ties by SKU.

    Args:
        wanted: of the day; ``room``: money left to order for, minor units.
        rule: ``granted_quantities``, as it is or compiled.
    """
    order = np.lexsort((wanted.sku, -wanted.rank)).astype(np.int64)
    return rule(
        order, wanted.supplier, wanted.unit_cost, wanted.quantity, wanted.smallest, wanted.multiple, wanted.most,
        limits.supplier_minimum, limits.tops_up, room,
    )  # fmt: skip


def _limit_of_plan(plan: Plan) -> tuple[IntArray, IntArray]:
    nothing = np.zeros(0, np.int64)
    if not isinstance(plan, Levels) or plan.capital_limit is None:
        return nothing, nothing
    return plan.days, np.minimum(plan.capital_limit, NO_LIMIT)
