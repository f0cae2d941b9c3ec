from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.forecast.coverage import BAND_NAMES, TARGETS, coverage, covered_share, window_days
from engine.forecast.matrix import forecast_basis
from engine.forecast.options import option_forecast
from engine.forecast.process import WINDOW_DAYS
from tests.engine.forecast.worlds import gamma_poisson, views_driven


def test_windows_lie_wholly_within_the_days():
    assert window_days(84, 84 + 27).tolist() == []
    assert window_days(84, 84 + 56).tolist() == [84, 112]


def test_a_true_forecast_covers_what_it_says():
    """Drawn from the very distribution: the shared last unit leaves nothing but sampling error."""
    random = np.random.default_rng(1)
    mean = random.gamma(0.5, 6.0, 200_000)
    variance = mean * random.choice([1.0, 2.5], mean.size)
    wide = variance > mean
    r = mean**2 / np.where(wide, variance - mean, 1)
    demand = np.where(
        wide, stats.nbinom.rvs(r, 1 / 2.5, random_state=random), stats.poisson.rvs(mean, random_state=random)
    )
    for target in TARGETS:
        assert covered_share(demand, mean, variance, target).mean() == pytest.approx(target, abs=0.004)


def test_shared_unit_by_hand():
    # Poisson(1): P(0) = .3679, P(1) = .3679
    one = np.ones(4)
    shares = covered_share(np.array([0.0, 1.0, 2.0, 9.0]), one, one, 0.5)
    assert shares == pytest.approx([1.0, (0.5 - np.exp(-1)) / np.exp(-1), 0.0, 0.0], abs=1e-9)


def basis_of(history, first=140):
    days = window_days(first, history.orders.shape[1])
    return forecast_basis(history, days), days


@pytest.mark.parametrize("option", ["exposure", "views"])
def test_coverage_on_known_truth_is_within_a_point_and_a_half(option):
    """Worlds in which traffic wanders; targets .90, .95 and .98, three seeds together."""
    cells, covered = dict.fromkeys(TARGETS, 0), dict.fromkeys(TARGETS, 0.0)
    for seed in range(3):
        history, views, _ = views_driven(40 + seed, 500, 560)
        basis, days = basis_of(history)
        known = forecast_basis(history, np.append(days, 560)).known
        for row in coverage(option_forecast(option, basis, views, history.units), known):
            if row.band == "all":
                cells[row.target] += row.cells
                covered[row.target] += row.covered
    for target in (0.90, 0.95, 0.98):
        assert covered[target] / cells[target] == pytest.approx(target, abs=0.015), target


def test_bands_add_up_and_a_forecast_that_is_too_sure_is_found_out():
    history, _, _ = gamma_poisson(21, 400, 560, noise=0.6)
    basis, days = basis_of(history)
    known = forecast_basis(history, np.append(days, 560)).known
    forecast = option_forecast("exposure", basis, None, history.units)
    rows = coverage(forecast, known)
    assert len(rows) == (len(BAND_NAMES) + 1) * len(TARGETS)
    for target in TARGETS:
        whole, *bands = (row for row in rows if row.target == target)
        assert whole.cells == sum(row.cells for row in bands) == 400 * len(days)
        assert whole.covered == pytest.approx(sum(row.covered for row in bands))
    sure = replace(
        forecast,
        process=forecast.process * 0,
        shape=forecast.shape * 1e6,
        rate_weight=forecast.rate_weight * 1e6,
    )
    share = {row.target: row.covered / row.cells for row in coverage(sure, known) if row.band == "all"}
    assert share[0.95] < 0.90
    assert WINDOW_DAYS == 28
