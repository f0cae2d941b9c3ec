"""The levels in force in the reference run: replaced at re-planning dates, asked at reviews."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine import rules
from engine.models import InventoryPosition
from engine.plan import NEVER_ORDER, UNLIMITED, Levels, Plan, Rule
from engine.scenario import Scenario
from engine.steppers.state import Column, SystemState

IntArray = NDArray[np.int64]


class LevelsInForce:
    """Current levels per SKU; with a ``Rule`` every due SKU is asked, with ``Orders`` none is."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        size = len(scenario.axes.items)

        def column(value: int) -> Column:
            return Column(np.full(size, value, np.int64))

        self.plan, self.next_order_day = plan, scenario.suppliers.next_order_day
        self.dates = 0
        self.reorder_point, self.order_up_to, self.order_quantity = column(NEVER_ORDER), column(0), column(0)
        self.review_period, self.carry_u6, self.lead_time = column(1), column(0), column(UNLIMITED)
        self.max_position, self.priority_u6 = column(UNLIMITED), column(0)
        self.supplier = Column(scenario.catalogue.primary_supplier.copy())
        if isinstance(plan, Rule):
            self.reorder_point.all[self.supplier.all >= 0] = UNLIMITED
            self.review_period.all[:], self.carry_u6.all[:] = plan.review_period, plan.carry_u6

    def due(self, day: int, listed: NDArray[np.bool_], state: SystemState) -> IntArray:
        """SKUs reviewed today whose position is at or below the reorder point, ascending."""
        if isinstance(self.plan, Levels):
            self._replan(self.plan, day)
        position = rules.inventory_position(state.on_hand.all, state.on_order.all, state.waiting.all)
        low = np.flatnonzero(listed & (position <= self.reorder_point.all))
        nominal = day // self.review_period.all[low] * self.review_period.all[low]
        return low[self.next_order_day[self.supplier.all[low], nominal] == day]

    def need(self, position: InventoryPosition) -> int:
        """Units wanted at a review."""
        if isinstance(self.plan, Rule):
            return self.plan.order_quantity(position)
        sku = position.sku
        return rules.needed_quantity(
            position.position, self.reorder_point.at[sku], self.order_up_to.at[sku], self.order_quantity.at[sku]
        )

    def _replan(self, levels: Levels, day: int) -> None:
        if self.dates < len(levels.days) and levels.days[self.dates] <= day:
            for name, matrix in levels.matrices().items():
                getattr(self, name).all[:] = matrix[self.dates]
            self.dates += 1
