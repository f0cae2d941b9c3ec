"""Alerts on worlds without a shift and on worlds with one."""

import numpy as np
import pytest
from scipy import stats

from engine.forecast import OrderHistory
from engine.forecast.drift import DISCOVERY_RATE, STATISTICS, WEEK, Weeks, _welch, find_drift, recent_weeks

SKUS, DAYS, RECENT = 500, 400, 84


def shop(seed, *, noise=0.1, lumps=0.0, shifted=0, factor=1.0, lumpier=0, mean=0.6):
    """Gamma rates, a season that all share, noise by week; the first items change their level or become lumpier."""
    random = np.random.default_rng(seed)
    rate = random.gamma(1.0, mean, (SKUS, 1))
    blocks = np.repeat(random.gamma(1 / noise, noise, (SKUS, DAYS // WEEK + 1)), WEEK, axis=1)[:, :DAYS]
    expected = rate * blocks * (1 + 0.6 * np.sin(np.arange(DAYS) / 60))
    expected[:shifted, DAYS - RECENT :] *= factor
    if lumpier:  # the same mean, nearly all of it in every other week
        weeks = np.arange(RECENT) // WEEK % 2 == 0
        expected[:lumpier, DAYS - RECENT :] *= np.where(weeks, 1.9, 0.1)
    exposure = (random.random((SKUS, DAYS)) >= 0.1).astype(float)
    orders = random.poisson(expected) * exposure
    sizes = 1 + (random.negative_binomial(0.5, 0.5 / (0.5 + lumps), orders.shape) if lumps else 0)
    units = orders * sizes
    return OrderHistory(orders, exposure, units, units * sizes, random.integers(0, 4, SKUS), 0)


def alerts(found):
    return sum(int(found[name].alert.sum()) for name in STATISTICS)


@pytest.mark.parametrize("facts", [{}, {"noise": 0.5}, {"lumps": 6.0}, {"mean": 3.0}], ids=str)
def test_worlds_without_a_shift_raise_alerts_no_more_often_than_promised(facts):
    """The false discovery rate without any true shift is the chance of any alert at all: 5 %."""
    worlds = [alerts(find_drift(shop(seed, **facts))) for seed in range(40)]
    assert sum(count > 0 for count in worlds) <= 6  # 40 at 5 %: more than 6 has a chance of 0.3 %
    assert np.mean(worlds) < 0.5


def test_p_values_without_a_shift_are_nearly_uniform():
    for name in STATISTICS:
        values = np.concatenate([find_drift(shop(seed, noise=0.2))[name].p_value for seed in range(5)])
        values = values[~np.isnan(values)]
        assert (values < 0.05).mean() < 0.09
        assert (values < 0.001).mean() < 0.006


def test_items_that_sell_three_times_as_much_are_found_and_few_others():
    right = wrong = judged = 0
    for seed in range(4):
        found = find_drift(shop(50 + seed, shifted=50, factor=3.0, mean=1.5))
        right += int(found["mean"].alert[:50].sum())
        wrong += alerts(found) - int(found["mean"].alert[:50].sum())
        judged += int((~np.isnan(found["mean"].p_value[:50])).sum())
        moved = found["mean"].alert[:50]
        assert (found["mean"].after[:50][moved] > found["mean"].before[:50][moved]).all()
    assert right / judged > 0.7
    assert wrong / (right + wrong) < 2 * DISCOVERY_RATE


def test_items_that_become_lumpier_are_found_by_their_variability():
    found = find_drift(shop(60, lumpier=50, mean=4.0, noise=0.02))
    assert found["cv"].alert[:50].mean() > 0.5
    assert found["cv"].alert[50:].sum() <= 2
    assert np.nanmedian(found["cv"].after[:50]) > 2 * np.nanmedian(found["cv"].before[:50])


def test_a_season_that_all_share_is_no_drift():
    history = shop(70)
    louder = {name: getattr(history, name).copy() for name in ("orders", "units", "squares")}
    for matrix in louder.values():
        matrix[:, DAYS - RECENT :] *= 3
    changed = OrderHistory(**louder, exposure=history.exposure, category=history.category, first_weekday=0)
    assert alerts(find_drift(changed)) <= 2
    weeks = recent_weeks(changed).rate.mean(axis=0)
    assert weeks[-12:].mean() == pytest.approx(weeks[:-12].mean(), rel=0.15)


def test_what_cannot_be_judged_has_no_value_and_no_alert():
    history = shop(80)
    there = (np.arange(SKUS) > 9)[:, None]
    gone = OrderHistory(
        history.orders, history.exposure * there, history.units * there, history.squares, history.category, 0
    )
    found = find_drift(gone)
    for name in STATISTICS:
        assert np.isnan(found[name].p_value[:10]).all()
        assert np.isnan(found[name].adjusted[:10]).all()
        assert not found[name].alert[:10].any()
    short = find_drift(history.until(20))
    assert not any(short[name].alert.any() for name in STATISTICS)
    assert alerts(find_drift(history.until(0))) == 0


def test_welch_is_scipys_up_to_the_shared_half_of_the_spread():
    """Equal spreads and spans: pooling changes nothing, and the p-value is that of SciPy."""
    random = np.random.default_rng(3)
    first = random.normal(0, 1, 12)
    values = np.concatenate([first, first[::-1] + 0.7])[None, :]
    late = np.arange(24) >= 12
    mine = _welch(values, np.ones((1, 24), bool), late)[0]
    assert mine == pytest.approx(stats.ttest_ind(values[0, 12:], values[0, :12], equal_var=False).pvalue)
    assert Weeks(values, values > 0).rate is values


def test_adjusted_values_are_benjamini_hochbergs_by_hand():
    found = find_drift(shop(90, shifted=20, factor=4.0, mean=2.0))
    together = np.concatenate([found[name].p_value for name in STATISTICS])
    adjusted = np.concatenate([found[name].adjusted for name in STATISTICS])
    known = np.flatnonzero(~np.isnan(together))
    order = known[np.argsort(together[known])]
    least = 1.0
    for rank in range(len(order), 0, -1):
        least = min(least, together[order[rank - 1]] * len(order) / rank)
        assert adjusted[order[rank - 1]] == pytest.approx(least)
