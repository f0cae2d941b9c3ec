"""Quick (r, Q): approximations of the optimum for normal or other continuous lead-time demand.

Source: Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., 5.2; Hadley & Whitin (1963), 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.errors import InputError
from engine.optimisation.continuous_review import ReorderPolicy, ReviewCosts, best_reorder_point, continuous_review_cost
from engine.optimisation.eoq import economic_order_quantity, lot_with_backorders

TOLERANCE = 1e-10
MOST_ITERATIONS = 10_000
BISECTIONS = 200


def _economic_quantity(costs: ReviewCosts) -> float:
    return float(economic_order_quantity(costs.fixed_cost, costs.holding_cost, costs.demand_rate))


def economic_quantity_with_safety_stock(costs: ReviewCosts) -> ReorderPolicy:
    """Q: economic order quantity; r: quantile of lead-time demand at p / (p + h) (5.21).

    >>> from engine.optimisation.random_demand import Normal
    >>> policy = economic_quantity_with_safety_stock(ReviewCosts(8, 0.225, 7.5, 1300, Normal(1300, 150).over(1 / 12)))
    >>> round(policy.reorder_point, 3), round(policy.order_quantity, 3)
    (190.337, 304.047)
    """
    quantity, point = _economic_quantity(costs), costs.best_position()
    return ReorderPolicy(point, quantity, continuous_review_cost(point, quantity, costs))


def backordered_lot(costs: ReviewCosts) -> ReorderPolicy:
    """Q: lot with planned backorders; r: best for that Q (3.27, 5.9).

    >>> from engine.optimisation.random_demand import Normal
    >>> policy = backordered_lot(ReviewCosts(8, 0.225, 7.5, 1300, Normal(1300, 150).over(1 / 12)))
    >>> round(policy.reorder_point, 3), round(policy.order_quantity, 3)
    (128.638, 308.574)
    """
    lot = lot_with_backorders(costs.fixed_cost, costs.holding_cost, costs.stockout_cost, costs.demand_rate)
    quantity = float(lot.order_quantity)
    point = best_reorder_point(quantity, costs)
    return ReorderPolicy(point, quantity, continuous_review_cost(point, quantity, costs))


def expected_inventory_level(costs: ReviewCosts) -> ReorderPolicy:
    """Stock h (r - E[D] + Q / 2), stockouts p E[(D - r)+] per cycle, p in money per unit short (5.16-5.18).

    Iterates r = F^-1(1 - Q h / (p D)), Q = sqrt(2 D (K + p n(r)) / h); ``cost`` is the approximation's own.

    Raises:
        InputError: where Q h reaches p D, so that r has no solution.

    >>> from engine.optimisation.random_demand import Normal
    >>> policy = expected_inventory_level(ReviewCosts(8, 0.225, 7.5, 1300, Normal(1300, 150).over(1 / 12)))
    >>> round(policy.reorder_point, 3), round(policy.order_quantity, 3), round(policy.cost, 3)
    (213.97, 318.59, 95.451)
    """

    def reorder_point(quantity: float) -> float:
        chance = quantity * costs.holding_cost / (costs.stockout_cost * costs.demand_rate)
        if chance >= 1:
            raise InputError("order quantity x holding_cost must be < stockout_cost x demand_rate", value=chance)
        return costs.lead_time_demand.quantile(1 - chance)

    def order_quantity(point: float) -> float:
        short = float(costs.lead_time_demand.shortage(point))
        fixed = costs.fixed_cost + costs.stockout_cost * short
        return float(economic_order_quantity(fixed, costs.holding_cost, costs.demand_rate))

    point, quantity = _alternate(reorder_point, order_quantity, _economic_quantity(costs))
    held = costs.holding_cost * (point - costs.lead_time_demand.mean + quantity / 2)
    short = costs.stockout_cost * float(costs.lead_time_demand.shortage(point))
    return ReorderPolicy(point, quantity, held + (costs.fixed_cost + short) * costs.demand_rate / quantity)


def loss_function_approximation(costs: ReviewCosts) -> ReorderPolicy:
    """Shortages at r + Q neglected: n(r) = h Q / (h + p), Q = sqrt(2 (K D + (h + p) n2(r)) / h) (5.28, 5.29).

    >>> from engine.optimisation.random_demand import Normal
    >>> policy = loss_function_approximation(ReviewCosts(8, 0.225, 7.5, 1300, Normal(1300, 150).over(1 / 12)))
    >>> round(policy.reorder_point, 3), round(policy.order_quantity, 3)
    (126.867, 328.449)
    """
    demand, total = costs.lead_time_demand, costs.holding_cost + costs.stockout_cost

    def reorder_point(quantity: float) -> float:
        wanted = costs.holding_cost * quantity / total
        low, high = demand.mean - wanted, demand.mean + demand.deviation
        while float(demand.shortage(high)) > wanted:
            high += high - low
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if float(demand.shortage(middle)) > wanted else (low, middle)
        return (low + high) / 2

    def order_quantity(point: float) -> float:
        short = total * float(demand.second_shortage(point)) / costs.demand_rate
        return float(economic_order_quantity(costs.fixed_cost + short, costs.holding_cost, costs.demand_rate))

    point, quantity = _alternate(reorder_point, order_quantity, _economic_quantity(costs))
    return ReorderPolicy(point, quantity, continuous_review_cost(point, quantity, costs))


def _alternate(
    reorder_point: Callable[[float], float], order_quantity: Callable[[float], float], quantity: float
) -> tuple[float, float]:
    """Solve for r and Q in turn until neither moves."""
    point = reorder_point(quantity)
    for _ in range(MOST_ITERATIONS):
        before = point, quantity
        quantity = order_quantity(point)
        point = reorder_point(quantity)
        if math.dist(before, (point, quantity)) <= TOLERANCE * max(1.0, quantity):
            return point, quantity
    raise InputError("the iteration for r and Q must converge", value=(point, quantity))
