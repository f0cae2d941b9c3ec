import dagster as dg
import polars as pl

from arena_pipeline.assets.checks import demand_is_steady
from arena_pipeline.assets.forecasting import COVERAGE_SCHEMA, DRIFT_SCHEMA, coverage_table, drift_table
from arena_pipeline.bundles import load_bundle
from arena_pipeline.metadata import dot_plot
from arena_pipeline.resources import ArenaResource
from engine.forecast.coverage import BAND_NAMES, TARGETS
from engine.forecast.options import OPTIONS
from engine.schema import Axes
from engine.strategies.build import KnownHistory


def test_coverage_of_every_option_and_band_is_reported(ran):
    table = pl.read_parquet(ran.store.scorecard("forecast_coverage.parquet"))
    assert dict(table.schema) == COVERAGE_SCHEMA
    assert table.height == len(OPTIONS) * (len(BAND_NAMES) + 1) * len(TARGETS)
    filled = table.filter(pl.col("cells") > 0)
    assert (filled["coverage"] - filled["covered"] / filled["cells"]).abs().max() < 1e-12
    whole = filled.filter(pl.col("band") == "all")
    assert whole["coverage"].is_between(0.4, 1.0).all()
    for option in OPTIONS:
        assert whole.filter(pl.col("option") == option)["coverage"].is_sorted()


def test_logs_too_short_for_a_window_give_an_empty_table(ran):
    history = load_bundle(ran.store.demand("known_history.npz"), KnownHistory)
    table = coverage_table(history, history.orders.orders.shape[1])
    assert table.is_empty()
    assert dict(table.schema) == COVERAGE_SCHEMA


def test_dots_lie_where_the_deviation_says():
    picture = dot_plot({"a": [0.0, -10.0, 99.0], "b": []}, "off").value
    assert "M80,8h0M0,8h0M160,8h0%22" in picture
    assert len(picture) < 1000
    assert len(dot_plot({str(row): [1.0] * 7 for row in range(4)}, "points off target by volume").value) < 900


def test_drift_names_items_that_shifted_and_the_check_warns_without_blocking(ran):
    found = pl.read_parquet(ran.store.scorecard("drift.parquet"))
    assert dict(found.schema) == DRIFT_SCHEMA
    assert set(found["statistic"]) == {"mean", "cv"}
    assert (found["alert"] == (found["adjusted_p"] < 0.05)).all()
    axes = load_bundle(ran.store.demand("axes.npz"), Axes)
    history = load_bundle(ran.store.demand("known_history.npz"), KnownHistory)
    busiest = int(history.orders.units.sum(axis=1).argmax())
    for matrix in (history.orders.orders, history.orders.units, history.orders.squares):
        matrix[busiest, -84:] = 0
    moved = drift_table(history, axes, {})
    assert axes.items[busiest] in moved.filter("alert")["item_id"].to_list()


def test_the_drift_check_is_a_warning_that_says_what_to_do(copy):
    path = copy.store.scorecard("drift.parquet")
    table = pl.read_parquet(path)
    arena = ArenaResource(workspace=str(copy.folder))
    first = table["item_id"][0]
    table.with_columns(alert=pl.col("item_id") == first).write_parquet(path)
    warned = demand_is_steady(arena)
    assert not warned.passed
    assert warned.severity == dg.AssetCheckSeverity.WARN
    assert first in warned.description
    assert "views" in warned.description
    table.with_columns(alert=pl.lit(value=False)).write_parquet(path)
    assert demand_is_steady(arena).passed
