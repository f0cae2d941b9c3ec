import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.forecast.intermittent import METHODS, adida, before, croston, imapa, sba, ses, tsb
from tests.reference import cases


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("croston"))
def test_published_croston(inputs, expected, close):
    assert croston(inputs["y"], inputs["alpha"]) == close(expected["forecast"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("croston-sba-tsb"))
def test_published_croston_sba_tsb(inputs, expected, close):
    series, alpha = inputs["y"], inputs["alpha"]
    assert croston(series, alpha) == close(expected["croston"])
    assert sba(series, alpha) == close(expected["sba"])
    assert tsb(series, 0.1, 0.1) == close(expected["tsb_01_01"])
    assert tsb(series, 0.2, 0.3) == close(expected["tsb_d02_p03"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("adida-imapa"))
def test_published_adida_imapa(inputs, expected, close):
    assert adida(inputs["y"]) == close(expected["adida"])
    assert imapa(inputs["y"]) == close(expected["imapa"])


def test_by_hand():
    series = [0, 2, 0, 0, 4]
    # sizes 2, 4; intervals 2, 3
    assert croston(series, 0.5) == pytest.approx(3 / 2.5)
    # chance 0, .5, .25, .125, .5625
    assert tsb(series, 0.5, 0.5) == pytest.approx(3 * 0.5625)
    assert ses(series, 0.5) == pytest.approx(0.5 * 4 + 0.5**4 * 2)
    assert adida([1, 1, 1, 1]) == pytest.approx(1)


@pytest.mark.parametrize("function", [croston, sba, tsb, ses, adida, imapa])
def test_nothing_sold_gives_zero_and_rows_are_independent(function):
    random = np.random.default_rng(2)
    rows = random.poisson(2, (4, 60)) * (random.random((4, 60)) < 0.3)
    rows[1] = 0
    together = function(rows)
    assert together.shape == (4,)
    assert together.tolist() == [function(row) for row in rows]
    assert together[1] == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(sorted(METHODS)))
def test_no_look_ahead(seed, method):
    random = np.random.default_rng(seed)
    rows = (random.poisson(3, (3, 50)) * (random.random((3, 50)) < 0.4)).astype(float)
    day = int(random.integers(0, 51))
    dates = np.array([0, 5, day, 50]) if day >= 5 else np.array([0, day, 5, 50])
    changed = rows.copy()
    changed[:, day:] = random.poisson(9, (3, 50 - day))
    known = dates <= day
    assert (before(method, rows, dates)[known] == before(method, changed, dates)[known]).all()
    assert (before(method, rows, dates[known]) == before(method, rows[:, : max(day, 5)], dates[known])).all()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_before_is_the_forecast_of_the_days_before(method):
    random = np.random.default_rng(4)
    rows = (random.poisson(3, (2, 40)) * (random.random((2, 40)) < 0.4)).astype(float)
    dates = np.array([1, 20, 40])
    functions = {"croston": croston, "sba": sba, "tsb": tsb, "ses": ses, "adida": adida, "imapa": imapa}
    expected = [functions[method](rows[:, :date]) for date in dates]
    assert before(method, rows, dates) == pytest.approx(np.array(expected), rel=1e-12)


def test_degenerate_inputs():
    with pytest.raises(InputError, match="alpha must be > 0 and <= 1, was 0"):
        croston([1, 2], 0)
    with pytest.raises(InputError, match="demand must be >= 0, was -2"):
        tsb([1, -2])
    with pytest.raises(InputError, match="at least one period"):
        adida([])
    with pytest.raises(InputError, match="Did you mean 'croston'"):
        before("crostan", np.ones((1, 3)), np.array([1]))
    with pytest.raises(InputError, match=r"dates must rise and lie in 0\.\.3"):
        before("sba", np.ones((1, 3)), np.array([4]))
