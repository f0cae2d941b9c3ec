"""Guaranteed service: service times, safety stocks and cost of least safety stock in a network (Graves and Willems).

Each stage quotes a service time S to all it serves, waits SI >= the S of every supplier for its inputs, processes for
T, and so covers demand over the net replenishment time SI + T - S >= 0:

    min sum over j of h_j x safety stock_j(SI_j + T_j - S_j)   with S_i <= SI_j on every link i -> j,
    SI_j >= external inbound time, S_j <= time promised to customers.

A tree is solved exactly by dynamic programming; any other network without cycles by branch and bound over trees, with
the gap that is left. Sources: Graves and Willems (2000), Manufacturing & Service Operations Management 2(1); Snyder and
Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., 6.3; Magnanti, Max Shen, Shu, Simchi-Levi and Teo (2006),
Operations Research Letters 34(2), for general networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.multi_echelon.service_time_kernel import TreeTable, best_service_times
from engine.multi_echelon.stages import StageNetwork

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class ServicePlan:
    """What each stage quotes and holds; arrays (n,) in the order of the network's stages.

    Attributes:
        service_times: S, periods.
        inbound_times: SI, periods.
        safety_stocks: units above mean demand.
        base_stocks: mean demand over the net replenishment time plus safety stock, units.
        cost: holding cost of safety stock per period.
        lower_bound: no plan costs less; equal to ``cost`` where the plan is proven best.
    """

    names: tuple[str, ...]
    service_times: Whole
    inbound_times: Whole
    net_times: Whole
    safety_stocks: Floats
    base_stocks: Floats
    cost: float
    lower_bound: float

    @property
    def gap(self) -> float:
        """Share of the cost by which a better plan could still be cheaper."""
        return max(0.0, (self.cost - self.lower_bound) / self.cost) if self.cost > 0 else 0.0

    def committed(self) -> dict[str, int]:
        """Service time by stage name."""
        return dict(zip(self.names, self.service_times.tolist(), strict=True))


@dataclass(frozen=True)
class Problem:
    """A network in arrays: ``stocks`` and ``costs`` by net replenishment time, flat, stage after stage."""

    network: StageNetwork
    starts: Whole
    times: Whole
    stocks: Floats
    costs: Floats
    ranges: Whole

    @classmethod
    def of(cls, network: StageNetwork) -> Problem:
        """Cost tables and ranges of all times."""
        latest = np.array(network.latest_service)
        stocks = network.safety_stocks()
        costs = [stage.holding_cost * stock for stage, stock in zip(network.stages, stocks, strict=True)]
        for stage, cost in zip(network.stages, costs, strict=True):
            if not stage.holds_stock:
                cost[1:] = np.inf
        times = np.array([stage.latest for stage in network.stages])
        promised = [network.promise(position) for position in range(len(times))]
        most = [min(last, last if limit is None else limit) for last, limit in zip(latest, promised, strict=True)]
        inbound = [stage.inbound_time for stage in network.stages]
        ranges = np.stack([np.zeros_like(latest), np.array(most), np.array(inbound), latest - times], axis=1)
        starts = np.concatenate([[0], np.cumsum(latest + 1)])
        return cls(network, starts, times, np.concatenate(stocks), np.concatenate(costs), ranges)

    def tree(self, pairs: list[tuple[int, int]]) -> TreeTable:
        """Those links, which must form a tree over all stages, rooted at stage 0."""
        stages = len(self.times)
        neighbours: list[list[tuple[int, bool]]] = [[] for _ in range(stages)]
        for source, target in pairs:
            neighbours[source].append((target, False))
            neighbours[target].append((source, True))
        parents, towards, order = np.full(stages, -1), np.zeros(stages, np.bool_), [0]
        for stage in order:
            for other, downstream in neighbours[stage]:
                if other != parents[stage]:
                    parents[other], towards[other] = stage, downstream
                    order.append(other)
        return TreeTable(np.array(order[::-1]), parents, towards, self.times, self.starts, self.costs)

    def solve(self, tree: TreeTable, ranges: Whole, prices: Floats) -> tuple[float, Whole, Whole]:
        """Least cost on a tree, service and inbound times."""
        service, inbound = np.zeros(len(self.times), np.int64), np.zeros(len(self.times), np.int64)
        return float(best_service_times(tree, ranges, prices, service, inbound)), service, inbound

    def stage_costs(self, service: Whole, inbound: Whole) -> Floats:
        """Cost (n,) of each stage."""
        return self.costs[self.starts[:-1] + inbound + self.times - service]

    def plan(self, service: Whole, inbound: Whole, lower_bound: float) -> ServicePlan:
        """The plan of these times."""
        net = inbound + self.times - service
        stock = self.stocks[self.starts[:-1] + net]
        names = tuple(stage.name for stage in self.network.stages)
        base = self.network.pooled[0] * net + stock
        cost = float(self.stage_costs(service, inbound).sum())
        return ServicePlan(names, service, inbound, net, stock, base, cost, min(lower_bound, cost))


def optimise_tree(network: StageNetwork) -> ServicePlan:
    """Best service times of a tree of any orientation, exactly.

    Raises:
        InputError: the network is not a tree; names a stage on a second way.
    """
    if not network.is_tree:
        raise InputError(
            "links must form a tree (no two ways between stages)",
            value=f"{len(network.links)} links of {len(network.stages)} stages",
            place=f"stage {second_way(network)!r}",
            remedy="Use optimise_network, which also solves networks with several ways",
        )
    problem = Problem.of(network)
    _, service, inbound = problem.solve(problem.tree(network.pairs), problem.ranges, np.zeros((len(problem.times), 2)))
    return problem.plan(service, inbound, np.inf)


def without_slack(network: StageNetwork, plan: ServicePlan) -> ServicePlan:
    """The plan with every inbound time at the longest service time promised to the stage.

    Where demand is bounded in whole units, safety stock is not monotone in time (one unit covers one day or five), and
    an optimum may count with a longer inbound time than anybody quotes. Goods arrive earlier all the same: the shorter
    time keeps every promise with base stocks that are no larger.
    """
    problem = Problem.of(network)
    inbound = np.array(
        [
            max([stage.inbound_time, *(int(plan.service_times[source]) for source in network.suppliers[position])])
            for position, stage in enumerate(network.stages)
        ]
    )
    return problem.plan(plan.service_times, inbound, plan.lower_bound)


def spanning_tree(network: StageNetwork) -> list[int]:
    """Positions of links that join all stages without a second way, in the order stated."""
    group = list(range(len(network.stages)))

    def root(stage: int) -> int:
        while group[stage] != stage:
            group[stage] = group[group[stage]]
            stage = group[stage]
        return stage

    kept = []
    for position, (source, target) in enumerate(network.pairs):
        if root(source) != root(target):
            group[root(source)] = root(target)
            kept.append(position)
    return kept


def second_way(network: StageNetwork) -> str:
    """Name of a stage that a link reaches although another way already does."""
    kept = set(spanning_tree(network))
    return next(link.downstream for position, link in enumerate(network.links) if position not in kept)
