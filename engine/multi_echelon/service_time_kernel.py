"""Kernel of the tree dynamic programme for service times."""
# ruff: noqa: PLR0912, PLR0915, C901

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels import kernel

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class TreeTable(NamedTuple):
    """A tree of n stages; the arrays of a stage start at ``starts[stage]`` and hold times 0 ... latest.

    Attributes:
        order: stages, leaves first, the root last.
        parents: neighbour on the way to the root (n,), -1 for the root.
        towards_customers: whether that neighbour is downstream (n,).
        times: longest processing time (n,).
        starts: (n + 1,).
        costs: of safety stock by net replenishment time, flat; infinite where it is not allowed.
    """

    order: Whole
    parents: Whole
    towards_customers: NDArray[np.bool_]
    times: Whole
    starts: Whole
    costs: Floats


@kernel
def best_service_times(tree: TreeTable, ranges: Whole, prices: Floats, service: Whole, inbound: Whole) -> float:
    """Fill service and inbound times (n,); least cost, infinite where the ranges allow nothing.

    Args:
        tree: stages, links and costs.
        ranges: (n, 4): least and most service time, least and most inbound time.
        prices: (n, 2): added per period of service time and of inbound time.
        service: S of each stage (n,), written.
        inbound: SI of each stage (n,), written.
    """
    stages, size = len(tree.order), len(tree.costs)
    by_inbound, by_service, message = np.zeros(size), np.zeros(size), np.full(size, np.inf)
    least_beyond = tree.costs.copy()  # of all longer net replenishment times: a search can stop where even that is dear
    for stage in tree.order:
        start, time = tree.starts[stage], tree.times[stage]
        latest = tree.starts[stage + 1] - start - 1
        for t in range(latest + 1):
            by_service[start + t] += prices[stage, 0] * t
            by_inbound[start + t] += prices[stage, 1] * t
        for t in range(latest - 1, -1, -1):
            least_beyond[start + t] = min(least_beyond[start + t], least_beyond[start + t + 1])
        low, high, inbound_low, inbound_high = ranges[stage]
        parent = tree.parents[stage]
        if parent < 0 or tree.towards_customers[stage]:
            floor = by_inbound[start : start + latest + 1].min()
            for quoted in range(low, high + 1):
                best = np.inf
                for waits in range(max(inbound_low, quoted - time), inbound_high + 1):
                    if least_beyond[start + waits + time - quoted] + floor >= best:
                        break
                    best = min(best, tree.costs[start + waits + time - quoted] + by_inbound[start + waits])
                message[start + quoted] = best + by_service[start + quoted]
            if parent >= 0:
                best, to = np.inf, tree.starts[parent]
                for waits in range(tree.starts[parent + 1] - to):
                    if waits <= latest:
                        best = min(best, message[start + waits])
                    by_inbound[to + waits] += best
        else:
            floor = by_service[start : start + latest + 1].min()
            for waits in range(inbound_low, inbound_high + 1):
                best = np.inf
                for quoted in range(min(high, waits + time), low - 1, -1):
                    if least_beyond[start + waits + time - quoted] + floor >= best:
                        break
                    best = min(best, tree.costs[start + waits + time - quoted] + by_service[start + quoted])
                message[start + waits] = best + by_inbound[start + waits]
            best, to = np.inf, tree.starts[parent]
            room = tree.starts[parent + 1] - to
            for waits in range(latest, -1, -1):
                best = min(best, message[start + waits])
                if waits < room:
                    by_service[to + waits] += best
    least = np.inf
    for place in range(stages - 1, -1, -1):
        stage = tree.order[place]
        start, time, parent = tree.starts[stage], tree.times[stage], tree.parents[stage]
        low, high, inbound_low, inbound_high = ranges[stage]
        best, chosen = np.inf, -1
        if parent < 0 or tree.towards_customers[stage]:
            limit = high if parent < 0 else min(high, inbound[parent])
            for quoted in range(low, limit + 1):
                if message[start + quoted] < best:
                    best, chosen = message[start + quoted], quoted
            if parent < 0:
                least = best
            if chosen < 0:
                return np.inf
            service[stage] = chosen
            best = np.inf
            for waits in range(max(inbound_low, chosen - time), inbound_high + 1):
                cost = tree.costs[start + waits + time - chosen] + by_inbound[start + waits]
                if cost < best:
                    best, inbound[stage] = cost, waits
        else:
            for waits in range(max(inbound_low, service[parent]), inbound_high + 1):
                if message[start + waits] < best:
                    best, chosen = message[start + waits], waits
            if chosen < 0:
                return np.inf
            inbound[stage] = chosen
            best = np.inf
            for quoted in range(low, min(high, chosen + time) + 1):
                cost = tree.costs[start + chosen + time - quoted] + by_service[start + quoted]
                if cost < best:
                    best, service[stage] = cost, quoted
    return least
