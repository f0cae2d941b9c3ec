import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from engine.errors import InputError
from engine.optimisation.random_demand import (
    Binomial,
    Discrete,
    Gamma,
    Geometric,
    Lognormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Uniform,
    named,
)
from tests.reference import cases, demand_of

CONTINUOUS = [
    (Normal(8, 3), stats.norm(8, 3)),
    (Lognormal(2, 0.5), stats.lognorm(0.5, scale=np.exp(2))),
    (Gamma(2, 3), stats.gamma(2, scale=3)),
    (Gamma(1, 5), stats.expon(scale=5)),
    (Uniform(2, 12), stats.uniform(2, 10)),
]
WHOLE = [
    (Poisson(7), stats.poisson(7)),
    (Poisson(0.02), stats.poisson(0.02)),
    (NegativeBinomial.of_moments(6, 30), stats.nbinom(6**2 / 24, 6 / 30)),
    (NegativeBinomial(0.01, 0.02), stats.nbinom(0.01, 0.02)),
    (Geometric(0.2), stats.geom(0.2)),
    (Binomial(12, 0.3), stats.binom(12, 0.3)),
]


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("loss-function"))
def test_published_losses(inputs, expected, close):
    demand = demand_of(inputs)
    assert demand.shortage(inputs["x"]) == close(expected["expected_shortage"])
    assert demand.leftover(inputs["x"]) == close(expected["expected_leftover"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("second-order-loss-function"))
def test_published_second_losses(inputs, expected, close):
    demand = demand_of(inputs)
    assert demand.second_shortage(inputs["x"]) == close(expected["second_loss"])
    assert demand.second_leftover(inputs["x"]) == close(expected["second_complementary"])


@pytest.mark.parametrize(("demand", "oracle"), CONTINUOUS + WHOLE)
def test_moments_and_distribution_function(demand, oracle):
    assert demand.mean == pytest.approx(oracle.mean())
    assert demand.variance == pytest.approx(oracle.var())
    levels = np.array([-1, 0, 0.5, 1, 3, 7, 20])
    assert demand.cdf(levels) == pytest.approx(oracle.cdf(levels), abs=1e-12)
    for chance in (0.01, 0.5, 0.9, 0.999):
        assert demand.quantile(chance) == pytest.approx(oracle.ppf(chance))


@pytest.mark.parametrize(("demand", "oracle"), CONTINUOUS)
@pytest.mark.parametrize("level", [0.0, 4.0, 9.5, 30.0])
def test_continuous_losses_by_quadrature(demand, oracle, level):
    def quad(function):
        return integrate.quad(lambda x: function(x) * oracle.pdf(x), -40, 400, points=[2, level, 12], limit=400)[0]

    assert demand.shortage(level) == pytest.approx(quad(lambda x: max(x - level, 0)), abs=1e-6)
    assert demand.leftover(level) == pytest.approx(quad(lambda x: max(level - x, 0)), abs=1e-6)
    assert demand.second_shortage(level) == pytest.approx(quad(lambda x: max(x - level, 0) ** 2 / 2), abs=1e-5)
    assert demand.second_leftover(level) == pytest.approx(quad(lambda x: max(level - x, 0) ** 2 / 2), abs=1e-5)


@pytest.mark.parametrize(("demand", "oracle"), WHOLE)
@pytest.mark.parametrize("level", [-2, 0, 1, 5, 30])
def test_whole_losses_by_summation(demand, oracle, level):
    units = np.arange(5000)
    chances, gap = oracle.pmf(units), units - level
    assert demand.shortage(level) == pytest.approx(chances @ np.maximum(gap, 0), rel=1e-9, abs=1e-13)
    assert demand.leftover(level) == pytest.approx(chances @ np.maximum(-gap, 0), rel=1e-9, abs=1e-12)
    second = chances @ (np.maximum(gap, 0) * np.maximum(gap - 1, 0)) / 2
    assert demand.second_shortage(level) == pytest.approx(second, rel=1e-9, abs=1e-13)
    leftover = chances @ (np.maximum(-gap, 0) * np.maximum(1 - gap, 0)) / 2
    assert demand.second_leftover(level) == pytest.approx(leftover, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("demand", [Normal(20, 4), Poisson(5), Gamma(2, 3), NegativeBinomial.of_moments(6, 30)])
def test_sums_of_periods(demand):
    total = demand.over(3)
    assert total.mean == pytest.approx(3 * demand.mean)
    assert total.variance == pytest.approx(3 * demand.variance)


def test_sum_of_discrete_demand_is_its_convolution():
    total = Discrete((0, 2), (0.5, 0.5)).over(2)
    assert total.whole_units()[1] == pytest.approx([0.25, 0, 0.5, 0, 0.25])
    with pytest.raises(InputError, match="not of a named distribution"):
        Lognormal(1, 1).over(2)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True), st.integers(-3, 40))
def test_discrete_losses(units, level):
    demand = Discrete(tuple(units), tuple([1 / len(units)] * len(units)))
    assert demand.shortage(level) == pytest.approx(np.mean(np.maximum(np.array(units) - level, 0)), abs=1e-9)
    assert demand.shortage(level + 0.5) == pytest.approx(
        np.mean(np.maximum(np.array(units) - level - 0.5, 0)), abs=1e-9
    )


def test_whole_units_of_continuous_demand():
    first, chances = Normal(18, 3).whole_units(4.0)
    assert (first, len(chances)) == (6, 25)
    assert chances[12] == pytest.approx(stats.norm(18, 3).cdf(18.5) - stats.norm(18, 3).cdf(17.5))


def test_names():
    assert named("negative_binomial", successes=3, chance=0.5).mean == pytest.approx(3)
    assert named("geometric", mean=5).variance == pytest.approx(30)
    assert named("geometric", chance=0.2).mean == pytest.approx(5)
    assert named("discrete", units=[1, 2], chances=[0.5, 0.5]).mean == pytest.approx(1.5)
    assert named("negative_binomial", mean=4, sd=2).variance == pytest.approx(4)
    with pytest.raises(InputError, match="Did you mean 'poisson'"):
        named("poison", mean=5)
    with pytest.raises(InputError, match="parameters of normal demand must be"):
        named("normal", mean=5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(5, 0), "sd must be > 0, was 0"),
        (lambda: Poisson(-1), "mean must be >= 0, was -1"),
        (lambda: NegativeBinomial.of_moments(4, 3), "variance of negative binomial demand must be >= its mean"),
        (lambda: Gamma(-1, 2), "shape must be > 0"),
        (lambda: Uniform(3, 3), "high must be > low"),
        (lambda: Geometric(1.5), "chance must be > 0 and < 1, was 1.5"),
        (lambda: Discrete((1, 2), (0.5, 0.6)), "chances must sum to 1"),
        (lambda: Discrete((1, 2.5), (0.5, 0.5)), "units must be a whole number"),
        (lambda: Poisson(3).quantile(1.0), "chance must be > 0 and < 1"),
    ],
)
def test_degenerate_demand(make, message):
    with pytest.raises(InputError, match=message):
        make()
