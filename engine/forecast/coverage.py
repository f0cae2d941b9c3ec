"""Whether forecasts keep their word: how often demand of a window stayed within the quantile promised.

Demand is a whole number, so a quantile covers more than was asked for. The last unit is shared: a window whose demand
equals the quantile counts with the part of that unit's probability below the target (non-randomised probability
integral transform; Czado, Gneiting & Held 2009). A calibrated forecast then covers exactly the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.forecast.history import KnownSums
from engine.forecast.matrix import ForecastMatrix
from engine.forecast.process import BANDS, WINDOW_DAYS, band_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TARGETS = (0.80, 0.90, 0.95, 0.98)
BAND_NAMES = (
    f"< {BANDS[0]:g}",
    *(f"{low:g} - {high:g}" for low, high in pairwise(BANDS)),
    f">= {BANDS[-1]:g}",
    "new items",
)
"""Units forecast for the window."""


@dataclass(frozen=True)
class Coverage:
    """Windows of one volume band against one target.

    Attributes:
        cells: SKU-windows; ``covered``: those within the quantile, the last unit shared.
    """

    band: str
    target: float
    cells: int
    covered: float


def covered_share(demand: FloatArray, mean: FloatArray, variance: FloatArray, target: float) -> FloatArray:
    """Part of each cell within its quantile, 0..1: (target - P(D < d)) / P(D = d), clipped.

    Args:
        demand: whole units that came; ``mean``, ``variance``: of the forecast, negative binomial or Poisson.
        target: probability promised.
    """
    spread = variance > mean * 1.000001
    r = mean**2 / np.where(spread, variance - mean, 1.0)
    law, plain = stats.nbinom(r, np.where(spread, mean / np.maximum(variance, 1e-300), 0.5)), stats.poisson(mean)
    upper = np.where(spread, law.cdf(demand), plain.cdf(demand))
    lower = np.where(spread, law.cdf(demand - 1), plain.cdf(demand - 1))
    return np.clip((target - lower) / np.maximum(upper - lower, 1e-12), 0.0, 1.0)


def window_days(first_day: int, days: int) -> IntArray:
    """Starts of the windows that lie wholly within [first_day, days)."""
    return np.arange(first_day, days - WINDOW_DAYS + 1, WINDOW_DAYS, dtype=np.int64)


def coverage(forecast: ForecastMatrix, known: KnownSums) -> list[Coverage]:
    """Out-of-sample coverage by volume band and target, all bands first.

    Forecasts are made on their dates, and held against what was sold in the four weeks from there on; days without
    stock are left out on both sides.

    Args:
        forecast: on the starts of the windows.
        known: sums before these dates and before the ends of their windows.
    """
    then, after = known.at(forecast.dates), known.at(forecast.dates + WINDOW_DAYS)
    mean, variance = forecast.moments_over(after.plain_exposure - then.plain_exposure)
    demand = np.rint(after.unit_count - then.unit_count)
    counts = mean > 0
    band = band_of(mean, forecast.new)[counts]
    mean, variance, demand = mean[counts], variance[counts], demand[counts]
    result = []
    for name, member in [("all", band >= 0), *((name, band == index) for index, name in enumerate(BAND_NAMES))]:
        for target in TARGETS:
            within = covered_share(demand[member], mean[member], variance[member], target)
            result.append(Coverage(name, target, int(member.sum()), float(within.sum())))
    return result
