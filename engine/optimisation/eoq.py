"""Economic order quantity (Harris 1913), in packs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def economic_order_quantity(fixed_cost: FloatArray, holding_cost: FloatArray, demand_rate: FloatArray) -> FloatArray:
    """Q* = sqrt(2 K D / h).

    Args:
        fixed_cost: K, money per order.
        holding_cost: h > 0, money per unit and period.
        demand_rate: D, units per the same period.
    """
    return np.sqrt(2 * fixed_cost * demand_rate / holding_cost)


def eoq_cost(
    order_quantity: FloatArray, fixed_cost: FloatArray, holding_cost: FloatArray, demand_rate: FloatArray
) -> FloatArray:
    """Ordering and holding cost per period of ordering Q: K D / Q + h Q / 2."""
    return fixed_cost * demand_rate / order_quantity + holding_cost * order_quantity / 2


def pack_quantity(
    fixed_cost: FloatArray, holding_cost: FloatArray, demand_rate: FloatArray, smallest: IntArray, multiple: IntArray
) -> IntArray:
    """Multiple, at least the smallest quantity, of least cost around the economic order quantity.

    The cost is convex in Q, so the optimum in packs is one of the two neighbours of Q*.
    """
    best = economic_order_quantity(fixed_cost, holding_cost, demand_rate)
    least = -(-smallest // multiple) * multiple
    below = np.maximum((best // multiple).astype(np.int64) * multiple, least)
    above = np.maximum(below + multiple, least)
    cheaper = eoq_cost(below, fixed_cost, holding_cost, demand_rate) <= eoq_cost(
        above, fixed_cost, holding_cost, demand_rate
    )
    return np.where(cheaper, below, above)
