"""As-of demand: what a planner could have known of each day at the end of that day, first vintage.

A value of day t is made of rows with day <= t and never revised. Parameters (keep rate, elasticity, priors, order
sizes, weekday indices) are estimated again on a coarse schedule of dates from the days before each; the sums of each
SKU (orders, views, traffic level) run on daily. No future week has an index: the category's traffic of the last 7
days and its conversion of the last 28 days against what was expected take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.arrays import WEEKDAYS, Bytes, DemandArrays, Floats, Ints, demand_arrays
from engine.demand.codes import Method
from engine.demand.conversion import BLOCK_DAYS, BLOCK_PRIOR_ORDERS, Rate, price_factor
from engine.demand.keep_rate import AGE_LIMITS, KeepRate
from engine.demand.priors import GammaPrior
from engine.demand.quantity import OrderSizes, SizeCurves, order_sizes
from engine.demand.recovery import Parameters, Shared, estimate, missing_views, with_certain_days
from engine.demand.traffic import (
    LEVEL_HALF_LIFE_DAYS,
    LEVEL_PRIOR_DAYS,
    WEEK_PRIOR_VIEWS,
    IndexFit,
    Matrix,
    Vector,
    half_life_decay,
    keep_at,
)
from engine.kernels import kernel
from engine.schema import MICRO
from engine.settings import DemandSettings

FIRST_ESTIMATES = (7, 14, 28)
ESTIMATE_EVERY_DAYS = 28
ESTIMATE_GROWTH = 0.25
CATEGORY_TRAFFIC_DAYS = 7
STATE_SUMS = 11
"""Running sums of each SKU: views in stock, days in stock, all views, days reached, decayed views, decayed reach,
orders and exposure of the conversion, orders and exposure of the rate per day, age of the stock-out."""


@dataclass(frozen=True)
class SharedSpan:
    """What the items of a shop shared on days [start, end), as known then.

    Attributes:
        parameters: estimated from the days before ``start``; None before the first estimates.
        traffic: (C, days) index of the category's views.
        conversion: (C, days) index of its orders per view.
    """

    start: int
    end: int
    parameters: Shared | None
    traffic: Matrix
    conversion: Matrix


@dataclass(frozen=True)
class SharedAsOf:
    """What the items of a shop shared, as known at the end of each day.

    Attributes:
        spans: of days that share one set of parameters, in order.
        views_ever: whether any item had been viewed by the end of a day, (T,).
    """

    spans: tuple[SharedSpan, ...]
    views_ever: NDArray[np.bool_]


@dataclass(frozen=True)
class AsOfDemand:
    """First-vintage demand, all (S, T).

    Attributes:
        demand_u6: units sold plus expected lost units, micro-units.
        var_u6: variance of the lost units, micro-units.
        method: ``Method`` codes.
        shared: what it was judged by, of use for other items of the same shop.
    """

    demand_u6: NDArray[np.int64]
    var_u6: NDArray[np.int64]
    method: Bytes
    shared: SharedAsOf


def estimation_days(days: int) -> list[int]:
    """Day indices on which parameters are estimated: 7, 14, 28, then every 28 days or a quarter of the history."""
    schedule = [day for day in FIRST_ESTIMATES if day < days]
    while schedule and schedule[-1] >= ESTIMATE_EVERY_DAYS:
        step = max(ESTIMATE_EVERY_DAYS, int(schedule[-1] * ESTIMATE_GROWTH) // WEEKDAYS * WEEKDAYS)
        if schedule[-1] + step >= days:
            break
        schedule.append(schedule[-1] + step)
    return schedule


def recover_as_of(
    activity: pl.DataFrame, orders: pl.DataFrame, categories: Sequence[str], settings: DemandSettings
) -> AsOfDemand:
    """Recover demand as it was known at the end of each day; arguments as ``recovery.recover``."""
    return recover_arrays_as_of(demand_arrays(activity, categories, as_of=True), orders, settings)


def recover_arrays_as_of(
    arrays: DemandArrays, orders: pl.DataFrame, settings: DemandSettings, shop: SharedAsOf | None = None
) -> AsOfDemand:
    """Recover from matrices; what items share is taken from ``shop``, by default from these items."""
    orders = _known_depletions(orders, arrays)
    world = _World(arrays, orders, settings, shop or _nothing_shared(arrays))
    state = np.zeros((arrays.shape[0], STATE_SUMS))
    history = np.zeros((4, len(arrays.categories), arrays.shape[1]))
    demand = arrays.units.astype(np.int64) * MICRO
    variance, kind = np.zeros(arrays.shape, np.int64), np.full(arrays.shape, Method.NONE, np.uint8)
    spans = []
    for span in world.shop.spans:
        parameters = world.parameters_before(span)
        factor = price_factor(arrays.log_price[:, span.start : span.end], parameters.elasticity, arrays.category)
        if shop is None:
            span = _with_category_sums(world, span, parameters, factor, state, history)  # noqa: PLW2901
        lost, variance_then, kind_then = _recover_block(world, span, parameters, factor, state)
        days = slice(span.start, span.end)
        demand[:, days] += lost
        variance[:, days] = variance_then
        if span.start:  # before the first estimates nothing is recovered
            kind[:, days] = kind_then
        spans.append(span)
    shared = SharedAsOf(tuple(spans), world.shop.views_ever)
    return AsOfDemand(demand, variance, with_certain_days(arrays, kind), shared)


@dataclass(frozen=True)
class _World:
    """What is judged, and by what."""

    arrays: DemandArrays
    orders: pl.DataFrame
    settings: DemandSettings
    shop: SharedAsOf

    def parameters_before(self, span: SharedSpan) -> Parameters:
        """Parameters from days before the span; what orders of later days still wanted is judged by the earlier ones.

        Before the first estimates nothing is known and nothing is recovered.
        """
        day, arrays = span.start, self.arrays
        if day == 0:
            return _neutral(arrays)
        parameters, _ = estimate(arrays.until(day), self.orders.filter(pl.col("day") < day), span.parameters)
        return replace(parameters, sizes=order_sizes(self.orders, arrays, day, parameters.curves)[0])


def _nothing_shared(arrays: DemandArrays) -> SharedAsOf:
    """The spans of a shop whose parameters are still to be estimated."""
    schedule = estimation_days(arrays.shape[1])
    none = np.ones((len(arrays.categories), 0))
    spans = zip([0, *schedule], [*schedule, arrays.shape[1]], strict=True)
    views_ever = np.logical_or.accumulate((arrays.views_in + arrays.views_out).any(axis=0))
    return SharedAsOf(tuple(SharedSpan(*days, None, none, none) for days in spans), views_ever)


def _known_depletions(orders: pl.DataFrame, arrays: DemandArrays) -> pl.DataFrame:
    """Orders whose depletion was known on the day itself."""
    at_once = arrays.depleting[orders["sku"].to_numpy(), orders["day"].to_numpy()] > 0
    return orders.with_columns(depleting=pl.col("depleting") & pl.Series(at_once))


def _neutral(arrays: DemandArrays) -> Parameters:
    """Parameters of the first days: nothing is known, nothing is recovered."""
    skus, categories = arrays.shape[0], len(arrays.categories)
    index = IndexFit(np.zeros(skus), np.ones((categories, 1)), np.ones(WEEKDAYS))
    none = GammaPrior(np.ones(categories), np.full(categories, np.inf))
    rate = Rate(np.zeros(skus), np.zeros(skus), none, index, np.zeros(skus))
    return Parameters(
        shape=index,
        keep=KeepRate(1.0, np.ones((categories, AGE_LIMITS.size + 1)), np.ones(skus), 1.0, 1.0),
        elasticity=np.zeros(categories),
        conversion=rate,
        exposure=rate,
        curves=SizeCurves(np.ones(1, np.int64), np.ones(categories, np.int64), np.ones(categories), np.ones((1, 1))),
        day_shape=1.0,
        viewed=False,
        sizes=OrderSizes(np.ones(skus), np.ones(skus), np.zeros(arrays.shape, dtype=np.float32)),
    )


def _with_category_sums(
    world: _World, span: SharedSpan, parameters: Parameters, factor: Floats, state: Matrix, history: Matrix
) -> SharedSpan:
    """The span with its parameters and with indices from the sums of its categories; moves ``history`` on."""
    arrays, weekday = world.arrays, np.arange(span.start, span.end) % WEEKDAYS
    traffic_weekday = parameters.shape.weekday[weekday]
    order_weekday = parameters.conversion.index.weekday[weekday]
    _category_sums(
        arrays.views_in, arrays.orders, arrays.share, arrays.active, factor, traffic_weekday, order_weekday,
        arrays.category, parameters.conversion.mean, state, span.start, history,
    )  # fmt: skip
    return replace(
        span,
        parameters=parameters.shared,
        traffic=_recent_ratio(history[:2], span, CATEGORY_TRAFFIC_DAYS, WEEK_PRIOR_VIEWS) * traffic_weekday,
        conversion=_recent_ratio(history[2:], span, BLOCK_DAYS, BLOCK_PRIOR_ORDERS) * order_weekday,
    )


def _recover_block(
    world: _World, span: SharedSpan, parameters: Parameters, factor: Floats, state: Matrix
) -> tuple[NDArray[np.int64], NDArray[np.int64], Bytes]:
    """Lost units, variance and kind of recovery of the days of a span; moves ``state`` on."""
    arrays, settings = world.arrays, world.settings
    keep, sizes, weekday = parameters.keep, parameters.sizes, np.arange(span.start, span.end) % WEEKDAYS
    by_views, by_days = parameters.conversion.prior, parameters.exposure.prior
    block: tuple[NDArray[np.int64], NDArray[np.int64], Bytes] = _lost_units(
        arrays.views_in, arrays.views_out, arrays.orders, arrays.share, arrays.exposed, arrays.active, arrays.unknown,
        factor, span.traffic, span.conversion, parameters.exposure.index.weekday[weekday], world.shop.views_ever,
        arrays.category, keep.by_age, AGE_LIMITS, keep.sku, by_views.strength, by_views.exposure, by_days.strength,
        by_days.exposure, sizes.mean, sizes.cut_units, sizes.second_over_first, parameters.day_shape,
        half_life_decay(LEVEL_HALF_LIFE_DAYS), LEVEL_PRIOR_DAYS, settings.intent_ratio,
        1.0 - settings.substitution_share, state, span.start,
    )  # fmt: skip
    return block


def _recent_ratio(seen_expected: Matrix, span: SharedSpan, window: int, prior: float) -> Matrix:
    """Seen over expected, (2, C, T), in a window up to each day of the span, shrunk to 1; (C, days of the span)."""
    first = max(0, span.start - window + 1)
    sums = [np.cumsum(values[:, first : span.end], axis=1) for values in seen_expected]
    last = np.arange(span.start - first, span.end - first)
    before = last - window
    recent = [total[:, last] - np.where(before >= 0, total[:, np.maximum(before, 0)], 0.0) for total in sums]
    return np.ascontiguousarray((prior + recent[0]) / (prior + recent[1]))


@kernel
def _category_sums(
    views_in: Ints, orders: Ints, share: Floats, active: Bytes, factor: Floats, traffic_weekday: Vector,
    order_weekday: Vector, category: Ints, conversion: Vector, state: Matrix, start: int, history: Matrix,
) -> None:  # fmt: skip
    """Add views and orders of each category and day, seen and expected, to ``history`` (4, C, T)."""
    skus, days = factor.shape
    for s in range(skus):
        c, views, in_days = category[s], state[s, 0], state[s, 1]
        for j in range(days):
            t = start + j
            if active[s, t] == 0:
                continue
            v = np.float64(views_in[s, t])
            f = np.float64(share[s, t])
            if in_days >= 7.0:
                history[0, c, t] += v
                history[1, c, t] += views / in_days * traffic_weekday[j] * f
            if conversion[s] > 0.0:
                history[2, c, t] += orders[s, t]
            history[3, c, t] += conversion[s] * v * np.float64(factor[s, j]) * order_weekday[j]
            views += v
            in_days += f


@kernel
def _lost_units(  # noqa: PLR0915 one day after the other, step by step
    views_in: Ints, views_out: Ints, orders: Ints, share: Floats, exposed: Bytes, active: Bytes, unknown: Bytes,
    factor: Floats, traffic: Matrix, conversion: Matrix, day_weekday: Vector,
    views_ever: NDArray[np.bool_], category: Ints, keep_age: Matrix, age_limits: Vector, keep_sku: Vector,
    view_strength: Vector, view_exposure: Vector, day_strength: Vector, day_exposure: Vector, mean_size: Vector,
    cut_units: Floats, second_over_first: Vector, day_shape: float, rho: float, prior_days: float, intent: float,
    kept_share: float, state: Matrix, start: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], Bytes]:  # fmt: skip
    """Steps 3 to 7 with one-sided sums; see ``STATE_SUMS`` for the columns of ``state``."""
    skus, days = factor.shape
    lost, variance = np.zeros((skus, days), np.int64), np.zeros((skus, days), np.int64)
    kind = np.zeros((skus, days), np.uint8)
    for s in range(skus):
        c = category[s]
        sums = state[s].copy()
        for j in range(days):
            t = start + j
            f = np.float64(share[s, t])
            found, none = np.float64(views_in[s, t]), np.float64(views_out[s, t])
            k, reach = 1.0, 0.0
            if active[s, t] == 0 or f >= 0.9999:
                sums[10] = 0.0
            else:
                sums[10] += 1.0 - f
                k = keep_at(sums[10], keep_age[c], age_limits, keep_sku[s])
            if active[s, t]:
                reach = f + (1.0 - f) * k
            rate = (sums[2] + 1.0) / (sums[3] + 1.0)
            level = rate * traffic[c, j]
            multiplier = np.float64(factor[s, j]) * conversion[c, j]
            sums[2] += found + none
            sums[3] += reach
            sums[4] = sums[4] * rho + found + none
            sums[5] = sums[5] * rho + level * reach
            if active[s, t]:
                sums[0] += found
                sums[1] += f
                sums[6] += orders[s, t]
                sums[7] += found * multiplier
            if exposed[s, t]:
                sums[8] += orders[s, t]
                sums[9] += f * day_weekday[j]
            by_views = active[s, t] == 1 and (sums[2] > 0.0 or (sums[8] == 0.0 and views_ever[t]))
            kind[s, j] = (1 if sums[6] > 0.0 else 2) if by_views else 3
            cut = np.float64(cut_units[s, t]) * kept_share
            if exposed[s, t] == 0 or unknown[s, t] == 1 or (f >= 0.9999 and cut == 0.0):
                continue
            if by_views:
                theta = (view_strength[c] + sums[6]) / (view_exposure[c] + sums[7])
                theta_variance = theta / (view_exposure[c] + sums[7])
                m = max(level * (sums[4] + prior_days * rate) / (sums[5] + prior_days * rate), 1e-9)
                missing, spread = missing_views(day_shape, found + none, m, f, k)
                hidden = intent * none + missing
                scale = mean_size[s] * multiplier * kept_share
                mean = scale * theta * hidden + cut
                spread = (theta_variance + theta * theta) * (spread + hidden * hidden) - theta * theta * hidden * hidden
            else:
                theta = (day_strength[c] + sums[8]) / (day_exposure[c] + sums[9])
                scale = mean_size[s] * day_weekday[j] * (1.0 - f) * kept_share
                mean = scale * theta + cut
                spread = theta / (day_exposure[c] + sums[9])
            lost[s, j] = np.int64(np.rint(mean * 1e6))
            variance[s, j] = np.int64(np.rint((second_over_first[s] * mean + scale * scale * spread) * 1e6))
        state[s] = sums
    return lost, variance, kind
