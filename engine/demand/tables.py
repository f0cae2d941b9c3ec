"""The two demand tables as frames: replay demand in hindsight, and as-of demand; never one for the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.asof import AsOfDemand
from engine.demand.codes import Censored, Method, enum_series
from engine.demand.recovery import Recovered
from engine.demand.sampling import sample_demand
from engine.randomness import sku_keys
from engine.schema import Axes
from engine.settings import DemandSettings

MODEL_VERSION = "views-eb-1"
"""Version of the estimator; changes with every change of its numbers."""


def sample_scenarios(recovered: Recovered, axes: Axes, settings: DemandSettings) -> list[NDArray[np.int32]]:
    """Sampled demand, (S, T) per scenario."""
    keys = sku_keys(axes.items)
    days = axes.first_day.toordinal() + np.arange(axes.days)
    return [
        sample_demand(
            recovered.units, recovered.lost_expected_u6, recovered.lost_var_u6, keys, days, settings.seed, scenario
        )
        for scenario in range(settings.scenarios)
    ]


def censored_daily_demand(
    recovered: Recovered, scenarios: Sequence[NDArray[np.int32]], flags: pl.Series, settings: DemandSettings
) -> pl.DataFrame:
    """Replay demand, one row per (sku, day), sorted.

    Args:
        recovered: result of ``recover``.
        scenarios: sampled demand, (S, T) per scenario: columns ``demand_s00``, ``demand_s01``, ...
        flags: ``flags`` of the daily activity.
        settings: the seed is recorded.
    """
    sampled = {f"demand_s{number:02d}": values.reshape(-1) for number, values in enumerate(scenarios)}
    frame = pl.DataFrame(
        {
            **_keys(recovered.units.shape),
            "censored": enum_series("censored", recovered.censored.reshape(-1), Censored),
            "units_sold": recovered.units.reshape(-1).astype(np.int64),
            "lost_expected_u6": recovered.lost_expected_u6.reshape(-1),
            "lost_var_u6": recovered.lost_var_u6.reshape(-1),
            **sampled,
            "kappa_u6": recovered.kappa_u6.reshape(-1),
            "conversion_u6": recovered.conversion_u6.reshape(-1),
            "potential_views_u6": recovered.potential_views_u6.reshape(-1),
            "method": enum_series("method", recovered.method.reshape(-1), Method),
            "flags": flags,
        }
    )
    return frame.with_columns(model_version=pl.lit(MODEL_VERSION), seed=pl.lit(settings.seed, dtype=pl.Int64))


def asof_daily_demand(as_of: AsOfDemand) -> pl.DataFrame:
    """As-of demand, one row per (sku, day), sorted."""
    frame = pl.DataFrame(
        {
            **_keys(as_of.demand_u6.shape),
            "demand_asof_u6": as_of.demand_u6.reshape(-1),
            "var_asof_u6": as_of.var_u6.reshape(-1),
            "method": enum_series("method", as_of.method.reshape(-1), Method),
        }
    )
    return frame.with_columns(model_version=pl.lit(MODEL_VERSION))


def _keys(shape: tuple[int, int]) -> dict[str, NDArray[np.int32]]:
    skus, days = shape
    return {
        "sku": np.repeat(np.arange(skus, dtype=np.int32), days),
        "day": np.tile(np.arange(days, dtype=np.int32), skus),
    }
