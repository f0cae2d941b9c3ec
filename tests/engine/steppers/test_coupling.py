"""Orders that compete: limits on money over all SKUs and suppliers' minimum order values, in both steppers."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scenario import Limits
from engine.scenario.world import NO_LIMIT
from engine.steppers.compiled import run_compiled
from engine.steppers.coupling import Purse, granted_quantities
from engine.steppers.ledger import run_with_ledger
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario
from tests.engine.small_world import levels, small_world


def limited(seed, *, size=None):
    """A random world and plan with random limits, tight ones among them."""
    random = np.random.default_rng([seed, 9])
    scenario = make_scenario(seed, size or Size(skus=int(random.integers(1, 9))))
    capital = int(scenario.catalogue.opening_value.sum())
    limits = Limits(
        supplier_minimum=random.choice([0, 0, 500, 5_000], len(scenario.suppliers.names)).astype(np.int64),
        tops_up=bool(random.integers(2)),
        open_capital=int(random.choice([NO_LIMIT, NO_LIMIT, 2 * capital + 1_000, 10_000])),
        weekly_spend=int(random.choice([NO_LIMIT, NO_LIMIT, 3_000, 40_000])),
    )
    plan = make_levels(seed, scenario)
    if random.integers(3) == 0:
        plan = replace(
            plan, capital_limit=random.integers(capital // 2, 3 * capital + 2, len(plan.days)).astype(np.int64)
        )
    return replace(scenario, limits=limits), plan


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10**6))
def test_the_steppers_agree_where_orders_compete(seed):
    scenario, plan = limited(seed)
    assert run_reference(scenario, plan).digest() == run_compiled(scenario, plan).digest()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_limits_that_never_bind_change_nothing(seed):
    scenario, plan = make_scenario(seed), make_levels(seed, make_scenario(seed))
    wide = Limits(np.ones(len(scenario.suppliers.names), np.int64), True, NO_LIMIT - 1, NO_LIMIT - 1)
    plain = run_compiled(scenario, plan).digest()
    assert run_compiled(replace(scenario, limits=wide), plan).digest() == plain
    assert run_reference(replace(scenario, limits=wide), plan).digest() == plain


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_no_order_breaks_a_limit_on_any_day(seed):
    """Recounted from the ledger's orders and closing values, by none of the code that shares out the money."""
    scenario, plan = limited(seed)
    limits, ledger = scenario.limits, run_with_ledger(scenario, plan)
    placed = [review.order for review in ledger.reviews if review.order is not None]
    by_week: dict[int, int] = {}
    for order in placed:
        week = (order.ordered_on + scenario.axes.first_day.weekday()) // 7
        by_week[week] = by_week.get(week, 0) + order.quantity * order.unit_cost
    assert all(spent <= limits.weekly_spend for spent in by_week.values())

    for (_day, supplier), lines in groupby(
        sorted(placed, key=lambda order: (order.ordered_on, order.supplier)),
        key=lambda order: (order.ordered_on, order.supplier),
    ):
        assert sum(line.quantity * line.unit_cost for line in lines) >= limits.supplier_minimum[supplier]

    value = ledger.totals.inventory_value.sum(axis=0) + ledger.totals.on_order_value.sum(axis=0)
    for day in {order.ordered_on for order in placed}:
        date = int(np.searchsorted(plan.days, day, side="right")) - 1
        own = NO_LIMIT if plan.capital_limit is None else int(plan.capital_limit[date])
        assert value[day] <= min(limits.open_capital, own)


def test_explicit_orders_are_history_and_stand():
    scenario, _ = limited(4)
    tight = replace(scenario, limits=replace(scenario.limits, open_capital=0))
    plan = make_orders(4, scenario)
    assert not Purse.is_needed(tight, plan)
    assert run_compiled(tight, plan).digest() == run_compiled(scenario, plan).digest()


def test_the_more_profitable_item_is_ordered_when_money_is_short():
    """Two items want 5 units of 100 each; 700 are left: five of the one, two of the other."""
    scenario = small_world([[0] * 4, [0] * 4], offers=[{"sku": 0, "unit_cost": 100}, {"sku": 1, "unit_cost": 100}],
                     limits=Limits(np.zeros(1, np.int64), open_capital=700))  # fmt: skip
    plan = levels(scenario, reorder_point=0, order_up_to=5, priority_u6=[[10, 20]])
    ordered = run_compiled(scenario, plan).field("ordered").sum(axis=1)
    assert ordered.tolist() == [2, 5]
    turned = levels(scenario, reorder_point=0, order_up_to=5, priority_u6=[[20, 10]])
    assert run_compiled(scenario, turned).field("ordered").sum(axis=1).tolist() == [5, 2]


def test_an_order_below_the_minimum_waits_until_there_is_enough():
    """Item 0 wants 300 from day 0, item 1 joins with 300 on day 2: only together they reach 500."""
    demand = [[0] * 6, [0, 0, 3, 0, 0, 0]]
    offers = [{"sku": 0, "unit_cost": 100}, {"sku": 1, "unit_cost": 100}]
    scenario = small_world(demand, offers=offers, opening=[0, 3], limits=Limits(np.array([500])))
    plan = levels(scenario, reorder_point=0, order_up_to=3)
    lines = run_compiled(scenario, plan).supplier_lines
    assert lines.tolist() == [[0, 0, 2, 0, 0, 0]]
    raised = replace(scenario, limits=Limits(np.array([500]), tops_up=True))
    totals = run_compiled(raised, plan)
    assert totals.supplier_lines.tolist() == [[1, 0, 1, 0, 0, 0]]
    assert totals.field("ordered").sum(axis=1).tolist() == [5, 5]


def test_topping_up_stops_where_cover_ends():
    scenario = small_world([[0] * 3], offers=[{"sku": 0, "unit_cost": 100}], limits=Limits(np.array([500]), True))
    plan = levels(scenario, reorder_point=0, order_up_to=3, max_position=4)
    assert run_compiled(scenario, plan).field("ordered").sum() == 0


@pytest.mark.parametrize("room", [-5, 0, 99, 100, 250, 10_000])
def test_partial_lines_keep_multiple_and_minimum(room):
    number = np.array([0])
    got = granted_quantities(
        number, number, np.array([10]), np.array([24]), np.array([6]), np.array([6]), np.array([100]), np.zeros(1, int),
        False, room,
    )[0]  # fmt: skip
    best = max((q for q in (0, 6, 12, 18, 24) if q * 10 <= max(room, 0)), default=0)
    assert got == best


def test_what_the_limits_took_is_in_the_ledger():
    scenario = small_world([[0] * 3], offers=[{"sku": 0, "unit_cost": 100}],
                     limits=Limits(np.zeros(1, np.int64), weekly_spend=200))  # fmt: skip
    first = run_with_ledger(scenario, levels(scenario, reorder_point=0, order_up_to=5)).reviews[0]
    assert (first.proposed, first.order.quantity) == (5, 2)


def test_orders_of_the_ledger_are_those_of_the_totals():
    scenario, plan = limited(11)
    ledger = run_with_ledger(scenario, plan)
    placed = sum(review.order.quantity for review in ledger.reviews if review.order)
    assert placed == int(ledger.totals.field("ordered").sum()) == int(ledger.days.select(pl.sum("ordered")).item())
