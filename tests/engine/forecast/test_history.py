import numpy as np
import pytest

from engine.forecast import OrderHistory
from engine.forecast.history import HALF_LIFE_DAYS, SLOW_HALF_LIFE_DAYS, WEEKDAY_PRIOR, KnownSums, weekday_index
from tests.engine.forecast.worlds import changed_from, gamma_poisson


def test_weekday_index_by_hand():
    orders, exposure = np.array([6.0, 2, 4, 0, 0, 0, 0, 8]), np.ones(8)
    index = weekday_index(orders, exposure, 5)  # day 0 is a Saturday, day 7 the next one
    assert index.shape == (9, 7)
    assert index[0] == pytest.approx(np.ones(7))
    counts, seen = np.zeros(7), np.zeros(7)
    counts[[5, 6, 0, 1, 2, 3, 4]] = 1
    seen[[5, 6, 0]] = 6, 2, 4
    raw = (seen + WEEKDAY_PRIOR) / (counts * 12 / 7 + WEEKDAY_PRIOR)
    assert index[7] == pytest.approx(raw / raw.mean())


def test_discounted_sums_by_hand():
    orders = np.array([[3.0, 0, 1, 2], [0, 0, 0, 0]])
    exposure = np.array([[1.0, 0.5, 1, 1], [1, 1, 1, 1]])
    history = OrderHistory(orders, exposure, 2 * orders, 5 * orders, np.zeros(2, int), 0)
    dates = np.array([0, 1, 3, 4])
    sums = KnownSums(history, dates).at(dates)
    index = weekday_index(orders.sum(axis=0), exposure.sum(axis=0), 0)
    for row, date in enumerate(dates):
        days = np.arange(date)
        adjusted = exposure[:, :date] * index[days, days % 7]
        for sku, half_life in ((0, HALF_LIFE_DAYS), (1, SLOW_HALF_LIFE_DAYS)):
            weight = 0.5 ** ((date - 1 - days) / half_life)
            if date == 0:
                continue
            assert sums.orders[row, sku] == pytest.approx((weight * orders[sku, :date]).sum())
            assert sums.exposure[row, sku] == pytest.approx((weight * adjusted[sku]).sum())
        assert sums.plain_exposure[row] == pytest.approx(adjusted.sum(axis=1))
        assert sums.unit_count[row].tolist() == (2 * orders[:, :date].sum(axis=1)).tolist()
        assert sums.square_count[row].tolist() == (5 * orders[:, :date].sum(axis=1)).tolist()


def test_dates_may_repeat_and_come_in_any_order():
    history, _, _ = gamma_poisson(1, 5, 60)
    dates = np.array([40, 7, 40, 0])
    sums = KnownSums(history, dates).at(dates)
    for row, date in enumerate(dates):
        alone = KnownSums(history, np.array([date])).at(np.array([date]))
        assert (sums.orders[row] == alone.orders[0]).all()
        assert (sums.weekday[row] == alone.weekday[0]).all()


@pytest.mark.parametrize("day", [0, 1, 33, 59])
def test_sums_do_not_look_ahead(day):
    history, _, _ = gamma_poisson(1, 5, 60)
    dates = np.arange(0, day + 1)
    plain, other = KnownSums(history, dates).at(dates), KnownSums(changed_from(history, day), dates).at(dates)
    shorter = KnownSums(history.until(day), dates).at(dates)
    for name in vars(plain):
        assert (getattr(plain, name) == getattr(other, name)).all(), name
        assert (getattr(plain, name) == getattr(shorter, name)).all(), name
