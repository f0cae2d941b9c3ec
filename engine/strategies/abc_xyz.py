"""Nine cells, nine rules: what most catalogues are told to do."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from engine.forecast.options import InformationOption
from engine.optimisation.eoq import pack_quantity
from engine.optimisation.lost_sales import best_base_stock
from engine.optimisation.min_max import optimal_min_max
from engine.optimisation.service_level import order_up_to_level, reorder_point
from engine.plan import Levels
from engine.segments import CELLS
from engine.strategies.information import BoolMatrix, Information, IntArray, Sourcing
from engine.strategies.levels import levels_plan, longest_cover
from engine.strategies.parameters import StrategyParameters
from engine.strategies.protection import Moments, fixed_cost, protection_demand, reorder_demand

WEEKLY = 7
DAILY_CELLS = ("AX", "BX", "CY", "CZ")


class AbcXyz(StrategyParameters):
    """Rule by cell, as of each date.

    AX: daily (r, Q), lean and tight. AY: weekly, moderate buffer. AZ: weekly, large buffer, demand sensed by page
    views. BX: EOQ. BY: periodic. BZ: heavy safety stock. CX: min-max. CY: reorder when empty. CZ: make to order;
    while no demand waits, one unit where it pays. Source: Scholz-Reiter et al. (2012); Silver, Pyke & Thomas (2017),
    2.4.
    """

    plans_for_service = True

    buffer_step: float = Field(0.5, ge=0, lt=1, description="share of the missing service a larger buffer closes")

    def target_of(self, cell: str) -> float | None:
        """AX, BX, BY: the target; AY a step above it, AZ and BZ two; the others weigh costs."""
        steps = {"AX": 0, "BX": 0, "BY": 0, "AY": 1, "AZ": 2, "BZ": 2}
        return self._stepped(steps[cell]) if cell in steps else None

    def _stepped(self, steps: int) -> float:
        """The target with so many steps of the missing service closed."""
        return 1 - (1 - self.target) * (1 - self.buffer_step) ** steps

    def options(self) -> frozenset[InformationOption]:
        """Its own, and views for AZ."""
        return super().options() | {"views"}

    def plan(self, information: Information) -> Levels:
        """Levels for every date and SKU."""
        information = information.through(self.information)
        period = np.where(_in(information, *DAILY_CELLS), 1, WEEKLY)
        sourcing = information.source(information.economic_quantity, period)
        lots = pack_quantity(
            fixed_cost(information, sourcing),
            np.maximum(information.holding_cost(sourcing.unit_cost), 1e-9),
            information.daily_mean,
            sourcing.smallest,
            sourcing.multiple,
        )
        point, up_to = np.full(information.shape, -1), np.zeros(information.shape, np.int64)
        self._reorder_points(information, sourcing, lots, point)
        self._periodic(information, sourcing, point, up_to)
        self._slow_movers(information, sourcing, lots, point, up_to)
        return levels_plan(
            information,
            sourcing,
            self,
            reorder_point=point,
            order_up_to=up_to,
            order_quantity=np.where(_in(information, "AX", "BX"), lots, 0),
            review_period=period,
        )

    def _reorder_points(self, information: Information, sourcing: Sourcing, lots: IntArray, point: IntArray) -> None:
        """AX, BX: (r, Q) for the target."""
        cells = _in(information, "AX", "BX")
        demand = _at(cells, reorder_demand(information, sourcing))
        point[cells] = reorder_point(*demand, lots[cells], self.target, self.target_kind)

    def _periodic(self, information: Information, sourcing: Sourcing, point: IntArray, up_to: IntArray) -> None:
        """BY for the target, AY a step above it, AZ and BZ two; CX by least cost."""
        seen, sensed = (protection_demand(each, sourcing) for each in (information, information.through("views")))
        for steps, names, (protection, before, cycle) in (
            (0, ["BY"], seen), (1, ["AY"], seen), (2, ["BZ"], seen), (2, ["AZ"], sensed)
        ):  # fmt: skip
            cells = _in(information, *names)
            target = self._stepped(steps)
            level = order_up_to_level(
                _at(cells, protection), _at(cells, before), cycle[cells], target, self.target_kind
            )
            point[cells], up_to[cells] = level - 1, np.maximum(level, 0)
        cells = _in(information, "CX")
        holding = np.maximum(information.holding_cost(sourcing.unit_cost) * sourcing.interval, 1e-9)[cells]
        point[cells], up_to[cells] = optimal_min_max(
            _at(cells, information.forecast.moments(sourcing.interval)),
            _at(cells, seen[0]),
            np.maximum(fixed_cost(information, sourcing), 1e-6)[cells],
            holding,
            holding * self.target / (1 - self.target),
        )

    def _slow_movers(
        self, information: Information, sourcing: Sourcing, lots: IntArray, point: IntArray, up_to: IntArray
    ) -> None:
        """CY: reorder when empty; CZ: one unit where it pays."""
        cells = _in(information, "CY")
        point[cells], up_to[cells] = 0, np.maximum(np.minimum(lots, longest_cover(information, self))[cells], 1)
        cells = _in(information, "CZ")
        ahead = sourcing.lead_time + sourcing.interval - 1
        best = best_base_stock(
            _at(cells, information.forecast.moments(ahead, sourcing.lead_time_variance)),
            information.daily_mean[cells],
            information.holding_cost(sourcing.unit_cost)[cells],
            (information.price - sourcing.unit_cost)[cells],
        )
        one = np.minimum(best, 1)
        point[cells], up_to[cells] = one - 1, one


def _in(information: Information, *names: str) -> BoolMatrix:
    """Where the cell is one of those named, (D, S); cell -1, of no SKU's, is the last of the table."""
    chosen = np.array([*(name in names for name in CELLS), False])
    return chosen[information.segments.cell]


def _at(cells: BoolMatrix, moments: Moments) -> Moments:
    return moments[0][cells], moments[1][cells]
