import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.optimisation.cells import flattened
from engine.optimisation.random_demand import NegativeBinomial, Poisson
from engine.optimisation.service_level import order_up_to_level, quantile, reorder_point, undershoot_moments


def column(*values):
    return tuple(np.array([value], float) for value in values)


def of_moments(mean, variance):
    return NegativeBinomial.of_moments(mean, variance) if variance > mean else Poisson(mean)


def test_quantile_broadcasts():
    levels = quantile(np.array([[1.0], [5.0]]), np.array([[2.0], [9.0]]), np.array([0.5, 0.9, 0.99]))
    assert levels.shape == (2, 3)
    assert levels[1, 1] == stats.nbinom(25 / 4, 5 / 9).ppf(0.9)


@pytest.mark.parametrize(("mean", "variance"), [(0.05, 0.05), (0.7, 1.4), (4.0, 20.0)])
def test_undershoot_by_simulation(mean, variance):
    random = np.random.default_rng(11)
    demand = random.poisson(mean, 400_000) if variance == mean else None
    if demand is None:
        demand = random.negative_binomial(mean**2 / (variance - mean), mean / variance, 400_000)
    position = np.cumsum(demand)
    lots = np.arange(200, position[-1], 200)  # crossings of far apart levels
    under = position[np.searchsorted(position, lots)] - lots
    expected, spread = undershoot_moments(*column(mean, variance))
    error = 5 * np.sqrt((spread[0] + 1e-3) / len(lots))
    assert under.mean() == pytest.approx(expected[0], abs=error)
    assert under.var() == pytest.approx(spread[0], rel=0.3, abs=0.02)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 40), st.floats(1, 5), st.integers(1, 50), st.floats(0.5, 0.995))
def test_reorder_point_is_the_least_that_meets_the_fill_rate(mean, dispersion, order_quantity, target):
    variance = mean * dispersion
    level = int(reorder_point(*column(mean, variance), np.array([order_quantity]), target, "fill_rate")[0])
    demand, allowed = of_moments(mean, variance), (1 - target) * order_quantity
    assert demand.shortage(level) <= allowed + 1e-9
    assert level == 0 or demand.shortage(level - 1) > allowed - 1e-9


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 20), st.floats(1.01, 5), st.integers(1, 14), st.integers(0, 20), st.floats(0.5, 0.995))
def test_order_up_to_meets_the_fill_rate_of_periodic_review(daily, dispersion, review, lead_time, target):
    over = [(daily * days, daily * days * dispersion) for days in (review + lead_time, lead_time)]
    level = int(
        order_up_to_level(column(*over[0]), column(*over[1]), np.array([daily * review]), target, "fill_rate")[0]
    )

    def short(stock):
        before = of_moments(*over[1]).shortage(stock) if lead_time else 0.0
        return of_moments(*over[0]).shortage(stock) - before

    if over[0][0] > 450:
        return
    assert short(level) <= (1 - target) * daily * review + 1e-6
    assert level == 0 or short(level - 1) > (1 - target) * daily * review - 1e-6


def test_cycle_service_level_is_a_quantile():
    assert order_up_to_level(column(9, 20), column(3, 5), np.array([6.0]), 0.95, "cycle_service_level") == quantile(
        *column(9, 20), 0.95
    )
    assert reorder_point(*column(9, 20), np.array([5]), 0.95, "cycle_service_level") == quantile(*column(9, 20), 0.95)


def test_random_lead_time_without_days_before_the_arrival():
    """Lead time one day: no demand before the arrival, though the lead time varies."""
    protection = column(5, 8)
    fixed, varying = (
        order_up_to_level(protection, column(0, variance), np.array([5.0]), 0.99, "fill_rate") for variance in (0, 1)
    )
    assert fixed == varying
    assert fixed[0] > 8


def test_flattened_arguments_are_contiguous():
    flat, shape = flattened(1.0, np.ones((2, 1)), np.ones(3)[::-1])
    assert shape == (2, 3)
    assert all(array.shape == (6,) and array.flags.c_contiguous and array.flags.writeable for array in flat)
