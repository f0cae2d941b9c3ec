"""Numeric kernels of the Clark-Scarf recursion: whole units by exact convolution, normal demand by quadrature.

With ``b_0 = -(p + h_1 + ... + h_N)`` and ``b_j = b_(j-1) + h_j`` the cost function of stage j is
``C_j(y) = a_j + b_j y + r_j(y)``: a line, which it approaches for y -> -infinity, and a convex remainder
``r_j(y) = E[g_(j-1)(y - D_j)]``, where ``g_j(x) = r_j(x)`` up to the level S_j and rises with slope ``-b_j`` above.
Every term of the remainder is positive, so nothing cancels and a cut tail costs no more than its chance.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels import kernel

Floats = NDArray[np.float64]

TAIL = 8.5
"""Standard deviations below which a normal remainder is left out (chance 1e-17)."""
PANEL = 3.0
"""Length of a quadrature panel of 16 Gauss-Legendre nodes, in the smaller standard deviation on either side."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
NEGLIGIBLE = 1e-18
ROOT_STEPS = 200


@kernel
def whole_unit_levels(
    holding: Floats, stockout: float, means: Floats, starts: NDArray[np.int64], chances: Floats, given: bool,
    levels: NDArray[np.int64],
) -> float:  # fmt: skip
    """Fill ``levels`` (N,) with the best echelon levels, or keep them if ``given``; expected cost per period.

    Args:
        holding: echelon holding costs (N,), stage 1 faces demand.
        stockout: cost per unit short and period.
        means: mean lead-time demand (N,).
        starts: first position (N + 1,) of each stage's probabilities in ``chances``.
        chances: P(D_j = 0, 1, 2, ...), stage after stage.
        given: take the levels as they are.
        levels: (N,), read or written.
    """
    slope = -(stockout + holding.sum())
    constant, at_level, origin, last = 0.0, 0.0, 0, 0
    before = np.zeros(0)
    for stage in range(len(holding)):
        above = -slope
        slope += holding[stage]
        constant -= slope * means[stage]
        chance = chances[starts[stage] : starts[stage + 1]]
        cumulative = np.cumsum(chance)
        first = min(origin, last)
        room = levels[stage] - first if given else last - first + len(chance) + 1
        rises = np.zeros(max(room, 0))
        count, total = 0, 0.0
        while not given or count < room:
            unit = first + count
            beyond = unit - last
            rise = 0.0
            if beyond >= len(chance) - 1:
                rise = above
            elif beyond >= 0:
                rise = above * min(cumulative[beyond], 1.0)
            for below in range(max(origin, unit - len(chance) + 1), min(last - 1, unit) + 1):
                rise += before[below - origin] * chance[unit - below]
            if not given and (slope + rise >= 0.0 or count + 1 >= room):
                break
            rises[count] = rise
            total += rise
            count += 1
        if not given:
            levels[stage] = first + count
        origin, last, before, at_level = first, levels[stage], rises, total
    return constant + slope * last + at_level


@kernel
def negative_binomial_chances(mean: float, ratio: float) -> Floats:
    """P(D = 0, 1, ...) of negative binomial demand with variance ``ratio`` x mean; Poisson where the ratio is 1."""
    if mean <= 0.0:
        return np.ones(1)
    room = int(mean + 10.0 * math.sqrt(ratio * mean) + 45.0 * ratio + 60.0)
    chances = np.zeros(room)
    for unit in range(room):
        if ratio <= 1.0:
            logarithm = unit * math.log(mean) - mean - math.lgamma(unit + 1.0)
        else:
            successes = mean / (ratio - 1.0)
            logarithm = math.lgamma(successes + unit) - math.lgamma(successes) - math.lgamma(unit + 1.0)
            logarithm += -successes * math.log(ratio) + unit * math.log1p(-1.0 / ratio)
        chances[unit] = math.exp(logarithm)
        if unit > mean and chances[unit] < NEGLIGIBLE:
            return chances[: unit + 1]
    return chances


@kernel
def many_negative_binomial(
    holding: Floats, periods: Floats, stockout: Floats, mean: Floats, ratio: Floats, levels: NDArray[np.int64],
    costs: Floats,
) -> None:  # fmt: skip
    """Levels (K, N) and costs (K,) of K systems with negative binomial or Poisson demand."""
    systems, stages = holding.shape
    starts = np.zeros(stages + 1, np.int64)
    for system in range(systems):
        means = mean[system] * periods[system]
        chances = np.zeros(0)
        for stage in range(stages):
            chances = np.concatenate((chances, negative_binomial_chances(means[stage], ratio[system])))
            starts[stage + 1] = len(chances)
        costs[system] = whole_unit_levels(
            holding[system], stockout[system], means, starts, chances, False, levels[system]
        )


