"""(s, S) under periodic review and backorders, exactly, for whole units of any distribution.

Order up to S when the position at a review is at or below s; an order of a review arrives before the demand ``lead
time`` periods later, so G(y) = h E[(y - D)+] + p E[(D - y)+] takes demand over lead time plus one period.
Source: Veinott & Wagner (1965); Zheng & Federgruen (1991); Snyder & Shen (2019), 4.4.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.kernels import kernel
from engine.optimisation import checks
from engine.optimisation.min_max import cycle_cost, extend_renewals, search_min_max
from engine.optimisation.newsvendor import newsvendor_cost, newsvendor_level
from engine.optimisation.random_demand.base import RandomDemand

FloatArray = NDArray[np.float64]

search = kernel(search_min_max)
renew = kernel(extend_renewals)


@dataclass(frozen=True)
class PeriodCosts:
    """What (s, S) trades off.

    Attributes:
        fixed_cost: K > 0, money per order.
        holding_cost, stockout_cost: h, p > 0, money per unit at the end of a period, on hand and waiting.
        demand: of a period, whole units (continuous demand is rounded).
        lead_time: whole periods, >= 0.
    """

    fixed_cost: float
    holding_cost: float
    stockout_cost: float
    demand: RandomDemand
    lead_time: int = 0

    def __post_init__(self) -> None:
        checks.positive(
            fixed_cost=self.fixed_cost,
            holding_cost=self.holding_cost,
            stockout_cost=self.stockout_cost,
            mean_demand=self.demand.mean,
        )
        checks.whole_not_negative(lead_time=self.lead_time)

    @property
    def protection_demand(self) -> RandomDemand:
        """Demand over lead time plus one period."""
        return self.demand.over(self.lead_time + 1)

    def rate(self, position: FloatArray) -> FloatArray:
        """G at whole positions, money per period."""
        return newsvendor_cost(position, self.protection_demand, self.holding_cost, self.stockout_cost)

    def probabilities(self) -> FloatArray:
        """Of 0, 1, … units a period."""
        first, probabilities = self.demand.whole_units()
        return np.concatenate([np.zeros(first), probabilities])


@dataclass(frozen=True)
class MinMaxPolicy:
    """Order up to ``order_up_to`` when the position is at or below ``reorder_point``; cost in money per period."""

    reorder_point: int
    order_up_to: int
    cost: float


def min_max_cost(reorder_point: int, order_up_to: int, costs: PeriodCosts) -> float:
    """(K + sum of m(j) G(S - j)) / M(S - s), j = 0..S - s - 1, with the renewal function m (4.76).

    >>> from engine.optimisation.random_demand import Poisson
    >>> round(min_max_cost(4, 10, PeriodCosts(150, 40, 125, Poisson(4))), 4)
    262.2756
    """
    if not reorder_point < order_up_to:
        raise InputError("reorder_point must be < order_up_to", value=(reorder_point, order_up_to))
    gap = order_up_to - reorder_point
    renewals, visits = np.zeros(gap), np.zeros(gap + 1)
    renew(renewals, visits, costs.probabilities(), 0, gap)
    cost = costs.rate(np.arange(reorder_point + 1, order_up_to + 1, dtype=np.float64))
    return float(cycle_cost(cost, renewals, gap - 1, gap, costs.fixed_cost) / visits[gap])


def best_min_max(costs: PeriodCosts) -> MinMaxPolicy:
    """(s, S) of least average cost; both may be negative.

    >>> from engine.optimisation.random_demand import Poisson
    >>> policy = best_min_max(PeriodCosts(5, 1, 4, Poisson(6)))
    >>> policy.reorder_point, policy.order_up_to, round(policy.cost, 4)
    (4, 10, 8.0341)
    """
    best = math.floor(newsvendor_level(costs.protection_demand, costs.holding_cost, costs.stockout_cost))
    # c <= G(best) + K, and s and S lie where G does not exceed it.
    most = float(costs.rate(np.array([best], np.float64))[0]) + costs.fixed_cost
    low = math.floor(min(best, costs.protection_demand.mean - most / costs.stockout_cost)) - 2
    high = math.ceil(max(best, costs.protection_demand.mean + most / costs.holding_cost)) + 3
    cost, size = costs.rate(np.arange(low, high + 1, dtype=np.float64)), high - low + 1
    point, top, average = search(cost, costs.probabilities(), costs.fixed_cost, np.zeros(size), np.zeros(size + 1))
    return MinMaxPolicy(low + point, low + top, float(average))
