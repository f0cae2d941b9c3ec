"""The same world with its SKUs in another order; the names stay sorted, only what they stand for moves."""

from dataclasses import fields, replace

import numpy as np

from engine.plan import Levels
from engine.scenario import DayTable, OfferTable

SPARSE = (DayTable, OfferTable)


def moved_rows(table, order):
    """A table of rows by SKU, in the new order; rows of a SKU keep theirs."""
    place = np.argsort(order)
    sku = place[table.sku] if len(table.sku) else table.sku
    rows = np.argsort(sku, kind="stable")
    columns = {
        field.name: getattr(table, field.name)[rows]
        for field in fields(table)
        if field.name not in ("sku", "first_row")
    }
    if isinstance(table, SPARSE):
        columns["first_row"] = np.searchsorted(sku[rows], np.arange(len(order) + 1)).astype(np.int64)
    return replace(table, sku=sku[rows], **columns)


def permuted(scenario, order):
    """New SKU k is old SKU ``order[k]``."""
    catalogue = scenario.catalogue
    moved = {
        field.name: getattr(catalogue, field.name)[order]
        for field in fields(catalogue)
        if field.name != "category_names"
    }
    return replace(
        scenario,
        catalogue=replace(catalogue, **moved),
        offers=moved_rows(scenario.offers, order),
        demand=moved_rows(scenario.demand, order),
        adjustments=moved_rows(scenario.adjustments, order),
        opening_orders=moved_rows(scenario.opening_orders, order),
        views=np.ascontiguousarray(scenario.views[order]),
    )


def permuted_plan(plan, order):
    """The plan that belongs to ``permuted(scenario, order)``."""
    if not isinstance(plan, Levels):
        return moved_rows(plan, order)
    return replace(plan, **{name: matrix[:, order].copy() for name, matrix in plan.matrices().items()})
