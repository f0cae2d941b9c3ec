"""(S - 1, S): replace each unit sold; for slow movers, where stocking nothing may be right."""

from __future__ import annotations

from engine.optimisation.lost_sales import best_base_stock
from engine.plan import Levels
from engine.strategies.information import Information
from engine.strategies.levels import levels_plan, with_safety
from engine.strategies.parameters import StrategyParameters


class BaseStock(StrategyParameters):
    """S per SKU of least expected holding plus lost margin under lost sales; no service target.

    Source: Feeney & Sherbrooke (1966); Zipkin (2000), Foundations of Inventory Management, 7.
    """

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        sourcing = information.source(information.daily_mean, 1)
        ahead = sourcing.lead_time + sourcing.interval - 1
        demand = information.forecast.moments(ahead, sourcing.lead_time_variance)
        holding = information.holding_cost(sourcing.unit_cost)
        margin = information.price - sourcing.unit_cost
        level = best_base_stock(demand, information.daily_mean, holding, margin)
        level = with_safety(level, demand[0], self.safety_multiplier)
        return levels_plan(information, sourcing, self, reorder_point=level - 1, order_up_to=level, review_period=1)
