"""What each SKU contributed in each walk-forward fold: the parts that held-out scores and intervals are made of."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.scenario import Scenario
from engine.schema import DAYS_PER_YEAR
from engine.scorecard.sums import Window, scored_window, value_beyond
from engine.settings import CostRates
from engine.totals import RunTotals

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FoldSums:
    """Contributions by SKU and fold; arrays are (S, F) int64 (more axes in front where runs are stacked).

    Attributes:
        running_profit: economic profit but for the write-down at the end, minor units, rounded.
        write_down: what stock beyond its cover would lose, had the window ended with this fold, minor units.
        value_days: inventory at cost and payables, minor units x days.
        revenue, gross_margin: minor units; ``sold``, ``demanded``: units.
        stockout_days, listed_days: days.
    """

    running_profit: IntArray
    write_down: IntArray
    value_days: IntArray
    revenue: IntArray
    gross_margin: IntArray
    sold: IntArray
    demanded: IntArray
    stockout_days: IntArray
    listed_days: IntArray

    @property
    def economic_profit(self) -> IntArray:
        """Contributions that add up to the scorecard's economic profit: the last fold bears the write-down."""
        result = self.running_profit.copy()
        result[..., -1] -= self.write_down[..., -1]
        return result

    def levelled_profit(self, first: int) -> IntArray:
        """Economic profit of the folds from ``first`` on, the write-down at the end borne by all of them alike.

        For resampling of folds: what lies on the shelf at the end is no event of the last weeks.
        """
        folds = self.running_profit.shape[-1] - first
        share, rest = np.divmod(self.write_down[..., -1:], folds)
        result = self.running_profit[..., first:] - share
        result[..., -1:] -= rest
        return result

    def over_scenarios(self) -> FoldSums:
        """Sums over the first axis, the demand scenarios."""
        return FoldSums(**{name: getattr(self, name).sum(axis=0) for name in self.names()})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the arrays."""
        return tuple(field.name for field in fields(cls))


def fold_sums(totals: RunTotals, scenario: Scenario, rates: CostRates, warm_up_days: int) -> FoldSums:
    """Contributions of each SKU in each part after the warm-up."""
    window = scored_window(scenario, warm_up_days)
    value_days = totals.field("value_days")[:, window.parts]
    payable = totals.field("payable_value_days")[:, window.parts]
    margin = _scored(totals, window, "revenue") - _scored(totals, window, "cost_of_goods_sold")
    costs = (
        (rates.holding_rate * value_days + rates.capital_rate * (value_days + payable)) / DAYS_PER_YEAR
        + _ordering(totals, scenario, window)
        + _scored(totals, window, "write_offs")
    )
    sold = _scored(totals, window, "sold")
    return FoldSums(
        running_profit=np.rint(margin - costs).astype(np.int64),
        write_down=_write_downs(totals, scenario, rates, window),
        value_days=value_days + payable,
        revenue=_scored(totals, window, "revenue"),
        gross_margin=margin,
        sold=sold,
        demanded=sold + _scored(totals, window, "lost"),
        stockout_days=_scored(totals, window, "stockout_days"),
        listed_days=_listed_days(scenario, window),
    )


def _scored(totals: RunTotals, window: Window, name: str) -> IntArray:
    return np.ascontiguousarray(totals.field(name)[:, window.parts])


def _parts(scenario: Scenario, window: Window) -> list[tuple[int, int]]:
    return [scenario.part_bounds(part) for part in range(window.parts.start, window.parts.stop)]


def _ordering(totals: RunTotals, scenario: Scenario, window: Window) -> FloatArray:
    """Line costs, and the fixed cost of each fold's purchase orders shared by order lines, (S, F)."""
    lines, costs = _scored(totals, window, "lines"), _scored(totals, window, "line_costs").astype(np.float64)
    for fold, (first, last) in enumerate(_parts(scenario, window)):
        placed = totals.supplier_lines[:, first:last]
        fixed = float(((placed > 0).sum(axis=1) * scenario.suppliers.order_cost).sum())
        costs[:, fold] += fixed * lines[:, fold] / max(int(placed.sum()), 1)
    return costs


def _write_downs(totals: RunTotals, scenario: Scenario, rates: CostRates, window: Window) -> IntArray:
    """Write-down of the stock beyond its cover at the end of each fold, (S, F).

    A cover that reaches back before the logs is taken from the days there are.
    """
    columns = []
    for part in range(window.parts.start, window.parts.stop):
        on_hand, value = totals.field("on_hand_end")[:, part], totals.field("value_end")[:, part]
        cover = _trailing_demand(scenario, scenario.part_bounds(part)[1], rates.write_down_cover_days)
        beyond = np.maximum(on_hand - cover, 0)
        loss = value_beyond(on_hand, value, cover) - beyond * scenario.catalogue.salvage_value
        columns.append(np.maximum(loss, 0))
    return np.stack(columns, axis=1).astype(np.int64)


def _trailing_demand(scenario: Scenario, day: int, cover_days: int) -> IntArray:
    """Units demanded in the cover days that end on a day, (S,); from fewer days, in proportion."""
    demand, units = scenario.demand, np.zeros(len(scenario.axes.items), np.int64)
    recent = (demand.day < day) & (demand.day >= day - cover_days)
    np.add.at(units, demand.sku[recent], demand.quantity[recent])
    return units * cover_days // max(min(cover_days, day), 1)


def _listed_days(scenario: Scenario, window: Window) -> IntArray:
    catalogue = scenario.catalogue
    columns = [
        np.maximum(np.minimum(catalogue.listed_until, last) - np.maximum(catalogue.listed_from, first), 0)
        for first, last in _parts(scenario, window)
    ]
    return np.stack(columns, axis=1).astype(np.int64)
