from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.optimisation.exact_min_max import PeriodCosts, best_min_max, min_max_cost
from engine.optimisation.min_max import optimal_min_max, power_approximation
from engine.optimisation.random_demand import Discrete, NegativeBinomial, Normal, Poisson
from tests.reference import cases


def costs_of(inputs):
    demand = Poisson(inputs["mean_per_period"])
    return PeriodCosts(
        inputs["fixed_cost"], inputs["holding_cost"], inputs["stockout_cost"], demand, inputs.get("lead_time", 0)
    )


def levels(demand, protection, fixed, holding, penalty):
    """Of the vectorised planner for one cell."""
    moments = [np.array([x], float) for random in (demand, protection) for x in (random.mean, random.variance)]
    low, high = optimal_min_max(
        (moments[0], moments[1]), (moments[2], moments[3]), *(np.array([x], float) for x in (fixed, holding, penalty))
    )
    return int(low[0]), int(high[0])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("sS-optimal-poisson"))
def test_published_optimum(inputs, expected, close):
    costs = costs_of(inputs)
    best = best_min_max(costs)
    assert best.cost == close(expected["cost"])
    assert min_max_cost(expected["s"], expected["S"], costs) == pytest.approx(best.cost, rel=1e-9)
    assert (best.reorder_point, best.order_up_to) == (expected["s"], expected["S"])
    planned = levels(costs.demand, costs.protection_demand, costs.fixed_cost, costs.holding_cost, costs.stockout_cost)
    assert planned == (expected["s"], expected["S"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("sS-cost-poisson"))
def test_published_cost(inputs, expected, close):
    assert min_max_cost(inputs["s"], inputs["S"], costs_of(inputs)) == close(expected["cost"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("sS-power-approximation"))
def test_published_power_approximation(inputs, expected, close):
    demand = Normal(inputs["mean"], inputs["sd"])
    protection = demand.over(inputs.get("lead_time", 0) + 1)
    point, top = power_approximation(
        np.array(demand.mean),
        np.array(protection.mean),
        np.array(protection.variance),
        *(np.array(inputs[name]) for name in ("fixed_cost", "holding_cost", "stockout_cost")),
    )
    assert (point, top) == (close(expected["s"]), close(expected["S"]))


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.3, 6),
    st.floats(1.0, 4.0),
    st.floats(0.5, 60),
    st.floats(0.2, 3),
    st.floats(1.5, 20),
    st.integers(0, 2),
)
def test_optimum_by_brute_force(mean, dispersion, fixed, holding, penalty, lead_time):
    demand = NegativeBinomial.of_moments(mean, mean * dispersion)
    costs = PeriodCosts(fixed, holding, penalty * holding, demand, lead_time)
    best = best_min_max(costs)
    least = min(
        min_max_cost(point, top, costs)
        for point in range(best.reorder_point - 5, best.reorder_point + 6)
        for top in range(point + 1, best.order_up_to + 9)
    )
    assert best.cost == pytest.approx(least, rel=1e-9)
    assert min_max_cost(best.reorder_point, best.order_up_to, costs) == pytest.approx(best.cost, rel=1e-9)
    point, top = levels(demand, costs.protection_demand, fixed, holding, penalty * holding)
    if best.reorder_point >= 0:
        assert min_max_cost(point, top, costs) == pytest.approx(best.cost, rel=1e-9)


def test_lumpy_and_backordered_optima_by_brute_force():
    lumpy = PeriodCosts(64, 1, 9, Discrete((0, 5, 10), (0.5, 0.3, 0.2)))
    least = min(min_max_cost(point, top, lumpy) for point in range(-15, 30) for top in range(point + 1, 60))
    assert best_min_max(lumpy).cost == pytest.approx(least)
    waiting = PeriodCosts(60, 1, 0.5, Poisson(2))
    best = best_min_max(waiting)
    assert best.reorder_point < -1
    least = min(min_max_cost(point, top, waiting) for point in range(-60, 10) for top in range(point + 1, 40))
    assert best.cost == pytest.approx(least)


def test_cost_of_given_levels_by_simulation():
    costs = PeriodCosts(64, 1, 9, NegativeBinomial.of_moments(5, 15), 1)
    random = np.random.default_rng(3)
    demand = random.negative_binomial(2.5, 1 / 3, 200_000)
    position, total = 40, 0.0
    for today, tomorrow in pairwise(demand):
        if position <= 12:
            total, position = total + 64, 40
        level = position - today - tomorrow  # stock a lead time of one period later
        total += max(level, 0) + 9 * max(-level, 0)
        position -= today
    assert total / (len(demand) - 1) == pytest.approx(min_max_cost(12, 40, costs), rel=0.01)


@pytest.mark.parametrize(("mean", "variance", "fixed"), [(2000, 2000, 64), (2000, 40_000, 64), (2000, 40_000, 6400)])
def test_large_lots_are_near_the_optimum(mean, variance, fixed):
    costs = PeriodCosts(fixed, 1, 9, NegativeBinomial.of_moments(mean, variance))
    planned = levels(costs.demand, costs.demand, fixed, 1, 9)
    assert min_max_cost(*planned, costs) <= 1.01 * best_min_max(costs).cost


def test_planner_is_vectorised_and_handles_no_demand():
    mean = np.array([[0.0, 2.0], [6.0, 900.0]])
    low, high = optimal_min_max((mean, 2 * mean), (2 * mean, 4 * mean), np.array(20.0), np.array(1.0), np.array(9.0))
    assert low.shape == high.shape == (2, 2)
    assert (high > low).all()
    assert low[0, 0] == -1


def test_degenerate_inputs():
    with pytest.raises(InputError, match="mean_demand must be > 0"):
        PeriodCosts(1, 1, 1, Poisson(0))
    with pytest.raises(InputError, match="lead_time must be a whole number"):
        PeriodCosts(1, 1, 1, Poisson(2), 0.5)
    with pytest.raises(InputError, match=r"reorder_point must be < order_up_to, was \(4, 4\)"):
        min_max_cost(4, 4, PeriodCosts(1, 1, 1, Poisson(2)))
