"""What textbook formulas ask of random demand.

Losses of a level x: shortage n(x) = E[(D - x)+], leftover E[(x - D)+]; second order, continuous demand
E[((D - x)+)^2] / 2 and E[((x - D)+)^2] / 2, whole units E[(D - x)+ (D - x - 1)+] / 2 and E[(x - D)+ (x - D + 1)+] / 2.
Source: Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., appendix C; Zipkin (2000), C.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError

FloatArray = NDArray[np.float64]


def as_array(value: ArrayLike) -> FloatArray:
    """As float64."""
    return np.asarray(value, np.float64)


class RandomDemand(ABC):
    """Demand of a period, units."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """E[D]."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """Var[D], units^2."""

    @property
    def deviation(self) -> float:
        """Standard deviation, units."""
        return math.sqrt(self.variance)

    @abstractmethod
    def cdf(self, level: ArrayLike) -> FloatArray:
        """P(D <= level)."""

    @abstractmethod
    def quantile(self, chance: float) -> float:
        """Least level with P(D <= level) >= chance, 0 < chance < 1."""

    @abstractmethod
    def shortage(self, level: ArrayLike) -> FloatArray:
        """E[(D - level)+], units."""

    @abstractmethod
    def second_shortage(self, level: ArrayLike) -> FloatArray:
        """Second-order loss, units^2."""

    @abstractmethod
    def second_leftover(self, level: ArrayLike) -> FloatArray:
        """Second-order complementary loss, units^2."""

    @abstractmethod
    def over(self, periods: float) -> RandomDemand:
        """Demand of so many independent periods."""

    @abstractmethod
    def whole_units(self, deviations: float = 8.0) -> tuple[int, FloatArray]:
        """First unit and probabilities of whole units from there on; continuous demand is rounded to units.

        Args:
            deviations: continuous demand farther than this from its mean is left out, and not made up for.
        """

    def leftover(self, level: ArrayLike) -> FloatArray:
        """E[(level - D)+], units."""
        return as_array(level) - self.mean + self.shortage(level)

    def no_sum(self) -> InputError:
        """The error of a sum that is not of a named distribution."""
        return InputError(f"sums of {type(self).__name__} demand are not of a named distribution")
