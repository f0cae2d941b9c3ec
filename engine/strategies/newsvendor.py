"""Newsvendor: stock so much that the margin of the last unit still pays for holding it; no service target."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.optimisation.newsvendor import critical_ratio
from engine.optimisation.service_level import quantile
from engine.plan import Levels
from engine.strategies.information import FloatArray, Information, Sourcing
from engine.strategies.levels import levels_plan, with_safety
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import protection_demand


class Newsvendor(StrategyParameters):
    """S: quantile at (p - c) / (p - c + h R); a unit that spoils within the interval loses c - salvage as well.

    Source: Arrow, Harris & Marschak (1951); Porteus (2002), Foundations of Stochastic Inventory Theory, 1 and 6.
    """

    review_period: int = Field(7, ge=1, le=364, description="days between reviews")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.daily_mean * self.review_period, self.review_period)
        mean, variance = protection_demand(information, sourcing)[0]
        ratio = np.minimum(self.ratio(information, sourcing), 0.9999)
        level = with_safety(quantile(mean, variance, ratio), mean, self.safety_multiplier)
        return levels_plan(information, sourcing, self, reorder_point=level - 1, order_up_to=level)

    def ratio(self, information: Information, sourcing: Sourcing) -> FloatArray:
        """Critical ratio per date and SKU."""
        margin = information.price - sourcing.unit_cost
        overage = information.holding_cost(sourcing.unit_cost) * sourcing.interval
        life = information.catalogue.shelf_life
        spoils = (life > 0) & (life <= sourcing.lead_time + sourcing.interval)
        loss = np.maximum(sourcing.unit_cost - information.catalogue.salvage_value, 0.0)
        return critical_ratio(margin, overage + np.where(spoils, loss, 0.0))
