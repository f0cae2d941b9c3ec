import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from engine.errors import InputError
from engine.optimisation.newsvendor import (
    Margins,
    MyopicCosts,
    critical_ratio,
    fill_rate,
    newsvendor_cost,
    newsvendor_level,
)
from engine.optimisation.random_demand import Discrete, Lognormal, NegativeBinomial, Normal, Poisson
from tests.reference import cases


def normal(inputs):
    return Normal(inputs["mean"], inputs["sd"]).over(inputs.get("lead_time", 0) + 1)


def check_costs(inputs, expected, close, demand):
    costs = inputs["holding_cost"], inputs["stockout_cost"]
    level = newsvendor_level(demand, *costs)
    assert level == close(expected["S"])
    for name, value in expected.items():
        if name.startswith("cost"):
            at = level if name == "cost" else float(name.removeprefix("cost_at_"))
            assert newsvendor_cost(at, demand, *costs) == close(value), name


def check_profits(inputs, expected, close, demand):
    names = ("revenue", "purchase_cost", "salvage", "holding_cost", "stockout_cost")
    margins = Margins(**{name: inputs[name] for name in names if name in inputs})
    level = margins.level(demand)
    assert level == close(expected["S"])
    perfect = (inputs["revenue"] - inputs["purchase_cost"]) * inputs["mean"]
    figures = {
        "S": level,
        "profit": margins.profit(level, demand),
        "cost": perfect - margins.profit(level, demand),
        "fill_rate": fill_rate(level, demand),
        "critical_ratio": margins.underage / (margins.underage + margins.overage),
    }
    for name, value in expected.items():
        if name.startswith("profit_at_"):
            assert margins.profit(float(name.removeprefix("profit_at_")), demand) == close(value), name
        else:
            assert figures[name] == close(value), name


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-normal"))
def test_published_normal(inputs, expected, close):
    check_costs(inputs, expected, close, normal(inputs))


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-normal-cost"))
def test_published_cost_of_a_level(inputs, expected, close):
    cost = newsvendor_cost(inputs["S"], normal(inputs), inputs["holding_cost"], inputs["stockout_cost"])
    assert cost == close(expected["cost"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-poisson"))
def test_published_poisson(inputs, expected, close):
    check_costs(inputs, expected, close, Poisson(inputs["mean"]))


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-lognormal"))
def test_published_lognormal(inputs, expected, close):
    check_costs(inputs, expected, close, Lognormal(inputs["mu"], inputs["sigma"]))


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-explicit-profit"))
def test_published_profit(inputs, expected, close):
    check_profits(inputs, expected, close, Normal(inputs["mean"], inputs["sd"]))


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-explicit-profit-poisson"))
def test_published_profit_poisson(inputs, expected, close):
    check_profits(inputs, expected, close, Poisson(inputs["mean"]))


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("newsvendor-myopic"))
def test_published_myopic(inputs, expected, close):
    costs = MyopicCosts(
        inputs["holding_cost"],
        inputs["stockout_cost"],
        inputs["purchase_cost"],
        inputs["purchase_cost_next"],
        inputs.get("discount", 1.0),
    )
    demand = normal(inputs)
    level = costs.level(demand)
    assert level == close(expected["S"])
    for name, value in expected.items():
        if name.startswith("cost"):
            at = level if name == "cost" else float(name.removeprefix("cost_at_"))
            assert costs.cost(at, demand) == close(value), name


@pytest.mark.parametrize(
    "demand", [Poisson(3.3), NegativeBinomial.of_moments(4, 20), Discrete((0, 3, 10), (0.2, 0.5, 0.3))]
)
def test_whole_levels_are_the_cheapest(demand):
    levels = np.arange(60)
    costs = newsvendor_cost(levels, demand, 1, 6)
    assert newsvendor_level(demand, 1, 6) == costs.argmin()


def test_continuous_level_is_the_cheapest():
    demand = Lognormal(3, 0.5)
    least = minimize_scalar(lambda s: float(newsvendor_cost(s, demand, 1, 6)), bounds=(1, 200), method="bounded")
    assert newsvendor_level(demand, 1, 6) == pytest.approx(least.x, rel=1e-4)


def test_critical_ratio_of_nothing_to_win_is_zero():
    assert critical_ratio(np.array([3.0, -1, 0]), np.array([1.0, 1, 0])).tolist() == [0.75, 0, 0]


def test_degenerate_inputs():
    with pytest.raises(InputError, match="stockout_cost must be > 0"):
        newsvendor_level(Poisson(3), 1, 0)
    with pytest.raises(InputError, match="revenue"):
        Margins(revenue=1, purchase_cost=2)
    with pytest.raises(InputError, match="salvage"):
        Margins(revenue=3, purchase_cost=2, salvage=2)
    with pytest.raises(InputError, match="discount must be <= 1"):
        MyopicCosts(1, 1, 1, 1, 1.5)
    assert np.isnan(fill_rate(3, Poisson(0)))
