"""Scorecards of one run, for the catalogue, its categories, suppliers, cells and items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.scenario import Scenario
from engine.scorecard.figures import Basis, all_figures
from engine.scorecard.sums import Window, group_sums, scored_window, sku_facts, sku_sums
from engine.segments import CELLS
from engine.settings import CostRates
from engine.totals import RunTotals

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

LEVELS = ("catalogue", "category", "supplier", "segment", "item")


@dataclass(frozen=True)
class Grouping:
    """Which group each SKU belongs to at one level."""

    level: str
    names: tuple[str, ...]
    group: IntArray


def groupings(scenario: Scenario, cells: IntArray) -> tuple[Grouping, ...]:
    """The levels of a scorecard.

    Args:
        scenario: the world.
        cells: (S,) ABC-XYZ cell of each SKU, -1 for none.
    """
    catalogue, items = scenario.catalogue, scenario.axes.items
    everything = np.zeros(len(items), np.int64)
    return (
        Grouping("catalogue", ("all",), everything),
        Grouping("category", catalogue.category_names, catalogue.category),
        Grouping("supplier", scenario.suppliers.names, catalogue.primary_supplier),
        Grouping("segment", CELLS, cells),
        Grouping("item", items, np.arange(len(items))),
    )


def score_run(
    totals: RunTotals, scenario: Scenario, rates: CostRates, warm_up_days: int, cells: IntArray, minor_per_major: int
) -> pl.DataFrame:
    """One row per group of every level: ``level, name`` and all figures.

    Args:
        totals: of the run.
        scenario: it ran in.
        rates: cost rates.
        warm_up_days: not scored.
        cells: (S,) ABC-XYZ cell of each SKU.
        minor_per_major: e.g. 100 pence to the pound.
    """
    window = scored_window(scenario, warm_up_days)
    sums = sku_sums(totals, sku_facts(scenario, window, rates), window)
    lines = totals.supplier_lines[:, window.first : window.last]
    frames = [
        _card(grouping, sums, totals, scenario, lines, window, rates, minor_per_major)
        for grouping in groupings(scenario, cells)
    ]
    return pl.concat(frames)


def _card(
    grouping: Grouping,
    sums: dict[str, IntArray],
    totals: RunTotals,
    scenario: Scenario,
    lines: IntArray,
    window: Window,
    rates: CostRates,
    minor_per_major: int,
) -> pl.DataFrame:
    groups = len(grouping.names)
    grouped = group_sums(sums, grouping.group, groups)
    orders, costs = _orders(grouping.level, groups, grouped["lines"], lines, scenario.suppliers.order_cost)
    peak = _peaks(grouping.level, groups, totals.inventory_value[:, window.first : window.last])
    basis = Basis(grouped, costs, orders, peak, window.days, rates)
    figures = all_figures(basis, minor_per_major)
    head = {"level": [grouping.level] * groups, "name": list(grouping.names)}
    return pl.DataFrame(head | figures).fill_nan(None)


def _orders(
    level: str, groups: int, group_lines: IntArray, lines: IntArray, order_cost: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Purchase orders and their fixed cost per group; at levels that orders span, the cost follows the lines."""
    by_supplier = (lines > 0).sum(axis=1)
    total = float((by_supplier * order_cost).sum())
    if level == "catalogue":
        return np.array([float(by_supplier.sum())]), np.array([total])
    if level == "supplier":
        return by_supplier.astype(np.float64), (by_supplier * order_cost).astype(np.float64)
    shared = total * group_lines / max(int(lines.sum()), 1)
    return np.full(groups, np.nan), shared


def _peaks(level: str, groups: int, inventory_value: IntArray) -> FloatArray:
    if level == "catalogue":
        return np.array([float(inventory_value.sum(axis=0).max(initial=0))])
    if level == "category":
        return inventory_value.max(axis=1, initial=0).astype(np.float64)
    return np.full(groups, np.nan)
