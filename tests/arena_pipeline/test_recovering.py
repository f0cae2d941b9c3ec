"""Demand recovered in shards: the tables of a run that held everything at once."""

import polars as pl
import pytest

from arena_pipeline import demand
from arena_pipeline.recovering import StoredActivity, named, renumbered
from arena_pipeline.resources import ArenaResource
from engine.demand import learning
from engine.schema import Axes

ITEMS_PER_SHARD = 17


@pytest.fixture
def sharded(ran, monkeypatch):
    """The stored activity, its shop cut into shards of 17 items."""
    whole = Axes.shards
    monkeypatch.setattr(Axes, "shards", lambda axes, *_: whole(axes, ITEMS_PER_SHARD * axes.days))
    return StoredActivity.of(ArenaResource(workspace=str(ran.folder)))


@pytest.mark.parametrize("table", ["censored_daily_demand", "asof_daily_demand"])
def test_shards_give_the_rows_of_the_whole(sharded, ran, table):
    settings = ran.settings.demand
    shared = sharded.shared(settings)
    frames = (sharded.replay if table == "censored_daily_demand" else sharded.as_of)(shared, settings)
    again = pl.concat(renumbered(frames, sharded.axes))
    assert len(sharded.axes.shards()) > 2
    assert again.equals(pl.read_parquet(ran.store.demand(f"{table}.parquet")), null_equal=True)
    rows = pl.concat(named(sharded.store, f"{table}.parquet", sharded.axes))
    assert rows.equals(demand.with_names(again, sharded.axes))


def test_a_sample_holds_the_activity_and_the_orders_of_its_items(sharded, monkeypatch):
    monkeypatch.setattr(learning, "FEWEST_OF_CATEGORY", 1)
    sample = sharded.sample(cells=20 * sharded.axes.days)
    assert len(sample.axes.items) < len(sharded.axes.items)
    assert sample.daily.height == len(sample.axes.items) * sample.axes.days
    assert sample.daily["sku"].is_sorted()
    units = sample.daily.group_by("sku").agg(pl.col("units_sold").sum()).filter(pl.col("units_sold") > 0).sort("sku")
    ordered = sample.orders.group_by("sku").agg(pl.col("quantity").sum()).sort("sku")
    assert units["units_sold"].to_list() == ordered["quantity"].to_list()
    assert len(set(sample.categories)) == len(set(sharded.categories))
