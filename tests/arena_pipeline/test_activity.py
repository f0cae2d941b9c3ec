"""The daily activity read in shards of items: the same bytes, within bounds, and nothing left behind."""

import subprocess
import sys

import polars as pl
import pytest

from arena_pipeline import demand
from arena_pipeline.activity import EVENTS, Limits, log_shards, shop_activity, store_activity
from arena_pipeline.spill import LOCK, PREFIX, temporary_folder
from arena_pipeline.store import Store
from arena_pipeline.warehouse import Warehouse
from engine.demand.activity import build_activity

PLANTED = """
insert into logs.products (item_id, price) values ('A SET', 900);
insert into logs.bundles by name
    select 'A SET' as bundle_item_id, item_id, 2 as quantity from logs.products where item_id <> 'A SET'
    order by hash(item_id) limit 3;
insert into logs.bundles by name select 'A SET' as bundle_item_id, 'gone' as item_id, 1 as quantity;
insert into logs.conversions by name
    select * replace ('A SET' as item_id) from logs.conversions where quantity > 0 order by all limit 40;
insert into logs.conversions by name select * replace ('gone' as item_id) from logs.conversions order by all limit 7;
insert into logs.page_views by name select * replace ('gone' as item_id) from logs.page_views order by all limit 9;
update logs.page_views set visitor_id = 7 where day in (select distinct day from logs.page_views order by day limit 5);
insert into logs.stock_snapshots by name select * replace ('gone' as item_id) from logs.stock_snapshots limit 11;
"""
"""A bundle, one of whose items is not held; rows of an item that is not; a visitor of all items."""
SMALL = {"cells": 4_000, "rows": 3_000, "visits": 500}


@pytest.fixture
def planted(copy):
    """Settings, warehouse and axes of the small shop with odd rows; its limits make the visitor a bot."""
    copy.edit("[paths]", "[demand]\nbot_views_per_day = 40\n\n[paths]")
    warehouse = Warehouse(copy.settings.warehouse_path)
    with warehouse.transaction() as connection:
        connection.execute(PLANTED)
    return copy.settings, warehouse, demand.shop_axes(warehouse, copy.settings)


def stored(folder, planted, limits):
    """Files of the daily activity, and what the run told."""
    settings, warehouse, axes = planted
    told = []
    with shop_activity(warehouse, settings, axes, limits) as shards:
        counts = store_activity(Store(folder), axes, shards, told.append)
    return {path.name: path.read_bytes() for path in Store(folder).demand("").iterdir()}, counts, told


def left_in(settings):
    return list(settings.var.glob(f"{PREFIX}*"))


def test_shards_give_the_bytes_of_the_whole_shop(planted, tmp_path):
    settings, warehouse, axes = planted
    whole, counts, told = stored(tmp_path / "whole", planted, Limits())
    parted, same_counts, told_often = stored(tmp_path / "parted", planted, Limits(**SMALL))
    assert len(log_shards(warehouse, axes, Limits(**SMALL))) > 5
    assert parted == whole
    assert same_counts == counts
    assert counts.bot_views > 40
    assert counts.outside_axes >= 7 + 9 + 11 + 40
    assert told == []
    assert told_often[-1] == f"{len(axes.items)} of {len(axes.items)} items"
    direct = build_activity(demand.read_activity_logs(warehouse, settings), axes, settings.demand)
    assert pl.read_parquet(tmp_path / "parted/demand/daily_activity.parquet").equals(direct.daily)
    assert left_in(settings) == []


def test_shards_keep_to_their_limits_unless_one_item_is_beyond_them(planted):
    settings, warehouse, axes = planted
    rows = pl.concat([demand.read_log(warehouse, table, "item_id") for table in EVENTS])["item_id"].value_counts()
    rows = dict(rows.iter_rows())
    for limits in (Limits(**SMALL), Limits(cells=1, rows=1), Limits(rows=20_000)):
        shards = log_shards(warehouse, axes, limits)
        assert [sku for shard in shards for sku in range(len(axes.items))[shard]] == list(range(len(axes.items)))
        for items in (axes.items[shard] for shard in shards):
            within = sum(rows.get(item, 0) for item in items) <= limits.rows and len(items) * axes.days <= limits.cells
            assert within or len(items) == 1
    assert settings.var.exists()


def test_a_failure_leaves_no_temporary_files(planted):
    settings, warehouse, axes = planted

    def interrupted():
        with shop_activity(warehouse, settings, axes, Limits(**SMALL)) as shards:
            next(shards)
            assert [path.stat().st_size for path in left_in(settings)[0].rglob("*.parquet")]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert left_in(settings) == []


WORKING = (
    "import sys; from pathlib import Path; from arena_pipeline.spill import temporary_folder\n"
    "with temporary_folder(Path(sys.argv[1])) as folder:\n"
    "    print(folder, flush=True); sys.stdin.readline()"
)


def test_what_a_killed_run_left_goes_and_what_another_run_uses_stays(tmp_path):
    command = [sys.executable, "-c", WORKING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        theirs = process.stdout.readline().strip()
        with temporary_folder(tmp_path) as own:
            assert sorted(map(str, tmp_path.iterdir())) == sorted([theirs, str(own)])
        assert [str(path) for path in tmp_path.iterdir()] == [theirs]
        process.kill()
    assert [str(path) for path in tmp_path.iterdir()] == [theirs]
    assert (tmp_path / theirs / LOCK).exists()
    with temporary_folder(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]
    assert list(tmp_path.iterdir()) == []
