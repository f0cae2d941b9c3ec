"""What follows from the runs: this week's orders by the winner."""

import dagster as dg
import polars as pl

from arena_pipeline import recommending
from arena_pipeline.assets.scorecards import GROUP, OWNER
from arena_pipeline.metadata import frame_metadata, markdown_table
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import write_frame

SHOWN_SUPPLIERS = 8


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"polars", "excel"},
    deps=["scorecard"],
    code_version="1",
    description="What the winner would do today: levels, and this week's order proposals per supplier, with reasons.",
)
def recommended_plan(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Levels of the winner from all logs, and what the tick would order from the real stock and open orders."""
    found = recommending.recommend(arena)
    path = arena.store.scorecard("recommended_plan.parquet")
    write_frame(path, found.table)
    arena.warehouse.replace_table("results.recommended_plan", found.table)
    files = recommending.write_files(found, path.parent)
    orders = found.orders
    by_supplier = orders.group_by("supplier").agg(lines=pl.len(), value=pl.col("order_value").sum())
    shown = by_supplier.sort("value", "supplier", descending=[True, False]).head(SHOWN_SUPPLIERS)
    context.log.info(
        f"{found.strategy} ({found.point.key}) would order {orders.height} of {found.table.height:,} items "
        f"from {by_supplier.height} suppliers this week; see {files[1].name}, or `arena plan`"
    )
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(found.table),
            "strategy": found.strategy,
            "parameters": found.point.key,
            "order_lines": orders.height,
            "order_value": float(orders["order_value"].sum()),
            "files": ", ".join(arena.settings.label(file) for file in files),
            "largest_orders": markdown_table(shown.to_dicts()),
        }
    )
