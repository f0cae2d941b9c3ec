import numpy as np
import pytest
from scipy import integrate
from scipy.optimize import minimize

from engine.errors import InputError
from engine.optimisation.continuous_review import (
    ReviewCosts,
    best_reorder_point,
    continuous_review_cost,
    optimal_continuous_review,
    optimal_unit_review,
)
from engine.optimisation.continuous_review_approximations import (
    backordered_lot,
    economic_quantity_with_safety_stock,
    expected_inventory_level,
    loss_function_approximation,
)
from engine.optimisation.random_demand import Gamma, NegativeBinomial, Normal, Poisson
from tests.reference import cases

APPROXIMATIONS = {
    "expected-inventory-level approximation": expected_inventory_level,
    "EOQB approximation": backordered_lot,
    "EOQ + safety stock": economic_quantity_with_safety_stock,
    "loss-function approximation": loss_function_approximation,
}


def costs_of(inputs):
    mean = inputs["demand_mean"]
    demand = Normal(mean, inputs["demand_sd"]) if "demand_sd" in inputs else Poisson(mean)
    return ReviewCosts(
        inputs["fixed_cost"], inputs["holding_cost"], inputs["stockout_cost"], mean, demand.over(inputs["lead_time"])
    )


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("rQ-approximation"))
def test_published_approximations(inputs, expected, close):
    policy = APPROXIMATIONS[inputs["method"]](costs_of(inputs))
    assert policy.reorder_point == close(expected["r"])
    assert policy.order_quantity == close(expected["Q"])
    if "cost" in expected:
        assert policy.cost == close(expected["cost"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("rQ-best-r-for-Q"))
def test_published_best_reorder_point(inputs, expected, close):
    assert best_reorder_point(inputs["Q"], costs_of(inputs)) == close(expected["r"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("rQ-cost-normal") + cases("rQ-poisson-cost"))
def test_published_cost(inputs, expected, close):
    assert continuous_review_cost(inputs["r"], inputs["Q"], costs_of(inputs)) == close(expected["cost"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("rQ-poisson-exact"))
def test_published_optimum(inputs, expected, close):
    policy = optimal_unit_review(costs_of(inputs))
    assert (policy.reorder_point, policy.order_quantity) == (expected["r"], expected["Q"])
    assert policy.cost == close(expected["cost"])


@pytest.mark.parametrize("demand", [Normal(108, 43), Gamma(6, 18)])
def test_continuous_cost_is_the_integral_and_the_optimum_its_minimum(demand):
    costs = ReviewCosts(8, 0.225, 7.5, 1300, demand)
    integral = integrate.quad(costs.rate, 120, 420)[0]
    assert continuous_review_cost(120, 300, costs) == pytest.approx((8 * 1300 + integral) / 300)
    best = optimal_continuous_review(costs)
    least = minimize(lambda x: continuous_review_cost(x[0], x[1], costs), [100, 300], method="Nelder-Mead")
    assert best.cost <= least.fun + 1e-7
    assert (best.reorder_point, best.order_quantity) == pytest.approx(least.x, rel=1e-2)


@pytest.mark.parametrize("demand", [Poisson(6), Poisson(0.4), NegativeBinomial.of_moments(6, 30)])
def test_unit_optimum_by_brute_force(demand):
    costs = ReviewCosts(4, 4, 28, 12, demand)
    best = optimal_unit_review(costs)
    every = {(r, q): continuous_review_cost(r, q, costs) for r in range(-5, 40) for q in range(1, 40)}
    assert best.cost == pytest.approx(min(every.values()))
    by_hand = (4 * 12 + sum(costs.rate(y) for y in range(4, 13))) / 9
    assert every[3, 9] == pytest.approx(by_hand)


def test_no_approximation_beats_the_optimum():
    costs = ReviewCosts(8, 0.225, 7.5, 1300, Normal(108, 43))
    best = optimal_continuous_review(costs).cost
    for approximation in APPROXIMATIONS.values():
        policy = approximation(costs)
        assert continuous_review_cost(policy.reorder_point, policy.order_quantity, costs) >= best - 1e-9


def test_degenerate_inputs():
    with pytest.raises(InputError, match="fixed_cost must be > 0"):
        ReviewCosts(0, 1, 1, 1, Poisson(3))
    costs = ReviewCosts(4, 4, 28, 12, Poisson(6))
    with pytest.raises(InputError, match="lead-time demand must be continuous"):
        best_reorder_point(3, costs)
    with pytest.raises(InputError, match="whole units"):
        continuous_review_cost(3, 2.5, costs)
    with pytest.raises(InputError, match="lead-time demand must be in whole units"):
        optimal_unit_review(ReviewCosts(4, 4, 28, 12, Normal(6, 2)))
    with pytest.raises(InputError, match="order quantity x holding_cost must be < stockout_cost x demand_rate"):
        expected_inventory_level(ReviewCosts(1000, 1, 0.01, 10, Normal(6, 2)))
    assert np.isfinite(optimal_continuous_review(ReviewCosts(1e-9, 1, 1, 1, Normal(6, 2))).cost)
