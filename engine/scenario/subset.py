"""The same world for some of its SKUs: uncoupled rows give the same totals alone as among all others."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.plan import Levels, Orders, Plan
from engine.scenario.offers import OfferTable
from engine.scenario.world import Catalogue, DayTable, OpeningOrders, Scenario
from engine.schema import Axes

IntArray = NDArray[np.int64]
Rows = TypeVar("Rows", DayTable, OfferTable, OpeningOrders, Orders)


def subset_scenario(scenario: Scenario, skus: IntArray) -> Scenario:
    """A scenario of the SKUs given, which must ascend; suppliers, lead times and window stay."""
    axes = scenario.axes
    return replace(
        scenario,
        axes=Axes(tuple(axes.items[sku] for sku in skus.tolist()), axes.first_day, axes.days),
        catalogue=_catalogue(scenario.catalogue, skus),
        offers=_rows(scenario.offers, skus, len(axes.items)),
        demand=_rows(scenario.demand, skus, len(axes.items)),
        views=np.ascontiguousarray(scenario.views[skus]),
        adjustments=_rows(scenario.adjustments, skus, len(axes.items)),
        opening_orders=_rows(scenario.opening_orders, skus, len(axes.items)),
    )


def subset_plan(plan: Plan, skus: IntArray, all_skus: int) -> Plan:
    """The plan of the SKUs given; a rule decides for any SKU and stays as it is."""
    if isinstance(plan, Levels):
        chosen = {name: np.ascontiguousarray(matrix[:, skus]) for name, matrix in plan.matrices().items()}
        return replace(plan, **chosen)
    return _rows(plan, skus, all_skus) if isinstance(plan, Orders) else plan


def _catalogue(catalogue: Catalogue, skus: IntArray) -> Catalogue:
    arrays = {field.name: getattr(catalogue, field.name) for field in fields(catalogue)}
    chosen: dict[str, Any] = {name: array[skus] for name, array in arrays.items() if isinstance(array, np.ndarray)}
    return replace(catalogue, **chosen)


def _rows(table: Rows, skus: IntArray, all_skus: int) -> Rows:
    """Rows of the SKUs given, renumbered; ``first_row`` made anew where the table has one."""
    position = np.full(all_skus, -1, np.int64)
    position[skus] = np.arange(len(skus))
    keep = position[table.sku] >= 0
    columns = {}
    for field in fields(table):
        values = getattr(table, field.name)
        columns[field.name] = values[keep] if field.name != "first_row" else values
    columns["sku"] = position[columns["sku"]]
    if "first_row" in columns:
        columns["first_row"] = np.searchsorted(columns["sku"], np.arange(len(skus) + 1)).astype(np.int64)
    return type(table)(**columns)
