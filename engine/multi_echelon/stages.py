"""A network of stages for guaranteed service: what its owner states, checked, and what follows from it.

What belongs here: stages, links, their rules, pooled demand, order. What does not: service times
(`guaranteed_service`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, nearest
from engine.multi_echelon.demand_bounds import DemandBound, SquareRoot
from engine.optimisation.random_demand import Gamma

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
LATEST_DEVIATIONS = 4.0


@dataclass(frozen=True)
class Stage:
    """One place of processing with stock behind it.

    Attributes:
        name: unique.
        processing_time: T, whole periods from all inputs present to output ready; the mean if it is random.
        holding_cost: cost per unit of safety stock and period.
        inbound_time: external inbound service time, periods; what a supplier outside the network takes to deliver.
        promised_time: most periods a customer outside the network waits; 0 where a stage has demand of its own.
        demand_mean: of customers outside the network, units per period.
        demand_deviation: of the same; None where there are no such customers.
        processing_deviation: standard deviation of a random processing time, periods.
        bound: of its demand; the network's where None.
        holds_stock: False where output must be passed on as it comes.
    """

    name: str
    processing_time: int
    holding_cost: float
    inbound_time: int = 0
    promised_time: int | None = None
    demand_mean: float = 0.0
    demand_deviation: float | None = None
    processing_deviation: float = 0.0
    bound: DemandBound | None = None
    holds_stock: bool = True

    def __post_init__(self) -> None:
        times = {"processing_time": self.processing_time, "inbound_time": self.inbound_time}
        if self.promised_time is not None:
            times["promised_time"] = self.promised_time
        for name, time in times.items():
            if not (time >= 0 and time == int(time)):
                raise InputError(f"{name} must be a whole number of periods >= 0", value=time, place=self.place)
        amounts = {"holding_cost": self.holding_cost, "demand_mean": self.demand_mean}
        amounts |= {"processing_deviation": self.processing_deviation, "demand_deviation": self.demand_deviation or 0.0}
        for name, amount in amounts.items():
            if not (np.isfinite(amount) and amount >= 0):
                raise InputError(f"{name} must be >= 0", value=amount, place=self.place)

    @property
    def place(self) -> str:
        """How errors call it."""
        return f"stage {self.name!r}"

    @property
    def has_customers(self) -> bool:
        """Whether customers outside the network buy here."""
        return self.demand_deviation is not None

    @cached_property
    def times(self) -> tuple[Whole, Floats]:
        """Possible processing times and their chances; random ones are gamma, in whole periods, cut at 4 deviations."""
        if self.processing_deviation == 0 or self.processing_time == 0:
            return np.array([self.processing_time]), np.ones(1)
        variance = self.processing_deviation**2
        gamma = Gamma(self.processing_time**2 / variance, variance / self.processing_time)
        first, chances = gamma.whole_units(LATEST_DEVIATIONS)
        return np.arange(first, first + len(chances)), chances / chances.sum()

    @property
    def latest(self) -> int:
        """Longest processing time that is planned for."""
        return int(self.times[0][-1])


@dataclass(frozen=True)
class Link:
    """A unit of the downstream stage needs so many ``units`` of the upstream stage."""

    upstream: str
    downstream: str
    units: float = 1.0


@dataclass(frozen=True)
class StageNetwork:
    """Stages and links without a cycle, all connected; every last stage has demand.

    Raises:
        InputError: naming the stage and the rule it breaks.
    """

    stages: tuple[Stage, ...]
    links: tuple[Link, ...] = ()
    bound: DemandBound = field(default_factory=SquareRoot)

    def __post_init__(self) -> None:
        self._check_links()
        _ = self.order
        self._check_connected()
        self._check_demand()
        self._check_promises()

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each stage."""
        return {stage.name: position for position, stage in enumerate(self.stages)}

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Positions (upstream, downstream) of every link."""
        return [(self.index[link.upstream], self.index[link.downstream]) for link in self.links]

    @cached_property
    def suppliers(self) -> list[list[int]]:
        """Positions of the stages directly upstream of each."""
        found: list[list[int]] = [[] for _ in self.stages]
        for upstream, downstream in self.pairs:
            found[downstream].append(upstream)
        return found

    @cached_property
    def order(self) -> list[int]:
        """Positions, upstream stages first."""
        waiting = [len(upstream) for upstream in self.suppliers]
        downstream: list[list[int]] = [[] for _ in self.stages]
        for source, target in self.pairs:
            downstream[source].append(target)
        ready = [position for position, count in enumerate(waiting) if count == 0]
        for position in ready:
            for target in downstream[position]:
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
        if len(ready) < len(self.stages):
            cycle = " -> ".join(self._cycle({position for position, count in enumerate(waiting) if count > 0}))
            raise InputError("links must not form a cycle", value=cycle, place=f"stage {cycle.split(' -> ')[0]!r}")
        return ready

    @property
    def is_tree(self) -> bool:
        """Whether the links, read without direction, form no cycle."""
        return len(self.links) == len(self.stages) - 1

    @cached_property
    def latest_service(self) -> list[int]:
        """Longest service time each stage could quote: the slowest way to it."""
        latest = [0] * len(self.stages)
        for position in self.order:
            stage = self.stages[position]
            inbound = max([stage.inbound_time, *(latest[source] for source in self.suppliers[position])])
            latest[position] = inbound + stage.latest
        return latest

    @cached_property
    def pooled(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation (n,) of each stage's demand: independent customers, variances add.

        A customer reached over several paths needs the sum of their units; the deviation counts that sum once.
        """
        customers = [position for position, stage in enumerate(self.stages) if stage.has_customers]
        mean = np.array([stage.demand_mean for stage in self.stages], np.float64)
        deviation = np.array([stage.demand_deviation or 0.0 for stage in self.stages], np.float64)
        if self.is_tree:
            variance = deviation**2
            for source, target, units in self._upwards():
                mean[source] += units * mean[target]
                variance[source] += units**2 * variance[target]
            return mean, np.sqrt(variance)
        needs = np.zeros((len(self.stages), len(customers)))
        needs[customers, np.arange(len(customers))] = 1.0
        for source, target, units in self._upwards():
            needs[source] += units * needs[target]
        return needs @ mean[customers], np.sqrt(needs**2 @ deviation[customers] ** 2)

    def safety_stocks(self) -> list[Floats]:
        """Safety stock of each stage for net replenishment times 0 ... ``latest_service``, units.

        Random processing times: z sqrt(sigma^2 E[X] + mu^2 Var[X]) with X = (SI + T - S)+ (Humair, Ruark, Tomlin and
        Willems 2013, Interfaces 43(5)) where the bound is ``SquareRoot``; others cover the longest time.
        """
        mean, deviation = self.pooled
        return [self._safety_stock(position, mean[position], deviation[position]) for position in range(len(mean))]

    def _safety_stock(self, position: int, mean: float, deviation: float) -> Floats:
        stage = self.stages[position]
        bound = self.bound if stage.bound is None else stage.bound
        periods = np.arange(self.latest_service[position] + 1, dtype=np.float64)
        if isinstance(bound, SquareRoot):
            times, chances = stage.times
            left = np.maximum(periods[:, None] - stage.latest + times, 0.0)
            expected = left @ chances
            variance = np.maximum(left**2 @ chances - expected**2, 0.0)
            return bound.z * np.sqrt(deviation**2 * expected + mean**2 * variance)
        stock = bound.safety_stock(float(mean), float(deviation), periods)
        if stock.shape != periods.shape or not (np.isfinite(stock) & (stock >= 0)).all():
            raise InputError("a demand bound must give one value >= 0 for each period", place=stage.place)
        return stock

    def _upwards(self) -> Iterator[tuple[int, int, float]]:
        """Links (upstream, downstream, units), the most downstream first."""
        incoming: list[list[tuple[int, float]]] = [[] for _ in self.stages]
        for (source, target), link in zip(self.pairs, self.links, strict=True):
            incoming[target].append((source, link.units))
        for target in reversed(self.order):
            yield from ((source, target, units) for source, units in incoming[target])

    def _check_links(self) -> None:
        if not self.stages:
            raise InputError("a network must have at least one stage")
        for position, stage in enumerate(self.stages):
            if self.index[stage.name] != position:
                raise InputError("names of stages must be unique", value=stage.name, place=stage.place)
        seen = set()
        for link in self.links:
            place = f"link {link.upstream!r} -> {link.downstream!r}"
            for name in (link.upstream, link.downstream):
                if name not in self.index:
                    remedy = nearest(name, self.index)
                    raise InputError("a link must join stages of the network", value=name, place=place, remedy=remedy)
            if (link.upstream, link.downstream) in seen:
                raise InputError("a link must be stated once", place=place, remedy="Add up its units")
            if not (np.isfinite(link.units) and link.units > 0):
                raise InputError("units of a link must be > 0", value=link.units, place=place)
            seen.add((link.upstream, link.downstream))

    def _cycle(self, among: set[int]) -> list[str]:
        """Names along one cycle; every stage of ``among`` has a supplier there."""
        path = [min(among)]
        while path[-1] not in path[:-1]:
            path.append(next(source for source in self.suppliers[path[-1]] if source in among))
        return [self.stages[position].name for position in reversed(path[path.index(path[-1]) :])]

    def _check_connected(self) -> None:
        neighbours: list[list[int]] = [[] for _ in self.stages]
        for source, target in self.pairs:
            neighbours[source].append(target)
            neighbours[target].append(source)
        reached, frontier = {0}, [0]
        while frontier:
            new = [other for other in neighbours[frontier.pop()] if other not in reached]
            reached.update(new)
            frontier.extend(new)
        apart = [stage for position, stage in enumerate(self.stages) if position not in reached]
        if apart:
            raise InputError(
                f"a network must be connected: no way from stage {self.stages[0].name!r}",
                place=apart[0].place,
                remedy="Plan its parts apart",
            )

    def _check_demand(self) -> None:
        feeding = {source for source, _ in self.pairs}
        for position, stage in enumerate(self.stages):
            if position not in feeding and not stage.has_customers:
                raise InputError(
                    "a stage that supplies no other must have demand", place=stage.place, remedy="State its deviation"
                )
            if stage.demand_mean > 0 and not stage.has_customers:
                raise InputError("a stage with mean demand must have its deviation", place=stage.place)

    def _check_promises(self) -> None:
        """A stage without stock passes on what it waits for; nobody can promise less."""
        least = [0] * len(self.stages)
        for position in self.order:
            stage = self.stages[position]
            if not stage.holds_stock:
                waits = [least[source] for source in self.suppliers[position]]
                least[position] = max([stage.inbound_time, *waits]) + stage.latest
            promised = self.promise(position)
            if promised is not None and promised < least[position]:
                raise InputError(
                    f"promised_time must be >= {least[position]}, the shortest that is possible",
                    value=promised,
                    place=stage.place,
                    remedy="Let it or a stage upstream hold stock",
                )

    def promise(self, position: int) -> int | None:
        """Most service time of a stage; None where nothing limits it."""
        stage = self.stages[position]
        return 0 if stage.promised_time is None and stage.has_customers else stage.promised_time
