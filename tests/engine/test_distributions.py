import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.distributions import (
    NORMAL_ABOVE,
    levels_for_shortage,
    pmf_into,
    quantiles,
    quantiles_and_shortages,
    shortages,
)
from engine.kernels import kernel

probabilities_into = kernel(pmf_into)


def cells(*values):
    return tuple(np.atleast_1d(np.asarray(value, float)) for value in values)


def oracle(mean, variance):
    if variance > mean * 1.000001:
        return stats.nbinom(mean**2 / (variance - mean), mean / variance)
    return stats.poisson(mean)


MEANS = [1e-6, 0.003, 0.2, 1.0, 7.3, 60.0, 480.0]
DISPERSIONS = [1.0, 1.00001, 1.3, 4.0, 60.0]


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("dispersion", DISPERSIONS)
def test_quantiles_are_those_of_scipy(mean, dispersion):
    variance, chances = mean * dispersion, np.array([0.05, 0.5, 0.8, 0.95, 0.98, 0.999, 0.999999])
    found = quantiles(*(np.full(len(chances), x) for x in (mean, variance)), chances)
    assert (found == oracle(mean, variance).ppf(chances)).all()


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("dispersion", DISPERSIONS)
def test_shortages_are_those_of_scipy(mean, dispersion):
    variance = mean * dispersion
    demand = oracle(mean, variance)
    levels = np.unique(np.array([-3, 0, 1, int(mean), int(mean + 2 * variance**0.5), int(2 * mean) + 5]))
    units = np.arange(int(mean + 60 * variance**0.5) + 3000)
    expected = [(np.maximum(units - level, 0) * demand.pmf(units)).sum() for level in levels]
    found = shortages(*(np.full(len(levels), x) for x in (mean, variance)), levels.astype(float))
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-8)


@settings(max_examples=80, deadline=None)
@given(st.floats(0.001, 400), st.floats(1, 30), st.floats(0.001, 0.9999))
def test_quantile_is_the_least_that_reaches_the_chance(mean, dispersion, chance):
    demand = oracle(mean, mean * dispersion)
    found = int(quantiles(*cells(mean, mean * dispersion, chance))[0])
    assert demand.cdf(found) >= chance - 1e-10
    assert found == 0 or demand.cdf(found - 1) < chance + 1e-10


@settings(max_examples=80, deadline=None)
@given(st.floats(0, 700), st.floats(1, 30), st.floats(-0.1, 0.9999))
def test_one_pass_gives_quantiles_and_the_shortages_at_them(mean, dispersion, chance):
    level, short = (column[0] for column in quantiles_and_shortages(*cells(mean, mean * dispersion, chance)))
    assert level == max(quantiles(*cells(mean, mean * dispersion, chance))[0], 0)
    expected = mean if chance <= 0 else shortages(*cells(mean, mean * dispersion, level))[0]
    assert short == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("mean", "variance"), [(501.0, 501.0), (2000.0, 9000.0), (40_000.0, 1e7)])
def test_large_means_are_normal(mean, variance):
    assert mean > NORMAL_ABOVE
    for chance in (0.1, 0.5, 0.95, 0.999):
        exact = oracle(mean, variance).ppf(chance)
        found = quantiles(*cells(mean, variance, chance))[0]
        assert found == pytest.approx(exact, rel=0.02, abs=1)
    level = np.rint(mean + 2 * variance**0.5)
    z = (level - mean) / variance**0.5
    expected = variance**0.5 * (stats.norm.pdf(z) - z * stats.norm.sf(z))
    assert shortages(*cells(mean, variance, level))[0] == pytest.approx(expected)


def test_edges_of_quantiles():
    assert quantiles(*cells(5, 9, 0.0))[0] == -1
    assert quantiles(*cells(0, 0, 0.99))[0] == 0
    assert quantiles(*cells(0, 4, 0.99))[0] == 0
    assert shortages(*cells(0, 0, 3))[0] == 0
    assert shortages(*cells(0, 0, -2))[0] == 2


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 60), st.floats(1, 8), st.floats(0, 0.95), st.floats(1e-4, 2))
def test_levels_for_shortage_are_the_least_that_keep_it(mean, dispersion, before_share, allowed):
    before = mean * before_share if before_share > 0.01 else 0.0
    arguments = cells(mean, mean * dispersion, before, before * dispersion, allowed)
    level = int(levels_for_shortage(*arguments)[0])

    def short(stock):
        after = shortages(*cells(mean, mean * dispersion, stock))[0]
        return after - (shortages(*cells(before, before * dispersion, stock))[0] if before else 0.0)

    assert short(level) <= allowed + 1e-9
    assert level == 0 or short(level - 1) > allowed - 1e-9


@pytest.mark.parametrize("variance_before", [0.0, 1.0, 50.0])
def test_no_demand_before_the_arrival_changes_nothing(variance_before):
    """A random lead time has a variance even over no days; it must not end the search early."""
    plain = levels_for_shortage(*cells(5, 8, 0, 0, 0.05))
    assert levels_for_shortage(*cells(5, 8, 0, variance_before, 0.05)) == plain
    assert plain[0] == 12


def test_levels_for_shortage_of_large_means():
    level = levels_for_shortage(*cells(3000, 20_000, 1000, 7000, 5.0))[0]
    after, before = (shortages(*cells(mean, variance, level))[0] for mean, variance in ((3000, 20_000), (1000, 7000)))
    assert after - before <= 5.0
    assert shortages(*cells(3000, 20_000, level - 1))[0] > 5.0


@pytest.mark.parametrize(("mean", "variance"), [(0.02, 0.02), (3.0, 3.0), (3.0, 40.0), (200.0, 500.0)])
def test_probabilities_are_those_of_scipy(mean, variance):
    out = np.empty(5000)
    count = probabilities_into(mean, variance, out)
    assert out[:count] == pytest.approx(oracle(mean, variance).pmf(np.arange(count)), rel=1e-9, abs=1e-15)
    assert out.sum() == pytest.approx(1, abs=1e-11)
    assert (out[count:] == 0).all()


def test_probabilities_of_nothing_and_of_too_much():
    out = np.empty(10)
    assert probabilities_into(0.0, 0.0, out) == 1
    assert out[0] == 1
    assert probabilities_into(50.0, 50.0, out) == -1
    assert probabilities_into(5000.0, 5000.0, np.empty(9000)) == -1
