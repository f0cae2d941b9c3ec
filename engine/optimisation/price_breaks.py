"""Lot sizes where the unit cost falls with the quantity: all-units and incremental discounts.

Source: Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., 3.4; Hadley & Whitin (1963), 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.eoq import economic_order_quantity

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class BreakLot:
    """Best lot under price breaks.

    Attributes:
        order_quantity: units; ``region``: index of the price it is bought at.
        cost: money per period, purchases included.
    """

    order_quantity: float
    region: int
    cost: float


def _checked(breakpoints: Sequence[float], unit_costs: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    checks.same_length("breakpoints and unit_costs must be of the same length", breakpoints, unit_costs)
    checks.positive(unit_costs=unit_costs)
    starts, prices = np.asarray(breakpoints, np.float64), np.asarray(unit_costs, np.float64)
    if starts[0] != 0 or (np.diff(starts) <= 0).any():
        raise InputError("breakpoints must start at 0 and rise", value=tuple(breakpoints))
    if (np.diff(prices) >= 0).any():
        raise InputError("unit_costs must fall from break to break", value=tuple(unit_costs))
    return starts, prices


def all_units_lot(
    fixed_cost: float,
    holding_rate: float,
    demand_rate: float,
    breakpoints: Sequence[float],
    unit_costs: Sequence[float],
) -> BreakLot:
    """Price c_j on all units from the break b_j on: c D + K D / Q + i c Q / 2 (3.15).

    Candidates: the EOQ of each price where it is bought at that price, else the break.

    Args:
        fixed_cost: K > 0, money per order.
        holding_rate: i > 0, share of unit cost per period.
        demand_rate: D > 0, units per period.
        breakpoints: b_j, first 0, rising; ``unit_costs``: c_j, falling.

    >>> all_units_lot(200, 0.2, 1000, [0, 200, 500], [500, 475, 450])
    BreakLot(order_quantity=500.0, region=2, cost=472900.0)
    """
    checks.positive(fixed_cost=fixed_cost, holding_rate=holding_rate, demand_rate=demand_rate)
    starts, prices = _checked(breakpoints, unit_costs)
    quantity = np.maximum(economic_order_quantity(fixed_cost, holding_rate * prices, demand_rate), starts)
    cost = prices * demand_rate + fixed_cost * demand_rate / quantity + holding_rate * prices * quantity / 2
    allowed = quantity < np.append(starts[1:], np.inf)
    region = int(np.argmin(np.where(allowed, cost, np.inf)))
    return BreakLot(float(quantity[region]), region, float(cost[region]))


def incremental_lot(
    fixed_cost: float,
    holding_rate: float,
    demand_rate: float,
    breakpoints: Sequence[float],
    unit_costs: Sequence[float],
) -> BreakLot:
    """Price c_j on the units beyond b_j only: an EOQ with K_j = K + what the earlier units cost more (3.21).

    Arguments as ``all_units_lot``. A lot of Q costs c_j Q + (K_j - K); its cost per period is
    c_j D + i (K_j - K) / 2 + K_j D / Q + i c_j Q / 2.

    >>> lot = incremental_lot(8, 0.3, 1300, [0, 400, 800], [0.75, 0.72, 0.68])
    >>> round(lot.order_quantity, 3), lot.region, round(lot.cost, 4)
    (304.047, 0, 1043.4105)
    """
    checks.positive(fixed_cost=fixed_cost, holding_rate=holding_rate, demand_rate=demand_rate)
    starts, prices = _checked(breakpoints, unit_costs)
    extra = np.concatenate([[0.0], np.cumsum(-np.diff(prices) * starts[1:])])
    quantity = economic_order_quantity(fixed_cost + extra, holding_rate * prices, demand_rate)
    cost = prices * demand_rate + holding_rate * extra / 2
    cost += (fixed_cost + extra) * demand_rate / quantity + holding_rate * prices * quantity / 2
    allowed = (quantity >= starts) & (quantity < np.append(starts[1:], np.inf))
    region = int(np.argmin(np.where(allowed, cost, np.inf)))
    return BreakLot(float(quantity[region]), region, float(cost[region]))
