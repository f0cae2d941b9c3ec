"""Figures of every week of a run, from the same totals cut into weeks instead of folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.scenario import Scenario
from engine.scorecard.figures import (
    Basis,
    Figure,
    average_inventory_value,
    cycle_service_level,
    fill_rate,
    gross_margin,
    in_stock_rate,
    lost_margin,
    order_lines,
    orders,
    revenue,
    spend,
    stockout_rate,
    stockout_rate_by_views,
    units_demanded,
    units_lost,
    units_sold,
    working_capital,
)
from engine.settings import CostRates
from engine.totals import RunTotals

IntArray = NDArray[np.int64]

DAYS_OF_WEEK = 7
SUMMED = (
    "sold", "lost", "stockout_days", "views_out", "cycles", "short_cycles", "lines", "value_days", "payable_value_days",
    "revenue", "lost_revenue", "cost_of_goods_sold", "spend",
)  # fmt: skip
SHARES: tuple[Figure, ...] = (fill_rate, cycle_service_level, in_stock_rate, stockout_rate, stockout_rate_by_views)
COUNTED: tuple[Figure, ...] = (units_demanded, units_sold, units_lost, orders, order_lines)
VALUED: tuple[Figure, ...] = (average_inventory_value, working_capital, revenue, gross_margin, lost_margin, spend)
"""Figures that have a meaning within a week; stock written down at the window's end has none."""


def in_weeks(scenario: Scenario) -> Scenario:
    """The same world with parts of seven days from day 0; the last one may be shorter."""
    ends = [*range(DAYS_OF_WEEK, scenario.axes.days, DAYS_OF_WEEK), scenario.axes.days]
    return replace(scenario, part_ends=np.array(ends, np.int64))


def weekly_scores(
    totals: RunTotals, scenario: Scenario, rates: CostRates, groups: tuple[tuple[str, ...], IntArray], unit: int
) -> pl.DataFrame:
    """One row per week and group.

    Args:
        totals: of a run in ``in_weeks(scenario)``.
        scenario: that world.
        rates: cost rates.
        groups: names and (S,) group of each SKU, -1 for none.
        unit: minor units of a major one.
    """
    names, group = groups
    sums = _sums_of_groups(weekly_sums(totals, scenario), group, len(names))
    first = np.arange(0, scenario.axes.days, DAYS_OF_WEEK)
    week_of = np.repeat(np.arange(len(first)), len(names))
    nothing = np.full(len(week_of), np.nan)
    placed = np.add.reduceat((totals.supplier_lines > 0).sum(axis=0), first).astype(np.float64)
    basis = Basis(
        sums={name: values.T.ravel() for name, values in sums.items()},
        order_costs=nothing,
        orders=placed if len(names) == 1 else nothing,
        peak_value=nothing,
        days=(scenario.part_ends - first)[week_of],
        rates=rates,
    )
    figures = {figure.__name__: figure(basis) / unit for figure in VALUED}
    figures |= {figure.__name__: figure(basis) for figure in (*SHARES, *COUNTED)}
    head = {"week": week_of, "first_day": first[week_of], "name": list(names) * len(first)}
    return pl.DataFrame(head | figures).fill_nan(None)


def weekly_sums(totals: RunTotals, scenario: Scenario) -> dict[str, IntArray]:
    """(S, P) sums of each part that the weekly figures read, by name."""
    sums = {name: totals.field(name) for name in SUMMED}
    starts = np.array([scenario.part_bounds(part)[0] for part in range(scenario.parts)])
    catalogue = scenario.catalogue
    until = np.minimum(catalogue.listed_until[:, None], scenario.part_ends)
    sums["demanded"] = sums["sold"] + sums["lost"]
    sums["listed_days"] = np.maximum(until - np.maximum(catalogue.listed_from[:, None], starts), 0)
    sums["views"] = np.add.reduceat(scenario.views, starts, axis=1, dtype=np.int64)
    sums["lost_cost"] = (sums["lost"] - totals.field("waited")) * catalogue.replacement_cost[:, None]
    return sums


def _sums_of_groups(sums: dict[str, IntArray], group: IntArray, groups: int) -> dict[str, IntArray]:
    """(G, P) sums; SKUs of a negative group are left out."""
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(groups + 1))
    return {
        name: np.stack([values[order[bounds[g] : bounds[g + 1]]].sum(axis=0) for g in range(groups)])
        for name, values in sums.items()
    }
