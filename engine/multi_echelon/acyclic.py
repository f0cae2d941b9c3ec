"""Guaranteed service on networks with several ways between stages: branch and bound over spanning trees.

Dropping the links that close a second way leaves a tree, whose optimum is a lower bound; pricing a dropped link i -> j
by lambda x (S_i - SI_j), lambda >= 0, lifts it (Lagrangian, subgradient steps). Where the tree's solution breaks a
dropped link, S_i > SI_j, the split "S_i <= v" or "S_i > v, hence SI_j > v" excludes it from both halves. Whole times
are finite, so enough splits prove the optimum; until then the gap is reported.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.multi_echelon.guaranteed_service import Problem, ServicePlan, optimise_tree, spanning_tree
from engine.multi_echelon.service_time_kernel import TreeTable
from engine.multi_echelon.stages import StageNetwork

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Times = tuple[Whole, Whole]

SUBGRADIENT_STEPS = 60
SWEEPS = 5
RELATIVE_SLACK = 1e-12


def optimise_network(network: StageNetwork, most_splits: int = 500) -> ServicePlan:
    """Service times of any network without cycles: exact on a tree, else best found with its lower bound.

    Args:
        network: stages and links.
        most_splits: nodes of the search; each solves at most two trees. ``plan.gap`` is 0 when they sufficed.
    """
    if most_splits < 0:
        raise InputError("most_splits must be >= 0", value=most_splits)
    return optimise_tree(network) if network.is_tree else _Search.of(network).run(most_splits)


@dataclass
class _Search:
    """State of one search: the best plan so far and the ranges still open."""

    problem: Problem
    tree: TreeTable
    dropped: Whole
    best_cost: float = math.inf
    best: Times | None = None
    open_ranges: list[tuple[float, int, Whole, Times]] = field(default_factory=list)
    count: int = 0

    @classmethod
    def of(cls, network: StageNetwork) -> _Search:
        problem, kept = Problem.of(network), spanning_tree(network)
        dropped = [pair for position, pair in enumerate(network.pairs) if position not in set(kept)]
        return cls(problem, problem.tree([network.pairs[position] for position in kept]), np.array(dropped))

    def run(self, most_splits: int) -> ServicePlan:
        """Best first, until the bound meets the best plan or the splits are used up."""
        prices, root = self._priced(self.problem.ranges)
        self._add(self.problem.ranges, prices, root)
        for _ in range(most_splits):
            if not self.open_ranges or self.open_ranges[0][0] >= self.best_cost * (1 - RELATIVE_SLACK):
                break
            bound, _, ranges, times = heapq.heappop(self.open_ranges)
            for half in self._split(ranges, times):
                self._add(half, prices, bound)
        if self.best is None:
            raise InputError("no service times keep every promise", remedy="Let more stages hold stock")
        bound = min(self.best_cost, self.open_ranges[0][0] if self.open_ranges else self.best_cost)
        return self.problem.plan(*self.best, bound)

    def _add(self, ranges: Whole, prices: Floats, above: float) -> None:
        """Bound a part of the search; keep it open if something in it may be better."""
        bound, service, inbound = self.problem.solve(self.tree, ranges, np.zeros((len(ranges), 2)))
        if math.isinf(bound):
            return
        self._try(service)
        if not self._broken(service, inbound).any():
            return
        priced, held, _ = self.problem.solve(self.tree, ranges, self._per_stage(prices))
        if math.isfinite(priced):
            self._try(held)
        bound = max(bound, priced, above)
        if bound < self.best_cost * (1 - RELATIVE_SLACK):
            self.count += 1
            heapq.heappush(self.open_ranges, (bound, self.count, ranges, (service, inbound)))

    def _broken(self, service: Whole, inbound: Whole) -> Whole:
        """Periods (m,) by which each dropped link is broken."""
        return np.maximum(service[self.dropped[:, 0]] - inbound[self.dropped[:, 1]], 0)

    def _split(self, ranges: Whole, times: Times) -> list[Whole]:
        """Two parts of the ranges around the link that is broken most; neither holds the times given."""
        service, inbound = times
        upstream, downstream = self.dropped[int(np.argmax(self._broken(service, inbound)))]
        between = (service[upstream] + inbound[downstream]) // 2
        quick, slow = ranges.copy(), ranges.copy()
        quick[upstream, 1] = between
        slow[upstream, 0] = max(slow[upstream, 0], between + 1)
        slow[downstream, 2] = max(slow[downstream, 2], between + 1)
        return [quick, slow]

    def _per_stage(self, prices: Floats) -> Floats:
        """Prices (n, 2) of service and inbound times from those of dropped links (m,)."""
        totals = np.zeros((len(self.problem.times), 2))
        np.add.at(totals[:, 0], self.dropped[:, 0], prices)
        np.subtract.at(totals[:, 1], self.dropped[:, 1], prices)
        return totals

    def _priced(self, ranges: Whole) -> tuple[Floats, float]:
        """Prices of dropped links that lift the bound most among the steps tried, and that bound."""
        prices = best_prices = np.zeros(len(self.dropped))
        best_bound, scale = -math.inf, 1.0
        for _ in range(SUBGRADIENT_STEPS):
            bound, service, inbound = self.problem.solve(self.tree, ranges, self._per_stage(prices))
            if math.isinf(bound):
                break
            self._try(service)
            if bound > best_bound:
                best_bound, best_prices = bound, prices
            else:
                scale *= 0.8
            slope = (service[self.dropped[:, 0]] - inbound[self.dropped[:, 1]]).astype(np.float64)
            length = float(slope @ slope)
            if length == 0 or self.best_cost - bound <= 0:
                break
            prices = np.maximum(prices + scale * (self.best_cost - bound) / length * slope, 0.0)
        return best_prices, best_bound

    def _try(self, wanted: Whole) -> None:
        """Make service times keep every link, improve them one stage at a time, and keep them if they cost least."""
        found = self._repaired(wanted)
        if found is None or self._cost(found) >= 1.02 * self.best_cost:
            return
        for _ in range(SWEEPS):
            better = self._swept(found)
            if self._cost(better) >= self._cost(found):
                break
            found = better
        if self._cost(found) < self.best_cost:
            self.best_cost, self.best = self._cost(found), found

    def _swept(self, times: Times) -> Times:
        """One stage after the other takes the service time that costs least with the others as they are."""
        best = times
        for stage in range(len(self.problem.times)) if len(self.problem.times) <= 60 else []:
            low, high = self.problem.ranges[stage, :2]
            for quoted in sorted({int(low), int(high), *(int(best[0][stage]) + step for step in (-1, 1))}):
                trial = best[0].copy()
                trial[stage] = min(max(quoted, low), high)
                repaired = self._repaired(trial)
                if repaired is not None and self._cost(repaired) < self._cost(best):
                    best = repaired
        return best

    def _cost(self, times: Times) -> float:
        return float(self.problem.stage_costs(*times).sum())

    def _repaired(self, wanted: Whole) -> Times | None:
        """Times as near to those wanted as the links allow, upstream first; None where a promise breaks."""
        problem, network = self.problem, self.problem.network
        service, inbound = wanted.copy(), np.zeros_like(wanted)
        for stage in network.order:
            inbound[stage] = max([problem.ranges[stage, 2], *(service[source] for source in network.suppliers[stage])])
            longest = inbound[stage] + problem.times[stage]
            service[stage] = min(service[stage], longest) if network.stages[stage].holds_stock else longest
            if service[stage] > problem.ranges[stage, 1]:
                return None
        return service, inbound
