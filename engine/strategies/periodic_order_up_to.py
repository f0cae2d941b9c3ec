"""(R, S): every R days, order up to S."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.optimisation.service_level import order_up_to_level
from engine.plan import Levels
from engine.strategies.information import Information
from engine.strategies.levels import levels_plan, with_safety
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import protection_demand


class PeriodicOrderUpTo(StrategyParameters):
    """S: target service over R + L - 1 days. Source: Silver, Pyke & Thomas (2017), 7.5."""

    plans_for_service = True

    review_period: int = Field(7, ge=1, le=364, description="days between reviews")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.daily_mean * self.review_period, self.review_period)
        protection, before, cycle = protection_demand(information, sourcing)
        level = order_up_to_level(protection, before, cycle, self.target, self.target_kind)
        level = with_safety(level, protection[0], self.safety_multiplier)
        return levels_plan(information, sourcing, self, reorder_point=level - 1, order_up_to=np.maximum(level, 0))
