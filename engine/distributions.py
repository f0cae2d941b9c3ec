"""Negative-binomial demand by mean and variance: quantiles, losses and the levels that follow, over flat arrays.

A cell is one (date, SKU). Where the variance does not exceed the mean demand is Poisson; above a mean of 500, or
where the probability of zero underflows, it is normal. All by recursion over the probabilities, summed in a fixed
order. Importing this module imports Numba.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from engine.kernels import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NORMAL_ABOVE = 500.0
LOWEST_LOG = -650.0
MOST_UNITS = 1_000_000


@register_jitable
def shape_of(mean: float, variance: float) -> tuple[float, float, float]:
    """(r, q, log P(0)) of the negative binomial; r = 0 stands for Poisson."""
    if variance > mean * 1.000001:
        r = mean * mean / (variance - mean)
        return r, 1.0 - mean / variance, r * math.log(mean / variance)
    return 0.0, 0.0, -mean


@register_jitable
def next_probability(probability: float, units: int, mean: float, r: float, q: float) -> float:
    """P(units) from P(units - 1)."""
    if r > 0.0:
        return probability * (r + units - 1.0) / units * q
    return probability * mean / units


@register_jitable
def _is_normal(mean: float, log_zero: float) -> bool:
    return mean > NORMAL_ABOVE or log_zero < LOWEST_LOG


@register_jitable
def _normal_shortage(mean: float, deviation: float, level: float) -> float:
    z = (level - mean) / deviation
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return deviation * (density - z * 0.5 * math.erfc(z / math.sqrt(2.0)))


@register_jitable
def _normal_quantile(mean: float, deviation: float, probability: float) -> int:
    """Least integer whose normal distribution function, with continuity correction, reaches the probability."""
    low, high = mean - 12.0 * deviation, mean + 12.0 * deviation
    for _ in range(80):
        middle = 0.5 * (low + high)
        if 0.5 * math.erfc(-(middle - mean) / deviation / math.sqrt(2.0)) < probability:
            low = middle
        else:
            high = middle
    return max(0, math.ceil(high - 0.5))


@register_jitable
def _shortage(mean: float, variance: float, level: int) -> float:
    """E[(D - level)+]."""
    if mean <= 0.0:
        return 0.0
    r, q, log_zero = shape_of(mean, variance)
    if _is_normal(mean, log_zero):
        return _normal_shortage(mean, math.sqrt(max(variance, mean)), level)
    probability = math.exp(log_zero)
    shortage, below = mean, 0.0
    for units in range(level):
        if units > 0:
            probability = next_probability(probability, units, mean, r, q)
        below += probability
        shortage -= 1.0 - below
    return max(shortage, 0.0)


@register_jitable
def _quantile(mean: float, variance: float, target: float) -> tuple[int, float]:
    """Least k with P(D <= k) >= target, -1 where the target is <= 0, and E[(D - k)+] of k >= 0."""
    if target <= 0.0 or mean <= 1e-12:
        return (-1 if target <= 0.0 else 0), max(mean, 0.0)
    r, q, log_zero = shape_of(mean, variance)
    if _is_normal(mean, log_zero):
        deviation = math.sqrt(max(variance, mean))
        level = _normal_quantile(mean, deviation, target)
        return level, _normal_shortage(mean, deviation, level)
    chance = math.exp(log_zero)
    below, units, shortage = chance, 0, mean
    while below < target and units < MOST_UNITS:
        shortage -= 1.0 - below
        units += 1
        chance = next_probability(chance, units, mean, r, q)
        if chance < 1e-18 and units > mean:
            break
        below += chance
    return units, max(shortage, 0.0)


@kernel
def quantiles(mean: FloatArray, variance: FloatArray, probability: FloatArray) -> IntArray:
    """Least integer k with P(D <= k) >= probability, per cell; -1 where probability <= 0.

    Args:
        mean, variance: (N,) units, units^2.
        probability: (N,) below 1.
    """
    result = np.zeros(mean.shape[0], np.int64)
    for cell in range(mean.shape[0]):
        result[cell] = _quantile(mean[cell], variance[cell], probability[cell])[0]
    return result


@kernel
def quantiles_and_shortages(
    mean: FloatArray, variance: FloatArray, probability: FloatArray
) -> tuple[IntArray, FloatArray]:
    """``quantiles``, none below 0, and the ``shortages`` at them, in one pass."""
    level, shortage = np.zeros(mean.shape[0], np.int64), np.zeros(mean.shape[0])
    for cell in range(mean.shape[0]):
        units, short = _quantile(mean[cell], variance[cell], probability[cell])
        level[cell], shortage[cell] = max(units, 0), short
    return level, shortage


@kernel
def shortages(mean: FloatArray, variance: FloatArray, level: FloatArray) -> FloatArray:
    """E[(D - level)+] per cell, first-order loss, for whole levels; those below zero count as zero plus their gap."""
    result = np.empty(mean.shape[0])
    for cell in range(mean.shape[0]):
        bounded = max(int(level[cell]), 0)
        result[cell] = _shortage(mean[cell], variance[cell], bounded) + (bounded - level[cell])
    return result


@kernel
def levels_for_shortage(
    mean: FloatArray, variance: FloatArray, mean_before: FloatArray, variance_before: FloatArray, allowed: FloatArray
) -> IntArray:
    """Least level whose shortage over the protection interval, less that before its arrival, is allowed.

    With ``mean_before`` > 0 the shortage already present when the order arrives is subtracted, the textbook fill
    rate of periodic review (Silver, Pyke & Thomas 2017, 7.5); with 0 it is that of (r, Q).

    Args:
        mean, variance: (N,) demand over the protection interval.
        mean_before, variance_before: (N,) demand over its part before the arrival.
        allowed: (N,) units short allowed per cycle.
    """
    result = np.zeros(mean.shape[0], np.int64)
    for cell in range(mean.shape[0]):
        center, before = mean[cell], mean_before[cell]
        if center <= 1e-12:
            continue
        r, q, log_zero = shape_of(center, variance[cell])
        if _is_normal(center, log_zero):
            low, high = 0, int(center + 12.0 * math.sqrt(max(variance[cell], center))) + 1
            while low < high:
                middle = (low + high) // 2
                short = _shortage(center, variance[cell], middle)
                short -= _shortage(before, variance_before[cell], middle)
                if short <= allowed[cell]:
                    high = middle
                else:
                    low = middle + 1
            result[cell] = low
            continue
        r_before, q_before, log_before = 0.0, 0.0, 0.0  # nothing is demanded before the arrival
        if before > 0.0:
            r_before, q_before, log_before = shape_of(before, variance_before[cell])
        chance, chance_before = math.exp(log_zero), math.exp(log_before)
        below, below_before, units = chance, chance_before, 0
        short, short_before = center, max(before, 0.0)
        while short - short_before > allowed[cell] and units < MOST_UNITS:
            short -= 1.0 - below
            short_before = max(short_before - (1.0 - below_before), 0.0)
            units += 1
            chance = next_probability(chance, units, center, r, q)
            below = min(below + chance, 1.0)
            if before > 0.0:
                chance_before = next_probability(chance_before, units, before, r_before, q_before)
                below_before = min(below_before + chance_before, 1.0)
            if below >= 1.0 - 1e-15:
                break
        result[cell] = units
    return result


@register_jitable
def pmf_into(mean: float, variance: float, out: FloatArray) -> int:
    """Write P(0), P(1), … until the tail is below 1e-12 and return how many; -1 where ``out`` is too short."""
    out[:] = 0.0
    if mean <= 1e-12:
        out[0] = 1.0
        return 1
    r, q, log_zero = shape_of(mean, variance)
    if log_zero < LOWEST_LOG:
        return -1
    chance = math.exp(log_zero)
    below = chance
    out[0] = chance
    for units in range(1, out.shape[0]):
        chance = next_probability(chance, units, mean, r, q)
        out[units] = chance
        below += chance
        if below >= 1.0 - 1e-12 or (units > mean and chance < 1e-15):
            return units + 1
    return -1
