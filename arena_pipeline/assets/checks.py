"""Checks on what would make later figures wrong; the blocking ones stop everything downstream."""

from datetime import timedelta
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline import demand
from arena_pipeline.arena import information_options
from arena_pipeline.assets.arena import lead_time_drift
from arena_pipeline.assets.scorecards import read_runs
from arena_pipeline.bundles import load_bundle
from arena_pipeline.metadata import markdown_table
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import load_arena
from engine.forecast import ForecastMatrix
from engine.forecast.options import InformationOption, forecasts
from engine.schema import MICRO, Axes
from engine.strategies.build import KnownHistory

IntArray = NDArray[np.int64]

MOST_LAG = timedelta(days=3)
LEAD_TIME_TOLERANCE = 0.25
ROUNDING = 1e-6
DRIFTING_SHOWN = 10


def _result(passed: bool, description: str, **metadata: Any) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(passed=bool(passed), severity=severity, description=description, metadata=metadata)


def _warning(passed: bool, description: str, **metadata: Any) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=bool(passed), severity=severity, description=description, metadata=metadata)


@dg.asset_check(asset="conversions", description="All logs reach the same last day.")
def logs_are_fresh(arena: ArenaResource) -> dg.AssetCheckResult:
    """A log that ends days before the sales makes its last days look like days without views or stock."""
    warehouse = arena.warehouse
    sales = demand.log_days(warehouse, "conversions")
    last = {"conversions": sales[1] if sales else None}
    views = [demand.log_days(warehouse, name) for name in ("page_views", "page_views_daily")]
    last["page_views"] = max((days[1] for days in views if days), default=None)
    snapshots = demand.log_days(warehouse, "stock_snapshots")
    last["stock_snapshots"] = snapshots[1] if snapshots else None
    known = {name: day for name, day in last.items() if day is not None}
    newest = max(known.values())
    stale = [f"{name} ends {day}" for name, day in known.items() if newest - day > MOST_LAG]
    return _warning(
        not stale,
        "; ".join(stale) + f", sales and others reach {newest}: bring the missing files"
        if stale
        else f"all reach {newest}",
    )


@dg.asset_check(asset="daily_activity", blocking=True, description="Stock is known on enough SKU-days.")
def stock_is_known(arena: ArenaResource) -> dg.AssetCheckResult:
    """Demand without known stock is only what was sold: too much of it would make every policy look good."""
    share = demand.unknown_stock_share(demand.read_demand(arena.store, demand.ACTIVITY))
    most = arena.settings.run.max_unknown_stock_share
    told = (
        f"stock is unknown on {share:.1%} of listed SKU-days, at most {most:.0%} allowed (run.max_unknown_stock_share)"
    )
    remedy = "" if share <= most else ": bring purchase orders or stock records at most five weeks apart, or raise it"
    return _result(share <= most, told + remedy, unknown_share=share)


@dg.asset_check(asset="daily_activity", blocking=True, description="One row per SKU-day, no negative counts.")
def activity_is_complete(arena: ArenaResource) -> dg.AssetCheckResult:
    """Complete rectangle in order."""
    axes = load_bundle(arena.store.demand("axes.npz"), Axes)
    counts = ("views_in", "views_oos", "orders", "units_sold", "receipts")
    daily = demand.read_demand(arena.store, demand.ACTIVITY)
    found = daily.select(pl.len().alias("rows"), *((pl.col(name) < 0).any() for name in counts)).collect().row(0)
    rows, negative = found[0], [name for name, below in zip(counts, found[1:], strict=True) if below]
    complete = rows == len(axes.items) * axes.days
    return _result(complete and not negative, f"{rows:,} rows; negative: {', '.join(negative) or 'none'}")


@dg.asset_check(asset="censored_daily_demand", blocking=True, description="Demand is never below what was sold.")
def demand_covers_sales(arena: ArenaResource) -> dg.AssetCheckResult:
    """Sampled demand >= units sold on every SKU-day, and finite."""
    replay = demand.read_demand(arena.store, demand.REPLAY)
    sums = replay.select(
        (pl.col("demand_s00") < pl.col("units_sold")).sum(),
        ((pl.col("lost_expected_u6") < 0) | (pl.col("lost_var_u6") < 0)).sum().alias("broken"),
    )
    below, broken = sums.collect().row(0)
    return _result(below == 0 and broken == 0, f"{below} SKU-days below sales, {broken} with negative moments")


