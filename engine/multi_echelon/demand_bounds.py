"""Bounds of demand over t periods, which guaranteed service covers: safety stock is what exceeds the mean.

Every bound answers ``safety_stock(mean, deviation, periods)``: units beyond ``mean x periods`` for periods (T,) >= 0,
where mean and deviation are those of a stage's demand of one period, pooled over the customers it serves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.errors import InputError, nearest
from engine.optimisation import checks

Floats = NDArray[np.float64]


class DemandBound(Protocol):
    """What guaranteed service asks of a bound."""

    def safety_stock(self, mean: float, deviation: float, periods: Floats) -> Floats:
        """Units above the mean, for each number of periods."""
        ...


@dataclass(frozen=True)
class SquareRoot:
    """Z x deviation x sqrt(t): normal demand at the service level of z (Graves and Willems 2000)."""

    z: float = 1.645

    def __post_init__(self) -> None:
        checks.not_negative(z=self.z)

    def safety_stock(self, mean: float, deviation: float, periods: Floats) -> Floats:
        """Z sigma sqrt(t)."""
        del mean
        return self.z * deviation * np.sqrt(periods)


@dataclass(frozen=True)
class Quantile:
    """Quantile of demand over t periods, less its mean, at least 0.

    Attributes:
        service: chance that demand stays within the bound, 0 < service < 1.
        kind: poisson (the deviation is not used), negative_binomial, gamma or normal.
    """

    service: float
    kind: str = "poisson"

    def __post_init__(self) -> None:
        checks.probability(service=self.service)
        if self.kind not in KINDS:
            raise InputError("kind of a demand bound must be a known one", value=self.kind, remedy=self._remedy())

    def _remedy(self) -> str:
        return nearest(self.kind, KINDS)

    def safety_stock(self, mean: float, deviation: float, periods: Floats) -> Floats:
        """Quantile less mean."""
        bound = np.zeros(len(periods))
        some = periods > 0
        if mean > 0:
            bound[some] = KINDS[self.kind](self.service, mean * periods[some], deviation**2 * periods[some])
        return np.maximum(bound - mean * periods, 0.0)


def _poisson(service: float, mean: Floats, variance: Floats) -> Floats:
    del variance
    return np.asarray(stats.poisson.ppf(service, mean))


def _negative_binomial(service: float, mean: Floats, variance: Floats) -> Floats:
    if (variance <= mean).any():
        return _poisson(service, mean, variance)
    return np.asarray(stats.nbinom.ppf(service, mean**2 / (variance - mean), mean / variance))


def _gamma(service: float, mean: Floats, variance: Floats) -> Floats:
    if (variance <= 0).any():
        return mean
    return np.asarray(stats.gamma.ppf(service, mean**2 / variance, scale=variance / mean))


def _normal(service: float, mean: Floats, variance: Floats) -> Floats:
    return mean + stats.norm.ppf(service) * np.sqrt(variance)


KINDS: dict[str, Callable[[float, Floats, Floats], Floats]] = {
    "poisson": _poisson,
    "negative_binomial": _negative_binomial,
    "gamma": _gamma,
    "normal": _normal,
}


@dataclass(frozen=True)
class Table:
    """Units above the mean for 0, 1, 2, ... periods, e.g. measured; the last value holds beyond the table."""

    units: tuple[float, ...]

    def __post_init__(self) -> None:
        checks.same_length("a table of a demand bound must have at least one value", self.units)
        checks.not_negative(units=self.units)

    def safety_stock(self, mean: float, deviation: float, periods: Floats) -> Floats:
        """Linear between whole periods."""
        del mean, deviation
        return np.interp(periods, np.arange(len(self.units)), self.units)


@dataclass(frozen=True)
class Formula:
    """Any function of (mean, deviation, periods (T,)) that gives units above the mean (T,)."""

    function: Callable[[float, float, Floats], Floats]

    def safety_stock(self, mean: float, deviation: float, periods: Floats) -> Floats:
        """What the function says."""
        return np.asarray(self.function(mean, deviation, periods), np.float64)
