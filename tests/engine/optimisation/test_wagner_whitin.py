from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.optimisation.wagner_whitin import capacitated_lots, sparse_lots, wagner_whitin
from tests.reference import cases


def cost_of(orders, demand, fixed, holding, unit=0.0, opening=0):
    """Of any orders; infinite where demand is not met."""
    stock = opening + np.cumsum(orders) - np.cumsum(demand)
    if (stock < -1e-9).any():
        return np.inf
    return float(((np.asarray(orders) > 0) * fixed + np.asarray(orders) * unit + stock * holding).sum())


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("wagner-whitin"))
def test_published(inputs, expected, close):
    opening = inputs.get("initial_inventory", 0)
    plan = wagner_whitin(inputs["demand"], inputs["K"], inputs["h"], inputs.get("unit_cost", 0), opening)
    assert plan.cost == close(expected["cost"])
    costs = [np.asarray(inputs.get(name, 0)) for name in ("K", "h", "unit_cost")]
    for orders in (plan.orders, expected["orders"]):  # lots may differ where several cost the same
        assert cost_of(orders, inputs["demand"], *costs, opening) == pytest.approx(plan.cost)


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("dynamic-lot-capacitated"))
def test_published_capacitated(inputs, expected, close):
    opening = inputs.get("initial_inventory", 0)
    costs = [np.asarray(inputs.get(name, 0)) for name in ("K", "h", "unit_cost")]
    fixed, holding, unit = costs
    plan = capacitated_lots(inputs["demand"], fixed, holding, inputs["capacity"], unit, opening)
    assert plan.cost == close(expected["cost"])
    for orders in (plan.orders, expected["orders"]):
        assert cost_of(orders, inputs["demand"], *costs, opening) == pytest.approx(plan.cost)
    assert (plan.orders <= inputs["capacity"]).all()


def brute_force(demand, fixed, holding, unit):
    """Every set of order periods, each order covering demand until the next."""
    periods = len(demand)
    best = np.inf
    for count in range(periods + 1):
        for starts in combinations(range(periods), count):
            orders = np.zeros(periods)
            for start, end in zip(starts, [*starts, periods][1:], strict=True):
                orders[start] = demand[start:end].sum()
            best = min(best, cost_of(orders, demand, fixed, holding, unit))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_textbook_function_by_brute_force(seed, periods):
    random = np.random.default_rng(seed)
    demand = random.integers(0, 30, periods) * (random.random(periods) < 0.7)
    fixed, unit = random.uniform(0, 80, periods), random.uniform(0, 5, periods)
    holding = random.uniform(0, 2, periods)
    plan = wagner_whitin(demand, fixed, holding, unit)
    assert plan.cost == pytest.approx(brute_force(demand, fixed, holding, unit))
    assert cost_of(plan.orders, demand, fixed, holding, unit) == pytest.approx(plan.cost)


@pytest.mark.parametrize("seed", range(10))
def test_capacitated_by_brute_force(seed):
    random = np.random.default_rng(seed)
    demand, capacity = random.integers(0, 4, 4), random.integers(3, 6, 4)
    opening = int(random.integers(0, 4))
    plan = capacitated_lots(demand, 5, 1, capacity, 0.5, opening)
    every = product(*(range(limit + 1) for limit in capacity))
    assert plan.cost == pytest.approx(min(cost_of(orders, demand, 5, 1, 0.5, opening) for orders in every))
    assert (plan.orders <= capacity).all()


def sparse(random, skus, days, share):
    demand = random.integers(1, 12, (skus, days)) * (random.random((skus, days)) < share)
    sku, day = np.nonzero(demand)
    return demand, np.searchsorted(sku, np.arange(skus + 1)), day, demand[sku, day]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.03, 0.3, 1.0]), st.sampled_from([0.0, 0.01, 0.3, 5.0]))
def test_sparse_kernel_agrees_with_the_textbook(seed, share, holding):
    random = np.random.default_rng(seed)
    demand, first_row, day, quantity = sparse(random, 5, 40, share)
    fixed = random.uniform(0, 60, 5)
    cost, start = sparse_lots(first_row, day, quantity, fixed, np.full(5, holding))
    for sku in range(5):
        assert cost[sku] == pytest.approx(wagner_whitin(demand[sku], fixed[sku], holding).cost, abs=1e-6)
        rows = np.arange(first_row[sku], first_row[sku + 1])
        lots = start[rows]
        held = (quantity[rows] * (day[rows] - day[lots])).sum() * holding
        assert cost[sku] == pytest.approx(len(np.unique(lots)) * fixed[sku] + held)
        assert (lots <= rows).all()
        assert (np.diff(lots) >= 0).all()


def test_sparse_kernel_on_a_long_history():
    random = np.random.default_rng(0)
    demand, first_row, day, quantity = sparse(random, 1, 3000, 0.5)
    cost, _ = sparse_lots(first_row, day, quantity, np.array([80.0]), np.array([0.7]))
    assert cost[0] == pytest.approx(wagner_whitin(demand[0], 80, 0.7).cost)


def test_nothing_demanded_costs_nothing():
    cost, start = sparse_lots(np.zeros(4, int), np.zeros(0, int), np.zeros(0, int), np.ones(3), np.ones(3))
    assert cost.tolist() == [0, 0, 0]
    assert len(start) == 0
    assert wagner_whitin([0, 0], 5, 1).cost == 0


def test_degenerate_inputs():
    with pytest.raises(InputError, match="demand must be >= 0, was -1"):
        wagner_whitin([3, -1], 5, 1)
    with pytest.raises(InputError, match="fixed_cost must be one number or one per period"):
        wagner_whitin([3, 1], [5, 5, 5], 1)
    with pytest.raises(InputError, match="capacity must be able to meet demand"):
        capacitated_lots([3, 9], 5, 1, 4)
    with pytest.raises(InputError, match="demand must be a whole number"):
        capacitated_lots([3.5], 5, 1, 4)
