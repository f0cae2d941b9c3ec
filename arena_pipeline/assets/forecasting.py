"""Group ``demand``, behind the forecasts: how far each information option keeps its word, and items that drift."""

from dataclasses import replace

import dagster as dg
import numpy as np
import polars as pl

from arena_pipeline.assets.demand import OWNER
from arena_pipeline.bundles import load_bundle
from arena_pipeline.metadata import dot_plot, frame_metadata, markdown_table
from arena_pipeline.resources import ArenaResource
from engine.forecast.coverage import TARGETS, coverage, window_days
from engine.forecast.drift import find_drift
from engine.forecast.matrix import forecast_basis
from engine.forecast.options import OPTIONS, option_forecast
from engine.forecast.process import WINDOW_DAYS
from engine.schema import MICRO, Axes
from engine.strategies.build import KnownHistory

COVERAGE_SCHEMA = {
    "option": pl.String,
    "band": pl.String,
    "target": pl.Float64,
    "cells": pl.Int64,
    "covered": pl.Float64,
    "coverage": pl.Float64,
}


DRIFT_SCHEMA = {
    "item_id": pl.String,
    "item_name": pl.String,
    "statistic": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "p_value": pl.Float64,
    "adjusted_p": pl.Float64,
    "alert": pl.Boolean,
}
SHOWN_ALERTS = 8


@dg.asset(
    group_name="demand",
    owners=[OWNER],
    kinds={"numpy"},
    deps=["demand_forecasts"],
    code_version="1",
    description="Share of four-week demand within the quantile forecast, out of sample, by option and volume.",
)
def forecast_coverage(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Share of SKU-windows covered at .80, .90, .95 and .98."""
    history = load_bundle(arena.store.demand("known_history.npz"), KnownHistory)
    table = coverage_table(history, arena.settings.window.warm_up_days)
    arena.publish("forecast_coverage", table)
    whole = table.filter(pl.col("band") == "all")
    usual = {row["target"]: row["coverage"] for row in whole.filter(pl.col("option") == "exposure").to_dicts()}
    if usual:
        shares = ", ".join(f"{target:.0%} -> {share:.1%}" for target, share in usual.items())
        context.log.info(f"coverage of forecasts: {shares}")
    by_option = [
        {"option": option} | {f"{row['target']:.2f}": row["coverage"] for row in rows.to_dicts()}
        for (option,), rows in whole.group_by("option", maintain_order=True)
    ]
    plot = {f"coverage_{option}": _plot(table, option) for option in ("exposure", "views") if len(usual)}
    figures = {f"coverage_{round(target * 100)}": share for target, share in usual.items()}
    return dg.MaterializeResult(
        metadata={**frame_metadata(table), **figures, "all_volumes": markdown_table(by_option), **plot}
    )


@dg.asset(
    group_name="demand",
    owners=[OWNER],
    kinds={"numpy"},
    deps=["demand_forecasts"],
    code_version="1",
    description="Items whose mean or variability shifted in the last twelve weeks; false alerts at most 5 % of alerts.",
)
def drift(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Every item that can be judged, alerts first."""
    axes = load_bundle(arena.store.demand("axes.npz"), Axes)
    history = load_bundle(arena.store.demand("known_history.npz"), KnownHistory)
    names = dict(arena.warehouse.read("select item_id, item_name from logs.products").iter_rows())
    table = drift_table(history, axes, names)
    arena.publish("drift", table)
    alerts = table.filter("alert")
    items = alerts["item_id"].n_unique()
    context.log.info(f"{items} of {table['item_id'].n_unique():,} items sell differently from before (see drift)")
    shown = alerts.head(SHOWN_ALERTS).select("item_id", "statistic", "before", "after", "adjusted_p")
    return dg.MaterializeResult(
        metadata={**frame_metadata(table), "items_with_alert": items, "clearest": markdown_table(shown.to_dicts())}
    )


def drift_table(history: KnownHistory, axes: Axes, names: dict[str, str]) -> pl.DataFrame:
    """Shifts of mean (units per week in stock, the category's season taken out) and coefficient of variation."""
    frames = []
    for statistic, found in find_drift(history.orders).items():
        columns = {
            "item_id": list(axes.items),
            "item_name": [names.get(item) for item in axes.items],
            "statistic": [statistic] * len(axes.items),
            "before": found.before,
            "after": found.after,
            "p_value": found.p_value,
            "adjusted_p": found.adjusted,
            "alert": found.alert,
        }
        frames.append(pl.DataFrame(columns, DRIFT_SCHEMA).fill_nan(None))
    judged = pl.concat(frames).filter(pl.col("p_value").is_not_null())
    return judged.sort("adjusted_p", "p_value", "item_id", "statistic")


def coverage_table(history: KnownHistory, first_day: int) -> pl.DataFrame:
    """Coverage of every option over the complete windows from a day on; no rows where there is none."""
    days = history.orders.orders.shape[1]
    starts = window_days(first_day, days)
    rows = []
    if len(starts):
        whole = forecast_basis(history.orders, np.append(starts, starts[-1] + WINDOW_DAYS))
        basis, known = replace(whole, dates=starts), whole.known
        demand = history.demand_u6 / MICRO
        for option in OPTIONS:
            forecast = option_forecast(option, basis, history.views, demand)
            rows += [{"option": option} | vars(row) for row in coverage(forecast, known)]
    table = pl.DataFrame(rows, {name: kind for name, kind in COVERAGE_SCHEMA.items() if name != "coverage"})
    share = pl.when(pl.col("cells") > 0).then(pl.col("covered") / pl.col("cells"))
    return table.with_columns(coverage=share.cast(pl.Float64)).select(*COVERAGE_SCHEMA)


def _plot(table: pl.DataFrame, option: str) -> dg.MetadataValue:
    """Coverage minus target by volume band, one row of dots per target."""
    rows = table.filter((pl.col("option") == option) & (pl.col("cells") > 0))
    off = {
        f"{target:.2f}": [
            100 * (row["coverage"] - target) for row in rows.filter(pl.col("target") == target).to_dicts()
        ]
        for target in TARGETS
    }
    return dot_plot(off, f"points off target by volume ({option})")
