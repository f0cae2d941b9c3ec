"""Hindsight could have been done, and nothing that could be done exceeds the upper bound."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bounds import hindsight_orders, lowest_costs, upper_bound_profit, upper_bound_scores
from engine.scorecard import LEVELS, score_run
from engine.settings import CostRates
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario
from tests.engine.oracle import is_open
from tests.engine.small_world import orders, small_world

RATES = CostRates(holding_rate=0.10, capital_rate=0.12)
NONE = orders()
SEEDS = st.integers(0, 10**6)


def item_profits(scenario, plan, rates=RATES, warm_up=0):
    cells = np.zeros(len(scenario.axes.items), np.int64)
    card = score_run(run_reference(scenario, plan), scenario, rates, warm_up, cells, 1)
    return card.filter(pl.col("level") == "item")["economic_profit"].to_numpy()


def matching_offers(scenario, order):
    """Rows of the offer table that this order could have been placed on."""
    offers = scenario.offers
    return [
        row
        for row in np.flatnonzero(offers.sku == order["sku"]).tolist()
        if offers.supplier[row] == order["supplier"]
        and offers.unit_cost[row] == order["unit_cost"]
        and offers.line_cost[row] == order["line_cost"]
        and offers.valid_from[row] <= order["ordered_on"] < offers.valid_until[row]
        and order["quantity"] >= offers.smallest_quantity[row]
        and order["quantity"] % offers.multiple[row] == 0
    ]


@given(seed=SEEDS, everything=st.booleans())
@settings(max_examples=40, deadline=None)
def test_hindsight_keeps_offers_order_days_listing_and_lead_times(seed, everything):
    scenario = make_scenario(seed, Size(skus=4, days=60, everything=everything, lead_time=5))
    plan, times, catalogue = hindsight_orders(scenario, NONE, RATES), scenario.lead_times, scenario.catalogue
    for values in zip(*(getattr(plan, name).tolist() for name in vars(plan)), strict=True):
        order = dict(zip(vars(plan), values, strict=True))
        day, sku = order["ordered_on"], order["sku"]
        assert 0 <= day < order["arrives_on"] < scenario.axes.days
        assert catalogue.listed_from[sku] <= day < catalogue.listed_until[sku]
        assert is_open(scenario, order["supplier"], day)
        rank = times.draws[order["supplier"], day]
        arrivals = {
            int(times.arrival_day[day + times.quantiles[scenario.offers.distribution[row], rank]])
            for row in matching_offers(scenario, order)
        }
        assert order["arrives_on"] in arrivals
    ordered = list(zip(plan.sku.tolist(), plan.ordered_on.tolist(), plan.arrives_on.tolist(), strict=True))
    assert ordered == sorted(ordered)


def test_hindsight_by_hand():
    """Opening stock serves day 0; the three of day 5 come just in time; the dear one of day 8 does not pay."""
    demand = [2, 0, 0, 0, 0, 3, 0, 0, 1, 0]
    scenario = small_world(
        demand, opening=2, price=np.array([[500] * 8 + [60] * 2]), offers=[{"lead_time": 2, "unit_cost": 100}]
    )
    plan = hindsight_orders(scenario, NONE, RATES)
    assert (plan.ordered_on.tolist(), plan.arrives_on.tolist(), plan.quantity.tolist()) == ([3], [5], [3])


def test_hindsight_joins_lots_where_the_line_costs_more_than_holding():
    demand = [0, 0, 0, 1, 1, 1, 0]
    apart = hindsight_orders(small_world(demand, offers=[{"line_cost": 0}]), NONE, RATES)
    joined = hindsight_orders(small_world(demand, offers=[{"line_cost": 50}]), NONE, RATES)
    assert apart.quantity.tolist() == [1, 1, 1]
    assert (joined.quantity.tolist(), joined.arrives_on.tolist()) == ([3], [3])


def test_hindsight_beats_levels_where_luck_is_known():
    better = total = 0
    for seed in range(12):
        scenario = make_scenario(seed, Size(skus=4, days=60, everything=False, lead_time=4))
        with_luck = item_profits(scenario, hindsight_orders(scenario, NONE, RATES)).sum()
        better += with_luck > item_profits(scenario, make_levels(seed, scenario)).sum()
        total += 1
    assert better >= total - 1


# --- the upper bound --------------------------------------------------------------------------------------------------


def no_more_than_the_bound(scenario, plan, actual, warm_up, rates=RATES, bound_of=upper_bound_profit):
    profit = item_profits(scenario, plan, rates, warm_up)
    bound = bound_of(scenario, actual, rates, warm_up)
    worst = int(np.argmax(profit - bound)) if len(profit) else 0
    assert (profit <= bound + 1e-6).all(), f"SKU {worst}: {profit[worst]} > {bound[worst]}, warm-up {warm_up}"


@given(
    seed=SEEDS,
    everything=st.booleans(),
    share=st.sampled_from([0.05, 0.4, 1.0]),
    warm_up=st.booleans(),
    holding=st.sampled_from([0.0, 0.1, 2.0]),
    capital=st.sampled_from([0.0, 0.12, 1.5]),
)
@settings(max_examples=60, deadline=None)
def test_nothing_exceeds_the_upper_bound(seed, everything, share, warm_up, holding, capital):
    """Hindsight, random levels and random orders, SKU by SKU.

    Demand of a warm-up that waits into the scored window is left out: the bound counts the window's own demand.
    """
    scenario = make_scenario(seed, Size(skus=3, days=50, everything=everything, lead_time=5, demand_share=share))
    first = int(scenario.part_ends[0]) if warm_up and scenario.parts > 1 else 0
    if first:
        nothing_waits = scenario.catalogue.waiting_share_u6 * 0
        scenario = replace(scenario, catalogue=replace(scenario.catalogue, waiting_share_u6=nothing_waits))
    rates = CostRates(holding_rate=holding, capital_rate=capital)
    actual = make_orders(seed, scenario)
    for plan in (actual, make_levels(seed, scenario), hindsight_orders(scenario, actual, rates)):
        no_more_than_the_bound(scenario, plan, actual, first, rates)


def test_demand_of_the_warm_up_that_waits_into_the_window_is_in_the_bound():
    scenario = small_world([5, 0, 0, 0], waiting_share_u6=1_000_000, part_ends=[1, 4], order_cost=0)
    late = orders({"ordered_on": 0, "arrives_on": 1, "quantity": 5})
    no_more_than_the_bound(scenario, late, NONE, 1)


def test_the_check_of_the_bound_notices_a_bound_that_is_too_low():
    def half(*arguments):
        return upper_bound_profit(*arguments) / 2

    scenario = small_world([0, 1, 1, 1, 1], order_cost=0)
    assert item_profits(scenario, hindsight_orders(scenario, NONE, RATES))[0] > 0
    with pytest.raises(AssertionError, match="SKU 0"):
        no_more_than_the_bound(scenario, hindsight_orders(scenario, NONE, RATES), NONE, 0, bound_of=half)


def test_the_bound_is_close_where_a_policy_can_reach_it():
    """One sure delivery a day: what hindsight earns lies within a percent of the bound."""
    scenario = small_world([0, 2, 3, 0, 4, 1], price=1000, offers=[{"unit_cost": 300}], order_cost=0)
    reached = item_profits(scenario, hindsight_orders(scenario, NONE, RATES))[0]
    assert upper_bound_profit(scenario, NONE, RATES, 0)[0] == pytest.approx(reached, rel=0.01)


def test_demand_that_does_not_pay_adds_nothing():
    scenario = small_world([0, 5, 5], price=90, offers=[{"unit_cost": 100}])
    assert upper_bound_profit(scenario, NONE, RATES, 0)[0] == 0


def test_lowest_costs_look_at_offers_open_orders_found_units_opening_stock_and_the_shops_orders():
    def lowest(**world):
        actual = world.pop("actual", NONE)
        return lowest_costs(small_world([0, 0], **world), actual)[0]

    assert lowest() == 100
    assert lowest(offers=[{}, {"unit_cost": 70, "smallest_quantity": 99}]) == 70
    assert lowest(opening_orders=[{"arrives_on": 1, "unit_cost": 60}]) == 60
    assert lowest(adjustments=[(0, 0, 2, 50)]) == 50
    assert lowest(adjustments=[(0, 0, -2, 50)]) == 100
    assert lowest(opening=10, opening_value=400) == 40
    assert lowest(actual=orders({"ordered_on": 0, "arrives_on": 1, "unit_cost": 30})) == 30


def test_bound_scores_sum_up_at_every_level():
    scenario = make_scenario(3, Size(skus=5, days=40))
    rows = upper_bound_scores(scenario, NONE, RATES, 0, np.arange(5), 100)
    whole = upper_bound_profit(scenario, NONE, RATES, 0).sum() / 100
    for level in LEVELS:
        assert rows.filter(pl.col("level") == level)["economic_profit"].sum() == pytest.approx(whole), level
    assert set(rows["kind"]) == {"bound"}
