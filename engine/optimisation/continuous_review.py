"""(r, Q) under continuous review and backorders: exact cost, best r for a Q, the optimum.

Position is uniform on r..r + Q (on r + 1..r + Q in whole units), so the cost is the mean of the newsvendor cost
g(y) = h E[(y - D)+] + p E[(D - y)+] of lead-time demand D over that range, plus K times the orders per period.
Source: Zheng (1992); Federgruen & Zheng (1992); Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.newsvendor import newsvendor_cost, newsvendor_level
from engine.optimisation.random_demand.base import RandomDemand
from engine.optimisation.random_demand.continuous import Continuous
from engine.optimisation.random_demand.whole import WholeUnits

BISECTIONS = 200
MOST_DOUBLINGS = 200


@dataclass(frozen=True)
class ReviewCosts:
    """What (r, Q) trades off.

    Attributes:
        fixed_cost: K > 0, money per order.
        holding_cost, stockout_cost: h, p > 0, money per unit and period, on hand and waiting.
        demand_rate: units per period.
        lead_time_demand: random demand over the lead time, units.
    """

    fixed_cost: float
    holding_cost: float
    stockout_cost: float
    demand_rate: float
    lead_time_demand: RandomDemand

    def __post_init__(self) -> None:
        checks.positive(
            fixed_cost=self.fixed_cost,
            holding_cost=self.holding_cost,
            stockout_cost=self.stockout_cost,
            demand_rate=self.demand_rate,
        )

    def rate(self, position: float) -> float:
        """Newsvendor cost g at a position, money per period."""
        return float(newsvendor_cost(position, self.lead_time_demand, self.holding_cost, self.stockout_cost))

    def best_position(self) -> float:
        """Position of least newsvendor cost."""
        return newsvendor_level(self.lead_time_demand, self.holding_cost, self.stockout_cost)


@dataclass(frozen=True)
class ReorderPolicy:
    """Order ``order_quantity`` units when the position falls to ``reorder_point``; cost in money per period."""

    reorder_point: float
    order_quantity: float
    cost: float


def continuous_review_cost(reorder_point: float, order_quantity: float, costs: ReviewCosts) -> float:
    """(K D + sum or integral of g over the positions) / Q (5.7), money per period.

    Args:
        reorder_point: r, whole where demand is.
        order_quantity: Q > 0, whole where demand is.

    >>> from engine.optimisation.random_demand import Poisson
    >>> round(continuous_review_cost(3, 9, ReviewCosts(4, 4, 28, 12, Poisson(6))), 4)
    34.2642
    """
    checks.finite(reorder_point=reorder_point)
    checks.positive(order_quantity=order_quantity)
    demand, top = costs.lead_time_demand, reorder_point + order_quantity
    if isinstance(demand, WholeUnits):
        if order_quantity != round(order_quantity) or reorder_point != round(reorder_point):
            raise InputError("r and Q must be whole units where demand is", value=(reorder_point, order_quantity))
        gap = order_quantity * (reorder_point + (order_quantity + 1) / 2 - demand.mean)
    else:
        gap = order_quantity * (reorder_point + order_quantity / 2 - demand.mean)
    # Sums of shortages are differences of second-order losses, of continuous and of whole demand alike.
    short = float(demand.second_shortage(reorder_point) - demand.second_shortage(top))
    positions = costs.holding_cost * gap + (costs.holding_cost + costs.stockout_cost) * short
    return (costs.fixed_cost * costs.demand_rate + positions) / order_quantity


def best_reorder_point(order_quantity: float, costs: ReviewCosts) -> float:
    """The r with g(r) = g(r + Q) (5.9), continuous demand.

    >>> from engine.optimisation.random_demand import Normal
    >>> costs = ReviewCosts(8, 0.225, 7.5, 1300, Normal(1300, 150).over(1 / 12))
    >>> round(best_reorder_point(318, costs), 4)
    127.788
    """
    checks.positive(order_quantity=order_quantity)
    _asks_density(costs)
    high = costs.best_position()
    low = high - order_quantity
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if costs.rate(middle) > costs.rate(middle + order_quantity):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _asks_density(costs: ReviewCosts) -> None:
    if not isinstance(costs.lead_time_demand, Continuous):
        name = type(costs.lead_time_demand).__name__
        raise InputError("lead-time demand must be continuous", value=name, remedy="Use optimal_unit_review.")


def optimal_continuous_review(costs: ReviewCosts) -> ReorderPolicy:
    """(r, Q) of least cost, continuous demand: at the optimum the cost equals g(r) = g(r + Q) (Zheng 1992)."""
    _asks_density(costs)

    def too_large(quantity: float) -> bool:
        point = best_reorder_point(quantity, costs)
        return costs.rate(point + quantity) >= continuous_review_cost(point, quantity, costs)

    low, high = 0.0, max(costs.lead_time_demand.deviation, 1e-6)
    for _ in range(MOST_DOUBLINGS):
        if too_large(high):
            break
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if too_large(middle) else (middle, high)
    point = best_reorder_point(high, costs)
    return ReorderPolicy(point, high, continuous_review_cost(point, high, costs))


def optimal_unit_review(costs: ReviewCosts) -> ReorderPolicy:
    """(r, Q) of least cost, whole units: take the cheaper neighbouring position while it lowers the cost.

    Source: Federgruen & Zheng (1992); Snyder & Shen (2019), algorithm 5.2.

    >>> from engine.optimisation.random_demand import Poisson
    >>> policy = optimal_unit_review(ReviewCosts(4, 4, 28, 12, Poisson(6)))
    >>> policy.reorder_point, policy.order_quantity, round(policy.cost, 4)
    (6, 7, 28.2413)
    """
    if not isinstance(costs.lead_time_demand, WholeUnits):
        name = type(costs.lead_time_demand).__name__
        raise InputError("lead-time demand must be in whole units", value=name, remedy="Use optimal_continuous_review.")
    best = int(costs.best_position())
    point, quantity = best - 1, 1
    total = costs.fixed_cost * costs.demand_rate + costs.rate(best)
    while True:
        below, above = costs.rate(point), costs.rate(point + quantity + 1)
        if min(below, above) >= total / quantity:
            return ReorderPolicy(point, quantity, total / quantity)
        total += min(below, above)
        quantity += 1
        if below <= above:
            point -= 1
