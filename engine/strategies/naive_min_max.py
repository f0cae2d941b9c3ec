"""Gut feel: weeks of cover on what was sold of late. A baseline, not a candidate."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.plan import Levels
from engine.strategies.information import Information
from engine.strategies.levels import levels_plan
from engine.strategies.parameters import StrategyParameters


class NaiveMinMax(StrategyParameters):
    """Minimum: lead time plus some weeks of mean demand; maximum: some weeks more. No look at variability."""

    review_period: int = Field(7, ge=1, le=364, description="days between reviews")
    minimum_weeks: float = Field(2.0, ge=0, description="weeks of cover beyond the lead time at which to order")
    maximum_weeks: float = Field(8.0, gt=0, description="weeks of cover to order up to, beyond the minimum")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        mean = information.daily_mean
        sourcing = information.source(mean * 7 * self.maximum_weeks, self.review_period)
        point = np.ceil(mean * (sourcing.lead_time + 7 * self.minimum_weeks)).astype(np.int64)
        up_to = point + np.maximum(np.ceil(mean * 7 * self.maximum_weeks), 1).astype(np.int64)
        return levels_plan(information, sourcing, self, reorder_point=point, order_up_to=up_to)
