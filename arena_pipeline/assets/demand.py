"""Group ``demand``: daily activity, recovered demand in its two vintages, forecasts. The engine does the work."""

import dagster as dg
import numpy as np
import polars as pl

from arena_pipeline import demand
from arena_pipeline.activity import repairs, shop_activity, store_activity
from arena_pipeline.bundles import save_bundle
from arena_pipeline.memory import machine_memory, memory_shortage
from arena_pipeline.metadata import file_metadata, frame_metadata, markdown_table, sparkline, table_metadata
from arena_pipeline.quality import (
    hidden_rows,
    hidden_sentence,
    quality_figures,
    quality_metadata,
    quality_sentences,
)
from arena_pipeline.recovering import Items, StoredActivity, named, store_demand
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import write_frame
from arena_pipeline.truth import compare_with_truth
from engine.demand.diagnostics import diagnose
from engine.demand.hiding import hide_and_recover, mean_bias
from engine.demand.tables import MODEL_VERSION
from engine.forecast import forecast_matrix
from engine.schema import MICRO
from engine.strategies.build import replanning_days

GROUP = "demand"
OWNER = "team:arena"
LOGS = ["conversions", "page_views", "stock_snapshots", "purchase_orders", "products"]
LARGEST_REPAIRS = 'select * from demand.stock_repairs order by abs("after" - "before") desc, sku, day limit 8'


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=LOGS,
    code_version="1",
    description="Views, orders, units, stock and price of every item and day; when the shelf was empty.",
)
def daily_activity(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Complete rectangle of SKU-days."""
    warehouse, store = arena.warehouse, arena.store
    axes = demand.shop_axes(warehouse, arena.settings)
    context.log.info(f"daily activity of {len(axes.items):,} items over {axes.days} days")
    with shop_activity(warehouse, arena.settings, axes) as shards:
        counts = store_activity(store, axes, shards, context.log.info)
    rewritten = warehouse.replace_days("demand.daily_activity", lambda: named(store, demand.ACTIVITY, axes))
    warehouse.replace_table("demand.stock_repairs", repairs(store, axes))
    daily, nothing = demand.read_demand(store, demand.ACTIVITY), demand.read_shard(store, demand.ACTIVITY, slice(0, 0))
    units = daily.group_by("day").agg(pl.col("units_sold").sum()).sort("day").collect()["units_sold"].to_list()
    known = daily.select(pl.col("stock_state").is_in(["observed", "reconstructed"]).sum()).collect().item()
    return dg.MaterializeResult(
        metadata={
            **table_metadata(len(axes.items) * axes.days, demand.with_names(nothing, axes).schema),
            "items": len(axes.items),
            "days": axes.days,
            "units_sold": sum(units),
            "stock_known_share": known / max(len(axes.items) * axes.days, 1),
            "units_per_day": sparkline([float(value) for value in units], "units sold per day"),
            "days_rewritten": rewritten,
            "stock_repairs": warehouse.read("select count(*) from demand.stock_repairs").item(),
            "largest_stock_repairs": markdown_table(warehouse.read(LARGEST_REPAIRS).to_dicts()),
            "bot_views": counts.bot_views,
            "repeated_views": counts.repeated_views,
        }
    )


@dg.asset(
    name="censored_daily_demand",
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=[daily_activity],
    code_version=MODEL_VERSION,
    description="Demand per item and day with what stock-outs hid: in hindsight for the replay, as known for planning.",
)
def recovered_demand(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Replay demand (expected and sampled) and as-of demand."""
    store, settings = arena.store, arena.settings.demand
    activity = StoredActivity.of(arena)
    store_demand(activity, arena.warehouse, settings, context.log.info)
    path = store.demand(demand.REPLAY)
    methods = (
        demand.read_demand(store, demand.REPLAY)
        .group_by("method")
        .agg(days=pl.len(), sold=pl.col("units_sold").sum(), lost_u6=pl.col("lost_expected_u6").sum())
        .sort("method")
        .collect()
    )
    sold, lost = int(methods["sold"].sum()), int(methods["lost_u6"].sum()) / MICRO
    by_method = methods.select("method", "days", units=pl.col("sold") + pl.col("lost_u6") / MICRO)
    return dg.MaterializeResult(
        metadata={
            **file_metadata(path),
            "units_sold": sold,
            "units_lost_expected": lost,
            "lost_share": lost / max(sold + lost, 1e-9),
            "by_method": markdown_table(by_method.to_dicts()),
        }
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"polars"},
    deps=[recovered_demand],
    code_version=f"2:{MODEL_VERSION}",
    description="How far to trust the demand tables: placebo, keep rates, methods, assumptions; known truth if any.",
)
def demand_quality(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Diagnostics as numbers and small pictures."""
    activity = StoredActivity.of(arena)
    replay = demand.read_demand(arena.store, demand.REPLAY)
    sample = sample_of(activity, context)
    found = diagnose(sample.daily, sample.orders, sample.categories, arena.settings.demand)
    daily = demand.read_demand(arena.store, demand.ACTIVITY)
    figures = _shares(replay, daily) | {"items_diagnosed": len(sample.axes.items)} | quality_figures(found)
    truth = compare_with_truth(replay, activity.axes, arena.settings)
    for line in (*quality_sentences(found), *truth.sentences):
        context.log.info(line)
    write_frame(arena.store.demand("demand_quality.parquet"), pl.DataFrame([figures | truth.figures]))
    table = {"against_known_truth": markdown_table(truth.table)} if truth.table else {}
    known = {name: value for name, value in (figures | truth.figures).items() if value is not None}
    return dg.MaterializeResult(metadata={**known, **quality_metadata(found), **table})


def sample_of(activity: StoredActivity, context: dg.AssetExecutionContext) -> Items:
    """What the estimator is judged on: every item, or those that stand for a large shop."""
    sample = activity.sample()
    items, judged = len(activity.axes.items), len(sample.axes.items)
    if judged < items:
        context.log.info(f"judged on {judged:,} of {items:,} items, the same share of every category")
    return sample


def _shares(replay: pl.LazyFrame, daily: pl.LazyFrame) -> dict[str, float | None]:
    """Shares of listed SKU-days."""
    full = pl.col("censored") == "full"
    sums = replay.filter(demand.LISTED).select(
        days=pl.len(), censored=(pl.col("censored") != "none").sum(), full=full.sum(),
        kept_u6=pl.col("kappa_u6").cast(pl.Int64).filter(full).sum(),
    ).collect().row(0, named=True)  # fmt: skip
    return {
        "censored_share": sums["censored"] / max(sums["days"], 1),
        "stock_unknown_share": demand.unknown_stock_share(daily),
        "mean_keep_rate": sums["kept_u6"] / max(sums["full"], 1) / MICRO,
    }


@dg.asset(
    name="hide_and_recover",
    group_name=GROUP,
    owners=[OWNER],
    kinds={"polars"},
    deps=[daily_activity],
    code_version=MODEL_VERSION,
    description="The estimator on this shop: days in stock hidden as stock-outs would hide them, and found again.",
)
def hidden_and_recovered(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Three draws; a judgement for shops whose truth nobody knows."""
    sample = sample_of(StoredActivity.of(arena), context)
    scores = hide_and_recover(sample.daily, sample.orders, sample.categories, arena.settings.demand)
    context.log.info(hidden_sentence(scores))
    rows = hidden_rows(scores)
    write_frame(arena.store.demand("hide_and_recover.parquet"), pl.DataFrame(rows))
    bias = mean_bias(scores)
    return dg.MaterializeResult(
        metadata={"draws": markdown_table(rows), **({} if bias is None else {"mean_bias": bias})}
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"numpy"},
    deps=[recovered_demand],
    code_version="1",
    description="One forecast matrix for all strategies: what was known of each item on each re-planning date.",
)
def demand_forecasts(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """First-vintage history and the forecasts made from it."""
    store, window = arena.store, arena.settings.window
    activity = StoredActivity.of(arena)
    axes = activity.axes
    short = memory_shortage(axes, machine_memory())
    if short:
        context.log.warning(short)
    history = activity.known_history()
    save_bundle(store.demand("known_history.npz"), history)
    dates = replanning_days(axes.days, window.replan_days)
    context.log.info(f"forecasts on {len(dates)} re-planning dates")
    forecast = forecast_matrix(history.orders, dates)
    mean, variance = forecast.moments(np.full(len(axes.items), 28, np.int64))
    table = pl.DataFrame(
        {
            "day": np.repeat(dates, len(axes.items)).astype(np.int32),
            "sku": np.tile(np.arange(len(axes.items), dtype=np.int32), len(dates)),
            "mean_28_days": mean.ravel(),
            "variance_28_days": variance.ravel(),
        }
    )
    named = demand.with_names(table, axes)
    arena.warehouse.replace_table("demand.demand_forecasts", named)
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(named),
            "dates": len(dates),
            "units_per_day": sparkline((mean.sum(axis=1) / 28).tolist(), "forecast units per day"),
        }
    )