@dg.asset_check(asset="demand_forecasts", blocking=True, description="No forecast sees its own date or later.")
def no_look_ahead(arena: ArenaResource) -> dg.AssetCheckResult:
    """Forecast again from a history that ends in the middle; every earlier value must be bit-equal."""
    history = load_bundle(arena.store.demand("known_history.npz"), KnownHistory)
    days, every = history.orders.orders.shape[1], arena.settings.window.replan_days
    cut = days // 2
    dates, later = np.arange(0, cut + 1, every), np.arange(0, days, every)
    options = {"exposure", *information_options(arena.settings)}
    whole, short = _forecasts(history, later, options), _forecasts(history.until(cut), dates, options)
    horizon = np.full(len(history.orders.orders), 28)
    leaking = [
        option
        for option in whole
        for long, part in zip(whole[option].moments(horizon), short[option].moments(horizon), strict=True)
        if not np.array_equal(long[: len(dates)], part)
    ]
    return _result(
        not leaking,
        f"{len(dates)} dates up to day {cut} forecast twice, from all logs and from the first half; "
        + (f"they differ: {', '.join(sorted(set(leaking)))}" if leaking else f"the same by {', '.join(whole)}"),
    )


def _forecasts(history: KnownHistory, dates: IntArray, options: set[InformationOption]) -> dict[str, ForecastMatrix]:
    return forecasts(options, history.orders, history.views, history.demand_u6 / MICRO, dates)


@dg.asset_check(asset="scenario", description="Drawn lead times agree with the shop's own deliveries.")
def lead_times_are_real(arena: ArenaResource) -> dg.AssetCheckResult:
    """Mean lead time drawn against that of the shop's own order lines, per supplier."""
    rows = lead_time_drift(load_arena(arena.store)[0])
    off = [row for row in rows if abs(row["drawn"] / row["realised"] - 1) > LEAD_TIME_TOLERANCE]  # type: ignore[operator]
    return _warning(
        not off,
        f"{len(off)} of {len(rows)} suppliers deliver more than {LEAD_TIME_TOLERANCE:.0%} off their offers"
        + (": correct lead_time_days in supplier_offers" if off else ""),
        suppliers=markdown_table(off[:8] or rows[:8]),
    )


@dg.asset_check(asset="scorecard", blocking=True, description="No policy exceeds the upper bound.")
def bound_holds(arena: ArenaResource) -> dg.AssetCheckResult:
    """Economic profit of every run and item against the bound."""
    scores, _ = read_runs(arena.store, arena.settings)
    items = scores.filter(pl.col("level") == "item").select("strategy", "parameters", "name", "economic_profit")
    bound = items.filter(pl.col("strategy") == "upper_bound").select("name", bound="economic_profit")
    runs = items.filter(pl.col("strategy") != "upper_bound").join(bound, on="name")
    above = runs.filter(pl.col("economic_profit") > pl.col("bound") + ROUNDING)
    return _result(
        above.is_empty(), f"{above.height} of {runs.height:,} items above the bound",
        offenders=markdown_table(above.head(5).to_dicts()),
    )  # fmt: skip


@dg.asset_check(asset="scorecard", description="Every configured run is there.")
def runs_are_complete(arena: ArenaResource) -> dg.AssetCheckResult:
    """Names the parameter sets without a result."""
    _, missing = read_runs(arena.store, arena.settings)
    return _warning(not missing, f"missing: {', '.join(missing)}. Materialise them" if missing else "all there")


@dg.asset_check(asset="drift", description="Items sell as their forecasts were made from.")
def demand_is_steady(arena: ArenaResource) -> dg.AssetCheckResult:
    """Names the items that drift; forecasts follow by themselves, but late: their half-life is months."""
    alerts = pl.read_parquet(arena.store.scorecard("drift.parquet")).filter("alert")
    items = alerts["item_id"].unique(maintain_order=True).to_list()
    shown = ", ".join(items[:DRIFTING_SHOWN]) + (" ..." if len(items) > DRIFTING_SHOWN else "")
    return _warning(
        not items,
        f"{len(items)} items shifted: {shown}. Check their prices, listings and stock record; if the shift is real, "
        "give their strategies information = 'views', which follows traffic within weeks"
        if items
        else "no item's mean or variability shifted",
        items=len(items),
    )


CHECKS = [
    demand_is_steady,
    logs_are_fresh,
    stock_is_known,
    activity_is_complete,
    demand_covers_sales,
    no_look_ahead,
    lead_times_are_real,
    bound_holds,
    runs_are_complete,
]
