"""Levels that meet a service target under negative-binomial demand.

A fill rate (P2) bounds expected units short per cycle, a cycle service level (P1) the chance of a cycle without any.
Sources: Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, 4th ed., 6.7 and 7.5;
undershoot: Hill (1988); Tijms & Groenevelt (1984).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.distributions import levels_for_shortage, quantiles
from engine.optimisation.cells import per_cell

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def quantile(mean: FloatArray, variance: FloatArray, probability: FloatArray | float) -> IntArray:
    """Least stock that covers demand with the probability given; any shapes that broadcast."""
    return per_cell(quantiles, mean, variance, probability)


def undershoot_moments(mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the units by which daily demand carries the position below the reorder point.

    P(U = j) = P(X > j) / E[X], so E[U] = E[X(X-1)] / 2E[X] and E[U^2] = E[X(X-1)(2X-1)] / 6E[X], with the third
    moment of the negative binomial.

    Args:
        mean, variance: of daily demand X.
    """
    safe = np.maximum(mean, 1e-12)
    variance = np.maximum(variance, safe)
    second = variance + safe**2
    third = variance * (2 * variance / safe - 1) + 3 * safe * variance + safe**3
    first_moment = (second - safe) / (2 * safe)
    second_moment = (2 * third - 3 * second + safe) / (6 * safe)
    return first_moment, np.maximum(second_moment - first_moment**2, 0.0)


def reorder_point(
    mean: FloatArray, variance: FloatArray, order_quantity: IntArray, target: float, kind: str
) -> IntArray:
    """Reorder point of (r, Q): demand until the arrival, undershoot included, against an order of Q units.

    Args:
        mean, variance: (…) demand from the crossing of the reorder point to the arrival.
        order_quantity: (…) units per cycle.
        target: service, 0..1; ``kind``: "fill_rate" or "cycle_service_level".
    """
    if kind == "cycle_service_level":
        return quantile(mean, variance, target)
    allowed = (1.0 - target) * order_quantity
    return per_cell(levels_for_shortage, mean, variance, 0.0, 0.0, allowed)


def order_up_to_level(
    protection: tuple[FloatArray, FloatArray],
    before_arrival: tuple[FloatArray, FloatArray],
    cycle_demand: FloatArray,
    target: float,
    kind: str,
) -> IntArray:
    """Order-up-to level of (R, S).

    Args:
        protection: mean and variance of demand over R + L periods.
        before_arrival: the same over L periods.
        cycle_demand: mean demand over R periods.
        target: service, 0..1; ``kind``: "fill_rate" or "cycle_service_level".
    """
    if kind == "cycle_service_level":
        return quantile(*protection, target)
    allowed = (1.0 - target) * cycle_demand
    return per_cell(levels_for_shortage, *protection, *before_arrival, allowed)
