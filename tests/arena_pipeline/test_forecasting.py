import polars as pl
import pytest

from arena_pipeline.assets.forecasting import COVERAGE_SCHEMA, coverage_table
from arena_pipeline.bundles import load_bundle
from arena_pipeline.metadata import dot_plot
from engine.forecast.coverage import BAND_NAMES, TARGETS
from engine.forecast.options import OPTIONS
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
    assert all(mark in picture for mark in ("cx%3D%2280%22", "cx%3D%220%22", "cx%3D%22160%22"))
    assert len(picture) < 1000
    assert pytest.approx(3) == picture.count("circle")
