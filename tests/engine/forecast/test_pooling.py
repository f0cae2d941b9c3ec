import numpy as np
import pytest

from engine.forecast.pooling import Categories, gamma_prior


def test_sums_by_category():
    categories = Categories(np.array([2, 0, 2, 0]))
    values = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    assert categories.sum(values).tolist() == [[6, 0, 4], [14, 0, 12]]
    assert categories.spread(categories.sum(values))[0].tolist() == [4, 6, 4, 6]


def test_no_items():
    categories = Categories(np.zeros(0, int))
    assert categories.sum(np.zeros((2, 0))).shape == (2, 0)


def test_prior_recovers_the_gamma_of_the_rates():
    random = np.random.default_rng(8)
    rate = random.gamma(3.0, 0.2 / 3.0, 4000)
    exposure = random.uniform(50, 300, (1, 4000))
    orders = random.poisson(rate * exposure).astype(float)
    shape, weight = gamma_prior(orders, exposure, Categories(np.zeros(4000, int)))
    assert shape[0, 0] == pytest.approx(3.0, rel=0.1)
    assert shape[0, 0] / weight[0, 0] == pytest.approx(0.2, rel=0.03)


def test_prior_is_finite_without_anything_known():
    shape, weight = gamma_prior(np.zeros((1, 3)), np.zeros((1, 3)), Categories(np.array([0, 1, 1])))
    assert np.isfinite(shape).all()
    assert (weight > 0).all()
