"""Safety stock and reorder points of normal lead-time demand, lead time fixed or random.

Source: Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, 4th ed., 6.7 and 6.10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from engine.optimisation import checks

FloatArray = NDArray[np.float64]


def lead_time_demand_moments(
    mean: ArrayLike, sd: ArrayLike, lead_time: ArrayLike, lead_time_sd: ArrayLike = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of demand over a random lead time: mu L, sqrt(L sigma^2 + mu^2 sigma_L^2).

    Args:
        mean, sd: of demand per period, units.
        lead_time, lead_time_sd: periods.

    >>> mean, sd = lead_time_demand_moments(100, 22, 12, 3)
    >>> float(mean), round(float(sd), 4)
    (1200.0, 309.5287)
    """
    checks.not_negative(mean=mean, sd=sd, lead_time=lead_time, lead_time_sd=lead_time_sd)
    center, deviation, periods, spread = checks.floats(mean, sd, lead_time, lead_time_sd)
    return center * periods, np.sqrt(periods * deviation**2 + center**2 * spread**2)


def normal_safety_stock(
    service_level: ArrayLike, sd: ArrayLike, lead_time: ArrayLike = 1.0,
    mean: ArrayLike = 0.0, lead_time_sd: ArrayLike = 0.0,
) -> FloatArray:  # fmt: skip
    """Safety stock z sigma of lead-time demand: stock beyond its mean that covers a cycle with the chance given, units.

    Args:
        service_level: chance of no stock-out in a cycle, > 0 and < 1.
        sd: of demand per period; ``mean`` matters only where the lead time is random.
        lead_time, lead_time_sd: periods.
    """
    checks.probability(service_level=service_level)
    z: FloatArray = special.ndtri(checks.floats(service_level)[0])
    return z * lead_time_demand_moments(mean, sd, lead_time, lead_time_sd)[1]


def normal_reorder_point(
    service_level: ArrayLike, mean: ArrayLike, sd: ArrayLike, lead_time: ArrayLike = 1.0, lead_time_sd: ArrayLike = 0.0
) -> FloatArray:
    """Mean lead-time demand plus safety stock, units; arguments as ``normal_safety_stock``.

    >>> round(float(normal_reorder_point(0.9, 2500, 500, 6)), 2)
    16569.57
    """
    center = lead_time_demand_moments(mean, sd, lead_time, lead_time_sd)[0]
    return center + normal_safety_stock(service_level, sd, lead_time, mean, lead_time_sd)
