"""Serial systems (Clark and Scarf): echelon base-stock levels and their expected cost.

Stage 1 faces demand and orders from stage 2, ..., stage N from a source that never runs out. With echelon holding costs
h_j, stockout cost p and demand D_j over the lead time of stage j,

    C_0(x) = (p + h_1 + ... + h_N) (x)-
    C_j(y) = E[h_j (y - D_j) + C_(j-1)(min(S_(j-1), y - D_j))],   S_j = argmin C_j

and C_N(S_N) is the expected cost per period, stock in transit included. Sources: Clark and Scarf (1960), Management
Science 6(4); Chen and Zheng (1994); Snyder and Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., 6.2.

Which periods D_j covers is the convention of the system:

=============  ==========================================================================================
"continuous"   L_j. So reads the literature's continuous review, and so reads the tick of the arena: a level
               set at the close of day t is tested at the close of day t + L (R + L - 1 with R = 1)
"periodic"     L_j + 1 for every stage: orders of every stage are placed before the period's demand
"end_period"   L_1 + 1 at stage 1, L_j above: only the stage that faces demand waits out the period
=============  ==========================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError, nearest
from engine.multi_echelon import serial_kernels as kernels
from engine.multi_echelon.lead_time_demand import demand_over, on_a_grid
from engine.optimisation import checks
from engine.optimisation.random_demand import Continuous, Normal, RandomDemand, WholeUnits

Convention = Literal["continuous", "periodic", "end_period"]
Floats = NDArray[np.float64]
GRID_STEPS = 256


def _nearest(level: float) -> float:
    return math.floor(level + 0.5)


ROUNDING: dict[str, Callable[[float], float]] = {
    "none": float,
    "down": math.floor,
    "up": math.ceil,
    "nearest": _nearest,
}


@dataclass(frozen=True)
class SerialSystem:
    """Stages in a row, stage 1 first: the one that faces demand.

    Attributes:
        echelon_holding: h_j, cost per unit and period of stock at stage j or below, beyond that of stage j + 1.
        lead_times: L_j, periods from the shipment at stage j + 1 to the receipt at stage j.
        stockout_cost: p, cost per unit backordered and period.
        demand: of one period; normal, or any whole units; gamma, uniform and lognormal on a grid.
        convention: which periods a lead time's demand covers.
    """

    echelon_holding: tuple[float, ...]
    lead_times: tuple[float, ...]
    stockout_cost: float
    demand: RandomDemand
    convention: Convention = "continuous"

    def __post_init__(self) -> None:
        rule = "echelon_holding and lead_times must have one value per stage, at least one"
        checks.same_length(rule, self.echelon_holding, self.lead_times)
        for stage, (holding, lead_time) in enumerate(zip(self.echelon_holding, self.lead_times, strict=True), 1):
            if not (math.isfinite(holding) and holding > 0):
                raise InputError("echelon holding cost must be > 0", value=holding, place=f"stage {stage}")
            if not (math.isfinite(lead_time) and lead_time >= 0):
                raise InputError("lead time must be >= 0", value=lead_time, place=f"stage {stage}")
        checks.positive(stockout_cost=self.stockout_cost)
        if self.convention not in get_args(Convention):
            remedy = nearest(self.convention, get_args(Convention))
            raise InputError("convention must be a known one", value=self.convention, remedy=remedy)

    @classmethod
    def of_local_holding(
        cls,
        local_holding: tuple[float, ...],
        lead_times: tuple[float, ...],
        stockout_cost: float,
        demand: RandomDemand,
        convention: Convention = "continuous",
    ) -> SerialSystem:
        """By local holding costs, stage 1 first: h_j is what stage j costs beyond stage j + 1."""
        echelon = tuple(here - above for here, above in zip(local_holding, (*local_holding[1:], 0.0), strict=True))
        return cls(echelon, lead_times, stockout_cost, demand, convention)

    @property
    def stages(self) -> int:
        """N."""
        return len(self.lead_times)

    @property
    def periods(self) -> tuple[float, ...]:
        """Periods of demand of each stage's lead time under the convention."""
        extra = {"continuous": (0, 0), "periodic": (1, 1), "end_period": (1, 0)}[self.convention]
        return tuple(time + (extra[0] if stage == 0 else extra[1]) for stage, time in enumerate(self.lead_times))

    @property
    def local_holding(self) -> tuple[float, ...]:
        """Cost per unit and period of stock at each stage: h_j + ... + h_N."""
        return tuple(sum(self.echelon_holding[stage:]) for stage in range(self.stages))

    @property
    def pipeline_cost(self) -> float:
        """Cost per period of stock on its way between stages, which no level changes."""
        pairs = zip(self.local_holding[1:], self.periods, strict=False)
        return sum(holding * periods * self.demand.mean for holding, periods in pairs)


