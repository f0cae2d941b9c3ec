"""Optimal (s, S) levels: Zheng & Federgruen (1991) exact for unit lots, Ehrhardt & Mosier (1984) for large ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from engine.distributions import pmf_into
from engine.kernels import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_GRID = 600
"""Units of position up to which the exact algorithm runs; beyond, rounding to units no longer matters."""


@register_jitable
def _extend_renewals(renewals: FloatArray, visits: FloatArray, demand: FloatArray, known: int, until: int) -> int:
    """Extend m(j), expected periods spent j units below S, and M(j), its sum, up to ``until`` terms."""
    while known < until:
        renewal = 1.0 if known == 0 else 0.0
        for units in range(1, known + 1):
            if demand[units] == 0.0:
                break
            renewal += demand[units] * renewals[known - units]
        renewals[known] = renewal / (1.0 - demand[0])
        visits[known + 1] = visits[known] + renewals[known]
        known += 1
    return known


@register_jitable
def _one_period_costs(cost: FloatArray, chance: FloatArray, mean: float, holding: float, penalty: float) -> int:
    """G(y) = h E[(y - D)+] + p E[(D - y)+] by its first differences; returns the least minimiser."""
    cost[0] = penalty * mean
    below, best = 0.0, 0
    for position in range(cost.shape[0] - 1):
        below = min(below + chance[position], 1.0)
        cost[position + 1] = cost[position] + (holding + penalty) * below - penalty
        if cost[position + 1] < cost[best]:
            best = position + 1
    return best


@register_jitable
def _cycle_cost(cost: FloatArray, renewals: FloatArray, top: int, gap: int, fixed_cost: float) -> float:
    """K + sum of m(j) G(S - j): cost of a cycle of (S - gap, S)."""
    total = fixed_cost
    for back in range(gap):
        total += renewals[back] * cost[top - back]
    return total


@kernel
def _zheng_federgruen(  # noqa: C901 - one algorithm as published
    mean: FloatArray, variance: FloatArray, protection_mean: FloatArray, protection_variance: FloatArray,
    fixed_cost: FloatArray, holding_cost: FloatArray, penalty: FloatArray, grid: int,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """(s, S) per cell on positions 0..grid - 1; S = -2 where the grid is too small."""
    cells = mean.shape[0]
    low, high = np.full(cells, -1, np.int64), np.full(cells, -2, np.int64)
    demand, chance, cost = np.zeros(grid), np.zeros(grid), np.zeros(grid)
    renewals, visits = np.zeros(grid), np.zeros(grid + 1)
    for cell in range(cells):
        if pmf_into(mean[cell], variance[cell], demand) < 0:
            continue
        if pmf_into(protection_mean[cell], protection_variance[cell], chance) < 0:
            continue
        top = _one_period_costs(cost, chance, protection_mean[cell], holding_cost[cell], penalty[cell])
        if demand[0] >= 1.0 - 1e-12:
            high[cell] = 0
            continue
        known, point, total = 0, top, fixed_cost[cell]
        average = math.inf
        while point >= 0:  # lower s until c(s, S) <= G(s)
            if point < top:
                average = total / visits[top - point]
                if average <= cost[point]:
                    break
            known = _extend_renewals(renewals, visits, demand, known, top - point + 1)
            total += renewals[top - point] * cost[point]
            point -= 1
        average = total / visits[top - point]
        candidate = top + 1
        while candidate < grid - 1 and cost[candidate] <= average:  # raise S while it may still pay
            gap = candidate - point
            known = _extend_renewals(renewals, visits, demand, known, gap)
            trial = _cycle_cost(cost, renewals, candidate, gap, fixed_cost[cell])
            if trial / visits[gap] < average:
                top, total, average = candidate, trial, trial / visits[gap]
                while point < top - 1 and average <= cost[point + 1]:
                    total -= renewals[top - point - 1] * cost[point + 1]
                    point += 1
                    average = total / visits[top - point]
            candidate += 1
        if candidate < grid - 1:
            low[cell], high[cell] = point, top
    return low, high


def power_approximation(
    mean: FloatArray, protection_mean: FloatArray, protection_variance: FloatArray,
    fixed_cost: FloatArray, holding_cost: FloatArray, penalty: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """(s, S) by the revised power approximation of Ehrhardt & Mosier (1984), as in Snyder & Shen (2019), 4.4.4.

    Args:
        mean: of demand per period.
        protection_mean, protection_variance: of demand over lead time plus one period.
        fixed_cost: money per order; ``holding_cost``, ``penalty``: per unit and period.
    """
    deviation = np.sqrt(np.maximum(protection_variance, 1e-12))
    lot = 1.3 * mean**0.494 * (fixed_cost / holding_cost) ** 0.506 * (1 + protection_variance / mean**2) ** 0.116
    z = np.sqrt(lot * holding_cost / (penalty * deviation))
    point = 0.973 * protection_mean + deviation * (0.183 / z + 1.063 - 2.192 * z)
    return point, point + lot


def optimal_min_max(
    demand: tuple[FloatArray, FloatArray], protection: tuple[FloatArray, FloatArray],
    fixed_cost: FloatArray, holding_cost: FloatArray, penalty: FloatArray,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """Order up to S when the position is at or below s; least average cost with backorders.

    Args:
        demand: mean and variance per period, negative binomial (Poisson where the variance is no larger).
        protection: mean and variance over lead time plus one period.
        fixed_cost: money per order, > 0; ``holding_cost``, ``penalty``: per unit and period.

    Returns:
        (s, S), shapes as broadcast; s >= -1.
    """
    arrays = np.broadcast_arrays(*demand, *protection, fixed_cost, holding_cost, penalty)
    flat = [np.ascontiguousarray(array, dtype=np.float64).ravel() for array in arrays]
    exact: Any = _zheng_federgruen
    low, high = exact(*flat, LARGEST_GRID)
    large = np.flatnonzero(high < -1)
    if len(large):
        mean, _, *rest = (column[large] for column in flat)
        point, top = power_approximation(np.maximum(mean, 1e-9), *rest)
        low[large] = np.maximum(np.rint(point), -1).astype(np.int64)
        high[large] = np.maximum(np.rint(top), low[large] + 1).astype(np.int64)
    return low.reshape(arrays[0].shape), np.maximum(high, low + 1).reshape(arrays[0].shape)
