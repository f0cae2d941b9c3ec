"""(s, S) that change from period to period over a finite horizon: stochastic dynamic programming with backorders.

Scarf (1960) shows that an (s, S) rule is optimal in each period. Source: Snyder & Shen (2019), Fundamentals of Supply
Chain Theory, 2nd ed., 4.4.3 and algorithm 4.1; Bollapragada & Morton (1999) for non-stationary demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.newsvendor import newsvendor_cost
from engine.optimisation.random_demand.base import RandomDemand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_GRID = 200_000


@dataclass(frozen=True)
class Period:
    """One period of the horizon; an order placed in it arrives before its demand.

    Attributes:
        demand: units; continuous demand is rounded to units from period to period, not in the period's own cost.
        fixed_cost: K >= 0, money per order; ``unit_cost``: c >= 0, money per unit.
        holding_cost, stockout_cost: h, p >= 0, money per unit at the end of the period, on hand and waiting.
        discount: factor on what comes after, 0 < discount <= 1.
    """

    demand: RandomDemand
    fixed_cost: float
    unit_cost: float
    holding_cost: float
    stockout_cost: float
    discount: float = 1.0

    def __post_init__(self) -> None:
        checks.not_negative(
            fixed_cost=self.fixed_cost,
            unit_cost=self.unit_cost,
            holding_cost=self.holding_cost,
            stockout_cost=self.stockout_cost,
        )
        checks.positive(discount=self.discount)
        if self.discount > 1:
            raise InputError("discount must be <= 1", value=self.discount)


@dataclass(frozen=True)
class DynamicPolicy:
    """Optimal rule per period.

    Attributes:
        reorder_points, order_up_to: (T,) order up to S in period t when the stock is at or below s.
        cost: expected discounted cost from the opening stock on, money.
        first_order: units ordered in the first period.
    """

    reorder_points: IntArray
    order_up_to: IntArray
    cost: float
    first_order: int


def dynamic_min_max(
    periods: Sequence[Period],
    opening_stock: int = 0,
    terminal_holding_cost: float = 0.0,
    terminal_stockout_cost: float = 0.0,
    demand_deviations: float = 8.0,
) -> DynamicPolicy:
    """Least expected cost: theta_t(x) = min over y >= x of K [y > x] + c (y - x) + g_t(y) + discount E theta(y - D).

    Args:
        periods: of the horizon, in order.
        opening_stock: units before the first period, negative when backordered.
        terminal_holding_cost, terminal_stockout_cost: money per unit on hand and waiting after the last period.
        demand_deviations: continuous demand farther from its mean than so many standard deviations is left out.

    >>> from engine.optimisation.random_demand import Poisson
    >>> policy = dynamic_min_max([Period(Poisson(mean), 100, 0, 1, 10) for mean in (20, 40, 60, 40)])
    >>> policy.order_up_to.tolist(), round(policy.cost, 2)
    ([67, 49, 109, 49], 332.18)
    """
    checks.same_length("a horizon has at least one period", range(len(periods)))
    checks.not_negative(terminal_holding_cost=terminal_holding_cost, terminal_stockout_cost=terminal_stockout_cost)
    chances = [_from_zero(period.demand, demand_deviations) for period in periods]
    most = sum(len(chance) - 1 for chance in chances)
    low, high = min(opening_stock, 0) - most, max(opening_stock, 0) + most
    if high - low > LARGEST_GRID:
        raise InputError(f"states must be <= {LARGEST_GRID:,}", value=high - low, remedy="Use larger units.")
    stock = np.arange(low, high + 1, dtype=np.float64)
    value = terminal_holding_cost * np.maximum(stock, 0) + terminal_stockout_cost * np.maximum(-stock, 0)
    points, tops = np.zeros(len(periods), np.int64), np.zeros(len(periods), np.int64)
    target = np.arange(len(stock))
    for index in range(len(periods) - 1, -1, -1):
        value, target = _one_period(periods[index], stock, value, chances[index])
        tops[index] = low + target[0]
        same = target == target[0]
        points[index] = low + (len(same) if same.all() else int(np.argmin(same))) - 1
    opening = opening_stock - low
    return DynamicPolicy(points, tops, float(value[opening]), int(target[opening]) - opening)


def _from_zero(demand: RandomDemand, deviations: float) -> FloatArray:
    """Probabilities of 0, 1, … units."""
    first, chances = demand.whole_units(deviations)
    return np.concatenate([np.zeros(first), chances])


def _one_period(
    period: Period, stock: FloatArray, later: FloatArray, chances: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Value of each stock before ordering, and the index of the best stock after it."""
    # Below the grid, which only stocks that are never reached could come to, the value of its lowest stock stands.
    padded = np.concatenate([np.full(len(chances) - 1, later[0]), later])
    expected = np.convolve(padded, chances, "valid")
    keep = newsvendor_cost(stock, period.demand, period.holding_cost, period.stockout_cost)
    keep = keep + period.discount * expected
    bought = keep + period.unit_cost * stock
    best_from = _least_from(bought)
    order = np.append(bought[best_from[1:]], np.inf) + period.fixed_cost - period.unit_cost * stock
    orders = order < keep
    return np.where(orders, order, keep), np.where(orders, np.append(best_from[1:], 0), np.arange(len(stock)))


def _least_from(values: FloatArray) -> IntArray:
    """For each index the first index of the least value from there on."""
    least = np.minimum.accumulate(values[::-1])[::-1]
    places = np.where(values == least, np.arange(len(values)), len(values))
    return np.minimum.accumulate(places[::-1])[::-1]
