import numpy as np
import pytest
from scipy import stats

from engine.errors import InputError
from engine.optimisation.dynamic_min_max import Period, dynamic_min_max
from engine.optimisation.newsvendor import newsvendor_cost, newsvendor_level
from engine.optimisation.random_demand import Discrete, Normal, Poisson
from tests.reference import cases


def each(value, periods):
    return value if isinstance(value, list) else [value] * periods


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("finite-horizon-sS"))
def test_published_finite_horizon(inputs, expected, close):
    count = inputs["num_periods"]
    names = (
        "demand_mean",
        "demand_sd",
        "fixed_cost",
        "purchase_cost",
        "holding_cost",
        "stockout_cost",
        "discount_factor",
    )
    rows = zip(*(each(inputs.get(name, 1.0), count) for name in names), strict=True)
    periods = [Period(Normal(mean, sd), *costs) for mean, sd, *costs in rows]
    policy = dynamic_min_max(
        periods,
        inputs["initial_inventory_level"],
        inputs["terminal_holding_cost"],
        inputs["terminal_stockout_cost"],
        demand_deviations=4.0,  # the published figures leave out demand farther from the mean
    )
    assert policy.cost == close(expected["total_cost"])
    assert np.abs(policy.reorder_points - expected["s"]).max() <= close.levels
    assert np.abs(policy.order_up_to - expected["S"]).max() <= close.levels


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("nonstationary-sS-SDP"))
def test_published_nonstationary(inputs, expected, close):
    assert inputs["distribution"] == "poisson"

    def truncated(mean):  # as published: demand below its 99.99 % quantile only
        units = np.arange(int(stats.poisson(mean).ppf(0.9999)))
        chances = stats.poisson(mean).pmf(units)
        return Discrete(tuple(units.tolist()), tuple((chances / chances.sum()).tolist()))

    def solved(demand):
        costs = inputs["K"], inputs["unit_cost"], inputs["h"], inputs["p"]
        return dynamic_min_max([Period(demand(m), *costs) for m in inputs["demand_means"]], inputs["initial_inventory"])

    policy = solved(truncated)
    assert policy.cost == close(expected["optimal_cost"])
    assert policy.first_order == expected["first_order"]
    for exact in (policy, solved(Poisson)):
        assert [list(pair) for pair in zip(exact.reorder_points, exact.order_up_to, strict=True)] == expected[
            "sS_by_period"
        ]


def test_one_period_without_fixed_cost_is_the_newsvendor():
    policy = dynamic_min_max([Period(Poisson(6), 0, 0, 1, 4)])
    best = newsvendor_level(Poisson(6), 1, 4)
    assert policy.order_up_to[0] == policy.reorder_points[0] == policy.first_order == best
    assert policy.cost == pytest.approx(float(newsvendor_cost(best, Poisson(6), 1, 4)))


def test_two_periods_by_enumeration():
    demand = Discrete((0, 1, 3), (0.3, 0.4, 0.3))
    policy = dynamic_min_max([Period(demand, 2, 1, 0.5, 6, 0.9)] * 2, 1, 0.2, 5)

    def value(period, stock):
        if period == 2:
            return 0.2 * max(stock, 0) + 5 * max(-stock, 0)
        return min(
            (2 + (up_to - stock) if up_to > stock else 0)
            + sum(
                p * (0.5 * max(up_to - d, 0) + 6 * max(d - up_to, 0) + 0.9 * value(period + 1, up_to - d))
                for d, p in zip(demand.units, demand.chances, strict=True)
            )
            for up_to in range(stock, 9)
        )

    assert policy.cost == pytest.approx(value(0, 1))


def test_degenerate_inputs():
    with pytest.raises(InputError, match="at least one period"):
        dynamic_min_max([])
    with pytest.raises(InputError, match=r"discount must be <= 1, was 1\.2"):
        Period(Poisson(3), 1, 1, 1, 1, 1.2)
    with pytest.raises(InputError, match="fixed_cost must be >= 0, was -1"):
        Period(Poisson(3), -1, 1, 1, 1)
