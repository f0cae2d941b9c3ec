"""The shop's stock record beside its replay, from the daily activity by hand."""

import numpy as np
import polars as pl
import pytest

from arena_pipeline import beside
from arena_pipeline.choice import stored_choice
from arena_pipeline.store import load_arena


def record_of(ran):
    table = beside.stock_record(ran.store, ran.settings, stored_choice(ran.store))
    return {row["source"]: row for row in table.filter(level="catalogue").to_dicts()}


def test_the_record_is_that_of_the_logs_on_listed_days_with_an_observed_stock(ran):
    world, _ = load_arena(ran.store)
    catalogue = world.scenario.catalogue
    ends = pl.DataFrame(
        {
            "sku": np.arange(len(catalogue.listed_from), dtype=np.int32),
            "first": np.maximum(catalogue.listed_from, ran.settings.window.warm_up_days),
            "until": catalogue.listed_until,
            "cost": catalogue.replacement_cost,
        }
    )
    days = (
        pl.read_parquet(ran.store.demand("daily_activity.parquet"))
        .join(ends, on="sku")
        .filter((pl.col("stock_state") == "observed") & (pl.col("day") >= pl.col("first")))
        .filter(pl.col("day") < pl.col("until"))
    )
    by_item = days.group_by("sku").agg(pl.col("stock_close").clip(0).mean() * pl.col("cost").first())
    record = record_of(ran)["stock record"]
    assert record["sku_days"] == days.height > 0
    assert record["stockout_rate"] == pytest.approx((days["stock_close"] <= 0).mean())
    assert record["inventory_value"] == pytest.approx(by_item["stock_close"].sum() / 100)


def test_a_weekly_count_tells_of_as_much_stock_as_a_daily_one(ran, monkeypatch):
    daily = record_of(ran)
    known = beside.known_days

    def on_one_day_a_week(store, scenario, first):
        mask, recorded = known(store, scenario, first)
        return mask & (np.arange(scenario.axes.days) % 7 == 0), recorded

    monkeypatch.setattr(beside, "known_days", on_one_day_a_week)
    for source, weekly in record_of(ran).items():
        assert weekly["sku_days"] < daily[source]["sku_days"] / 6
        assert weekly["inventory_value"] == pytest.approx(daily[source]["inventory_value"], rel=0.05)
