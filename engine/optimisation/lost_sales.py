"""Base stock under lost sales: per SKU the level of least expected holding plus lost margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.distributions import next_probability, shape_of
from engine.kernels import kernel
from engine.optimisation.cells import per_cell

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_BASE_STOCK = 100_000
LARGEST_WEIGHT = 1e200


@kernel
def _best_base_stock(
    mean: FloatArray, variance: FloatArray, daily_mean: FloatArray, holding_cost: FloatArray, lost_margin: FloatArray
) -> IntArray:
    result = np.zeros(mean.shape[0], np.int64)
    for cell in range(mean.shape[0]):
        lost_all = lost_margin[cell] * daily_mean[cell]
        if lost_all <= 0.0 or mean[cell] <= 1e-12:
            continue
        r, q, _ = shape_of(mean[cell], variance[cell])
        # Weights of units on order relative to P(0): only ratios matter, so scaling down keeps them in range.
        weight, total, units_on_order = 1.0, 1.0, 0.0
        best_cost, level = lost_all, 0
        while level < LARGEST_BASE_STOCK:
            level += 1
            weight = next_probability(weight, level, mean[cell], r, q)
            total += weight
            units_on_order += weight * level
            if total > LARGEST_WEIGHT:
                weight, total, units_on_order = (
                    weight / LARGEST_WEIGHT,
                    total / LARGEST_WEIGHT,
                    units_on_order / LARGEST_WEIGHT,
                )
            held = holding_cost[cell] * (level - units_on_order / total)
            cost = held + lost_all * weight / total
            if cost < best_cost:
                best_cost = cost
                result[cell] = level
            if held > best_cost:
                break
    return result


def best_base_stock(
    lead_time_demand: tuple[FloatArray, FloatArray],
    daily_mean: ArrayLike,
    holding_cost: ArrayLike,
    lost_margin: ArrayLike,
) -> IntArray:
    """Base-stock level S >= 0 of least h E[on hand] + margin x rate x P(empty shelf).

    Units on order follow lead-time demand truncated at S: exact for Poisson demand (Erlang's loss formula; Karush
    1957; Feeney & Sherbrooke 1966), used with the negative binomial for erratic demand.

    Args:
        lead_time_demand: mean and variance of demand over the lead time.
        daily_mean: units per day.
        holding_cost: money per unit and day.
        lost_margin: money lost per unit not sold; not positive gives S = 0.
    """
    return per_cell(_best_base_stock, *lead_time_demand, daily_mean, holding_cost, lost_margin)
