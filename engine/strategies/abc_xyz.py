"""Nine cells, nine rules: what most catalogues are told to do."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.optimisation.eoq import pack_quantity
from engine.optimisation.lost_sales import best_base_stock
from engine.optimisation.min_max import optimal_min_max
from engine.optimisation.service_level import order_up_to_level, reorder_point
from engine.plan import Levels
from engine.strategies.information import Information, IntArray, Sourcing
from engine.strategies.levels import levels_plan
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import fixed_cost, protection_demand, reorder_demand

WEEKLY = 7


class AbcXyz(StrategyParameters):
    """Rule by cell, as of each date.

    AX: daily (r, Q), lean and tight. AY: weekly, moderate buffer. AZ: weekly, large buffer. BX: EOQ. BY: periodic.
    BZ: heavy safety stock. CX: min-max. CY: reorder when empty. CZ: make to order; while no demand waits, one unit
    where it pays. Source: Scholz-Reiter et al. (2012); Silver, Pyke & Thomas (2017), 2.4.
    """

    buffer_step: float = Field(0.5, ge=0, lt=1, description="share of the missing service a larger buffer closes")

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        cell = information.segments.cell
        daily = np.isin(cell, (0, 3, 7, 8))
        period = np.where(daily, 1, WEEKLY)
        sourcing = information.source(information.economic_quantity, period)
        quantity = pack_quantity(
            fixed_cost(information, sourcing),
            np.maximum(information.holding_cost(sourcing.unit_cost), 1e-9),
            information.daily_mean,
            sourcing.smallest,
            sourcing.multiple,
        )
        lean, moderate, large = self.target, self._raised(1), self._raised(2)
        point, up_to = np.full_like(cell, -1), np.zeros_like(cell)
        lots = np.zeros_like(cell)
        chosen = np.isin(cell, (0, 3))
        levels = reorder_point(*reorder_demand(information, sourcing), quantity, lean, self.target_kind)
        point[chosen], lots[chosen] = levels[chosen], quantity[chosen]
        for cells, target in (([4], lean), ([1], moderate), ([2, 5], large)):
            chosen = np.isin(cell, cells)
            levels = order_up_to_level(*protection_demand(information, sourcing), target, self.target_kind)
            point[chosen], up_to[chosen] = levels[chosen] - 1, np.maximum(levels[chosen], 0)
        low, high = self._min_max(information, sourcing)
        chosen = cell == 6
        point[chosen], up_to[chosen] = low[chosen], high[chosen]
        chosen = cell == 7
        point[chosen], up_to[chosen] = 0, np.maximum(quantity[chosen], 1)
        chosen = cell == 8
        one = self._one_where_it_pays(information, sourcing)
        point[chosen], up_to[chosen] = one[chosen] - 1, one[chosen]
        return levels_plan(
            information, sourcing, self,
            reorder_point=point, order_up_to=up_to, order_quantity=lots, review_period=period,
        )  # fmt: skip

    def _raised(self, steps: int) -> float:
        return 1 - (1 - self.target) * (1 - self.buffer_step) ** steps

    def _min_max(self, information: Information, sourcing: Sourcing) -> tuple[IntArray, IntArray]:
        holding = np.maximum(information.holding_cost(sourcing.unit_cost) * sourcing.interval, 1e-9)
        return optimal_min_max(
            information.forecast.moments(sourcing.interval),
            protection_demand(information, sourcing)[0],
            np.maximum(fixed_cost(information, sourcing), 1e-6),
            holding,
            holding * self.target / (1 - self.target),
        )

    def _one_where_it_pays(self, information: Information, sourcing: Sourcing) -> IntArray:
        ahead = sourcing.lead_time + sourcing.interval - 1
        level = best_base_stock(
            information.forecast.moments(ahead, sourcing.lead_time_variance),
            information.daily_mean,
            information.holding_cost(sourcing.unit_cost),
            information.price - sourcing.unit_cost,
        )
        return np.minimum(level, 1)