@dataclass(frozen=True)
class SerialPlan:
    """Levels, stage 1 first, and their expected cost per period (stock in transit included)."""

    echelon_levels: tuple[float, ...]
    local_levels: tuple[float, ...]
    cost: float


def solve_serial(system: SerialSystem) -> SerialPlan:
    """Best echelon base-stock levels: exact for whole units, to 1e-6 for normal demand.

    Other demand with a density is put on a grid of 256 steps per standard deviation that keeps its mean; the cost is
    then extrapolated from half and whole steps (about 1e-5), levels are those of the grid.

    Raises:
        InputError: demand of a broken number of periods that is not of a named distribution.

    >>> from engine.optimisation.random_demand import Poisson
    >>> system = SerialSystem((0.25,) * 4, (0.25,) * 4, 9, Poisson(16))
    >>> solve_serial(system).echelon_levels
    (8.0, 13.0, 18.0, 22.0)
    """
    levels, cost = _evaluate(system, None)
    return SerialPlan(levels, local_levels(levels), cost)


def serial_cost(system: SerialSystem, echelon_levels: tuple[float, ...]) -> float:
    """Expected cost per period of echelon base-stock levels given, stage 1 first."""
    checks.same_length("echelon_levels must have one value per stage", echelon_levels, system.lead_times)
    checks.finite(echelon_levels=echelon_levels)
    if isinstance(system.demand, WholeUnits):
        if any(level != round(level) for level in echelon_levels):
            raise InputError("levels of demand in whole units must be whole", value=echelon_levels)
    elif min(system.periods) == 0:
        raise InputError("cost of given levels needs lead times > 0", value=system.lead_times)
    return _evaluate(system, echelon_levels)[1]


def local_levels(echelon_levels: tuple[float, ...]) -> tuple[float, ...]:
    """Installation levels that act alike: no echelon aims above the next one, s_j = S_j - S_(j-1), s_1 = S_1.

    Source: Axsäter and Rosling (1993), Management Science 39(10).
    """
    nested = np.minimum.accumulate(echelon_levels[::-1])[::-1]
    return tuple(np.diff(nested, prepend=0.0).tolist())


def shang_song(
    system: SerialSystem, weight: float = 0.5, rounding: Literal["none", "down", "up", "nearest"] = "none"
) -> SerialPlan:
    """Newsvendor heuristic: mean of a lower and an upper bound of each level, and its expected cost.

    With F_j of demand over the lead times 1 ... j, S_j lies between F_j^-1((p + sum over i > j of h_i) / (p + H)) with
    H all echelon holding costs, and the same with those of stages i >= j only. Source: Shang and Song (2003),
    Management Science 49(5).

    Args:
        system: the stages.
        weight: of the lower bound.
        rounding: of the levels; whole units are rounded to the nearest for the cost in any case.
    """
    if not 0 <= weight <= 1:
        raise InputError("weight must be >= 0 and <= 1", value=weight)
    if rounding not in ROUNDING:
        raise InputError("rounding must be a known one", value=rounding, remedy=nearest(rounding, ROUNDING))
    levels = []
    for stage in range(system.stages):
        demand = demand_over(system.demand, sum(system.periods[: stage + 1]))
        upstream = system.stockout_cost + sum(system.echelon_holding[stage + 1 :])
        ratios = (
            upstream / (system.stockout_cost + sum(system.echelon_holding)),
            upstream / (upstream + system.echelon_holding[stage]),
        )
        low, high = (0.0 if demand is None else demand.quantile(ratio) for ratio in ratios)
        levels.append(float(ROUNDING[rounding](weight * low + (1 - weight) * high)))
    integral = isinstance(system.demand, WholeUnits)
    tested = tuple(float(_nearest(level)) for level in levels) if integral else tuple(levels)
    return SerialPlan(tuple(levels), local_levels(tuple(levels)), serial_cost(system, tested))


@dataclass(frozen=True)
class SerialPlans:
    """Echelon levels (K, N) and expected costs per period (K,) of many systems."""

    echelon_levels: Floats
    costs: Floats


