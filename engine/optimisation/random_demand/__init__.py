"""Random demand by name: distribution function, quantile, first- and second-order loss.

Losses of a level x: shortage n(x) = E[(D - x)+], leftover E[(x - D)+]; second order, continuous demand
E[((D - x)+)^2] / 2 and E[((x - D)+)^2] / 2, whole units E[(D - x)+ (D - x - 1)+] / 2 and E[(x - D)+ (x - D + 1)+] / 2.
Source: Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., appendix C; Zipkin (2000), C.

Textbook formulas take these objects; strategies use the compiled negative binomial of ``engine.distributions``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.errors import InputError, nearest
from engine.optimisation import checks
from engine.optimisation.random_demand.base import RandomDemand
from engine.optimisation.random_demand.continuous import Continuous, Gamma, Lognormal, Normal, Uniform
from engine.optimisation.random_demand.whole import (
    Binomial,
    Discrete,
    Geometric,
    NegativeBinomial,
    Poisson,
    WholeUnits,
)

__all__ = [
    "Binomial",
    "Continuous",
    "Discrete",
    "Gamma",
    "Geometric",
    "Lognormal",
    "NegativeBinomial",
    "Normal",
    "Poisson",
    "RandomDemand",
    "Uniform",
    "WholeUnits",
    "named",
]


def _normal(mean: float, sd: float) -> Normal:
    return Normal(mean, sd)


def _poisson(mean: float) -> Poisson:
    return Poisson(mean)


def _exponential(rate: float) -> Gamma:
    checks.positive(rate=rate)
    return Gamma(1.0, 1.0 / rate)


def _negative_binomial(mean: float, sd: float) -> WholeUnits:
    return NegativeBinomial.of_moments(mean, sd**2)


def _geometric_from_zero(mean: float) -> WholeUnits:
    return NegativeBinomial.of_moments(mean, mean + mean**2)


def _discrete(units: Sequence[int], chances: Sequence[float]) -> Discrete:
    return Discrete(tuple(units), tuple(chances))


FORMS: dict[tuple[str, ...], Callable[..., RandomDemand]] = {
    ("normal", "mean", "sd"): _normal,
    ("lognormal", "mu", "sigma"): Lognormal,
    ("exponential", "rate"): _exponential,
    ("gamma", "scale", "shape"): Gamma,
    ("uniform", "high", "low"): Uniform,
    ("poisson", "mean"): _poisson,
    ("negative_binomial", "mean", "sd"): _negative_binomial,
    ("negative_binomial", "chance", "successes"): NegativeBinomial,
    ("geometric", "chance"): Geometric,
    ("geometric", "mean"): _geometric_from_zero,
    ("binomial", "chance", "trials"): Binomial,
    ("discrete", "chances", "units"): _discrete,
}
"""Name and sorted parameters of each distribution that can be named."""


def named(name: str, **parameters: Any) -> RandomDemand:
    """Demand by the name of its distribution.

    Args:
        name: normal (mean, sd), lognormal (mu, sigma), exponential (rate), gamma (shape, scale), uniform (low, high),
            poisson (mean), negative_binomial (mean, sd; or successes, chance), binomial (trials, chance),
            geometric (chance: trials from 1; or mean: units from 0), discrete (units, chances).
        parameters: of that distribution, by keyword.

    Raises:
        InputError: for a name or parameters that are not among them.
    """
    key = (name, *sorted(parameters))
    if key in FORMS:
        return FORMS[key](**parameters)
    names = sorted({form[0] for form in FORMS})
    if name not in names:
        raise InputError("distribution must be a known one", value=name, remedy=nearest(name, names))
    wanted = " or ".join(str(form[1:]) for form in FORMS if form[0] == name)
    raise InputError(f"parameters of {name} demand must be {wanted}", value=tuple(sorted(parameters)))
