"""Items recovered part by part: as together, and from a sample of the shop nearly as well."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.demand_worlds import WorldSettings, make_world
from engine.demand.activity import build_activity
from engine.demand.arrays import demand_arrays, stacked
from engine.demand.asof import recover_arrays_as_of, recover_as_of
from engine.demand.learning import FEWEST_OF_CATEGORY, learn, learning_items, orders_of
from engine.demand.recovery import recover, recover_arrays
from engine.schema import MICRO
from tests.engine.demand.logs_by_hand import SETTINGS

SMALL = WorldSettings(skus=30, days=100, safety=0.4, seed=4)
LARGE = WorldSettings(skus=1_200, days=200, seed=5)
REPLAY = (
    "units", "lost_expected_u6", "lost_var_u6", "kappa_u6", "conversion_u6", "potential_views_u6", "method", "censored",
)  # fmt: skip
AS_OF = ("demand_u6", "var_u6", "method")


@cache
def shop(kind):
    """World, activity, and its matrices in both vintages."""
    world = make_world(kind)
    activity = build_activity(world.logs, world.axes, SETTINGS)
    return world, activity, *(demand_arrays(activity.daily, world.categories, as_of=late) for late in (False, True))


def part(kind, skus):
    """Matrices in both vintages and orders of some items, as read from their rows of the activity alone."""
    world, activity, _, _ = shop(kind)
    rows = activity.daily.filter(pl.col("sku").is_in(skus.astype(np.int32)))
    own = [world.categories[sku] for sku in skus]
    matrices = (demand_arrays(rows, own, as_of=late, of_shop=world.categories) for late in (False, True))
    return *matrices, orders_of(activity.orders, skus)


@cache
def together(kind):
    world, activity, _, _ = shop(kind)
    inputs = activity.daily, activity.orders, world.categories, SETTINGS
    return recover(*inputs), recover_as_of(*inputs)


def in_parts(kind, cuts, teachers):
    """Recovered in parts that end at ``cuts``, by what the teachers share."""
    arrays, arrays_as_of, orders = part(kind, teachers)
    shared = learn(arrays, arrays_as_of, orders, SETTINGS)
    replays, as_ofs = [], []
    for skus in np.split(np.arange(kind.skus), cuts):
        arrays, arrays_as_of, orders = part(kind, skus)
        replays.append(recover_arrays(arrays, orders, SETTINGS, shared.replay))
        as_ofs.append(recover_arrays_as_of(arrays_as_of, orders, SETTINGS, shared.as_of))
    return joined(replays, REPLAY), joined(as_ofs, AS_OF)


def joined(results, names):
    return {name: np.concatenate([getattr(result, name) for result in results]) for name in names}


@settings(deadline=None, max_examples=25)
@given(st.sets(st.integers(1, SMALL.skus - 1), max_size=4))
def test_parts_give_the_bytes_of_the_whole(cuts):
    replay, as_of = together(SMALL)
    parts = in_parts(SMALL, sorted(cuts), np.arange(SMALL.skus))
    for whole, pieces in ((replay, parts[0]), (as_of, parts[1])):
        for name, values in pieces.items():
            np.testing.assert_array_equal(values, getattr(whole, name), err_msg=name, strict=True)


def test_the_activity_of_a_part_is_the_part_of_the_activity():
    _, _, arrays, _ = shop(SMALL)
    halves = [part(SMALL, skus)[0] for skus in np.split(np.arange(SMALL.skus), [11])]
    again = stacked(halves)
    assert again.categories == arrays.categories
    for name in ("views_in", "share", "log_price", "category", "units"):
        np.testing.assert_array_equal(getattr(again, name), getattr(arrays, name), strict=True)
    skus = np.array([2, 3, 17])
    np.testing.assert_array_equal(arrays.of(skus).orders, arrays.orders[skus])


def test_a_third_of_the_items_teaches_nearly_as_well_as_all():
    world, _, _, _ = shop(LARGE)
    teachers = np.arange(0, LARGE.skus, 3)
    (replay, as_of), (sampled, sampled_as_of) = together(LARGE), in_parts(LARGE, [500], teachers)
    truth = world.expected_lost.sum()
    for lost in (replay.lost_expected_u6, sampled["lost_expected_u6"]):
        assert lost.sum() / MICRO == pytest.approx(truth, rel=0.05)
    assert sampled["lost_expected_u6"].sum() == pytest.approx(replay.lost_expected_u6.sum(), rel=0.02)
    assert sampled_as_of["demand_u6"].sum() == pytest.approx(as_of.demand_u6.sum(), rel=0.01)


def test_teachers_are_all_items_of_a_small_shop_and_a_share_of_every_category_of_a_large_one():
    items = [f"{number:05d}" for number in range(10_000)]
    categories = ["rare" if number % 50 == 0 else "usual" for number in range(10_000)]
    assert learning_items(items, categories, 10, 100_000).tolist() == list(range(10_000))
    many = [f"{number % 2_000}" for number in range(10_000)]
    assert len(learning_items(items, many, 10, 10_000)) == 2_000
    chosen = learning_items(items, categories, 10, 10_000)
    rare = [sku for sku in chosen if categories[sku] == "rare"]
    assert len(rare) == FEWEST_OF_CATEGORY
    assert len(chosen) == FEWEST_OF_CATEGORY + 980
    assert chosen.tolist() == sorted(chosen)


def test_teachers_do_not_depend_on_items_that_are_not_there():
    items = [f"{number:05d}" for number in range(3_000)]
    chosen = {items[sku] for sku in learning_items(items, ["c"] * 3_000, 10, 15_000)}
    fewer = [item for item in items if item in chosen or int(item) % 2]
    again = {fewer[sku] for sku in learning_items(fewer, ["c"] * len(fewer), 10, 15_000)}
    assert len(again) == len(chosen)
    assert chosen == again
