"""Group ``demand``: daily activity, recovered demand in its two vintages, forecasts. The engine does the work."""

import dagster as dg
import numpy as np
import polars as pl

from arena_pipeline import demand
from arena_pipeline.bundles import load_bundle, save_bundle
from arena_pipeline.metadata import frame_metadata, markdown_table, sparkline
from arena_pipeline.quality import (
    hidden_rows,
    hidden_sentence,
    quality_figures,
    quality_metadata,
    quality_sentences,
)
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import write_frame
from arena_pipeline.truth import compare_with_truth
from engine.demand.activity import Activity, build_activity
from engine.demand.asof import recover_as_of
from engine.demand.diagnostics import diagnose
from engine.demand.hiding import hide_and_recover, mean_bias
from engine.demand.logs import LogCounts
from engine.demand.recovery import recover
from engine.demand.repairs import stock_repairs
from engine.demand.tables import MODEL_VERSION, asof_daily_demand, censored_daily_demand, sample_scenarios
from engine.forecast import forecast_matrix
from engine.schema import MICRO, Axes
from engine.strategies.build import KnownHistory, replanning_days

GROUP = "demand"
OWNER = "team:arena"
LOGS = ["conversions", "page_views", "stock_snapshots", "purchase_orders", "products"]


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
    activity = build_activity(demand.read_activity_logs(warehouse, arena.settings), axes, arena.settings.demand)
    save_bundle(store.demand("axes.npz"), axes)
    write_frame(store.demand("daily_activity.parquet"), activity.daily)
    write_frame(store.demand("order_sizes.parquet"), activity.orders)
    save_bundle(store.demand("counts.npz"), activity.counts)
    named = demand.with_names(activity.daily, axes)
    rewritten = warehouse.replace_days("demand.daily_activity", named)
    daily = activity.daily
    units = daily.group_by("day").agg(pl.col("units_sold").sum()).sort("day")["units_sold"].to_list()
    known = daily.filter(pl.col("stock_state").is_in(["observed", "reconstructed"])).height
    repairs = demand.with_names(stock_repairs(daily), axes)
    warehouse.replace_table("demand.stock_repairs", repairs)
    largest = repairs.sort((pl.col("after") - pl.col("before")).abs(), descending=True, maintain_order=True).head(8)
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(named),
            "items": len(axes.items),
            "days": axes.days,
            "units_sold": int(daily["units_sold"].sum()),
            "stock_known_share": known / max(daily.height, 1),
            "units_per_day": sparkline([float(value) for value in units], "units sold per day"),
            "days_rewritten": rewritten,
            "stock_repairs": repairs.height,
            "largest_stock_repairs": markdown_table(largest.to_dicts()),
            "bot_views": activity.counts.bot_views,
            "repeated_views": activity.counts.repeated_views,
        }
    )


def stored_activity(arena: ArenaResource) -> tuple[Axes, Activity]:
    """Daily activity as materialised."""
    store = arena.store
    axes = load_bundle(store.demand("axes.npz"), Axes)
    counts = load_bundle(store.demand("counts.npz"), LogCounts)
    daily, orders = (demand.read_demand(store, f"{name}.parquet") for name in ("daily_activity", "order_sizes"))
    return axes, Activity(daily, orders, counts)


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
    warehouse, store, settings = arena.warehouse, arena.store, arena.settings.demand
    axes, activity = stored_activity(arena)
    categories = demand.categories_of(warehouse, axes)
    context.log.info("recovering the demand that stock-outs hid")
    recovered = recover(activity.daily, activity.orders, categories, settings)
    replay = censored_daily_demand(
        recovered, sample_scenarios(recovered, axes, settings), activity.daily["flags"], settings
    )
    context.log.info("the same as known at the end of each day")
    as_of = asof_daily_demand(recover_as_of(activity.daily, activity.orders, categories, settings))
    for name, frame in (("censored_daily_demand", replay), ("asof_daily_demand", as_of)):
        write_frame(store.demand(f"{name}.parquet"), frame)
        warehouse.replace_table(f"demand.{name}", demand.with_names(frame, axes))
    sold, lost = int(replay["units_sold"].sum()), int(replay["lost_expected_u6"].sum()) / MICRO
    methods = replay.group_by("method").agg(
        days=pl.len(), units=(pl.col("units_sold").sum() + pl.col("lost_expected_u6").sum() / MICRO)
    )
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(replay),
            "units_sold": sold,
            "units_lost_expected": lost,
            "lost_share": lost / max(sold + lost, 1e-9),
            "by_method": markdown_table(methods.sort("method").to_dicts()),
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
    axes, activity = stored_activity(arena)
    replay = demand.read_demand(arena.store, "censored_daily_demand.parquet")
    found = diagnose(
        activity.daily, activity.orders, demand.categories_of(arena.warehouse, axes), arena.settings.demand
    )
    figures = _shares(replay, activity) | quality_figures(found)
    truth = compare_with_truth(replay, axes, arena.settings)
    for line in (*quality_sentences(found), *truth.sentences):
        context.log.info(line)
    write_frame(arena.store.demand("demand_quality.parquet"), pl.DataFrame([figures | truth.figures]))
    table = {"against_known_truth": markdown_table(truth.table)} if truth.table else {}
    known = {name: value for name, value in (figures | truth.figures).items() if value is not None}
    return dg.MaterializeResult(metadata={**known, **quality_metadata(found), **table})


def _shares(replay: pl.DataFrame, activity: Activity) -> dict[str, float | None]:
    """Shares of listed SKU-days."""
    listed = replay.filter(pl.col("flags") & 1 == 0)
    unknown = activity.daily.filter((pl.col("stock_state") == "unknown") & (pl.col("flags") & 1 == 0)).height
    full = listed.filter(pl.col("censored") == "full")["kappa_u6"]
    return {
        "censored_share": listed.filter(pl.col("censored") != "none").height / max(listed.height, 1),
        "stock_unknown_share": unknown / max(listed.height, 1),
        "mean_keep_rate": float(full.sum()) / max(full.len(), 1) / MICRO,
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
    axes, activity = stored_activity(arena)
    categories = demand.categories_of(arena.warehouse, axes)
    scores = hide_and_recover(activity.daily, activity.orders, categories, arena.settings.demand)
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
    axes, activity = stored_activity(arena)
    as_of = demand.read_demand(store, "asof_daily_demand.parquet")
    categories = demand.categories_of(arena.warehouse, axes)
    orders = demand.order_history(activity, categories, axes)
    history = KnownHistory(
        orders=orders,
        demand_u6=demand.matrix(as_of, "demand_asof_u6", axes),
        variance_u6=demand.matrix(as_of, "var_asof_u6", axes),
        price=demand.matrix(activity.daily, "price", axes),
        views=demand.view_history(activity, categories),
    )
    save_bundle(store.demand("known_history.npz"), history)
    dates = replanning_days(axes.days, window.replan_days)
    context.log.info(f"forecasts on {len(dates)} re-planning dates")
    forecast = forecast_matrix(orders, dates)
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
