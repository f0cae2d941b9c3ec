"""Demand in whole units: Poisson, negative binomial, geometric, binomial, discrete."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.random_demand.base import FloatArray, RandomDemand, as_array

NEGLIGIBLE = 1e-17
MOST_UNITS = 1 << 24


class WholeUnits(RandomDemand):
    """Demand in whole units >= 0; losses are sums of P(D > k)."""

    @abstractmethod
    def survival(self, units: FloatArray) -> FloatArray:
        """P(D > units) for whole units >= 0, without cancellation in the tail."""

    def _survival(self, units: FloatArray) -> FloatArray:
        return np.where(units < 0, 1.0, self.survival(np.maximum(units, 0.0)))

    def cdf(self, level: ArrayLike) -> FloatArray:
        """P(D <= level)."""
        return 1.0 - self._survival(np.floor(as_array(level)))

    def quantile(self, chance: float) -> float:
        """Least whole unit whose distribution function reaches the chance."""
        checks.probability(chance=chance)
        low, high = -1, max(1, math.ceil(self.mean))
        while self.cdf(high) < chance and high < MOST_UNITS:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.cdf(middle) >= chance else (middle, high)
        return float(high)

    def _tail(self, first: int, last: int) -> FloatArray:
        """P(D > k) for k = first … until negligible, at least to ``last``."""
        end = max(last, first, math.ceil(self.mean)) + 64
        while float(self._survival(as_array(end))) > NEGLIGIBLE and end - first < MOST_UNITS:
            end += end - first
        return self._survival(np.arange(first, end + 1, dtype=np.float64))

    def _at(self, level: ArrayLike, order: int) -> FloatArray:
        """Sums of the tail of the order given at whole levels, linear between them."""
        level = as_array(level)
        first, last = math.floor(level.min()), math.ceil(level.max())
        sums = self._tail(first, last)
        for repeat in range(order):
            sums = np.cumsum(sums[::-1])[::-1]
            if repeat:  # second order: sum over levels above
                sums = np.append(sums[1:], 0.0)
        below = np.floor(level).astype(np.int64) - first
        share = level - np.floor(level)
        above = np.minimum(below + 1, len(sums) - 1)
        return sums[below] * (1 - share) + sums[above] * share

    def shortage(self, level: ArrayLike) -> FloatArray:
        """Sum of P(D > k) over k >= level."""
        return self._at(level, 1)

    def second_shortage(self, level: ArrayLike) -> FloatArray:
        """Sum over whole levels above ``level`` of their shortage; ``level`` whole."""
        return self._at(level, 2)

    def second_leftover(self, level: ArrayLike) -> FloatArray:
        """E[(level - D)+ (level - D + 1)+] / 2."""
        gap = as_array(level) - self.mean
        return (self.variance + gap**2 + gap) / 2 - self.second_shortage(level)

    def whole_units(self, deviations: float = 8.0) -> tuple[int, FloatArray]:
        """All units up to where the tail is negligible."""
        del deviations
        tail = self._tail(-1, 0)
        probabilities = tail[:-1] - tail[1:]
        return 0, probabilities[: int(np.flatnonzero(probabilities > 0)[-1]) + 1]


@dataclass(frozen=True)
class Poisson(WholeUnits):
    """Poisson demand.

    >>> round(float(Poisson(7).shortage(5)), 6)
    2.2926
    """

    rate: float

    def __post_init__(self) -> None:
        checks.not_negative(mean=self.rate)

    @property
    def mean(self) -> float:
        """E[D]."""
        return self.rate

    @property
    def variance(self) -> float:
        """As large as the mean."""
        return self.mean

    def survival(self, units: FloatArray) -> FloatArray:
        """P(D > units)."""
        return as_array(special.pdtrc(units, self.mean))

    def over(self, periods: float) -> Poisson:
        """Means add."""
        checks.positive(periods=periods)
        return Poisson(self.mean * periods)


@dataclass(frozen=True)
class NegativeBinomial(WholeUnits):
    """Negative binomial demand: failures before ``successes`` (any real number > 0) successes of a chance."""

    successes: float
    chance: float

    def __post_init__(self) -> None:
        checks.positive(successes=self.successes)
        checks.probability(chance=self.chance)

    @classmethod
    def of_moments(cls, mean: float, variance: float) -> WholeUnits:
        """By mean and variance; Poisson where the variance is that of the mean."""
        checks.positive(mean=mean)
        if math.isclose(mean, variance, rel_tol=1e-12):
            return Poisson(mean)
        if not variance > mean:
            raise InputError("variance of negative binomial demand must be >= its mean", value=(mean, variance))
        return cls(mean**2 / (variance - mean), mean / variance)

    @property
    def mean(self) -> float:
        """R (1 - p) / p."""
        return self.successes * (1 - self.chance) / self.chance

    @property
    def variance(self) -> float:
        """R (1 - p) / p^2."""
        return self.mean / self.chance

    def survival(self, units: FloatArray) -> FloatArray:
        """P(D > units)."""
        return special.betainc(units + 1, self.successes, 1 - self.chance)

    def over(self, periods: float) -> NegativeBinomial:
        """Successes add."""
        checks.positive(periods=periods)
        return NegativeBinomial(self.successes * periods, self.chance)


@dataclass(frozen=True)
class Geometric(WholeUnits):
    """Trials up to and including the first success, from one on."""

    chance: float

    def __post_init__(self) -> None:
        checks.probability(chance=self.chance)

    @property
    def mean(self) -> float:
        """1 / p."""
        return 1 / self.chance

    @property
    def variance(self) -> float:
        """(1 - p) / p^2."""
        return (1 - self.chance) / self.chance**2

    def survival(self, units: FloatArray) -> FloatArray:
        """P(D > units)."""
        return as_array(np.power(1 - self.chance, units))

    def over(self, periods: float) -> RandomDemand:
        """Itself for one period."""
        if periods == 1:
            return self
        raise self.no_sum()


@dataclass(frozen=True)
class Binomial(WholeUnits):
    """Successes among ``trials``."""

    trials: int
    chance: float

    def __post_init__(self) -> None:
        checks.positive(trials=self.trials)
        checks.probability(chance=self.chance)

    @property
    def mean(self) -> float:
        """N p."""
        return self.trials * self.chance

    @property
    def variance(self) -> float:
        """N p (1 - p)."""
        return self.mean * (1 - self.chance)

    def survival(self, units: FloatArray) -> FloatArray:
        """P(D > units)."""
        inside = units < self.trials
        units = np.where(inside, units, 0.0)
        return np.where(inside, special.betainc(units + 1, self.trials - units, self.chance), 0.0)

    def over(self, periods: float) -> Binomial:
        """Trials of whole periods add."""
        checks.positive(periods=periods)
        if periods != round(periods):
            raise self.no_sum()
        return Binomial(round(self.trials * periods), self.chance)


@dataclass(frozen=True)
class Discrete(WholeUnits):
    """Whole units with chances of their own, as in an empirical distribution."""

    units: tuple[int, ...]
    chances: tuple[float, ...]

    def __post_init__(self) -> None:
        checks.same_length("units and chances must be of the same length, at least one", self.units, self.chances)
        checks.whole_not_negative(units=self.units)
        checks.not_negative(chances=self.chances)
        if not math.isclose(sum(self.chances), 1.0, abs_tol=1e-9):
            raise InputError("chances must sum to 1", value=sum(self.chances))

    @property
    def mean(self) -> float:
        """E[D]."""
        return float(np.dot(self.units, self.chances))

    @property
    def variance(self) -> float:
        """Var[D]."""
        return float(np.dot((np.array(self.units) - self.mean) ** 2, self.chances))

    def survival(self, units: FloatArray) -> FloatArray:
        """P(D > units)."""
        order = np.argsort(self.units, kind="stable")
        steps = np.append(np.cumsum(np.array(self.chances)[order][::-1])[::-1], 0.0)
        return steps[np.searchsorted(np.array(self.units)[order], units, side="right")]

    def over(self, periods: float) -> Discrete:
        """Convolution over a whole number of periods."""
        if periods < 1 or periods != round(periods):
            raise InputError("periods must be a whole number >= 1", value=periods)
        first, single = self.whole_units()
        total = single
        for _ in range(round(periods) - 1):
            total = np.convolve(total, single)
        units = first * round(periods) + np.arange(len(total))
        return Discrete(tuple(units.tolist()), tuple((total / total.sum()).tolist()))
