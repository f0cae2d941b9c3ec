"""Every information option: nothing of the future enters, each against a slow second implementation."""

from dataclasses import replace

import numpy as np
import pytest

from engine.forecast.classics import SMOOTHING, classic_forecast
from engine.forecast.intermittent import croston, sba, ses, tsb
from engine.forecast.matrix import NEW_DAYS, forecast_basis, forecast_matrix
from engine.forecast.options import OPTIONS, forecasts
from engine.forecast.views import TRAFFIC_HALF_LIFE_DAYS, KnownViews, ViewHistory
from tests.engine.forecast.test_matrix import arrays_of
from tests.engine.forecast.worlds import changed_from, gamma_poisson, views_driven

CLASSIC = {"croston": croston, "sba": sba, "tsb": tsb, "ses": ses}


def shop(seed, skus=12, days=430):
    history, views, _ = views_driven(seed, skus, days)
    history = replace(history, exposure=history.exposure.copy())
    for matrix in (history.exposure, history.orders, history.units, history.squares):
        matrix[:3, : days // 3] = 0.0  # three items come later
    return history, views, history.units * 1.1


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("day", [1, 28, 57, 200, 399])
def test_no_look_ahead(option, day):
    history, views, demand = shop(3)
    random = np.random.default_rng(day)
    early = np.unique(np.minimum([0, day // 2, day - 1, day], day))
    late = np.append(early, [day + 7, 430])
    base = arrays_of(forecasts([option], history, views, demand, late)[option])
    other_views, other_demand = views.views.copy(), demand.copy()
    other_views[:, day:] = random.integers(0, 90, other_views[:, day:].shape)
    other_demand[:, day:] = random.integers(0, 9, other_demand[:, day:].shape)
    changed = changed_from(history, day), ViewHistory(other_views, views.logged), other_demand
    ended = history.until(day), views.until(day), demand[:, :day]
    for inputs, dates in ((changed, late), (ended, early)):
        for name, value in arrays_of(forecasts([option], *inputs, dates)[option]).items():
            assert (value[: len(early)] == base[name][: len(early)]).all(), name


def test_exposure_is_the_forecast_matrix_and_stands_in_for_views_that_are_not_logged():
    history, views, demand = shop(5)
    dates = np.array([0, 100, 430])
    made = forecasts(["views", "exposure"], history, None, demand, dates)
    plain = arrays_of(forecast_matrix(history, dates))
    for option in ("exposure", "views"):
        for name, value in arrays_of(made[option]).items():
            assert (value == plain[name]).all()
    silent = ViewHistory(views.views * 0, views.logged)
    without = forecasts(["views"], history, silent, demand, dates)["views"]
    assert without.daily_mean == pytest.approx(made["exposure"].daily_mean)


def test_view_sums_by_definition():
    history, views, _ = shop(7, skus=5, days=90)
    basis = forecast_basis(history, np.array([60, 90]))
    known = KnownViews(history, views, basis.known.weekday, np.array([60])).at(np.array([60]))
    age = 59 - np.arange(60)
    weekday = basis.known.weekday[np.arange(60), (history.first_weekday + np.arange(60)) % 7]
    quick = 0.5 ** (age / TRAFFIC_HALF_LIFE_DAYS)
    exposed = history.exposure[:, :60] * views.logged[:, :60]
    assert known.recent_views[0] == pytest.approx((views.views * views.logged)[:, :60] @ quick)
    assert known.recent_exposure[0] == pytest.approx((exposed * weekday) @ quick)
    assert known.order_count[0] == pytest.approx((history.orders * views.logged)[:, :60].sum(axis=1))


def test_views_follow_traffic_that_turns():
    """Traffic of half the items trebles in the last three weeks: views see it, orders per day hardly yet."""
    history, views, rate = views_driven(11, 400, 360, turn=3.0)
    made = forecasts(["exposure", "views"], history, views, history.units, np.array([360]))
    truth = np.where(np.arange(400) % 2 == 0, 3.0, 1.0) * rate
    errors = {option: np.abs(made[option].daily_mean[0] - truth).sum() / truth.sum() for option in made}
    assert errors["views"] < 0.85 * errors["exposure"]


@pytest.mark.parametrize("option", sorted(CLASSIC))
def test_classics_are_the_published_ones_from_the_first_day_of_the_item(option):
    history, _, demand = shop(13, skus=6, days=300)
    dates = np.array([200, 300])
    made = classic_forecast(option, forecast_basis(history, dates), demand)
    for row, date in enumerate(dates):
        new = made.new[row]
        for sku in range(6):
            first = np.flatnonzero(history.exposure[sku] > 0)[0]
            series = demand[sku, first:date]
            if new[sku] or history.orders[sku, :date].sum() == 0:
                continue
            arguments = {"beta": SMOOTHING} if option == "tsb" else {}
            values = [CLASSIC[option](series, a, *([a] if arguments else [])) for a in SMOOTHING]
            assert min(abs(made.daily_mean[row, sku] / value - 1) for value in values) < 1e-9
    assert (made.new.sum(axis=1) == 0).all()


def test_the_smoothing_constant_that_erred_least_is_chosen():
    """Rates that never change call for the longest memory, rates that jump each month for a short one."""
    random = np.random.default_rng(4)
    steady, _, _ = gamma_poisson(4, 200, 400, out_of_stock=0)
    jumps = np.repeat(random.gamma(0.4, 10.0, (200, 7)), 60, axis=1)[:, :400]
    orders = random.poisson(jumps).astype(float)
    jumpy = replace(steady, orders=orders, units=orders, squares=orders)
    dates = np.array([400])
    for history, expected in ((steady, SMOOTHING[:2]), (jumpy, SMOOTHING[-1:])):
        made = classic_forecast("ses", forecast_basis(history, dates), history.units).daily_mean[0]
        sold = history.orders.sum(axis=1) > 0
        constants = [np.maximum(ses(history.units, alpha), 1e-6)[sold] for alpha in expected]
        assert min(np.abs(made[sold] / values - 1).max() for values in constants) < 1e-9


def test_new_items_are_new_for_four_weeks_and_learn_from_those_before_them():
    """Items come in waves and sell three times what old ones do: the later waves are forecast higher."""
    random = np.random.default_rng(8)
    skus, days = 300, 364
    history, _, _ = gamma_poisson(8, skus, days, shape=8.0, out_of_stock=0.0)
    launch = np.repeat([0, 56, 140, 224, 308], 60)
    age = np.arange(days)[None, :] - launch[:, None]
    demand = random.poisson(np.where(age < 0, 0.0, np.where((age < 28) & (launch > 0)[:, None], 1.2, 0.4)))
    exposure = (age >= 0).astype(float)
    orders = demand.astype(float)
    history = replace(history, orders=orders, units=orders, squares=orders, exposure=exposure)
    made = forecast_matrix(history, np.array([14, 224 + 10, 308, 308 + NEW_DAYS + 1]))
    assert not made.new[0].any()
    assert (made.new[1] == (launch >= 224)).all()
    assert (made.new[2] == (launch == 308)).all()
    assert not made.new[3].any()
    fresh = made.daily_mean[2][launch == 308].mean()
    assert 0.8 < fresh < 1.4
