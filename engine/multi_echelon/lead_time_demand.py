"""Demand over the periods of a lead time, also where the sum is of no named distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.random_demand import Discrete, RandomDemand, Uniform, WholeUnits
from engine.optimisation.random_demand.base import FloatArray, as_array
from engine.optimisation.random_demand.continuous import Continuous

MOST_UNIFORMS = 16
NEGLIGIBLE = 1e-15


def demand_over(demand: RandomDemand, periods: float) -> RandomDemand | None:
    """Demand of so many independent periods; None for no period.

    Raises:
        InputError: a broken number of periods, or a sum that is not of a named distribution and not whole units.
    """
    checks.not_negative(periods=periods)
    if periods == 0:
        return None
    if periods == 1:
        return demand
    if isinstance(demand, Uniform) and periods == round(periods) <= MOST_UNIFORMS:
        return UniformSum(demand.low, demand.high, round(periods))
    try:
        return demand.over(periods)
    except InputError:
        if not isinstance(demand, WholeUnits) or periods != round(periods):
            raise
    first, chances = demand.whole_units()
    units = tuple(range(first, first + len(chances)))
    return Discrete(units, tuple((chances / chances.sum()).tolist())).over(periods)


@dataclass(frozen=True)
class UniformSum(Continuous):
    """Sum of ``count`` independent uniform demands (Irwin-Hall), at most 16.

    E[(D - x)+] = w / (n + 1)! sum over k of (-1)^(n - k) C(n, k) (k - u)+^(n + 1), u = (x - n low) / w.
    """

    low: float
    high: float
    count: int

    @property
    def mean(self) -> float:
        """Middle of the sum."""
        return self.count * (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        """Sum of the variances."""
        return self.count * (self.high - self.low) ** 2 / 12

    def _tail(self, level: FloatArray, power: int) -> FloatArray:
        """Repeated integral of the tail, in units of the width; the upper half is summed from above."""
        u = (level - self.count * self.low) / (self.high - self.low)
        terms = [
            (-1) ** (self.count - k) * math.comb(self.count, k) * np.maximum(k - u, 0.0) ** power
            for k in range(self.count + 1)
        ]
        return as_array(np.sum(terms, axis=0) / math.factorial(power))

    def upper_moments(self, level: FloatArray) -> tuple[FloatArray, ...]:
        """Partial moments above a level, from the repeated integrals of the tail."""
        width = self.high - self.low
        chance = self._tail(level, self.count)
        loss = width * self._tail(level, self.count + 1)
        second = width**2 * self._tail(level, self.count + 2)
        return chance, loss + level * chance, 2 * second + 2 * level * loss + level**2 * chance

    def quantile(self, chance: float) -> float:
        """By bisection."""
        checks.probability(chance=chance)
        low, high = self.count * self.low, self.count * self.high
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if float(self.cdf(middle)) < chance else (low, middle)
        return high

    def over(self, periods: float) -> RandomDemand:
        """Sums of sums."""
        if periods != round(periods) or self.count * periods > MOST_UNIFORMS:
            raise self.no_sum()
        return UniformSum(self.low, self.high, self.count * round(periods))


def on_a_grid(demand: RandomDemand, step: float) -> NDArray[np.float64]:
    """Chances of 0, step, 2 step, ... that keep the mean: second differences of the loss E[(D - x)+].

    Raises:
        InputError: demand may be negative.
    """
    least = float(demand.shortage(0.0)) - demand.mean
    if least > 1e-9 * max(demand.mean, demand.deviation):
        raise InputError("demand on a grid must be >= 0", value=least)
    high = demand.mean + 4 * demand.deviation
    while float(demand.shortage(high)) > NEGLIGIBLE * demand.deviation and high < demand.mean + 60 * demand.deviation:
        high += demand.deviation
    points = step * np.arange(math.ceil(high / step) + 2)
    loss: ArrayLike = demand.shortage(points)
    losses = np.concatenate([[demand.mean + step], as_array(loss)])
    chances = np.maximum(np.diff(losses, 2) / step, 0.0)
    return as_array(chances / chances.sum())
