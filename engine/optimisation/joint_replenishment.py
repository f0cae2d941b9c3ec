"""Items that share the fixed cost of an order: how often to order, and which items in every how many orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.optimisation import checks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class JointOrder:
    """Cyclic joint replenishment.

    Attributes:
        order_quantities: (S,) units each time the item is ordered.
        base_cycle: periods between two orders.
        multiples: (S,) an item is in every so many orders.
        cost: money per period.
    """

    order_quantities: FloatArray
    base_cycle: float
    multiples: IntArray
    cost: float


def joint_replenishment(
    shared_fixed_cost: float, individual_fixed_costs: ArrayLike, holding_costs: ArrayLike, demand_rates: ArrayLike
) -> JointOrder:
    """Silver's (1976) heuristic for the joint replenishment problem.

    The item of least k / (h D) is in every order, item j in every m_j = sqrt(k_j / (h_j D_j) x h_1 D_1 / (K + k_1)),
    rounded; then T = sqrt(2 (K + sum k / m) / sum m h D). Source: Snyder & Shen (2019), 3.7.2; Silver, Pyke &
    Peterson (1998), 11.3.

    Args:
        shared_fixed_cost: K, money per order.
        individual_fixed_costs: (S,) k, money per item in an order.
        holding_costs: (S,) h, money per unit and period; ``demand_rates``: (S,) D, units per period.

    >>> order = joint_replenishment(40, [15] * 4, [0.24] * 4, [86000, 12500, 1400, 3000])
    >>> order.multiples.tolist(), round(order.cost, 2)
    ([1, 1, 4, 3], 2067.65)
    """
    checks.same_length("one cost and rate per item", individual_fixed_costs, holding_costs, demand_rates)
    checks.not_negative(shared_fixed_cost=shared_fixed_cost, individual_fixed_costs=individual_fixed_costs)
    checks.positive(holding_costs=holding_costs, demand_rates=demand_rates)
    own, holding, rate = checks.floats(individual_fixed_costs, holding_costs, demand_rates)
    checks.positive(fixed_costs=shared_fixed_cost + own)
    value = holding * rate
    first = int(np.argmin(own / value))
    ideal = np.sqrt(own / value * value[first] / (shared_fixed_cost + own[first]))
    multiples = np.maximum(np.floor(ideal + 0.5), 1).astype(np.int64)
    multiples[first] = 1
    fixed, held = shared_fixed_cost + (own / multiples).sum(), (multiples * value).sum()
    cycle = float(np.sqrt(2 * fixed / held))
    return JointOrder(cycle * multiples * rate, cycle, multiples, float(np.sqrt(2 * fixed * held)))
