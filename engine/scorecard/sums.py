"""Integer totals summed over the scored parts and over groups of SKUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scenario import Scenario
from engine.settings import CostRates
from engine.totals import FIELDS, RunTotals

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

LAST_OF_WINDOW = ("on_hand_end", "value_end", "on_order_value_end", "waiting_end", "last_sale_day")
DEAD_AFTER_DAYS = 180


@dataclass(frozen=True)
class Window:
    """Scored days [first, last) and the parts they consist of."""

    first: int
    last: int
    parts: slice

    @property
    def days(self) -> int:
        """Number of scored days."""
        return self.last - self.first


def scored_window(scenario: Scenario, warm_up_days: int) -> Window:
    """All parts after the warm-up."""
    first_part = int(np.searchsorted(scenario.part_ends, warm_up_days, side="right")) if warm_up_days else 0
    first = scenario.part_bounds(first_part)[0]
    return Window(first, scenario.axes.days, slice(first_part, scenario.parts))


@dataclass(frozen=True)
class SkuFacts:
    """What holds for a SKU in the window whatever the strategy, (S,) each.

    Attributes:
        listed_days: days listed; ``views``: page views.
        excess_cover, write_down_cover: units demanded over the cover days that end the window.
        salvage_value, replacement_cost: minor units.
    """

    listed_days: IntArray
    views: IntArray
    excess_cover: IntArray
    write_down_cover: IntArray
    salvage_value: IntArray
    replacement_cost: IntArray


def sku_facts(scenario: Scenario, window: Window, rates: CostRates) -> SkuFacts:
    """Facts of a scenario's window."""
    catalogue = scenario.catalogue
    listed = np.minimum(catalogue.listed_until, window.last) - np.maximum(catalogue.listed_from, window.first)
    return SkuFacts(
        listed_days=np.maximum(listed, 0),
        views=scenario.views[:, window.first : window.last].sum(axis=1, dtype=np.int64),
        excess_cover=_demand_before(scenario, window.last, rates.excess_cover_days),
        write_down_cover=_demand_before(scenario, window.last, rates.write_down_cover_days),
        salvage_value=catalogue.salvage_value,
        replacement_cost=catalogue.replacement_cost,
    )


def _demand_before(scenario: Scenario, day: int, cover_days: int) -> IntArray:
    demand = scenario.demand
    units = np.zeros(len(scenario.axes.items), np.int64)
    recent = (demand.day < day) & (demand.day >= day - cover_days)
    np.add.at(units, demand.sku[recent], demand.quantity[recent])
    return units


def sku_sums(totals: RunTotals, facts: SkuFacts, window: Window) -> dict[str, IntArray]:
    """Sums over the window per SKU, by name; stock figures are those at its end."""
    scored = totals.rows[:, window.parts, :]
    summed = scored.sum(axis=1)
    sums = {name: np.ascontiguousarray(summed[:, index]) for index, name in enumerate(FIELDS)}
    for name in LAST_OF_WINDOW:
        sums[name] = scored[:, -1, FIELDS.index(name)]
    on_hand, value = sums["on_hand_end"], sums["value_end"]
    sums["demanded"] = sums["sold"] + sums["lost"]
    sums["listed_days"], sums["views"] = facts.listed_days, facts.views
    sums["lost_cost"] = (sums["lost"] - sums["waited"]) * facts.replacement_cost
    sums["excess_value"] = value_beyond(on_hand, value, facts.excess_cover)
    beyond = np.maximum(on_hand - facts.write_down_cover, 0)
    unsaleable = value_beyond(on_hand, value, facts.write_down_cover)
    sums["write_down"] = np.maximum(unsaleable - beyond * facts.salvage_value, 0)
    is_dead = (on_hand > 0) & (sums["last_sale_day"] < window.last - DEAD_AFTER_DAYS)
    sums["dead_stock_value"] = np.where(is_dead, value, 0)
    return sums


def value_beyond(on_hand: IntArray, value: IntArray, cover: IntArray) -> IntArray:
    """Value of the units beyond a cover, at moving-average cost, rounded down."""
    beyond = np.maximum(on_hand - cover, 0)
    return value * beyond // np.maximum(on_hand, 1)


def group_sums(sums: dict[str, IntArray], group: IntArray, groups: int) -> dict[str, IntArray]:
    """Sums per group, (G,) each; a negative group leaves a SKU out."""
    member = group >= 0
    result = {}
    for name, values in sums.items():
        grouped = np.zeros(groups, np.int64)
        np.add.at(grouped, group[member], values[member])
        result[name] = grouped
    return result
