"""(r, Q): review every day, order a fixed quantity when the position has fallen to the reorder point."""

from __future__ import annotations

import numpy as np

from engine.optimisation.eoq import pack_quantity
from engine.optimisation.service_level import reorder_point
from engine.plan import Levels
from engine.strategies.information import Information
from engine.strategies.levels import levels_plan, with_safety
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import fixed_cost, reorder_demand


class ContinuousReview(StrategyParameters):
    """Q: multiple of least cost around EOQ; r: target over the lead time, undershoot included, for that Q.

    Source: Silver, Pyke & Thomas (2017), 6.7; Hadley & Whitin (1963), 4.
    """

    plans_for_service = True

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.economic_quantity, 1)
        holding = np.maximum(information.holding_cost(sourcing.unit_cost), 1e-9)
        quantity = pack_quantity(
            fixed_cost(information, sourcing), holding, information.daily_mean, sourcing.smallest, sourcing.multiple
        )
        mean, variance = reorder_demand(information, sourcing)
        point = reorder_point(mean, variance, quantity, self.target, self.target_kind)
        point = with_safety(point, mean, self.safety_multiplier)
        return levels_plan(information, sourcing, self, reorder_point=point, order_quantity=quantity, review_period=1)
