"""Recovered demand: units sold plus what visitors who found an empty shelf, or never came, would have bought.

The estimator of DEMAND 2. Stock-out instants from the log follow Anupindi, Dada and Gupta (1998); clickstream as
information on demand, Huang and Van Mieghem (2014); negative-binomial demand with unobserved lost sales, Agrawal and
Smith (1996).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.arrays import WEEKDAYS, Bytes, DemandArrays, Floats, Ints, demand_arrays
from engine.demand.codes import FULL_SHARE, NO_SHARE, Censored, Method
from engine.demand.conversion import BLOCK_DAYS, Rate, conversion_rate, order_rate, price_elasticity, price_factor
from engine.demand.keep_rate import AGE_LIMITS, KeepRate, keep_rate
from engine.demand.quantity import OrderSizes, SizeCurves, order_sizes
from engine.demand.traffic import IndexFit, Matrix, TrafficLevel, Vector, traffic_level, traffic_shape
from engine.kernels import kernel
from engine.schema import MICRO
from engine.settings import DemandSettings

Micros = NDArray[np.int64]


@dataclass(frozen=True)
class Shared:
    """What the items of a shop share, beside what of each of them it was estimated from.

    Attributes:
        viewed: whether any item was viewed on any day.
    """

    shape: IndexFit
    keep: KeepRate
    elasticity: Vector
    conversion: Rate
    exposure: Rate
    curves: SizeCurves
    day_shape: float
    viewed: bool


@dataclass(frozen=True)
class Parameters(Shared):
    """Everything estimated before the day enters; ``sizes`` hold a matrix of days, the rest a number per item."""

    sizes: OrderSizes

    @property
    def shared(self) -> Shared:
        """What other items of the same shop can be judged by."""
        return Shared(**{field.name: getattr(self, field.name) for field in fields(Shared)})


@dataclass(frozen=True)
class Recovered:
    """Recovered demand, all matrices (S, T).

    Attributes:
        units: units sold.
        lost_expected_u6: expected lost units, micro-units.
        lost_var_u6: their variance, micro-units.
        kappa_u6: share of views that still arrive while out of stock.
        conversion_u6: orders per view that day.
        potential_views_u6: views of the day, had the item been in stock.
        method: ``Method`` codes.
        censored: ``Censored`` codes.
        parameters: what was estimated.
    """

    units: Ints
    lost_expected_u6: Micros
    lost_var_u6: Micros
    kappa_u6: Ints
    conversion_u6: Ints
    potential_views_u6: Micros
    method: Bytes
    censored: Bytes
    parameters: Parameters


def recover(
    activity: pl.DataFrame, orders: pl.DataFrame, categories: Sequence[str], settings: DemandSettings
) -> Recovered:
    """Recover the demand that stock-outs hid, in hindsight.

    Args:
        activity: complete rectangle of SKU-days, ``Activity.daily``.
        orders: order sizes, ``Activity.orders``.
        categories: category name of each SKU, (S,).
        settings: ``intent_ratio``, ``substitution_share``.
    """
    return recover_arrays(demand_arrays(activity, categories), orders, settings)


def recover_arrays(
    arrays: DemandArrays, orders: pl.DataFrame, settings: DemandSettings, shop: Shared | None = None
) -> Recovered:
    """Recover from matrices; see ``recover``, and ``estimate`` for ``shop``."""
    parameters, level = estimate(arrays, orders, shop)
    method = method_codes(arrays, parameters.viewed)
    lost, variance, conversion, potential = _lost_by_views(arrays, parameters, level, method, settings)
    _lost_by_exposure(arrays, parameters, method, lost, variance, settings)
    return Recovered(
        units=arrays.units, lost_expected_u6=lost, lost_var_u6=variance,
        kappa_u6=_micros(level.keep_rate).astype(np.int32), conversion_u6=conversion, potential_views_u6=potential,
        method=method, censored=censored_codes(arrays), parameters=parameters,
    )  # fmt: skip


def estimate(arrays: DemandArrays, orders: pl.DataFrame, shop: Shared | None = None) -> tuple[Parameters, TrafficLevel]:
    """Estimate all parameters from a world and its orders, and the traffic level of its days.

    Args:
        arrays: the world, or some of its items.
        orders: their orders.
        shop: estimated from other items of the same shop and the same days: what items share is taken from it, and
            only what is an item's own is estimated. Default: these items are the shop.
    """
    shape = shop.shape if shop else traffic_shape(arrays)
    keep = keep_rate(arrays, shape.by_day(arrays.shape[1], WEEKDAYS), shop.keep if shop else None)
    level = traffic_level(arrays, shape, keep.by_age, AGE_LIMITS, keep.sku)
    elasticity = shop.elasticity if shop else price_elasticity(arrays)
    factor = price_factor(arrays.log_price, elasticity, arrays.category)
    sizes, curves = order_sizes(orders, arrays, shop=shop.curves if shop else None)
    conversion = conversion_rate(arrays, factor, shop.conversion if shop else None)
    exposure = order_rate(arrays, shop.exposure if shop else None)
    day_shape, viewed = (shop.day_shape, shop.viewed) if shop else (level.day_shape, bool(viewed_items(arrays).any()))
    return Parameters(shape, keep, elasticity, conversion, exposure, curves, day_shape, viewed, sizes), level


def viewed_items(arrays: DemandArrays) -> NDArray[np.bool_]:
    """Items with any view, (S,)."""
    viewed: NDArray[np.bool_] = np.any((arrays.views_in + arrays.views_out) > 0, axis=1)
    return viewed


def censored_codes(arrays: DemandArrays) -> Bytes:
    """``Censored`` codes: none, partial or full; a day on which nobody could have bought is not censored."""
    out = (arrays.exposed == 1) & (arrays.unknown == 0) & (arrays.share < FULL_SHARE)
    return np.where(out, np.where(arrays.share <= NO_SHARE, Censored.FULL, Censored.PARTIAL), Censored.NONE).astype(
        np.uint8
    )


def method_codes(arrays: DemandArrays, views_logged: bool) -> Bytes:
    """``Method`` codes, (S, T); items are judged by page views that have any, or nothing in a shop that logs them."""
    own = (arrays.orders * arrays.active).any(axis=1)
    by_views = np.where(own, Method.VIEWS_EB, Method.VIEWS_CATEGORY)[:, None]
    silent = ~np.any(arrays.orders > 0, axis=1) & views_logged
    viewed = (viewed_items(arrays) | silent)[:, None] & (arrays.active == 1)
    return with_certain_days(arrays, np.where(viewed, by_views, Method.EXPOSURE_EB))


def with_certain_days(arrays: DemandArrays, recovered: NDArray[np.integer]) -> Bytes:
    """Overrule the method, (S, T), on days on which nothing is to recover: in stock, unlisted or unknown."""
    in_stock = (arrays.share >= FULL_SHARE) | ((arrays.exposed == 0) & (arrays.share > NO_SHARE))
    known = np.where(in_stock, Method.OBSERVED, recovered)
    gone = (arrays.exposed == 0) & (arrays.share <= NO_SHARE)
    return np.where((arrays.unknown == 1) | gone, Method.NONE, known).astype(np.uint8)


@kernel
def missing_views(day_shape: float, views: float, expected: float, share: float, keep: float) -> tuple[float, float]:
    """Step 4: mean and variance of the views that never came, given the day's views and its expected ones."""
    gone = (1.0 - share) * (1.0 - keep)
    strength, reach = day_shape + views, day_shape / expected + share + (1.0 - share) * keep
    missing = gone * strength / reach
    return missing, missing + gone * gone * strength / (reach * reach)