@kernel
def _remainder(
    at: float, mean: float, deviation: float, nodes: Floats, weights: Floats, values: Floats, rises: Floats,
    last: float, at_last: float, above: float,
) -> tuple[float, float]:  # fmt: skip
    """Remainder and its slope at a point: quadrature below the level of the stage before, closed form above it."""
    centre = at - mean
    z = (centre - last) / deviation
    beyond = 0.5 * math.erfc(-z / math.sqrt(2.0))
    excess = deviation * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) + (centre - last) * beyond
    value = at_last * beyond + above * max(excess, 0.0)
    rise = above * beyond
    scale = 1.0 / (deviation * math.sqrt(2.0 * math.pi))
    low, high = centre - 9.0 * deviation, centre + 9.0 * deviation
    for node in range(len(nodes)):
        if low < nodes[node] < high:
            distance = (nodes[node] - centre) / deviation
            density = weights[node] * scale * math.exp(-0.5 * distance * distance)
            value += values[node] * density
            rise += rises[node] * density
    return value, rise


@kernel
def _level(
    target: float, start: float, mean: float, deviation: float, nodes: Floats, weights: Floats, values: Floats,
    rises: Floats, last: float, at_last: float, above: float,
) -> float:  # fmt: skip
    """Where the remainder's slope meets ``target``: bracketed, then false position (Illinois)."""
    low = high = start
    under = _remainder(low, mean, deviation, nodes, weights, values, rises, last, at_last, above)[1] - target
    over = under
    step = deviation
    while under > 0.0:
        high, over = low, under
        low -= step
        step *= 1.6
        under = _remainder(low, mean, deviation, nodes, weights, values, rises, last, at_last, above)[1] - target
    while over <= 0.0 and step < 1e9 * deviation:
        low, under = high, over
        high += step
        step *= 1.6
        over = _remainder(high, mean, deviation, nodes, weights, values, rises, last, at_last, above)[1] - target
    for _ in range(ROOT_STEPS):
        middle = (low * over - high * under) / (over - under)
        found = _remainder(middle, mean, deviation, nodes, weights, values, rises, last, at_last, above)[1] - target
        if found > 0.0:
            high, over = middle, found
            under *= 0.5
        else:
            low, under = middle, found
            over *= 0.5
        if abs(found) < 1e-13 * above or high - low < 1e-11 * deviation:
            return middle
    return 0.5 * (low + high)


@kernel
def normal_levels(
    holding: Floats, stockout: float, means: Floats, deviations: Floats, given: bool, levels: Floats,
) -> float:  # fmt: skip
    """Fill ``levels`` (N,) for normal lead-time demand, or keep them if ``given``; expected cost per period.

    A stage without lead time leaves the remainder of the stage before as it is: only the line turns.
    """
    stages = len(holding)
    slope = -(stockout + holding.sum())
    constant, at_level, last, above = 0.0, 0.0, 0.0, -slope
    mean, deviation = 0.0, 0.0
    nodes, weights, values, rises = np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0)
    reach_mean, reach_variance = np.zeros(stages), np.zeros(stages)
    sources = 0
    before_level, before_value, before_above = 0.0, 0.0, above
    for stage in range(stages):
        slope += holding[stage]
        constant -= slope * means[stage]
        if deviations[stage] > 0.0:
            if deviation > 0.0:
                low = last
                for source in range(sources):
                    low = min(low, reach_mean[source] - TAIL * math.sqrt(reach_variance[source]))
                width = PANEL * min(deviation, deviations[stage])
                panels = max(1, math.ceil((last - low) / width))
                half = 0.5 * (last - low) / panels
                size = panels * len(NODES)
                points, masses, heights, slopes = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size)
                for place in range(size):
                    panel, node = place // len(NODES), place % len(NODES)
                    points[place] = low + half * (2 * panel + 1 + NODES[node])
                    masses[place] = half * WEIGHTS[node]
                    heights[place], slopes[place] = _remainder(
                        points[place], mean, deviation, nodes, weights, values, rises, before_level, before_value,
                        before_above,
                    )  # fmt: skip
                nodes, weights, values, rises = points, masses, heights, slopes
            before_level, before_value, before_above = last, at_level, above
            mean, deviation = means[stage], deviations[stage]
            reach_mean[sources] = last
            sources += 1
            for source in range(sources):
                reach_mean[source] += mean
                reach_variance[source] += deviation * deviation
        if deviation > 0.0:
            if not given:
                levels[stage] = _level(
                    -slope, before_level + mean, mean, deviation, nodes, weights, values, rises, before_level,
                    before_value, before_above,
                )  # fmt: skip
            last = levels[stage]
            at_level = _remainder(
                last, mean, deviation, nodes, weights, values, rises, before_level, before_value, before_above
            )[0]
        else:
            levels[stage] = 0.0
        above = -slope
    return constant + slope * last + at_level


@kernel
def many_normal(
    holding: Floats, periods: Floats, stockout: Floats, mean: Floats, deviation: Floats, levels: Floats, costs: Floats
) -> None:
    """Levels (K, N) and costs (K,) of K systems with normal demand."""
    for system in range(len(costs)):
        costs[system] = normal_levels(
            holding[system],
            stockout[system],
            mean[system] * periods[system],
            deviation[system] * np.sqrt(periods[system]),
            False,
            levels[system],
        )
