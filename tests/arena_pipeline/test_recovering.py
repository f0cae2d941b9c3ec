"""Demand recovered in shards: the tables of a run that held everything at once."""

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest

from arena_pipeline import demand
from arena_pipeline.recovering import StoredActivity, store_demand
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import Store
from arena_pipeline.warehouse import Warehouse
from engine.demand import learning
from engine.schema import Axes

ITEMS_PER_SHARD = 17


@pytest.fixture
def sharded(ran, monkeypatch):
    """The stored activity, its shop cut into shards of 17 items."""
    whole = Axes.shards
    monkeypatch.setattr(Axes, "shards", lambda axes, *_: whole(axes, ITEMS_PER_SHARD * axes.days))
    return StoredActivity.of(ArenaResource(workspace=str(ran.folder)))


def test_shards_give_the_tables_of_the_whole(sharded, ran, tmp_path):
    told, warehouse = [], Warehouse(tmp_path / "arena.duckdb")
    shutil.copytree(ran.store.root / "demand", tmp_path / "demand")
    activity = replace(sharded, store=Store(tmp_path))
    for name in (demand.REPLAY, demand.AS_OF):
        activity.store.demand(name).unlink()
    store_demand(activity, warehouse, ran.settings.demand, told.append)
    shards = len(sharded.axes.shards())
    assert shards > 2
    assert told.count(f"shard {shards} of {shards}") == 2
    for name in (demand.REPLAY, demand.AS_OF):
        again = pl.read_parquet(activity.store.demand(name))
        assert again.equals(pl.read_parquet(ran.store.demand(name)), null_equal=True)
        rows = warehouse.read(f"select * from demand.{Path(name).stem} order by sku, day")
        assert rows.equals(demand.with_names(again, sharded.axes).with_columns(cs.enum().cast(pl.String)))


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