@kernel
def _lost_units(
    views_in: Ints, views_out: Ints, share: Floats, by_views: NDArray[np.bool_],
    expected_views: Floats, keep: Floats, day_shape: float, conversion: Vector, conversion_variance: Vector,
    factor: Floats, index: Matrix, category: Ints, mean_size: Vector, cut_units: Floats, second_over_first: Vector,
    intent: float, kept_share: float,
) -> tuple[Micros, Micros, Ints, Micros]:  # fmt: skip
    skus, days = share.shape
    lost, variance = np.zeros((skus, days), np.int64), np.zeros((skus, days), np.int64)
    rate, potential = np.zeros((skus, days), np.int32), np.zeros((skus, days), np.int64)
    for s in range(skus):
        theta, theta_variance = conversion[s], conversion_variance[s]
        second = theta_variance + theta * theta
        for t in range(days):
            f = np.float64(share[s, t])
            multiplier = np.float64(factor[s, t]) * index[category[s], t]
            views = np.float64(views_in[s, t]) + np.float64(views_out[s, t])
            rate[s, t] = np.int32(min(np.rint(theta * multiplier * 1e6), 2e9))
            potential[s, t] = np.int64(np.rint(views * 1e6))
            if (f >= 0.9999 and cut_units[s, t] == 0.0) or not by_views[s, t]:
                continue
            k = np.float64(keep[s, t])
            m = max(np.float64(expected_views[s, t]), 1e-9)
            missing, missing_variance = missing_views(day_shape, views, m, f, k)
            hidden = intent * views_out[s, t] + missing
            scale = mean_size[s] * multiplier * kept_share
            mean = scale * theta * hidden + np.float64(cut_units[s, t]) * kept_share
            spread = second * (missing_variance + hidden * hidden) - theta * theta * hidden * hidden
            lost[s, t] = np.int64(np.rint(mean * 1e6))
            variance[s, t] = np.int64(np.rint((second_over_first[s] * mean + scale * scale * spread) * 1e6))
            potential[s, t] += np.int64(np.rint(missing * 1e6))
    return lost, variance, rate, potential


