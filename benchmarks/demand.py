"""Demand recovery and forecasts: 10,000 SKUs, and 100,000 in shards."""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.measure import Figure, Size, medians, seconds_of
from benchmarks.shop import Shop, learnt, shop
from benchmarks.worlds import CATEGORIES
from engine.demand.arrays import demand_arrays
from engine.demand.asof import recover_as_of
from engine.demand.recovery import Recovered, recover_arrays
from engine.demand.tables import sample_scenarios
from engine.forecast import ForecastMatrix, OrderHistory, forecast_matrix
from engine.schema import MICRO
from engine.settings import DemandSettings

SETTINGS = DemandSettings()
RECOVERY_ERROR, FORECAST_ERROR = 0.02, 0.03
REPEATS = 3


def recovery(size: Size) -> Iterator[Figure]:
    """Recover demand from the daily activity; within 2 % of the truth, or nothing is reported."""
    small = shop(size.skus, size.days)
    arrays = demand_arrays(small.activity.daily, small.categories)
    recovered = recover_arrays(arrays, small.activity.orders, SETTINGS)
    _assert_recovered(recovered, small, size)
    activity, categories = small.activity, small.categories
    seconds = medians(
        {
            "matrices": lambda: demand_arrays(activity.daily, categories),
            "recover": lambda: recover_arrays(arrays, activity.orders, SETTINGS),
            "sample": lambda: sample_scenarios(recovered, small.axes, SETTINGS),
        },
        min(size.repeats, REPEATS),
    )
    as_of = seconds_of(lambda: recover_as_of(activity.daily, activity.orders, categories, SETTINGS))
    note = (
        f"{size.skus:,} SKUs x {size.days:,} days, warm, estimator on matrices; beside it: matrices from the activity "
        f"{seconds['matrices']:.1f} s, one sampled scenario {seconds['sample']:.1f} s, as-of recovery {as_of:.1f} s"
    )
    yield Figure("recover_seconds_10k", seconds["recover"], "s", note)
    if size.whole:
        yield _recovery_in_shards(size)


def _recovery_in_shards(size: Size) -> Figure:
    shared, learning = learnt(size.shards, size.skus, size.days)
    total, error = learning, 0.0
    for number in range(size.shards):
        shard = shop(size.skus, size.days, seed=number)
        started = time.perf_counter()
        arrays = demand_arrays(shard.activity.daily, shard.categories)
        recovered = recover_arrays(arrays, shard.activity.orders, SETTINGS, shared.replay)
        total += time.perf_counter() - started
        error = max(error, _assert_recovered(recovered, shard, size))
    note = (
        f"{size.shards} shards of {size.skus:,} SKUs one after another, matrices from the activity included, and "
        f"{learning:.1f} s of learning what they share, in both vintages; total demand within {error:.1%} of the truth "
        "in every shard"
    )
    return Figure("recover_seconds_100k", total, "s", note)


def _assert_recovered(recovered: Recovered, known: Shop, size: Size) -> float:
    """Relative error of total demand against the known truth."""
    total = float(recovered.units.sum(dtype=np.int64)) + float(recovered.lost_expected_u6.sum(dtype=np.int64)) / MICRO
    error = abs(total / known.expected_demand - 1)
    assert error < (RECOVERY_ERROR if size.skus >= 1_000 else 0.2), (total, known.expected_demand)
    return error


def forecasts(size: Size) -> Iterator[Figure]:
    """The forecast matrix on weekly dates; the total within 3 % of the true rates, or nothing is reported."""
    dates = np.arange(0, size.days, 7, dtype=np.int64)
    history, rate = poisson_history(size.skus, size.days)
    _assert_forecast(forecast_matrix(history, dates), rate, size)
    seconds = medians({"forecast": lambda: forecast_matrix(history, dates)}, min(size.repeats, REPEATS))["forecast"]
    note = f"{size.skus:,} SKUs x {size.days:,} days x {len(dates)} weekly dates, warm"
    yield Figure("forecast_seconds_10k", seconds, "s", note)
    if size.whole:
        total = 0.0
        for number in range(size.shards):
            shard, rate = poisson_history(size.skus, size.days, seed=number)
            started = time.perf_counter()
            matrix = forecast_matrix(shard, dates)
            total += time.perf_counter() - started
            _assert_forecast(matrix, rate, size)
        yield Figure(
            "forecast_seconds_100k", total, "s", f"{size.shards} shards of {size.skus:,} SKUs one after another"
        )


def poisson_history(skus: int, days: int, seed: int = 0) -> tuple[OrderHistory, np.ndarray]:
    """Orders of one unit at log-normal rates, in stock nine days of ten; and the rates."""
    random = np.random.default_rng(seed)
    rate = random.lognormal(np.log(0.1) - 0.5, 1.0, skus)
    exposure = (random.random((skus, days)) >= 0.1).astype(np.float64)
    orders = random.poisson(rate[:, None], (skus, days)) * exposure
    return OrderHistory(orders, exposure, orders, orders, np.arange(skus) % CATEGORIES, 6), rate


def _assert_forecast(matrix: ForecastMatrix, rate: np.ndarray, size: Size) -> None:
    error = abs(matrix.daily_mean[-1].sum() / rate.sum() - 1)
    assert error < (FORECAST_ERROR if size.skus >= 1_000 else 0.5), error
