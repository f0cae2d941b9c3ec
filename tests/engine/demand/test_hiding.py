"""Hide and recover, and the diagnostics of demand."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.demand_worlds import WorldSettings, make_world
from engine.demand.activity import build_activity
from engine.demand.arrays import demand_arrays
from engine.demand.diagnostics import decoupling, diagnose, placebo_keep_rate
from engine.demand.hiding import hidden_windows, hide_and_recover, mean_bias, spell_lengths
from engine.settings import DemandSettings
from tests.engine.demand.logs_by_hand import SETTINGS, axes, logs, sales

WORLD = WorldSettings(skus=250, days=240, seed=3, stay_away_late=0.6, safety=1.2)


@cache
def observed():
    world = make_world(WORLD)
    activity = build_activity(world.logs, world.axes, SETTINGS)
    return activity, world.categories


def test_hidden_days_are_found_again():
    activity, categories = observed()
    scores = hide_and_recover(activity.daily, activity.orders, categories, SETTINGS, seeds=5)
    assert [score.seed for score in scores] == [0, 1, 2, 3, 4]
    assert mean_bias(scores) == pytest.approx(0, abs=0.03)
    assert all(score.days > 500 and score.wape_per_item < 0.4 for score in scores)


def test_the_same_seeds_hide_the_same():
    activity, categories = observed()
    assert hide_and_recover(activity.daily, activity.orders, categories, SETTINGS, 1) == hide_and_recover(
        activity.daily, activity.orders, categories, SETTINGS, 1
    )


def test_assumptions_about_visitors_do_not_enter():
    activity, categories = observed()
    other = DemandSettings(intent_ratio=0.5, substitution_share=0.3)
    assert hide_and_recover(activity.daily, activity.orders, categories, other, 1) == hide_and_recover(
        activity.daily, activity.orders, categories, SETTINGS, 1
    )


def test_windows_start_in_stock_and_may_run_into_a_stock_out():
    activity, categories = observed()
    arrays = demand_arrays(activity.daily, categories)
    hidden = hidden_windows(arrays, spell_lengths(arrays), np.random.default_rng(1))
    first = hidden & ~np.pad(hidden, ((0, 0), (1, 0)))[:, :-1]
    sku, day = np.nonzero(first)
    assert (arrays.share[sku, day - 1] >= 0.9999).all()
    assert (arrays.share[hidden] == 0).any()
    assert 0.01 < hidden.mean() < 0.08


def test_nothing_to_hide():
    activity = build_activity(logs(conversions=sales(("A", 3, 12, 1))), axes("AB", 20), SETTINGS)
    scores = hide_and_recover(activity.daily, activity.orders, ["c", "c"], SETTINGS)
    assert [score.bias for score in scores] == [None, None, None]
    assert mean_bias(scores) is None
    found = diagnose(activity.daily, activity.orders, ["c", "c"], SETTINGS)
    assert found.placebo_keep_rate is None
    assert found.decoupling is None
    assert found.keep_by_age == ()


def test_pretended_stock_outs_keep_every_view():
    activity, categories = observed()
    found = diagnose(activity.daily, activity.orders, categories, SETTINGS)
    assert found.placebo_keep_rate == pytest.approx(1, abs=0.05)
    rates = [rate for _, rate, _ in found.keep_by_age]
    assert rates == sorted(rates, reverse=True)  # visitors stay away more and more
    assert found.coverage == 1
    assert sum(found.demand_by_method.values()) == pytest.approx(1)
    assert found.decoupling == pytest.approx(0, abs=0.1)


def test_the_placebo_does_not_depend_on_real_stock_outs():
    activity, categories = observed()
    arrays = demand_arrays(activity.daily, categories)
    crowded = replace(arrays, views_out=arrays.views_out * 3)
    assert placebo_keep_rate(crowded, 1) == placebo_keep_rate(arrays, 1)


def test_views_that_say_nothing_are_decoupled():
    activity, categories = observed()
    arrays = demand_arrays(activity.daily, categories)
    random = np.random.default_rng(0)
    apart = replace(arrays, orders=random.poisson(0.6, arrays.shape).astype(np.int32))
    assert decoupling(apart) == pytest.approx(1, abs=0.1)


def test_assumptions_move_the_total_one_at_a_time():
    activity, categories = observed()
    rows = diagnose(activity.daily, activity.orders, categories, SETTINGS).sensitivities
    assert [(row.assumption, row.value) for row in rows if row.over_base == 0] == [
        ("intent_ratio", 1.0),
        ("substitution_share", 0.0),
    ]
    assert [row.over_base for row in rows[3:]] == sorted((row.over_base for row in rows[3:]), reverse=True)
