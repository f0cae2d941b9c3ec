"""Proposals are what the tick would order; the oracle is the compiled stepper, which shares no code with the ledger."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan import NEVER_ORDER, Levels
from engine.recommendation import Supply, proposals, world_from_today
from engine.scenario import Limits, OpeningOrders
from engine.steppers.compiled import run_compiled
from tests.engine.make_scenario import Size, int64, make_levels, make_scenario

TODAY = 50


def week(seed, size=None):
    """A world whose logs end before day 50, its real stock and open orders, and random levels for today."""
    scenario = make_scenario(seed, size or Size(skus=9, days=TODAY + 7))
    random = np.random.default_rng([seed, 5])
    stock, sku = int64(random.integers(0, 25, 9)), np.sort(random.integers(0, 9, 4))
    ones, late = np.ones(4, np.int64), np.full(4, TODAY + 7)
    orders = OpeningOrders(int64(sku), -ones, late - 9, late, int64(random.integers(1, 9, 4)), ones, ones * 0)
    supply = Supply(scenario.axes, scenario.suppliers, scenario.offers, scenario.lead_times)
    made = make_levels(seed, scenario)
    levels = Levels(days=int64([TODAY]), **{name: matrix[-1:] for name, matrix in made.matrices().items()})
    return world_from_today(scenario, supply, stock, orders, TODAY), levels


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_quantities_are_those_of_the_compiled_stepper(seed):
    world, levels = week(seed)
    ordered = run_compiled(world, levels).field("ordered").sum(axis=1)
    found = {proposal.sku: proposal for proposal in proposals(world, levels, TODAY, 100)}
    for sku, units in enumerate(ordered.tolist()):
        assert (found[sku].quantity if sku in found else 0) == units
    listed = (world.catalogue.listed_from <= TODAY) & (world.catalogue.listed_until > TODAY)
    assert sorted(found) == np.flatnonzero(listed).tolist()


def test_every_reason_states_the_position_and_why():
    seen = set()
    for seed in range(40):
        world, levels = week(seed)
        for proposal in proposals(world, levels, TODAY, 100):
            position = proposal.on_hand + proposal.on_order
            assert proposal.reason.startswith(f"position {position} ({proposal.on_hand} on hand + ")
            trigger = int(levels.reorder_point[0, proposal.sku])
            if proposal.quantity:
                assert position <= trigger
                assert f"; {proposal.quantity} (" in proposal.reason
                assert proposal.chosen.supplier in proposal.reason
                assert f"need {proposal.review.need};" in proposal.reason
                kind = re.search(r"\((as needed|rounded up|raised to)", proposal.reason).group(1)
            elif trigger == NEVER_ORDER:
                kind = "never"
                assert "not to be ordered" in proposal.reason
            elif position > trigger:
                kind = "enough"
                assert f"above the reorder point {trigger}" in proposal.reason
            else:
                kind = "no review" if "no review" in proposal.reason else "no order"
                assert kind in proposal.reason
            seen.add(kind)
    assert seen == {"as needed", "rounded up", "raised to", "never", "enough", "no review", "no order"}


def test_open_orders_count_and_what_is_gone_from_the_catalogue_is_left_out():
    world, levels = week(3)
    found = proposals(world, levels, TODAY, 100)
    on_order = np.zeros(9, int)
    np.add.at(on_order, world.opening_orders.sku, world.opening_orders.quantity)
    assert [proposal.on_order for proposal in found] == [on_order[proposal.sku] for proposal in found]
    gone = (world.catalogue.listed_until <= TODAY) | (world.catalogue.listed_from > TODAY)
    assert not {proposal.sku for proposal in found} & set(np.flatnonzero(gone).tolist())
    assert len(found) + gone.sum() == 9
    assert pytest.approx(TODAY) == levels.days[0]


def test_limits_on_money_hold_for_the_week_and_the_reason_says_so():
    told = 0
    for seed in range(10):
        world, levels = week(seed)
        free = sum(
            found.quantity * found.chosen.unit_cost for found in proposals(world, levels, TODAY, 100) if found.quantity
        )
        tight = replace(world, limits=Limits(np.zeros(3, np.int64), weekly_spend=free // 2))
        found = proposals(tight, levels, TODAY, 100)
        weeks = {}
        for proposal in found:
            if proposal.quantity:
                number = (proposal.review.day + world.axes.first_day.weekday()) // 7
                weeks[number] = weeks.get(number, 0) + proposal.quantity * proposal.chosen.unit_cost
        assert all(spent <= free // 2 for spent in weeks.values())
        told += sum("limit on money" in proposal.reason for proposal in found)
    assert told > 0
