"""As-of demand: close to the truth, and blind to the future."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.demand_worlds import FIRST_DAY, WorldSettings, make_world
from engine.demand.activity import build_activity
from engine.demand.asof import estimation_days, recover_as_of
from engine.demand.codes import Method
from engine.demand.logs import ActivityLogs
from engine.demand.tables import asof_daily_demand
from tests.engine.demand.logs_by_hand import SETTINGS

SMALL = WorldSettings(skus=25, days=70, safety=0.4, seed=4)
TABLES = ("conversions", "page_views", "stock_snapshots")


@cache
def small_world():
    world = make_world(SMALL)
    rng = np.random.default_rng(0)
    priced = world.logs.page_views.with_columns(
        price=pl.Series(rng.choice([90, 100, 110], world.logs.page_views.height))
    )
    record = world.logs.stock_snapshots.filter(pl.Series(rng.random(world.logs.stock_snapshots.height) < 0.5))
    late = record.filter((pl.col("item_id") != world.axes.items[3]) | (pl.col("day") > FIRST_DAY + timedelta(days=45)))
    return replace(world, logs=replace(world.logs, page_views=priced, stock_snapshots=late))


def as_of(logs):
    world = small_world()
    activity = build_activity(logs, world.axes, SETTINGS)
    result = recover_as_of(activity.daily, activity.orders, world.categories, SETTINGS)
    return result.demand_u6, result.var_u6, result.method


@cache
def complete():
    return as_of(small_world().logs)


def cut(logs: ActivityLogs, day: int) -> ActivityLogs:
    """The logs as they were at the close of the day before ``day``."""
    end = FIRST_DAY + timedelta(days=day)
    orders = logs.purchase_orders.filter(pl.col("order_date") < end)
    arrived = pl.when(pl.col("received_date") < end).then("received_date")
    known = {name: getattr(logs, name).filter(pl.col("day") < end) for name in TABLES}
    return replace(logs, **known, purchase_orders=orders.with_columns(received_date=arrived))


def another_future(logs: ActivityLogs, day: int) -> ActivityLogs:
    """The same past, and a wild future: thrice the sales, no views, other stock."""
    end, past = FIRST_DAY + timedelta(days=day), cut(logs, day)
    future = logs.conversions.filter(pl.col("day") >= end)
    more = pl.concat(
        future.with_columns(pl.col("quantity") * 3, transaction_id=pl.col("transaction_id") + f"/{copy}")
        for copy in "abc"
    )
    stock = logs.stock_snapshots.filter(pl.col("day") >= end).with_columns(quantity_on_hand=pl.lit(1))
    return replace(
        past,
        conversions=pl.concat([past.conversions, more]),
        stock_snapshots=pl.concat([past.stock_snapshots, stock.cast(past.stock_snapshots.schema)]),
    )


def assert_same_before(day, changed):
    for before, after in zip(complete(), as_of(changed), strict=True):
        assert np.array_equal(before[:, :day], after[:, :day])


@pytest.mark.parametrize("day", [3, 7, 8, 20, 28, 41, 56, 69])
def test_cutting_the_future_off_does_not_change_the_past(day):
    assert_same_before(day, cut(small_world().logs, day))


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 69))
def test_another_future_does_not_change_the_past(day):
    assert_same_before(day, another_future(small_world().logs, day))


def test_the_future_does_change_the_future():
    changed = as_of(another_future(small_world().logs, 41))
    assert not np.array_equal(complete()[0], changed[0])


def test_as_of_demand_is_close_to_the_truth_after_its_first_weeks():
    world = make_world(WorldSettings(skus=200, days=180, seed=3))
    activity = build_activity(world.logs, world.axes, SETTINGS)
    result = recover_as_of(activity.daily, activity.orders, world.categories, SETTINGS)
    demand = result.demand_u6 * 1e-6
    assert (demand >= world.sold).all()
    late = slice(28, None)
    assert demand[:, late].sum() == pytest.approx(world.demand[:, late].sum(), rel=0.02)
    recovered = (demand - world.sold)[:, late].sum() / world.expected_lost[:, late].sum()
    assert 0.9 < recovered < 1.1


def test_the_first_days_say_that_nothing_is_recovered():
    demand, variance, method = complete()
    world = small_world()
    assert np.array_equal(demand[:, :7], 1_000_000 * world.sold[:, :7].astype(np.int64))
    assert variance[:, :7].sum() == 0
    assert set(method[:, :7].ravel().tolist()) <= {Method.OBSERVED, Method.NONE}


def test_estimation_days_grow_with_the_history():
    assert estimation_days(5) == []
    assert estimation_days(30) == [7, 14, 28]
    schedule = estimation_days(1095)
    assert schedule[:6] == [7, 14, 28, 56, 84, 112]
    assert all(0 < later - day <= max(28, day / 4) for day, later in pairwise(schedule))
    assert sum(schedule) < 6 * 1095


def test_the_table_has_its_columns():
    world = small_world()
    activity = build_activity(world.logs, world.axes, SETTINGS)
    frame = asof_daily_demand(recover_as_of(activity.daily, activity.orders, world.categories, SETTINGS))
    assert frame.columns == ["sku", "day", "demand_asof_u6", "var_asof_u6", "method", "model_version"]
    assert frame.null_count().sum_horizontal().sum() == 0
