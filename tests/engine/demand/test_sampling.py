"""Sampled demand against SciPy, and that it depends on nothing but its keys."""

import numpy as np
import pytest
from scipy import stats

from engine.demand.sampling import negative_binomial_quantile, sample_demand
from engine.randomness import sku_keys

DAYS = 738_000 + np.arange(40)


def micros(values):
    return np.rint(np.asarray(values) * 1e6).astype(np.int64)


@pytest.mark.parametrize("mean", [1e-4, 0.3, 4.0, 60.0, 2_500.0])
@pytest.mark.parametrize("ratio", [1.0, 1.2, 6.0, 80.0])
def test_quantiles_agree_with_scipy(mean, ratio):
    probability = np.concatenate([np.linspace(0.0005, 0.9995, 400), [1e-9, 1 - 1e-9]])
    found = negative_binomial_quantile(probability, np.full(402, micros(mean)), np.full(402, micros(mean * ratio)))
    if ratio == 1.0:
        expected = stats.poisson.ppf(probability, mean)
    else:
        size = mean / (ratio - 1.0)
        expected = stats.nbinom.ppf(probability, size, 1.0 / ratio)
    # The last digit of a cumulative sum may put a probability on the other side of a step.
    assert (found != expected).mean() < 0.01
    assert np.abs(found - expected).max() <= 1 + 1e-6 * mean


def world(skus=30, seed=0):
    rng = np.random.default_rng(seed)
    lost = np.where(rng.random((skus, 40)) < 0.3, rng.gamma(1.0, 2.0, (skus, 40)), 0.0)
    return rng.poisson(1.0, (skus, 40)).astype(np.int32), micros(lost), micros(3.0 * lost)


def test_demand_is_never_below_units_sold_and_equal_where_nothing_was_lost():
    units, lost, variance = world()
    demand = sample_demand(units, lost, variance, sku_keys(map(str, range(30))), DAYS, 1, 0)
    assert demand.dtype == np.int32
    assert (demand >= units).all()
    assert (demand[lost == 0] == units[lost == 0]).all()


def test_mean_and_variance_come_out():
    skus = 4000
    lost, variance = np.full((skus, 40), micros(0.7)), np.full((skus, 40), micros(2.1))
    demand = sample_demand(np.zeros((skus, 40), np.int32), lost, variance, sku_keys(map(str, range(skus))), DAYS, 5, 0)
    assert demand.mean() == pytest.approx(0.7, rel=0.02)
    assert demand.var() == pytest.approx(2.1, rel=0.04)


def test_neither_order_nor_company_of_items_changes_a_draw():
    units, lost, variance = world()
    keys = sku_keys(map(str, range(30)))
    everything = sample_demand(units, lost, variance, keys, DAYS, 1, 3)
    some = np.array([17, 4, 28])
    alone = sample_demand(units[some], lost[some], variance[some], keys[some], DAYS, 1, 3)
    assert np.array_equal(alone, everything[some])
    later = sample_demand(units[:, 9:], lost[:, 9:], variance[:, 9:], keys, DAYS[9:], 1, 3)
    assert np.array_equal(later, everything[:, 9:])


def test_scenarios_differ():
    units, lost, variance = world()
    keys = sku_keys(map(str, range(30)))
    first, second = (sample_demand(units, lost, variance, keys, DAYS, 1, number) for number in (0, 1))
    assert (first != second)[lost > 0].mean() > 0.3
