"""The first page of any report: which data, how much of it was used, and how far it can be trusted."""

from typing import Any

import polars as pl

from arena_pipeline import assumptions
from arena_pipeline.demand import ACTIVITY, LISTED, REPLAY, read_demand
from arena_pipeline.resources import ArenaResource
from engine.schema import MICRO

ROWS = """
    select table_name, count(*)::bigint as files, sum(rows_read)::bigint as rows_read, sum(rows_new)::bigint as used,
           sum(rows_duplicate)::bigint as duplicate, sum(rows_quarantined)::bigint as quarantined,
           sum(rows_late)::bigint as late
    from logs.manifest group by table_name order by table_name
"""
MATCHED = """
    select count(*)::bigint as lines, count(p.item_id)::bigint as matched
    from logs.conversions c left join logs.products p using (item_id)
"""
REASONS = (
    "select table_name, rule, count(*)::bigint as rows from logs.quarantine group by 1, 2 order by 3 desc, 1, 2 limit 8"
)
METHODS = {
    "observed": "sold, on a day in stock all day",
    "views_eb": "found from page views and the item's own conversion",
    "views_category": "found from page views and its category's conversion",
    "exposure_eb": "found from the item's usual rate of sale, without page views",
    "none": "stock unknown: only what was sold",
}


def data_used(arena: ArenaResource) -> dict[str, Any]:
    """Rows by table, stock states and methods of demand as shares, quality figures, what is synthetic."""
    read = arena.warehouse.read
    assumed = assumptions.stored(arena.store)
    return {
        "tables": read(ROWS).to_dicts(),
        "matched": read(MATCHED).row(0, named=True),
        "reasons": read(REASONS).to_dicts(),
        "stock": stock_states(arena),
        "methods": demand_by_method(arena),
        "quality": _one_row(arena, "demand_quality.parquet"),
        "hidden": _rows(arena, "hide_and_recover.parquet"),
        "synthetic": assumed.note(arena.settings),
        "yardstick": "" if assumed.yardstick == assumptions.OWN_ORDERS else assumed.yardstick,
    }


def stock_states(arena: ArenaResource) -> list[dict[str, Any]]:
    """Share of listed SKU-days by how their stock is known."""
    daily = read_demand(arena.store, ACTIVITY)
    listed = daily.filter(LISTED)
    counts = listed.group_by("stock_state").len().sort("stock_state").collect()
    total = max(int(counts["len"].sum()), 1)
    return [{"state": str(state), "sku_days": n, "share": n / total} for state, n in counts.iter_rows()]


def demand_by_method(arena: ArenaResource) -> list[dict[str, Any]]:
    """Units sold and units found by each method."""
    replay = read_demand(arena.store, REPLAY)
    units = pl.col("units_sold").sum(), pl.col("lost_expected_u6").sum()
    sums = replay.group_by("method").agg(*units).sort("method").collect()
    sold = int(sums["units_sold"].sum())
    lost = {str(method): micro / MICRO for method, _, micro in sums.iter_rows()}
    total = max(sold + sum(lost.values()), 1e-9)
    rows: list[dict[str, Any]] = [{"method": "sold", "meaning": "sold", "units": float(sold), "share": sold / total}]
    rows += [
        {"method": method, "meaning": METHODS.get(method, method), "units": units, "share": units / total}
        for method, units in lost.items()
        if units > 0
    ]
    return rows


def _one_row(arena: ArenaResource, name: str) -> dict[str, Any]:
    rows = _rows(arena, name)
    return rows[0] if rows else {}


def _rows(arena: ArenaResource, name: str) -> list[dict[str, Any]]:
    path = arena.store.demand(name)
    return pl.read_parquet(path).to_dicts() if path.exists() else []
