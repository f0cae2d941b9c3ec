"""(R, s, S): optimal minimum and maximum for holding, ordering and a penalty that stands for the target."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.optimisation.min_max import optimal_min_max
from engine.plan import Levels
from engine.strategies.information import Information
from engine.strategies.levels import levels_plan, with_safety
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import fixed_cost, protection_demand


class MinMax(StrategyParameters):
    """Least cost (s, S) with penalty p = h alpha / (1 - alpha), alpha the target.

    Source: Zheng & Federgruen (1991); Ehrhardt & Mosier (1984) where lots are large.
    """

    plans_for_service = True

    review_period: int = Field(7, ge=1, le=364, description="days between reviews")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.economic_quantity, self.review_period)
        protection = protection_demand(information, sourcing)[0]
        period = information.forecast.moments(sourcing.interval)
        holding = np.maximum(information.holding_cost(sourcing.unit_cost) * sourcing.interval, 1e-9)
        penalty = holding * self.target / (1 - self.target)
        fixed = np.maximum(fixed_cost(information, sourcing), 1e-6)
        point, up_to = optimal_min_max(period, protection, fixed, holding, penalty)
        safe = with_safety(point, protection[0], self.safety_multiplier)
        return levels_plan(information, sourcing, self, reorder_point=safe, order_up_to=safe + up_to - point)
