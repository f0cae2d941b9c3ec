"""Economic order quantity (Harris 1913): plain, in packs, with backorders, with a production rate.

Equations as numbered in Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., chapter 3. K is money per
order, h money per unit and period, D units per the same period; all take arrays that broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError
from engine.optimisation import checks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def economic_order_quantity(fixed_cost: ArrayLike, holding_cost: ArrayLike, demand_rate: ArrayLike) -> FloatArray:
    """Q* = sqrt(2 K D / h) (3.4).

    Args:
        fixed_cost: K >= 0, money per order.
        holding_cost: h > 0, money per unit and period.
        demand_rate: D >= 0, units per the same period.

    >>> round(float(economic_order_quantity(8, 0.225, 1300)), 2)
    304.05
    """
    checks.positive(holding_cost=holding_cost)
    checks.not_negative(fixed_cost=fixed_cost, demand_rate=demand_rate)
    fixed, holding, rate = checks.floats(fixed_cost, holding_cost, demand_rate)
    return np.sqrt(2 * fixed * rate / holding)


def eoq_cost(
    order_quantity: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike, demand_rate: ArrayLike
) -> FloatArray:
    """Ordering and holding cost per period of ordering Q > 0: K D / Q + h Q / 2 (3.3)."""
    checks.positive(order_quantity=order_quantity)
    quantity, fixed, holding, rate = checks.floats(order_quantity, fixed_cost, holding_cost, demand_rate)
    return fixed * rate / quantity + holding * quantity / 2


def pack_quantity(
    fixed_cost: FloatArray, holding_cost: FloatArray, demand_rate: FloatArray, smallest: IntArray, multiple: IntArray
) -> IntArray:
    """Multiple, at least the smallest quantity, of least cost around the economic order quantity.

    The cost is convex in Q, so the optimum in packs is one of the two neighbours of Q*. Called by planners on whole
    matrices, so it trusts its inputs: holding cost and multiple > 0, the others >= 0.
    """
    best = np.sqrt(2 * fixed_cost * demand_rate / holding_cost)
    least = -(-np.maximum(smallest, 1) // multiple) * multiple
    below = np.maximum((best // multiple).astype(np.int64) * multiple, least)
    above = np.maximum(below + multiple, least)
    cost_below = fixed_cost * demand_rate / below + holding_cost * below / 2
    cost_above = fixed_cost * demand_rate / above + holding_cost * above / 2
    return np.where(cost_below <= cost_above, below, above)


@dataclass(frozen=True)
class BackorderedLot:
    """Lot with planned backorders.

    Attributes:
        order_quantity: units.
        backordered_share: of demand that waits, 0..1.
        cost: money per period.
    """

    order_quantity: FloatArray
    backordered_share: FloatArray
    cost: FloatArray

    @property
    def largest_backorder(self) -> FloatArray:
        """Units waiting when the lot arrives."""
        return self.order_quantity * self.backordered_share


def lot_with_backorders(
    fixed_cost: ArrayLike, holding_cost: ArrayLike, stockout_cost: ArrayLike, demand_rate: ArrayLike
) -> BackorderedLot:
    """Q* = sqrt(2 K D (h + p) / (h p)), share waiting h / (h + p), cost sqrt(2 K D h p / (h + p)) (3.27-3.29).

    Args:
        fixed_cost: K, money per order; ``holding_cost``: h, money per unit and period.
        stockout_cost: p > 0, money per waiting unit and period.
        demand_rate: D, units per period.

    >>> round(float(lot_with_backorders(40, 40.05, 60, 2080).cost), 3)
    1999.148
    """
    checks.positive(stockout_cost=stockout_cost)
    holding, stockout = checks.floats(holding_cost, stockout_cost)
    share = holding / (holding + stockout)
    quantity = economic_order_quantity(fixed_cost, holding * (1 - share), demand_rate)
    return BackorderedLot(quantity, share, quantity * holding * (1 - share))


def cost_with_backorders(
    order_quantity: ArrayLike, backordered_share: ArrayLike,
    fixed_cost: ArrayLike, holding_cost: ArrayLike, stockout_cost: ArrayLike, demand_rate: ArrayLike,
) -> FloatArray:  # fmt: skip
    """K D / Q + h Q (1 - x)^2 / 2 + p Q x^2 / 2 for a share x of demand that waits (3.24).

    >>> round(float(cost_with_backorders(100, 0.3, 40, 40.05, 60, 2080)), 3)
    2083.225
    """
    checks.positive(order_quantity=order_quantity)
    quantity, share, fixed, holding = checks.floats(order_quantity, backordered_share, fixed_cost, holding_cost)
    stockout, rate = checks.floats(stockout_cost, demand_rate)
    if ((share < 0) | (share > 1)).any():
        raise InputError("backordered_share must lie in 0..1", value=backordered_share)
    return fixed * rate / quantity + holding * quantity * (1 - share) ** 2 / 2 + stockout * quantity * share**2 / 2


def economic_production_quantity(
    fixed_cost: ArrayLike, holding_cost: ArrayLike, demand_rate: ArrayLike, production_rate: ArrayLike
) -> FloatArray:
    """Q* = sqrt(2 K D / (h (1 - D / P))) (3.31): a lot that comes in at a rate P > D.

    Its cost is ``eoq_cost`` at the holding cost h (1 - D / P).

    >>> round(float(economic_production_quantity(4, 0.08, 80, 110)), 2)
    171.27
    """
    return economic_order_quantity(
        fixed_cost, production_holding_cost(holding_cost, demand_rate, production_rate), demand_rate
    )


def production_holding_cost(holding_cost: ArrayLike, demand_rate: ArrayLike, production_rate: ArrayLike) -> FloatArray:
    """Return h (1 - D / P): holding cost per unit of a lot, part of which is used while the rest is made."""
    checks.positive(production_rate=production_rate)
    holding, demand, production = checks.floats(holding_cost, demand_rate, production_rate)
    busy = demand / production
    if (busy >= 1).any():
        raise InputError("production_rate must be > demand_rate", value=(production_rate, demand_rate))
    return holding * (1 - busy)
