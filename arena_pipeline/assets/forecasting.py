"""Group ``demand``, behind the forecasts: how far each information option keeps its word."""

from dataclasses import replace

import dagster as dg
import numpy as np
import polars as pl

from arena_pipeline.assets.demand import OWNER
from arena_pipeline.bundles import load_bundle
from arena_pipeline.metadata import dot_plot, frame_metadata, markdown_table
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import write_frame
from engine.forecast.coverage import TARGETS, coverage, window_days
from engine.forecast.matrix import forecast_basis
from engine.forecast.options import OPTIONS, option_forecast
from engine.forecast.process import WINDOW_DAYS
from engine.schema import MICRO
from engine.strategies.build import KnownHistory

COVERAGE_SCHEMA = {
    "option": pl.String,
    "band": pl.String,
    "target": pl.Float64,
    "cells": pl.Int64,
    "covered": pl.Float64,
    "coverage": pl.Float64,
}


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
    write_frame(arena.store.scorecard("forecast_coverage.parquet"), table)
    arena.warehouse.replace_table("results.forecast_coverage", table)
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
    return dot_plot(off, f"points off the target by volume band ({option}), all volumes first")
