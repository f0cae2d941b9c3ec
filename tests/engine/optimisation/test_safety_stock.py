import numpy as np
import pytest

from engine.errors import InputError
from engine.optimisation.safety_stock import lead_time_demand_moments, normal_reorder_point, normal_safety_stock
from tests.reference import cases


def moments_of(inputs):
    names = ("mean", "sd", "lead_time", "lead_time_sd")
    return {name: inputs[name] for name in names if name in inputs}


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("lead-time-demand-moments"))
def test_published_moments(inputs, expected, close):
    mean, sd = lead_time_demand_moments(**moments_of(inputs))
    assert mean == close(expected["mean"])
    assert sd == close(expected["sd"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("reorder-point-normal"))
def test_published_reorder_point(inputs, expected, close):
    assert normal_reorder_point(inputs["service_level"], **moments_of(inputs)) == close(expected["reorder_point"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("safety-stock-normal"))
def test_published_safety_stock(inputs, expected, close):
    assert normal_safety_stock(inputs["service_level"], **moments_of(inputs)) == close(expected["safety_stock"])


def test_moments_of_a_simulated_random_lead_time():
    random = np.random.default_rng(7)
    periods = random.integers(2, 7, 200_000)  # mean 4, variance 2
    total = random.normal(10 * periods, 3 * np.sqrt(periods))
    mean, sd = lead_time_demand_moments(10, 3, 4, np.sqrt(2))
    assert total.mean() == pytest.approx(mean, rel=5e-3)
    assert total.std() == pytest.approx(sd, rel=5e-3)


def test_degenerate_inputs():
    with pytest.raises(InputError, match=r"service_level must be > 0 and < 1, was 1\.0"):
        normal_safety_stock(1, 3)
    with pytest.raises(InputError, match="lead_time must be >= 0"):
        lead_time_demand_moments(1, 1, -1)
