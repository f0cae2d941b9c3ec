"""Integer demand: units sold plus a negative-binomial draw of the lost units, one keyed uniform number per SKU-day.

Replaying expectations would overstate the fill rate by up to 2.4 percentage points, rounding them by up to 7.6: lost
demand comes in lumps (Agrawal and Smith 1996). Mean and variance enter in integer micro-units, so that the last bit
of a logarithm on another processor does not change a draw.
"""

from __future__ import annotations

from math import exp, floor, lgamma, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.kernels import kernel
from engine.randomness import Keys, hash_days, key_states, to_unit

DEMAND_STREAM = 1


@kernel
def _log_probability(k: float, mean: float, size: float) -> float:
    """Log of the probability of k: negative binomial of a size, or Poisson where the size is 0."""
    if size <= 0.0:
        return k * log(mean) - mean - lgamma(k + 1.0)
    odds = size * log(size / (size + mean)) + k * log(mean / (size + mean))
    return lgamma(k + size) - lgamma(size) - lgamma(k + 1.0) + odds


@kernel
def _quantile(u: float, mean: float, size: float) -> int:
    """Smallest k with F(k) >= u, by the recursion of probabilities from 0, or from the mean where p(0) underflows."""
    fail = mean / (size + mean) if size > 0.0 else 0.0
    start = 0.0
    if _log_probability(0.0, mean, size) < -600.0:
        start = floor(mean)
    p = exp(_log_probability(start, mean, size))
    below, q, j = 0.0, p, start
    while j > 0.0 and q > 1e-18 * p:
        q *= j / ((j - 1.0 + size) * fail) if size > 0.0 else j / mean
        j -= 1.0
        below += q
    k, total = start, below + p
    while total < u and (p > 1e-17 or k < mean):  # a smaller p is lost in the rounding of the sum
        p *= (k + size) / (k + 1.0) * fail if size > 0.0 else mean / (k + 1.0)
        k += 1.0
        total += p
    while k > 0.0 and k <= start and total - p >= u:
        total -= p
        p *= k / ((k - 1.0 + size) * fail) if size > 0.0 else k / mean
        k -= 1.0
    return int(k)


@kernel
def _draw(uniform: NDArray[np.float64], mean_u6: NDArray[np.int64], var_u6: NDArray[np.int64]) -> NDArray[np.int32]:
    out = np.zeros(uniform.size, np.int32)
    for i in range(uniform.size):
        mean = mean_u6[i] * 1e-6
        over = (var_u6[i] - mean_u6[i]) * 1e-6
        size = mean * mean / over if over > 1e-6 * mean else 0.0
        out[i] = _quantile(uniform[i], mean, size)
    return out


def negative_binomial_quantile(
    probability: NDArray[np.float64], mean_u6: NDArray[np.int64], var_u6: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Quantile of NB(mean, variance), Poisson where the variance is not above the mean; (N,), micro-units, mean > 0."""
    drawn: NDArray[np.int32] = _draw(probability, mean_u6, var_u6)
    return drawn


def sample_demand(
    units: NDArray[np.int32],
    lost_expected_u6: NDArray[np.int64],
    lost_var_u6: NDArray[np.int64],
    keys: Keys,
    days: ArrayLike,
    seed: int,
    scenario: int,
) -> NDArray[np.int32]:
    """Sample demand of one scenario, (S, T).

    Args:
        units: units sold, (S, T).
        lost_expected_u6: expected lost units, (S, T).
        lost_var_u6: variance of lost units, (S, T); raised to the mean where it is smaller.
        keys: key of each SKU, (S,), see ``randomness.sku_keys``.
        days: day numbers that enter the key, (T,): ordinals of the dates, so that a longer log keeps its draws.
        seed: seed of the run.
        scenario: number of the scenario.
    """
    demand = units.astype(np.int32)
    sku, day = np.nonzero(lost_expected_u6 > 0)
    states = key_states(seed, scenario, keys, DEMAND_STREAM)
    uniform = to_unit(hash_days(states[sku], np.asarray(days, dtype=np.int64)[day]))
    demand[sku, day] += negative_binomial_quantile(uniform, lost_expected_u6[sku, day], lost_var_u6[sku, day])
    return demand
