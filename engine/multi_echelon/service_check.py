"""Does a guaranteed-service plan keep its promises? Demand cut at its bound, replayed through every stage.

Every stage runs base stock: the order of day t asks for the demand of day t. Its inputs are there when the slowest
supplier has filled that order, its output a processing time later; orders are filled oldest first, as soon as possible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError
from engine.kernels import kernel
from engine.multi_echelon.guaranteed_service import ServicePlan
from engine.multi_echelon.stages import StageNetwork

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def cut_at_bounds(demand: ArrayLike, serves: ArrayLike, bounds: list[Floats]) -> Floats:
    """Demand (c, T) cut, day by day and customer by customer, so that no bound is exceeded over any days in a row.

    Args:
        demand: of each customer (c, T), units >= 0.
        serves: units (n, c) of each stage a unit of each customer needs; 0 where it needs none.
        bounds: most units of each stage over 0, 1, 2, ... days; days beyond the list are not limited.

    Returns:
        What is left of the demand; whole where demand and bounds are and the units are 1.
    """
    cut = np.array(demand, np.float64)
    needs = np.atleast_2d(np.asarray(serves, np.float64))
    if needs.shape != (len(bounds), len(cut)):
        raise InputError("serves must have a row per stage and a column per customer", value=needs.shape)
    starts = np.cumsum([0, *(len(bound) for bound in bounds)])
    _cut(cut, needs, starts, np.concatenate(bounds))
    return cut


@kernel
def _cut(demand: Floats, needs: Floats, starts: Whole, bounds: Floats) -> None:
    customers, days = demand.shape
    stages = len(starts) - 1
    used = np.zeros((stages, days))
    for day in range(days):
        for customer in range(customers):
            for stage in range(stages):
                if needs[stage, customer] == 0.0:
                    continue
                before = 0.0
                for window in range(1, min(starts[stage + 1] - starts[stage] - 1, day + 1) + 1):
                    before += used[stage, day - window + 1]
                    room = max(bounds[starts[stage] + window] - before, 0.0) / needs[stage, customer]
                    demand[customer, day] = min(demand[customer, day], room)
            for stage in range(stages):
                used[stage, day] += needs[stage, customer] * demand[customer, day]


def customer_needs(network: StageNetwork) -> Floats:
    """Units (n, c) of every stage per unit of each customer, customers in the order of their stages."""
    customers = [position for position, stage in enumerate(network.stages) if stage.has_customers]
    needs = np.zeros((len(network.stages), len(customers)))
    needs[customers, np.arange(len(customers))] = 1.0
    by_target: dict[int, list[tuple[int, float]]] = {}
    for (source, target), link in zip(network.pairs, network.links, strict=True):
        by_target.setdefault(target, []).append((source, link.units))
    for target in reversed(network.order):
        for source, units in by_target.get(target, []):
            needs[source] += units * needs[target]
    return needs


def demand_bounds(network: StageNetwork, plan: ServicePlan) -> list[Floats]:
    """Most units of each stage over 0 ... its net replenishment time, as the plan's stock assumes."""
    mean, stocks = network.pooled[0], network.safety_stocks()
    return [mean[stage] * np.arange(net + 1) + stocks[stage][: net + 1] for stage, net in enumerate(plan.net_times)]


def longest_waits(network: StageNetwork, plan: ServicePlan, demand: ArrayLike) -> Whole:
    """Longest time (n,), in days, that any order waited at each stage; the plan promises ``plan.service_times``.

    Args:
        network: stages with fixed processing times.
        plan: base stocks.
        demand: of each customer (c, T), units, e.g. from ``cut_at_bounds``.
    """
    asked = customer_needs(network) @ np.asarray(demand, np.float64)
    total = np.cumsum(asked, axis=1)
    days = np.arange(total.shape[1])
    filled = np.zeros(total.shape, np.int64)
    for position in network.order:
        stage = network.stages[position]
        inputs = [days + stage.inbound_time, *(filled[source] for source in network.suppliers[position])]
        arrives = np.max(inputs, axis=0) + stage.latest
        short = total[position] - plan.base_stocks[position]
        slack = 1e-9 * max(float(total[position, -1]), 1.0)
        needed = np.searchsorted(total[position], short - slack, side="left")
        filled[position] = np.where(short <= slack, days, np.maximum(days, arrives[np.minimum(needed, days)]))
    return np.where(asked > 0, filled - days, 0).max(axis=1)
