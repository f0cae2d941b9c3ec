"""As much expected profit as a limit on capital allows."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.distributions import shortages
from engine.optimisation.budget import allocate
from engine.optimisation.cells import per_cell
from engine.optimisation.newsvendor import critical_ratio
from engine.optimisation.service_level import quantile
from engine.plan import Levels
from engine.schema import DAYS_PER_YEAR
from engine.strategies.information import FloatArray, Information, IntArray, Sourcing
from engine.strategies.levels import levels_plan, with_safety
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import protection_demand


class BudgetConstrained(StrategyParameters):
    """Newsvendor levels at the shadow price of cash at which expected capital meets the budget.

    The budget is a share of what the shop itself had tied up on average before each date.
    Source: Hadley & Whitin (1963), 6; Lau & Lau (1996).
    """

    review_period: int = Field(7, ge=1, le=364, description="days between reviews")
    budget_share: float = Field(0.75, gt=0, le=10, description="share of the shop's own average capital")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.daily_mean * self.review_period, self.review_period)
        protection, _, cycle = protection_demand(information, sourcing)
        orderable = sourcing.row >= 0

        def levels_at(price: FloatArray) -> IntArray:
            ratio = self._ratio(information, sourcing, price[:, None])
            return np.where(orderable, np.maximum(quantile(*protection, ratio), 0), 0)

        def capital_of(levels: IntArray) -> FloatArray:
            short = per_cell(shortages, *protection, levels)
            on_hand = levels - protection[0] + short + cycle / 2
            on_order = information.daily_mean * sourcing.lead_time
            units = np.where(levels > 0, on_hand + on_order, 0.0)
            return (units * sourcing.unit_cost).sum(axis=1)

        level, _ = allocate(levels_at, capital_of, self.budget_share * information.own_capital)
        level = with_safety(level, protection[0], self.safety_multiplier)
        return levels_plan(information, sourcing, self, reorder_point=level - 1, order_up_to=level)

    def _ratio(self, information: Information, sourcing: Sourcing, price: FloatArray) -> FloatArray:
        """Critical ratio when capital costs ``price`` a year more."""
        margin = information.price - sourcing.unit_cost
        extra = sourcing.unit_cost * price / DAYS_PER_YEAR
        overage = (information.holding_cost(sourcing.unit_cost) + extra) * sourcing.interval
        return np.minimum(critical_ratio(margin, overage), 0.9999)
