"""Optimal (s, S) levels: Zheng & Federgruen (1991) exact for unit lots, Ehrhardt & Mosier (1984) for large ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from engine.distributions import pmf_into, quantiles
from engine.kernels import kernel
from engine.optimisation.cells import flattened

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FIRST_GRID, LARGEST_GRID = 40, 600
"""Units of position that are tried first, and up to which the exact algorithm runs; beyond, rounding to units no
longer matters."""


@register_jitable
def extend_renewals(renewals: FloatArray, visits: FloatArray, demand: FloatArray, known: int, until: int) -> int:
    """Extend m(j), expected periods spent j units below S, and M(j), its sum, up to ``until`` terms."""
    while known < until:
        renewal = 1.0 if known == 0 else 0.0
        for units in range(1, min(known + 1, demand.shape[0])):
            renewal += demand[units] * renewals[known - units]
        renewals[known] = renewal / (1.0 - demand[0])
        visits[known + 1] = visits[known] + renewals[known]
        known += 1
    return known


@register_jitable
def one_period_costs(cost: FloatArray, chance: FloatArray, mean: float, holding: float, penalty: float) -> None:
    """Fill G(y) = h E[(y - D)+] + p E[(D - y)+] for y = 0, 1, … by its first differences."""
    cost[0] = penalty * mean
    below = 0.0
    for position in range(cost.shape[0] - 1):
        if position < chance.shape[0]:
            below = min(below + chance[position], 1.0)
        cost[position + 1] = cost[position] + (holding + penalty) * below - penalty


@register_jitable
def cycle_cost(cost: FloatArray, renewals: FloatArray, top: int, gap: int, fixed_cost: float) -> float:
    """K + sum of m(j) G(S - j): cost of a cycle of (S - gap, S)."""
    total = fixed_cost
    for back in range(gap):
        total += renewals[back] * cost[top - back]
    return total


@register_jitable
def search_min_max(
    cost: FloatArray, demand: FloatArray, fixed_cost: float, renewals: FloatArray, visits: FloatArray
) -> tuple[int, int, float]:
    """(s, S, average cost) of least cost by the algorithm of Zheng & Federgruen (1991), as indices into ``cost``.

    S = -2 where the grid is too small; s = -1 where it would lie below the grid.

    Args:
        cost: (G,) one-period cost G(y) at each position of the grid, its minimum among them.
        demand: probabilities of whole units, P(0) < 1.
        fixed_cost: K > 0; ``renewals`` (G,), ``visits`` (G + 1,): scratch, the latter's first element 0.
    """
    grid, top = cost.shape[0], int(np.argmin(cost))
    known, point, total, average = 0, top, fixed_cost, math.inf
    while point >= 0:  # lower s until c(s, S) <= G(s)
        if point < top:
            average = total / visits[top - point]
            if average <= cost[point]:
                break
        known = extend_renewals(renewals, visits, demand, known, top - point + 1)
        total += renewals[top - point] * cost[point]
        point -= 1
    average = total / visits[top - point]
    candidate = top + 1
    while candidate < grid - 1 and cost[candidate] <= average:  # raise S while it may still pay
        gap = candidate - point
        known = extend_renewals(renewals, visits, demand, known, gap)
        trial = cycle_cost(cost, renewals, candidate, gap, fixed_cost)
        if trial / visits[gap] < average:
            top, total, average = candidate, trial, trial / visits[gap]
            while point < top - 1 and average <= cost[point + 1]:
                total -= renewals[top - point - 1] * cost[point + 1]
                point += 1
                average = total / visits[top - point]
        candidate += 1
    if candidate >= grid - 1:
        return -1, -2, math.inf
    return point, top, average


@kernel
def _zheng_federgruen(
    mean: FloatArray, variance: FloatArray, protection_mean: FloatArray, protection_variance: FloatArray,
    fixed_cost: FloatArray, holding_cost: FloatArray, penalty: FloatArray, first_grid: int, largest_grid: int,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """(s, S) per cell on positions 0..grid - 1, the grid fourfold where it is too small; S = -2 where all are."""
    cells = mean.shape[0]
    low, high = np.full(cells, -1, np.int64), np.full(cells, -2, np.int64)
    demand, chance, cost = np.zeros(largest_grid), np.zeros(largest_grid), np.zeros(largest_grid)
    renewals, visits = np.zeros(largest_grid), np.zeros(largest_grid + 1)
    for cell in range(cells):
        grid = first_grid
        while True:
            units = pmf_into(mean[cell], variance[cell], demand[:grid])
            fits = units > 0 and pmf_into(protection_mean[cell], protection_variance[cell], chance[:grid]) > 0
            if fits:
                one_period_costs(cost[:grid], chance[:grid], protection_mean[cell], holding_cost[cell], penalty[cell])
                if demand[0] >= 1.0 - 1e-12:
                    high[cell] = 0
                    break
                point, top, _ = search_min_max(cost[:grid], demand[:units], fixed_cost[cell], renewals, visits)
                if top >= 0:
                    low[cell], high[cell] = point, top
                    break
            if grid == largest_grid:
                break
            grid = min(4 * grid, largest_grid)
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

    >>> demand = (np.array(50.0), np.array(50.0), np.array(64.0))
    >>> point, top = power_approximation(*demand, np.array(2.5), np.array(0.18), np.array(0.7))
    >>> round(float(point), 2), round(float(top), 2)
    (40.19, 74.29)
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
    flat, shape = flattened(*demand, *protection, fixed_cost, holding_cost, penalty)
    exact: Any = _zheng_federgruen
    low, high = exact(*flat, FIRST_GRID, LARGEST_GRID)
    large = np.flatnonzero(high < -1)
    if len(large):
        low[large], high[large] = _large_levels(*(column[large] for column in flat))
    return low.reshape(shape), np.maximum(high, low + 1).reshape(shape)


def _large_levels(
    mean: FloatArray, variance: FloatArray, protection_mean: FloatArray, protection_variance: FloatArray,
    fixed_cost: FloatArray, holding_cost: FloatArray, penalty: FloatArray,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """Power approximation in units; lots below 1.5 periods of demand end at the newsvendor's level (their rule)."""
    del variance
    mean = np.maximum(mean, 1e-9)
    point, top = power_approximation(mean, protection_mean, protection_variance, fixed_cost, holding_cost, penalty)
    newsvendor = quantiles(protection_mean, protection_variance, penalty / (penalty + holding_cost))
    short = top - point <= 1.5 * mean
    point, top = (np.where(short, np.minimum(level, newsvendor), level) for level in (point, top))
    low = np.maximum(np.rint(point), -1).astype(np.int64)
    return low, np.maximum(np.rint(top), low + 1).astype(np.int64)
