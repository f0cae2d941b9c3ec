"""How far to trust recovered demand: numbers that a shop without known truth can look at (DEMAND 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.arrays import WEEKDAYS, DemandArrays, demand_arrays
from engine.demand.codes import FULL_SHARE, NO_SHARE, Method
from engine.demand.conversion import pooled_elasticity
from engine.demand.hiding import hidden_windows, hide, spell_lengths
from engine.demand.keep_rate import AGE_LIMITS, keep_rate
from engine.demand.recovery import Recovered, recover_arrays
from engine.demand.traffic import traffic_shape
from engine.schema import MICRO
from engine.settings import DemandSettings

PLACEBO_TOLERANCE = 0.05
SUBSTITUTION = (0.0, 0.15, 0.30)
INTENT = (1.0, 0.75, 0.5)


@dataclass(frozen=True)
class Sensitivity:
    """Total demand under another assumption.

    Attributes:
        assumption: name of the setting.
        value: its value.
        demand: total recovered demand, units.
        over_base: the same over that at the run's settings, less one.
    """

    assumption: str
    value: float
    demand: float
    over_base: float


@dataclass(frozen=True)
class Diagnostics:
    """Diagnostics of one shop.

    Attributes:
        placebo_keep_rate: keep rate measured at pretended stock-outs, in which every view arrived: must be 1 +- .05;
            None if nothing could be measured.
        keep_rate: the measured one, all ages.
        keep_by_age: days out of stock from which on, mean keep rate, SKU-days; one row per age that occurs.
        decoupling: 1 - elasticity of an item's weekly orders to its weekly views: 0 if orders follow views, 1 if views
            say nothing; None without orders or views.
        coverage: share of listed SKU-days with known stock and logged page views.
        demand_by_method: share of total demand by method.
        sensitivities: total demand under other assumptions.
    """

    placebo_keep_rate: float | None
    keep_rate: float
    keep_by_age: tuple[tuple[float, float, int], ...]
    decoupling: float | None
    coverage: float
    demand_by_method: dict[str, float]
    sensitivities: tuple[Sensitivity, ...]


def diagnose(
    activity: pl.DataFrame, orders: pl.DataFrame, categories: Sequence[str], settings: DemandSettings
) -> Diagnostics:
    """Diagnose recovered demand; arguments as ``recovery.recover``."""
    arrays = demand_arrays(activity, categories)
    recovered = recover_arrays(arrays, orders, settings)
    listed = arrays.exposed == 1
    covered = listed & (arrays.active == 1) & (arrays.unknown == 0)
    return Diagnostics(
        placebo_keep_rate=placebo_keep_rate(arrays, settings.seed),
        keep_rate=recovered.parameters.keep.overall,
        keep_by_age=keep_by_age(arrays, recovered),
        decoupling=decoupling(arrays),
        coverage=float(covered.sum() / max(listed.sum(), 1)),
        demand_by_method=demand_by_method(recovered),
        sensitivities=sensitivities(arrays, orders, settings, _total(recovered)),
    )


def placebo_keep_rate(arrays: DemandArrays, seed: int) -> float | None:
    """Keep rate at stock-outs that never were: views of random in-stock days, none of them lost.

    Days of real stock-outs are left out, so that only pretended spells are measured.
    """
    random = np.random.default_rng([seed, 0])
    whole = (arrays.share >= FULL_SHARE) & (arrays.active == 1) & (arrays.unknown == 0)
    in_stock = replace(arrays, active=whole.astype(np.uint8))
    pretended = hidden_windows(in_stock, spell_lengths(arrays), random)
    index = traffic_shape(arrays).by_day(arrays.shape[1], WEEKDAYS)
    world = hide(in_stock, pretended, np.ones(arrays.shape, dtype=np.float32), random)
    silent = replace(world, views_out=np.where(pretended, world.views_out, 0).astype(np.int32))
    if not pretended.any() or silent.views_out.sum() == 0:
        return None
    return keep_rate(silent, index).overall


def keep_by_age(arrays: DemandArrays, recovered: Recovered) -> tuple[tuple[float, float, int], ...]:
    """Mean keep rate of whole days out of stock by age of the stock-out, with their number."""
    out = (arrays.share <= NO_SHARE) & (arrays.active == 1)
    day = np.broadcast_to(np.arange(arrays.shape[1]), arrays.shape)
    age = day - np.maximum.accumulate(np.where(out, -1, day), axis=1)
    bucket = np.searchsorted(AGE_LIMITS, age[out], side="right")
    days = np.bincount(bucket, minlength=AGE_LIMITS.size + 1)
    kept = np.bincount(bucket, weights=recovered.kappa_u6[out] / MICRO, minlength=days.size)
    begins = (0.0, *AGE_LIMITS.tolist())
    return tuple((begins[i], float(kept[i] / days[i]), int(days[i])) for i in range(days.size) if days[i])


def decoupling(arrays: DemandArrays) -> float | None:
    """1 - elasticity of weekly orders to weekly views within an item, over weeks wholly in stock.

    Newton on the Poisson score, the item's own rate profiled out; orders that are a share of views give 0.
    """
    weeks = arrays.shape[1] // WEEKDAYS
    whole = (arrays.share >= FULL_SHARE) & (arrays.active == 1) & (arrays.unknown == 0)
    views, orders = (_weekly(values, weeks) for values in (arrays.views_in, arrays.orders))
    used = (_weekly(whole, weeks) == WEEKDAYS) & (views > 0)
    if not (used & (orders > 0)).any():
        return None
    usual = np.where(used, views, 0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    relative = np.divide(views, usual[:, None], out=np.ones(views.shape), where=used)
    follows = pooled_elasticity(
        np.where(used, orders, 0).astype(np.int32), used.astype(np.int32), used.astype(np.uint8),
        -np.log(relative).astype(np.float32),
    )  # fmt: skip
    return None if follows is None else 1.0 - follows


def _weekly(values: NDArray[np.generic], weeks: int) -> NDArray[np.int64]:
    cut = np.asarray(values)[:, : weeks * WEEKDAYS].astype(np.int64)
    sums: NDArray[np.int64] = cut.reshape(len(cut), weeks, WEEKDAYS).sum(axis=2)
    return sums


def demand_by_method(recovered: Recovered) -> dict[str, float]:
    """Share of total demand by method."""
    demand = recovered.units + recovered.lost_expected_u6 / MICRO
    total = max(float(demand.sum()), 1e-9)
    sums = np.bincount(recovered.method.ravel(), weights=demand.ravel(), minlength=len(Method))
    return {method.name.lower(): float(sums[method]) / total for method in Method}


def sensitivities(
    arrays: DemandArrays, orders: pl.DataFrame, settings: DemandSettings, base: float
) -> tuple[Sensitivity, ...]:
    """Total demand for other values of what these logs cannot tell, one at a time."""
    grid = [("intent_ratio", value) for value in INTENT] + [("substitution_share", value) for value in SUBSTITUTION]
    rows = []
    for name, value in grid:
        total = _total(recover_arrays(arrays, orders, settings.model_copy(update={name: value})))
        rows.append(Sensitivity(name, value, total, total / max(base, 1e-9) - 1.0))
    return tuple(rows)


def _total(recovered: Recovered) -> float:
    return float(recovered.units.sum(dtype=np.int64)) + float(recovered.lost_expected_u6.sum(dtype=np.int64)) / MICRO