def solve_many(
    echelon_holding: ArrayLike, lead_times: ArrayLike, stockout_cost: ArrayLike, mean: ArrayLike, deviation: ArrayLike,
    *, whole_units: bool,
) -> SerialPlans:  # fmt: skip
    """Solve K systems of N stages at once, continuous convention.

    Args:
        echelon_holding: (K, N) or (N,), > 0.
        lead_times: (K, N) or (N,), >= 0 (add the periods of another convention).
        stockout_cost: (K,) or a number.
        mean: of demand per period (K,).
        deviation: of demand per period (K,).
        whole_units: negative binomial demand (Poisson where variance = mean; it may not be smaller); else normal.
    """
    mean_, deviation_ = np.broadcast_arrays(*checks.floats(mean, deviation))
    if mean_.ndim != 1:
        raise InputError("mean must have one value per system", value=mean_.shape)
    holding, periods = checks.floats(echelon_holding, lead_times)
    stages = max((1, *holding.shape[-1:], *periods.shape[-1:]))
    holding, periods = (np.broadcast_to(array, (len(mean_), stages)).copy() for array in (holding, periods))
    stockout = np.broadcast_to(np.asarray(stockout_cost, np.float64), mean_.shape).copy()
    checks.positive(echelon_holding=holding, stockout_cost=stockout)
    checks.not_negative(lead_times=periods, deviation=deviation_)
    costs = np.zeros(len(mean_))
    if not whole_units:
        checks.finite(mean=mean_)
        checks.positive(deviation=deviation_)
        found = np.zeros(holding.shape)
        kernels.many_normal(holding, periods, stockout, mean_.copy(), deviation_.copy(), found, costs)
        return SerialPlans(found, costs)
    checks.positive(mean=mean_)
    ratio = deviation_**2 / mean_
    if (ratio < 1 - 1e-9).any():
        least = float(ratio.min())
        raise InputError("variance of demand in whole units must be >= its mean", value=least)
    ratio = np.where(ratio < 1 + 1e-9, 1.0, ratio)
    whole = np.zeros(holding.shape, np.int64)
    kernels.many_negative_binomial(holding, periods, stockout, mean_.copy(), ratio, whole, costs)
    return SerialPlans(whole.astype(np.float64), costs)


def _evaluate(system: SerialSystem, levels: tuple[float, ...] | None) -> tuple[tuple[float, ...], float]:
    """Levels (best ones unless given) and expected cost."""
    demands = [demand_over(system.demand, periods) for periods in system.periods]
    means = system.demand.mean * np.array(system.periods)
    holding = np.array(system.echelon_holding)
    if isinstance(system.demand, Normal):
        deviations = np.array([0.0 if demand is None else demand.deviation for demand in demands])
        normal = np.zeros(system.stages) if levels is None else np.array(levels, np.float64)
        cost = kernels.normal_levels(holding, system.stockout_cost, means, deviations, levels is not None, normal)
        return tuple(normal.tolist()), float(cost)
    if isinstance(system.demand, Continuous):
        return _extrapolated(system, demands, levels)
    return _whole(system, [np.ones(1) if demand is None else _chances(demand) for demand in demands], 1.0, levels)


def _whole(
    system: SerialSystem, chances: list[Floats], step: float, levels: tuple[float, ...] | None
) -> tuple[tuple[float, ...], float]:
    """The recursion on multiples of a step."""
    starts = np.cumsum([0, *(len(part) for part in chances)])
    means = system.demand.mean * np.array(system.periods) / step
    whole = np.zeros(system.stages, np.int64) if levels is None else np.rint(np.array(levels) / step).astype(np.int64)
    arrays = np.array(system.echelon_holding), system.stockout_cost, means, starts, np.concatenate(chances)
    cost = kernels.whole_unit_levels(*arrays, levels is not None, whole)
    return tuple((whole * step).tolist()), float(cost) * step


def _extrapolated(
    system: SerialSystem, demands: list[RandomDemand | None], levels: tuple[float, ...] | None
) -> tuple[tuple[float, ...], float]:
    """Demand with a density on two grids; the error of the cost falls with the square of the step."""
    results = []
    for steps in (GRID_STEPS // 2, GRID_STEPS):
        step = system.demand.deviation / steps
        chances = [np.ones(1) if demand is None else on_a_grid(demand, step) for demand in demands]
        results.append(_whole(system, chances, step, levels))
    (_, coarse), (found, fine) = results
    return found, fine + (fine - coarse) / 3


def _chances(demand: RandomDemand) -> Floats:
    first, chances = demand.whole_units()
    return np.concatenate([np.zeros(first), chances])
