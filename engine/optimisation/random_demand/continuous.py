"""Demand with a density: normal, lognormal, gamma (exponential), uniform."""

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


class Continuous(RandomDemand):
    """Demand with a density; losses follow from its partial moments."""

    @abstractmethod
    def upper_moments(self, level: FloatArray) -> tuple[FloatArray, ...]:
        """P(D > level), E[D; D > level], E[D^2; D > level]."""

    def cdf(self, level: ArrayLike) -> FloatArray:
        """P(D <= level)."""
        return 1.0 - self.upper_moments(as_array(level))[0]

    def shortage(self, level: ArrayLike) -> FloatArray:
        """E[(D - level)+]."""
        above, first, _ = self.upper_moments(as_array(level))
        return first - as_array(level) * above

    def second_shortage(self, level: ArrayLike) -> FloatArray:
        """E[((D - level)+)^2] / 2."""
        level = as_array(level)
        above, first, second = self.upper_moments(level)
        return (second - 2 * level * first + level**2 * above) / 2

    def second_leftover(self, level: ArrayLike) -> FloatArray:
        """E[((level - D)+)^2] / 2."""
        return (self.variance + (as_array(level) - self.mean) ** 2) / 2 - self.second_shortage(level)

    def whole_units(self, deviations: float = 8.0) -> tuple[int, FloatArray]:
        """Demand rounded to the nearest unit."""
        first = max(0, round(self.mean - deviations * self.deviation))
        last = max(first, round(self.mean + deviations * self.deviation))
        edges = np.arange(first, last + 2) - 0.5
        return first, np.diff(self.cdf(edges))


@dataclass(frozen=True)
class Normal(Continuous):
    """Normal demand.

    >>> round(float(Normal(8, 3).shortage(11)), 6)
    0.249946
    """

    location: float
    scale: float

    def __post_init__(self) -> None:
        checks.finite(mean=self.location)
        checks.positive(sd=self.scale)

    @property
    def mean(self) -> float:
        """E[D]."""
        return self.location

    @property
    def variance(self) -> float:
        """Var[D]."""
        return self.scale**2

    def quantile(self, chance: float) -> float:
        """Inverse distribution function."""
        checks.probability(chance=chance)
        return self.mean + self.scale * float(special.ndtri(chance))

    def cdf(self, level: ArrayLike) -> FloatArray:
        """P(D <= level)."""
        return special.ndtr((as_array(level) - self.mean) / self.scale)

    def shortage(self, level: ArrayLike) -> FloatArray:
        """Scale x (phi(z) - z P(Z > z))."""
        z = (as_array(level) - self.mean) / self.scale
        return self.scale * (_density(z) - z * special.ndtr(-z))

    def second_shortage(self, level: ArrayLike) -> FloatArray:
        """Scale^2 / 2 x ((z^2 + 1) P(Z > z) - z phi(z))."""
        z = (as_array(level) - self.mean) / self.scale
        return self.scale**2 / 2 * ((z**2 + 1) * special.ndtr(-z) - z * _density(z))

    def upper_moments(self, level: FloatArray) -> tuple[FloatArray, ...]:
        """Partial moments above a level."""
        z = (level - self.mean) / self.scale
        above, density = special.ndtr(-z), _density(z)
        first = self.mean * above + self.scale * density
        second = (self.variance + self.mean**2) * above + self.scale * (self.mean + level) * density
        return above, first, second

    def over(self, periods: float) -> Normal:
        """Mean grows with the periods, the deviation with their square root."""
        checks.positive(periods=periods)
        return Normal(self.location * periods, self.scale * math.sqrt(periods))


def _density(z: FloatArray) -> FloatArray:
    return np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Lognormal(Continuous):
    """ln D is normal with mean ``mu`` and standard deviation ``sigma``."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        checks.finite(mu=self.mu)
        checks.positive(sigma=self.sigma)

    @property
    def mean(self) -> float:
        """exp(mu + sigma^2 / 2)."""
        return math.exp(self.mu + self.sigma**2 / 2)

    @property
    def variance(self) -> float:
        """(exp(sigma^2) - 1) E[D]^2."""
        return math.expm1(self.sigma**2) * self.mean**2

    def quantile(self, chance: float) -> float:
        """Inverse distribution function."""
        checks.probability(chance=chance)
        return math.exp(self.mu + self.sigma * float(special.ndtri(chance)))

    def upper_moments(self, level: FloatArray) -> tuple[FloatArray, ...]:
        """E[D^k; D > level] = exp(k mu + k^2 sigma^2 / 2) P(Z > z - k sigma)."""
        with np.errstate(divide="ignore"):
            z = (np.log(np.maximum(level, 0.0)) - self.mu) / self.sigma
        parts = (math.exp(k * self.mu + (k * self.sigma) ** 2 / 2) * special.ndtr(k * self.sigma - z) for k in range(3))
        above, first, second = parts
        return above, first, second

    def over(self, periods: float) -> RandomDemand:
        """Itself for one period."""
        if periods == 1:
            return self
        raise self.no_sum()


@dataclass(frozen=True)
class Gamma(Continuous):
    """Gamma demand; shape 1 is exponential."""

    shape: float
    scale: float

    def __post_init__(self) -> None:
        checks.positive(shape=self.shape, scale=self.scale)

    @property
    def mean(self) -> float:
        """Shape x scale."""
        return self.shape * self.scale

    @property
    def variance(self) -> float:
        """Shape x scale^2."""
        return self.shape * self.scale**2

    def quantile(self, chance: float) -> float:
        """Inverse distribution function."""
        checks.probability(chance=chance)
        return self.scale * float(special.gammaincinv(self.shape, chance))

    def upper_moments(self, level: FloatArray) -> tuple[FloatArray, ...]:
        """E[D^k; D > level] = E[D^k] P(Gamma(shape + k) > level)."""
        x = np.maximum(level, 0.0) / self.scale
        first = self.mean * as_array(special.gammaincc(self.shape + 1, x))
        second = self.mean * (self.shape + 1) * self.scale * as_array(special.gammaincc(self.shape + 2, x))
        return as_array(special.gammaincc(self.shape, x)), first, second

    def over(self, periods: float) -> Gamma:
        """Shapes add."""
        checks.positive(periods=periods)
        return Gamma(self.shape * periods, self.scale)


@dataclass(frozen=True)
class Uniform(Continuous):
    """Uniform demand between two levels."""

    low: float
    high: float

    def __post_init__(self) -> None:
        checks.finite(low=self.low, high=self.high)
        if not self.low < self.high:
            raise InputError("high must be > low", value=(self.low, self.high))

    @property
    def mean(self) -> float:
        """Middle of the interval."""
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        """Length squared / 12."""
        return (self.high - self.low) ** 2 / 12

    def quantile(self, chance: float) -> float:
        """Inverse distribution function."""
        checks.probability(chance=chance)
        return self.low + chance * (self.high - self.low)

    def upper_moments(self, level: FloatArray) -> tuple[FloatArray, ...]:
        """Partial moments above a level."""
        start, length = np.clip(level, self.low, self.high), self.high - self.low
        return tuple(as_array(self.high**k - start**k) / (k * length) for k in (1, 2, 3))

    def over(self, periods: float) -> RandomDemand:
        """Itself for one period."""
        if periods == 1:
            return self
        raise self.no_sum()
