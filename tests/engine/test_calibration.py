"""Calibration on worlds whose demand is known, with buffers that are wrong on purpose."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calibration import MULTIPLIERS, achieved_service, calibrate, least_multiplier, scaled
from engine.plan import NEVER_ORDER, UNLIMITED, Levels, check_levels
from engine.scorecard.figures import Basis, cycle_service_level, fill_rate
from engine.settings import CostRates
from engine.simulation import simulate
from tests.engine.make_scenario import Size, int64, make_levels, make_scenario
from tests.engine.small_world import small_world

SKUS, DAYS, LEAD_TIME, BUFFER = 160, 240, 5, 4


def world(seed):
    """Poisson demand of one to three a day, a lead time of five days, levels with a buffer of four units for all."""
    random = np.random.default_rng(seed)
    rate = random.uniform(1.0, 3.0, SKUS)
    demand = random.poisson(rate[:, None], (SKUS, DAYS))
    scenario = small_world(
        demand.tolist(), opening=[20] * SKUS, price=[1000] * SKUS, part_ends=[40, 140, DAYS],
        offers=[{"sku": sku, "lead_time": LEAD_TIME} for sku in range(SKUS)],
    )  # fmt: skip
    mean = LEAD_TIME * rate[None, :]
    point, none = int64(np.ceil(mean + BUFFER)), np.zeros((1, SKUS), np.int64)
    levels = Levels(
        days=int64([0]), reorder_point=point, order_up_to=point + 12, order_quantity=none, review_period=none + 1,
        carry_u6=none, supplier=none, lead_time=none + LEAD_TIME, max_position=none + UNLIMITED, priority_u6=none,
    )  # fmt: skip
    return scenario, levels, mean


@pytest.mark.parametrize(
    ("kind", "target", "near"),
    [("fill_rate", 0.97, 0.004), ("fill_rate", 0.98, 0.004), ("cycle_service_level", 0.75, 0.02),
     ("cycle_service_level", 0.99, 0.01)],
)  # fmt: skip
def test_targets_are_met_where_they_were_learned_and_held_out(kind, target, near):
    scenario, levels, mean = world(1)
    segment = np.arange(SKUS) % 2
    training, held_out = slice(1, 2), slice(2, 3)
    found = calibrate(
        levels, mean, lambda plan: simulate(scenario, plan), segment, np.array([target, np.nan]), kind, training
    )
    before, after = (achieved_service(totals, kind, segment, 2, training) for totals in (found.before, found.after))
    assert abs(before[0] - target) > near
    assert after[0] == pytest.approx(target, abs=near)
    assert achieved_service(found.after, kind, segment, 2, held_out)[0] == pytest.approx(target, abs=2 * near)
    assert found.multiplier[1] == 1
    assert after[1] == before[1]
    other = {"fill_rate": "cycle_service_level", "cycle_service_level": "fill_rate"}[kind]
    assert abs(achieved_service(found.after, other, segment, 2, training)[0] - target) > near / 2


def test_the_two_services_are_those_of_the_scorecard():
    scenario = make_scenario(3, Size(skus=12, days=80))
    totals = simulate(scenario, make_levels(3, scenario))
    segment, parts = np.arange(12) % 3 - 1, slice(0, scenario.parts)
    for index in range(2):
        member = segment == index
        names = ("sold", "lost", "cycles", "short_cycles")
        sums = {name: totals.field(name)[member].sum(keepdims=True).ravel() for name in names}
        sums["demanded"] = sums["sold"] + sums["lost"]
        basis = Basis(sums, np.zeros(1), np.zeros(1), np.zeros(1), 80, CostRates())
        for kind, figure in (("fill_rate", fill_rate), ("cycle_service_level", cycle_service_level)):
            mine = achieved_service(totals, kind, segment, 2, parts)[index]
            assert mine == pytest.approx(figure(basis)[0], nan_ok=True)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_scaled_levels_are_sound_rise_with_the_multiplier_and_are_as_planned_at_one(seed):
    scenario = make_scenario(seed)
    levels = make_levels(seed, scenario)
    mean = np.random.default_rng(seed).uniform(0, 20, levels.reorder_point.shape)
    made = [scaled(levels, mean, multiplier) for multiplier in (0.0, 0.3, 1.0, 1.7, 4.0)]
    for plan in made:
        check_levels(plan, scenario.axes, "scaled")
        lot = plan.order_up_to - plan.reorder_point
        assert (lot == levels.order_up_to - levels.reorder_point).all()
        assert ((plan.reorder_point == NEVER_ORDER) == (levels.reorder_point == NEVER_ORDER)).all()
    for low, high in pairwise(made):
        assert (low.reorder_point <= high.reorder_point).all()
    for name, matrix in made[2].matrices().items():
        assert (matrix == levels.matrices()[name]).all(), name


def test_a_multiplier_by_sku_is_each_skus_own():
    _, levels, mean = world(1)
    multiplier = np.linspace(0, 3, SKUS)
    made = scaled(levels, mean, multiplier).reorder_point[0]
    buffer = levels.reorder_point[0] - mean[0]
    expected = np.ceil(mean[0] + multiplier * buffer - 1e-9)
    assert made.tolist() == expected.astype(int).tolist()


def test_least_multiplier_by_hand():
    service = np.array([0.5, 0.7, 0.8, 0.9, 0.89, 0.99])
    assert len(service) == len(MULTIPLIERS)
    assert least_multiplier(service, 0.85) == pytest.approx(0.875)
    assert least_multiplier(service, 0.4) == 0.0
    assert least_multiplier(service, 0.9) == 1.0
    assert least_multiplier(service, 0.945) == pytest.approx(2.0)
    assert least_multiplier(service, 0.999) == 2.5
    assert least_multiplier(service, np.nan) == 1.0
    assert least_multiplier(service * np.nan, 0.9) == 1.0
