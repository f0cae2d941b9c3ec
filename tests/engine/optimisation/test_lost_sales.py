import math

import numpy as np
import pytest

from engine.errors import InputError
from engine.optimisation.lost_sales import best_base_stock
from engine.optimisation.lost_sales_exact import (
    LostSalesCosts,
    base_stock_cost,
    best_base_stock_exact,
    optimal_lost_sales_cost,
)
from engine.optimisation.newsvendor import newsvendor_cost, newsvendor_level
from engine.optimisation.random_demand import NegativeBinomial, Poisson
from tests.reference import cases, demand_of


def costs_of(inputs):
    return LostSalesCosts(
        demand_of(inputs["demand"]), inputs["lead_time_periods"], inputs["holding_cost"], inputs["lost_sale_cost"]
    )


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("lost-sales-base-stock"))
def test_published_base_stock(inputs, expected, close):
    costs = costs_of(inputs)
    best = best_base_stock_exact(costs)
    assert best.base_stock == expected["best_S"]
    assert best.cost == close(expected["cost"])
    assert best.cost == pytest.approx(expected["cost_published_2dp"], abs=0.0051)
    assert best.fill_rate == close(expected["fill_rate"])
    for level, cost in list(expected["cost_by_S"].items())[:3]:
        assert base_stock_cost(int(level), costs).cost == close(cost)


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("lost-sales-optimal"))
def test_published_optimal_cost(inputs, expected, close):
    assert optimal_lost_sales_cost(costs_of(inputs)) == close(expected["optimal_cost"])


def test_without_a_lead_time_both_are_the_newsvendor():
    costs = LostSalesCosts(Poisson(5), 0, 1, 9)
    level = newsvendor_level(Poisson(5), 1, 9)
    assert best_base_stock_exact(costs).base_stock == level
    assert best_base_stock_exact(costs).cost == pytest.approx(float(newsvendor_cost(level, Poisson(5), 1, 9)))
    assert optimal_lost_sales_cost(costs) == pytest.approx(float(newsvendor_cost(level, Poisson(5), 1, 9)))


@pytest.mark.parametrize("demand", [Poisson(2.5), NegativeBinomial.of_moments(2, 6)])
@pytest.mark.parametrize("lead_time", [1, 2])
def test_exact_cost_by_simulation_and_optimum_below_it(demand, lead_time):
    costs = LostSalesCosts(demand, lead_time, 1, 9)
    best = best_base_stock_exact(costs)
    random = np.random.default_rng(5)
    if isinstance(demand, Poisson):
        series = random.poisson(demand.mean, 200_000)
    else:
        series = random.negative_binomial(demand.successes, demand.chance, 200_000)
    on_hand, pipeline, total = best.base_stock, [0] * lead_time, 0
    for units in series.tolist():
        on_hand += pipeline.pop(0)
        pipeline.append(best.base_stock - on_hand - sum(pipeline))
        total += max(on_hand - units, 0) + 9 * max(units - on_hand, 0)
        on_hand = max(on_hand - units, 0)
    assert total / len(series) == pytest.approx(best.cost, rel=0.02)
    assert optimal_lost_sales_cost(costs) <= best.cost + 1e-6


def erlang_cost(level, load, rate, holding, margin):
    """Exact cost of (S - 1, S) under Poisson demand: units on order follow the truncated Poisson law."""
    weights = np.array([math.exp(k * math.log(load) - math.lgamma(k + 1)) for k in range(level + 1)])
    weights /= weights.sum()
    return holding * (level - weights @ np.arange(level + 1)) + margin * rate * weights[-1]


@pytest.mark.parametrize("load", [0.02, 0.4, 3.0, 40.0])
@pytest.mark.parametrize("margin", [0.05, 5.0, 400.0])
def test_best_base_stock_is_the_least_erlang_cost(load, margin):
    lead_time, holding = 5.0, 0.02
    found = int(best_base_stock((np.array([load]), np.array([load])), load / lead_time, holding, margin)[0])
    costs = [erlang_cost(level, load, load / lead_time, holding, margin) for level in range(120)]
    assert costs[found] == pytest.approx(min(costs), rel=1e-12)


def test_best_base_stock_of_large_means_is_continuous():
    means = np.array([600.0, 640.0, 660.0, 700.0, 5000.0])
    levels = best_base_stock((means, means), means / 5, 0.02, 5.0)
    rate = levels / means
    assert (np.diff(levels) > 0).all()
    assert (np.diff(rate) < 0).all()
    beyond = (levels - means) / np.sqrt(means)
    assert np.ptp(beyond) < 0.5


def test_best_base_stock_may_be_zero():
    mean = np.array([0.01, 0.01, 0.0, 5.0])
    levels = best_base_stock((mean, mean), mean / 5, 1.0, np.array([5.0, 1e6, 5.0, -1.0]))
    assert levels.tolist() == [0, levels[1], 0, 0]
    assert levels[1] >= 1


def test_degenerate_inputs():
    with pytest.raises(InputError, match="lost_sale_cost must be > 0"):
        LostSalesCosts(Poisson(5), 1, 1, 0)
    with pytest.raises(InputError, match="base_stock must be a whole number >= 0"):
        base_stock_cost(-1, LostSalesCosts(Poisson(5), 1, 1, 9))
    with pytest.raises(InputError, match="states must be"):
        base_stock_cost(300, LostSalesCosts(Poisson(50), 5, 1, 9))