def _lost_by_views(
    arrays: DemandArrays, parameters: Parameters, level: TrafficLevel, method: Bytes, settings: DemandSettings
) -> tuple[Micros, Micros, Ints, Micros]:
    """Steps 4 to 7 on days judged by views: lost units, variance, conversion, potential views; (S, T) micro-units."""
    by_views = (method <= Method.VIEWS_CATEGORY) & (arrays.active == 1)
    conversion, sizes = parameters.conversion, parameters.sizes
    factor = price_factor(arrays.log_price, parameters.elasticity, arrays.category)
    index = conversion.index.by_day(arrays.shape[1], BLOCK_DAYS)
    lost: tuple[Micros, Micros, Ints, Micros] = _lost_units(
        arrays.views_in, arrays.views_out, arrays.share, by_views, level.expected_views,
        level.keep_rate, parameters.day_shape, conversion.mean, conversion.variance, factor, index, arrays.category,
        sizes.mean, sizes.cut_units, sizes.second_over_first, settings.intent_ratio, 1.0 -
        settings.substitution_share,
    )  # fmt: skip
    return lost


def _lost_by_exposure(
    arrays: DemandArrays,
    parameters: Parameters,
    method: Bytes,
    lost: Micros,
    variance: Micros,
    settings: DemandSettings,
) -> None:
    """Fill in days without page views: (1 - f) times the rate per day in stock; changes ``lost`` and ``variance``."""
    depleted = (arrays.depleting > 0) & (arrays.active == 0) & (arrays.exposed == 1) & (arrays.unknown == 0)
    sku, day = np.nonzero((method == Method.EXPOSURE_EB) | depleted)
    rate, sizes = parameters.exposure, parameters.sizes
    index = rate.index.by_day(arrays.shape[1], BLOCK_DAYS)[arrays.category[sku], day]
    kept = 1.0 - settings.substitution_share
    scale = sizes.mean[sku] * index * (1.0 - arrays.share[sku, day].astype(np.float64)) * kept
    mean = scale * rate.mean[sku] + sizes.cut_units[sku, day].astype(np.float64) * kept
    lost[sku, day] = _micros(mean)
    variance[sku, day] = _micros(sizes.second_over_first[sku] * mean + scale**2 * rate.variance[sku])


def _micros(values: NDArray[np.floating]) -> Micros:
    return np.rint(values.astype(np.float64) * MICRO).astype(np.int64)
