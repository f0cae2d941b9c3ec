"""Every check passes on the small shop and finds what was planted."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from arena_pipeline.assets import checks
from arena_pipeline.assets.checks import CHECKS
from arena_pipeline.bundles import load_bundle, save_bundle
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import write_frame
from engine.strategies.build import KnownHistory


def run(check, workspace):
    return check(arena=ArenaResource(workspace=str(workspace.folder)))


def change(path, **columns):
    write_frame(path, pl.read_parquet(path).with_columns(**columns))


def below_sales(workspace):
    change(workspace.store.demand("censored_daily_demand.parquet"), demand_s00=pl.col("units_sold") - 1)


def negative_moments(workspace):
    change(workspace.store.demand("censored_daily_demand.parquet"), lost_var_u6=pl.lit(-1))


def lost_row(workspace):
    path = workspace.store.demand("daily_activity.parquet")
    write_frame(path, pl.read_parquet(path)[1:])


def negative_views(workspace):
    change(workspace.store.demand("daily_activity.parquet"), views_in=pl.col("views_in") - 10_000)


def unknown_stock(workspace):
    change(workspace.store.demand("daily_activity.parquet"), stock_state=pl.lit("unknown"))


def better_than_possible(workspace):
    path = workspace.store.result(workspace.store.current_hash, "newsvendor", "review_period=7")
    change(path, economic_profit=pl.col("economic_profit") + 1e6)


def lost_result(workspace):
    workspace.store.result(workspace.store.current_hash, "newsvendor", "review_period=7").unlink()


def late_snapshots(workspace):
    """The stock record ends long before the sales."""
    with ArenaResource(workspace=str(workspace.folder)).warehouse.transaction() as connection:
        connection.execute("delete from logs.stock_snapshots where day > ?", [date(2011, 10, 1)])


PLANTED = [
    (checks.demand_covers_sales, below_sales, r"^[1-9]\d* SKU-days below sales"),
    (checks.demand_covers_sales, negative_moments, r"[1-9]\d* with negative moments"),
    (checks.activity_is_complete, lost_row, r"rows; negative: none"),
    (checks.activity_is_complete, negative_views, r"negative: views_in"),
    (checks.stock_is_known, unknown_stock, r"unknown on 100.0%"),
    (checks.bound_holds, better_than_possible, r"^60 of \d+ items above the bound"),
    (checks.runs_are_complete, lost_result, r"missing: newsvendor/review_period=7. Materialise them"),
    (
        checks.logs_are_fresh,
        late_snapshots,
        r"stock_snapshots ends 2011-\d\d-\d\d, sales and others reach 2011-12-\d\d",
    ),
]


STEADY = [check for check in CHECKS if check is not checks.demand_is_steady]  # real items do drift


@pytest.mark.parametrize("check", STEADY, ids=lambda check: check.check_key.name)
def test_passes_on_the_small_shop(ran, check):
    assert run(check, ran).passed


@pytest.mark.parametrize(("check", "plant", "found"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_finds_what_was_planted(copy, check, plant, found):
    plant(copy)
    result = run(check, copy)
    assert not result.passed
    assert pl.Series([result.description]).str.contains(found).all(), result.description


def test_a_forecast_that_knows_the_future_is_found(copy, monkeypatch):
    """One option of those configured, scaled by the mean of the whole history."""
    copy.edit("[strategies.newsvendor]\n", '[strategies.newsvendor]\ninformation = ["exposure", "sba"]\n')
    original = checks.forecasts

    def peeking(options, history, views, demand, dates):
        made = original(options, history, views, demand, dates)
        level = 1 + history.units.mean()
        return made | {"sba": replace(made["sba"], mean_size=made["sba"].mean_size * level)}

    assert run(checks.no_look_ahead, copy).passed
    monkeypatch.setattr(checks, "forecasts", peeking)
    result = run(checks.no_look_ahead, copy)
    assert not result.passed
    assert "they differ: sba" in result.description


def test_lead_times_off_their_offers_are_named(copy, monkeypatch):
    original = checks.lead_time_drift
    monkeypatch.setattr(
        checks, "lead_time_drift", lambda world: [row | {"drawn": 2 * row["realised"]} for row in original(world)]
    )
    result = run(checks.lead_times_are_real, copy)
    assert not result.passed
    assert "correct lead_time_days in supplier_offers" in result.description


def test_the_planted_history_is_what_the_check_reads(ran, copy):
    """The look-ahead check reads the stored history: other orders in its second half do not disturb it."""
    path = copy.store.demand("known_history.npz")
    history = load_bundle(path, KnownHistory)
    history.orders.orders[:, -30:] = np.where(history.orders.exposure[:, -30:] > 0, 50.0, 0.0)
    save_bundle(path, history)
    assert run(checks.no_look_ahead, copy).passed


def test_only_what_makes_later_figures_wrong_blocks():
    blocking = {check.check_key.name for check in CHECKS for spec in check.check_specs if spec.blocking}
    assert blocking == {
        "stock_is_known",
        "activity_is_complete",
        "demand_covers_sales",
        "no_look_ahead",
        "bound_holds",
    }
