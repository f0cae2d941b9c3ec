"""Lost sales under periodic review, exactly: cost of a base-stock level, and of the best policy there is.

Each period: receive the order of ``lead_time`` periods ago, order, meet demand; what is not met is lost. Costs at the
end of the period. In the tick of the arena this lead time L is L + 1 (it reviews after demand). Small systems only:
states grow with the power of the lead time. Source: Zipkin (2008), Old and New Methods for Lost-Sales Inventory
Systems, Operations Research 56(5); Morton (1969) for the bounds on orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.random_demand.base import RandomDemand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_STATES = 2_000_000
LARGEST_CHOICES = 20_000_000
MOST_PERIODS = 20_000
SETTLED = 1e-12


@dataclass(frozen=True)
class LostSalesCosts:
    """A small lost-sales system.

    Attributes:
        demand: of a period, whole units (continuous demand is rounded).
        lead_time: whole periods, >= 0.
        holding_cost: money per unit on hand at the end of a period; ``lost_sale_cost``: money per unit lost.
    """

    demand: RandomDemand
    lead_time: int
    holding_cost: float
    lost_sale_cost: float

    def __post_init__(self) -> None:
        checks.whole_not_negative(lead_time=self.lead_time)
        checks.positive(
            holding_cost=self.holding_cost, lost_sale_cost=self.lost_sale_cost, mean_demand=self.demand.mean
        )

    def probabilities(self, stock: int) -> FloatArray:
        """Of selling 0, 1, … ``stock`` units when so many or more are on hand, whatever exceeds it in the last."""
        first, chances = self.demand.whole_units()
        chances = np.concatenate([np.zeros(first), chances, np.zeros(stock + 1)])
        return np.append(chances[:stock], max(1.0 - chances[:stock].sum(), 0.0))

    def rate(self, on_hand: FloatArray) -> FloatArray:
        """Expected cost of a period that starts its demand with so many units, money."""
        return self.holding_cost * self.demand.leftover(on_hand) + self.lost_sale_cost * self.demand.shortage(on_hand)


@dataclass(frozen=True)
class BaseStockResult:
    """Long-run figures of a base-stock level.

    Attributes:
        base_stock: S, units; ``cost``: money per period; ``fill_rate``: share of demand sold.
    """

    base_stock: int
    cost: float
    fill_rate: float


def base_stock_cost(base_stock: int, costs: LostSalesCosts) -> BaseStockResult:
    """Exact long-run cost of order-up-to S, by the Markov chain of the units on order.

    An order replaces what was sold the period before, so a state is the sales of the last ``lead_time`` periods.

    >>> from engine.optimisation.random_demand import Poisson
    >>> round(base_stock_cost(13, LostSalesCosts(Poisson(5), 1, 1, 9)).cost, 4)
    5.5475
    """
    checks.whole_not_negative(base_stock=base_stock)
    on_order = _pipelines(base_stock, costs.lead_time)
    on_hand = base_stock - on_order.sum(axis=1)
    share = _stationary(_transitions(base_stock, on_order, on_hand, costs), on_hand)
    stock = on_hand.astype(np.float64)
    sold = costs.demand.mean - share @ costs.demand.shortage(stock)
    return BaseStockResult(base_stock, float(share @ costs.rate(stock)), float(sold / costs.demand.mean))


def best_base_stock_exact(costs: LostSalesCosts) -> BaseStockResult:
    """Base-stock level of least exact cost; the cost is convex in S (Janakiraman & Roundy 2004)."""
    protection = costs.demand.over(costs.lead_time + 1)
    chance = costs.lost_sale_cost / (costs.lost_sale_cost + costs.holding_cost)
    best = base_stock_cost(int(np.ceil(protection.quantile(chance))), costs)
    for step in (-1, 1):
        while best.base_stock + step >= 0:
            trial = base_stock_cost(best.base_stock + step, costs)
            if trial.cost >= best.cost:
                break
            best = trial
    return best


def _pipelines(base_stock: int, lead_time: int) -> IntArray:
    """All orders on the way with a sum of at most S, (states, lead_time); sorted, so that they can be ranked."""
    count = 1
    for step in range(1, lead_time + 1):
        count = count * (base_stock + step) // step
    if count > LARGEST_STATES:
        raise InputError(f"states must be <= {LARGEST_STATES:,}", value=count, remedy="Use a smaller system.")
    # Stars and bars: cuts among S + L places.
    cuts = np.array(list(combinations(range(base_stock + lead_time), lead_time)), np.int64).reshape(count, lead_time)
    return np.diff(cuts, axis=1, prepend=-1) - 1


def _rank(pipelines: IntArray, base_stock: int) -> IntArray:
    """Place of each pipeline in the lexicographic order of ``_pipelines``."""
    key = np.zeros(len(pipelines), np.int64)
    for column in range(pipelines.shape[1]):
        key = key * (base_stock + 1) + pipelines[:, column]
    return key


def _transitions(base_stock: int, on_order: IntArray, on_hand: IntArray, costs: LostSalesCosts) -> sparse.csr_array:
    """Chances from state to state: sell, drop the oldest order, order what was sold."""
    states = len(on_order)
    keys = _rank(on_order, base_stock)
    origins, targets, chances = [], [], []
    for stock in range(base_stock + 1):
        members = np.flatnonzero(on_hand == stock)
        probability = costs.probabilities(stock)
        for sold in np.flatnonzero(probability):
            after = np.column_stack([np.full(len(members), sold), on_order[members, :-1]])[:, : costs.lead_time]
            origins.append(members)
            targets.append(np.searchsorted(keys, _rank(after, base_stock)))
            chances.append(np.full(len(members), probability[sold]))
    entries = np.concatenate(chances), (np.concatenate(targets), np.concatenate(origins))
    return sparse.csr_array(sparse.coo_array(entries, shape=(states, states)))


def _stationary(transition: sparse.csr_array, on_hand: IntArray) -> FloatArray:
    """Long-run share of time in each state, from a full shelf on."""
    share = (on_hand == on_hand.max()).astype(np.float64)
    share /= share.sum()
    for _ in range(MOST_PERIODS):
        # Half a step: the average with the state before settles periodic chains as well.
        after = 0.5 * (transition @ share) + 0.5 * share
        if np.abs(after - share).sum() < SETTLED:
            return after
        share = after
    raise InputError("the chain must settle", value=MOST_PERIODS)


def optimal_lost_sales_cost(costs: LostSalesCosts, tolerance: float = 1e-6) -> float:
    """Cost per period of the best policy, a lower bound on any, by relative value iteration.

    A state is the stock after receipt and the orders on the way; stock after an order, on the way included, never
    needs to exceed the newsvendor's level over lead time plus one period, an order that of one period.

    Args:
        tolerance: largest gap between the bounds on the cost, money.

    >>> from engine.optimisation.random_demand import Poisson
    >>> round(optimal_lost_sales_cost(LostSalesCosts(Poisson(5), 1, 1, 4)), 4)
    4.0407
    """
    chance = costs.lost_sale_cost / (costs.lost_sale_cost + costs.holding_cost)
    most_stock = int(costs.demand.over(costs.lead_time + 1).quantile(chance))
    if costs.lead_time == 0:
        return float(costs.rate(np.array([most_stock], np.float64))[0])
    most_order = int(costs.demand.quantile(chance)) + 1
    shape = (most_stock + 1, *[most_order + 1] * (costs.lead_time - 1))
    states = int(np.prod(shape))
    choices = states * (most_order + 1)
    if choices > LARGEST_CHOICES:
        raise InputError(
            f"states x orders must be <= {LARGEST_CHOICES:,}", value=choices, remedy="Use a smaller system."
        )
    period_cost = costs.rate(np.arange(most_stock + 1, dtype=np.float64)).reshape(-1, *[1] * (costs.lead_time - 1))
    left = _stock_left(most_stock, costs)
    value = np.zeros(shape)
    for _ in range(MOST_PERIODS):
        later = _best_order(left, value, most_order)
        after = period_cost + later
        change = after - value
        low, high = float(change.min()), float(change.max())
        if high - low < tolerance:
            return (low + high) / 2
        value = after - after.flat[0]
    raise InputError("value iteration must settle", value=MOST_PERIODS)


def _stock_left(most_stock: int, costs: LostSalesCosts) -> FloatArray:
    """Chances of y units left from x on hand, (X, X)."""
    left = np.zeros((most_stock + 1, most_stock + 1))
    for stock in range(most_stock + 1):
        left[stock, : stock + 1] = costs.probabilities(stock)[::-1]
    return left


def _best_order(left: FloatArray, value: FloatArray, most_order: int) -> FloatArray:
    """Least expected value after demand, the arrival of the oldest order and an order of the best size."""
    most_stock = len(left) - 1
    if value.ndim == 1:  # lead time one: the order of today is tomorrow's receipt
        stock = np.minimum(np.arange(most_stock + 1)[:, None] + np.arange(most_order + 1), most_stock)
        return (left @ value[stock]).min(axis=1)
    result = np.empty_like(value)
    for oldest in range(most_order + 1):
        stock = np.minimum(np.arange(most_stock + 1) + oldest, most_stock)
        expected = left @ value[stock].reshape(most_stock + 1, -1)
        result[:, oldest] = expected.reshape(value.shape).min(axis=-1)
    return result
