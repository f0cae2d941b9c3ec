import numpy as np
import pytest
from scipy import stats

from engine.distributions import quantiles
from engine.forecast import ForecastMatrix, OrderHistory, forecast_matrix
from engine.forecast.matrix import SIZE_PRIOR
from engine.optimisation.cells import per_cell
from tests.engine.forecast.worlds import changed_from, gamma_poisson


def arrays_of(matrix):
    return {name: value for name, value in vars(matrix).items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("day", [1, 28, 57, 200, 399])
def test_no_look_ahead(day):
    """Everything from a day on may change or be missing: values for dates up to it are bit-equal."""
    history, _, _ = gamma_poisson(3, 12, 430)
    early = np.unique(np.minimum([0, day // 2, day - 1, day], day))
    late = np.append(early, [day + 7, 430])
    base = arrays_of(forecast_matrix(history, late))
    for other in (
        forecast_matrix(changed_from(history, day), late),
        forecast_matrix(history.until(day), early),
    ):
        for name, value in arrays_of(other).items():
            assert (value[: len(early)] == base[name][: len(early)]).all(), name


def test_moments_by_hand():
    matrix = ForecastMatrix(
        dates=np.array([3]),
        shape=np.array([[4.0]]),
        rate_weight=np.array([[20.0]]),
        season=np.array([[1.5]]),
        weekday=np.array([[1.4, 1.2, 1, 1, 1, 0.8, 0.6]]),
        first_weekday=4,  # a Friday, so day 3 is a Monday
        mean_size=np.array([[2.0]]),
        size_ratio=np.array([[3.0]]),
        process=np.array([[0.5, 0.4, 0.3, 0.2, 0.1, 0.6]]),
        new=np.array([[False]]),
    )
    daily = 2.0 * 4 / 20 * 1.5
    assert matrix.daily_mean[0, 0] == pytest.approx(daily)
    index = 7 + 1.4 + 1.2
    assert matrix.index_sum(np.array([9]))[0, 0] == pytest.approx(index)
    mean, variance = matrix.moments(np.array([9]), 2.0)
    assert mean[0, 0] == pytest.approx(daily * index)
    expected = 3 * daily * index + (daily * index) ** 2 * (1 / 4 + 0.2) + daily**2 * 2
    assert variance[0, 0] == pytest.approx(expected)
    assert matrix.moments(np.array([0]))[0][0, 0] == 0
    assert matrix.moments(np.array([0]))[1][0, 0] == 0


def test_order_sizes_by_hand():
    orders, units, squares = np.zeros((3, 2, 28))
    orders[0, [0, 2]], units[0, [0, 2]], squares[0, [0, 2]] = (2, 1), (6, 4), (20, 16)
    orders[1, 1] = units[1, 1] = squares[1, 1] = 1
    history = OrderHistory(orders, np.ones((2, 28)), units, squares, np.zeros(2, int), 0)
    matrix = forecast_matrix(history, np.array([28]))
    size, square = (11 + SIZE_PRIOR) / (4 + SIZE_PRIOR), (37 + SIZE_PRIOR) / (4 + SIZE_PRIOR)
    expected = (10 + SIZE_PRIOR * size) / (3 + SIZE_PRIOR)
    assert matrix.mean_size[0, 0] == pytest.approx(expected)
    assert matrix.size_ratio[0, 0] == pytest.approx((36 + SIZE_PRIOR * square) / (3 + SIZE_PRIOR) / expected)
    assert (matrix.size_ratio >= 1).all()


def test_nothing_known_is_finite():
    history = OrderHistory(*(np.zeros((3, 0)) for _ in range(4)), np.zeros(3, int), 0)
    mean, variance = forecast_matrix(history, np.array([0])).moments(np.array([7, 7, 7]))
    assert np.isfinite(mean).all()
    assert (variance >= mean * 0.999).all()


def test_rates_and_out_of_stock_days():
    """Days without stock teach nothing: the rate is that of the days with it."""
    history, _, rate = gamma_poisson(5, 300, 360, out_of_stock=0.4)
    matrix = forecast_matrix(history, np.array([360]))
    assert matrix.daily_mean[0].sum() == pytest.approx(rate.sum(), rel=0.05)
    assert np.corrcoef(matrix.daily_mean[0], rate)[0, 1] > 0.9


@pytest.mark.parametrize(("noise", "slack"), [(0.0, 0.01), (0.1, 0.03)])
def test_coverage_is_calibrated(noise, slack):
    """Share of SKU-windows whose demand the quantile covers, randomised between whole units."""
    horizon, dates = 14, np.arange(196, 420, 28)
    covered = {0.5: [], 0.9: [], 0.95: [], 0.98: []}
    for seed in range(3):
        history, demand, _ = gamma_poisson(20 + seed, 400, 434, mean=0.6, noise=noise)
        mean, variance = forecast_matrix(history, dates).moments(np.full(400, horizon))
        realised = np.stack([demand[:, date : date + horizon].sum(axis=1) for date in dates])
        for target, shares in covered.items():
            level = per_cell(quantiles, mean, variance, target)
            law = stats.nbinom(mean**2 / np.maximum(variance - mean, 1e-9), mean / np.maximum(variance, mean + 1e-9))
            spare = (law.cdf(level) - target) / law.pmf(level)  # share of the last unit beyond the target
            shares.append(((realised < level) + (realised == level) * (1 - spare)).mean())
    for target, shares in covered.items():
        assert np.mean(shares) == pytest.approx(target, abs=slack), target
