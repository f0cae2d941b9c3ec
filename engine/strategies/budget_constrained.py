"""As much expected profit as a limit on capital allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from engine.distributions import quantiles_and_shortages
from engine.optimisation.budget import allocate
from engine.optimisation.newsvendor import critical_ratio
from engine.plan import Levels
from engine.schema import DAYS_PER_YEAR
from engine.strategies.information import FloatArray, Information, IntArray
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
    hard_limit: bool = Field(False, description="order nothing while stock and open orders exceed the budget")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.daily_mean * self.review_period, self.review_period)
        protection, _, cycle = protection_demand(information, sourcing)
        orderable = sourcing.row >= 0
        margin = information.price - sourcing.unit_cost
        overage = information.holding_cost(sourcing.unit_cost) * sourcing.interval
        cash = sourcing.unit_cost * sourcing.interval / DAYS_PER_YEAR  # what one unit costs at a price of 1 a year
        beside = cycle / 2 - protection[0] + information.daily_mean * sourcing.lead_time

        def stock_at(dates: IntArray, price: FloatArray) -> tuple[IntArray, FloatArray]:
            ratio = critical_ratio(margin[dates], overage[dates] + cash[dates] * price[:, None])
            moments = protection[0][dates], protection[1][dates]
            level, short = quantiles_and_shortages(*(flat.ravel() for flat in (*moments, np.minimum(ratio, 0.9999))))
            level = np.where(orderable[dates], level.reshape(ratio.shape), 0)
            units = np.where(level > 0, level + short.reshape(ratio.shape) + beside[dates], 0.0)
            return level, (units * sourcing.unit_cost[dates]).sum(axis=1)

        budget = self.budget_share * information.own_capital
        level, _ = allocate(stock_at, budget)
        level = with_safety(level, protection[0], self.safety_multiplier)
        plan = levels_plan(information, sourcing, self, reorder_point=level - 1, order_up_to=level)
        return replace(plan, capital_limit=np.floor(budget).astype(np.int64)) if self.hard_limit else plan
