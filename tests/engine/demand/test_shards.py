"""The daily activity of a shop does not depend on the ranges of items in which it is derived."""

from dataclasses import fields, replace
from datetime import timedelta
from functools import reduce
from itertools import pairwise
from operator import add

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.demand.activity import build_activity, shard_activity
from engine.demand.logs import ActivityLogs
from engine.demand.shop_traffic import bot_days, counted_rows, marked_views, shop_traffic
from engine.settings import DemandSettings
from tests.engine.demand.logs_by_hand import FIRST, axes, daily_views, logs, purchases, sales, snapshots, views

ITEMS, DAYS = "ABCDE", 8
SETTINGS = DemandSettings(bot_views_per_day=3, dedupe_minutes=30, delisted_after_days=2)
AXES = axes(ITEMS, DAYS)

item = st.sampled_from(ITEMS + "?")  # "?" is an item that the shop does not hold
day = st.integers(-3, DAYS + 2)
hour = st.sampled_from([0.0, 8.0, 8.2, 8.4, 9.1, 17.0, 23.9])
in_stock = st.sampled_from([None, True, False])
price = st.sampled_from([0, 100, 200, 300])
session, visitor = st.sampled_from([None, "s1", "s2"]), st.sampled_from([None, "v1", "v2"])
location = st.sampled_from([None, "L1", "L2"])


def some(*values):
    return st.lists(st.tuples(*values), min_size=1, max_size=25)


def lines(rows):
    """Order lines, some of them of one transaction, some logged twice."""
    return sales(*(row[1:] for row in rows)).with_columns(transaction_id=pl.Series([row[0] for row in rows]))


def products(rows):
    dated = [(*row[:2], *(at if at is None else FIRST + timedelta(days=at) for at in row[2:])) for row in rows]
    columns = {"item_id": pl.String, "price": pl.Int64, "available_from": pl.Date, "discontinued_on": pl.Date}
    return pl.DataFrame(dated, schema=columns, orient="row")


def of(table, *values):
    return some(*values).map(lambda rows: table(*rows))


worlds = st.fixed_dictionaries(
    {
        "conversions": some(st.sampled_from("123456789"), item, day, hour, st.integers(-2, 6), price).map(lines),
        "page_views": of(views, item, day, hour, in_stock, session, visitor, price),
    },
    optional={
        "page_views_daily": of(daily_views, item, day, st.integers(0, 9), in_stock),
        "stock_snapshots": of(snapshots, item, day, st.integers(-2, 6), st.none() | hour, location),
        "purchase_orders": of(purchases, item, day, st.none() | day, st.integers(1, 9)),
        "products": some(item, st.none() | price, st.none() | day, st.none() | day).map(products),
    },
).map(lambda tables: logs(**tables))
cuts = st.sets(st.integers(1, len(ITEMS) - 1)).map(lambda inner: list(pairwise((0, *sorted(inner), len(ITEMS)))))


def of_items(shop, items, but=False):
    """Logs of some items, or of all others."""
    tables = {one.name: getattr(shop, one.name) for one in fields(ActivityLogs)}
    chosen = pl.col("item_id").is_in(list(items))
    return ActivityLogs(**{name: frame.filter(~chosen if but else chosen) for name, frame in tables.items()})


def in_shards(shop, ranges):
    """The activity of each range of items from nothing but its own logs and what all share."""
    visits = shop.page_views.filter(pl.col("item_id").is_in(list(ITEMS))).partition_by("day")
    bots = pl.concat([bot_days(of_day, AXES, SETTINGS) for of_day in (*visits, shop.page_views.clear())])
    shards = []
    for start, stop in ranges:
        part = AXES.part(slice(start, stop))
        own = of_items(shop, part.items)
        rows = counted_rows(own, marked_views(own.table("page_views"), part, bots, SETTINGS), part)
        shards.append((own, rows, part))
    shared = reduce(add, (shop_traffic(*shard) for shard in shards))
    others = of_items(shop, ITEMS, but=True)
    unheld = sum(others.table(name).height for name in COUNTED_OUTSIDE)
    shared = replace(
        shared,
        purchases_logged=not shop.purchase_orders.is_empty(),
        counts=replace(shared.counts, outside_axes=shared.counts.outside_axes + unheld),
    )
    return [shard_activity(*shard, shared, SETTINGS) for shard in shards], shared.counts


COUNTED_OUTSIDE = ("conversions", "page_views", "page_views_daily", "stock_snapshots")


@settings(max_examples=60, deadline=None)
@given(worlds, cuts)
def test_activity_in_shards_is_that_of_the_whole_shop(shop, ranges):
    whole = build_activity(shop, AXES, SETTINGS)
    shards, counts = in_shards(shop, ranges)
    for name in ("daily", "orders"):
        moved = [
            getattr(shard, name).with_columns(pl.col("sku") + start)
            for shard, (start, _) in zip(shards, ranges, strict=True)
        ]
        assert_frame_equal(pl.concat(moved), getattr(whole, name))
    assert counts == whole.counts


def test_a_bot_seen_on_two_items_is_one_on_both():
    """Two views of each item are few; four of one visitor on one day are a bot's."""
    shop = logs(
        conversions=sales(("A", 0, 9, 1)),
        page_views=views(*((name, 1, at, None, None, "v") for name in "AB" for at in (9, 12)), ("A", 1, 9)),
    )
    shards, counts = in_shards(shop, [(0, 1), (1, 5)])
    assert counts.bot_views == 4
    assert [shard.daily["views_in"].sum() for shard in shards] == [1, 0]


def test_a_day_without_a_view_of_any_item_is_not_logged_for_all_of_them():
    shop = logs(conversions=sales(("A", 0, 9, 1)), page_views=views(("A", 1, 9), ("B", 2, 9)))
    shards, _ = in_shards(shop, [(0, 1), (1, 2), (2, 5)])
    for shard in shards:
        logged = shard.daily.filter(pl.col("flags") & 128 == 0)["day"].unique().sort().to_list()
        assert logged == [1, 2]
