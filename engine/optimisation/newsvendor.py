"""The newsvendor: critical ratio (Arrow, Harris & Marschak 1951), level, cost and profit for any random demand.

Equations: Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., 4.3. Demand over a lead time of L
periods and one period of review is ``demand.over(L + 1)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError
from engine.optimisation import checks
from engine.optimisation.random_demand.base import RandomDemand

FloatArray = NDArray[np.float64]


def critical_ratio(underage: FloatArray, overage: FloatArray) -> FloatArray:
    """Chance of no stock-out that balances a unit short against a unit left: underage / (underage + overage).

    Args:
        underage: money lost per unit short; not positive gives 0.
        overage: money lost per unit left over.

    >>> float(critical_ratio(np.array(3.0), np.array(1.0)))
    0.75
    """
    short = np.maximum(underage, 0.0)
    total = short + np.maximum(overage, 0.0)
    return np.divide(short, total, out=np.zeros(np.shape(total)), where=total > 0)


def newsvendor_level(demand: RandomDemand, holding_cost: float, stockout_cost: float) -> float:
    """Least level S with P(D <= S) >= p / (p + h) (4.17); whole where demand is.

    Args:
        demand: over the protection interval, units.
        holding_cost: h > 0, money per unit left over; ``stockout_cost``: p > 0, money per unit short.

    >>> from engine.optimisation.random_demand import Normal, Poisson
    >>> round(newsvendor_level(Normal(900, 60), 43, 79), 2), newsvendor_level(Poisson(6), 1, 4)
    (922.72, 8.0)
    """
    checks.positive(holding_cost=holding_cost, stockout_cost=stockout_cost)
    return demand.quantile(stockout_cost / (stockout_cost + holding_cost))


def newsvendor_cost(level: ArrayLike, demand: RandomDemand, holding_cost: float, stockout_cost: float) -> FloatArray:
    """Expected cost h E[(S - D)+] + p E[(D - S)+] (4.3), money.

    >>> from engine.optimisation.random_demand import Normal
    >>> round(float(newsvendor_cost(40, Normal(50, 8), 0.18, 0.7)), 4)
    7.3561
    """
    checks.not_negative(holding_cost=holding_cost, stockout_cost=stockout_cost)
    checks.finite(level=level)
    return holding_cost * demand.leftover(level) + stockout_cost * demand.shortage(level)


def fill_rate(level: ArrayLike, demand: RandomDemand) -> FloatArray:
    """Share of expected demand that a level serves: 1 - E[(D - S)+] / E[D]; NaN where nothing is demanded."""
    if demand.mean == 0:
        return np.full(np.shape(level), np.nan)
    return 1 - demand.shortage(level) / demand.mean


@dataclass(frozen=True)
class Margins:
    """Prices of a single selling season, money per unit.

    Attributes:
        revenue: selling price; ``purchase_cost``: unit cost; ``salvage``: what a unit left over still fetches.
        holding_cost: of a unit left over; ``stockout_cost``: of a unit short, beyond its lost margin.

    >>> from engine.optimisation.random_demand import Poisson
    >>> margins = Margins(revenue=7, purchase_cost=2.5, salvage=1.5)
    >>> margins.level(Poisson(50)), round(float(margins.profit(56, Poisson(50))), 4)
    (56.0, 214.5173)
    """

    revenue: float
    purchase_cost: float
    salvage: float = 0.0
    holding_cost: float = 0.0
    stockout_cost: float = 0.0

    def __post_init__(self) -> None:
        checks.finite(revenue=self.revenue, purchase_cost=self.purchase_cost, salvage=self.salvage)
        checks.not_negative(holding_cost=self.holding_cost, stockout_cost=self.stockout_cost)
        if not self.underage > 0:
            raise InputError(
                "revenue + stockout_cost must be > purchase_cost", value=(self.revenue, self.stockout_cost)
            )
        if not self.overage > 0:
            raise InputError("purchase_cost + holding_cost must be > salvage", value=(self.purchase_cost, self.salvage))

    @property
    def underage(self) -> float:
        """Lost per unit short: r - c + p."""
        return self.revenue - self.purchase_cost + self.stockout_cost

    @property
    def overage(self) -> float:
        """Lost per unit left over: c - v + h."""
        return self.purchase_cost - self.salvage + self.holding_cost

    def level(self, demand: RandomDemand) -> float:
        """Level of most expected profit."""
        return newsvendor_level(demand, self.overage, self.underage)

    def profit(self, level: ArrayLike, demand: RandomDemand) -> FloatArray:
        """(r - c) E[D] - (c - v + h) E[left over] - (r - c + p) E[short], money."""
        most = (self.revenue - self.purchase_cost) * demand.mean
        return most - newsvendor_cost(level, demand, self.overage, self.underage)


@dataclass(frozen=True)
class MyopicCosts:
    """One period of several, what is left being worth next period's purchase cost (Veinott 1965; S&S 4.5.2).

    Attributes:
        holding_cost, stockout_cost: h, p, money per unit and period.
        purchase_cost, purchase_cost_next: c now and next period, money per unit.
        discount: factor for a period, 0 < discount <= 1.

    >>> from engine.optimisation.random_demand import Normal
    >>> round(MyopicCosts(43, 79, 65, 55, 0.9).level(Normal(900, 60)), 4)
    903.0833
    """

    holding_cost: float
    stockout_cost: float
    purchase_cost: float
    purchase_cost_next: float
    discount: float = 1.0

    def __post_init__(self) -> None:
        checks.positive(holding_cost=self.holding_cost, stockout_cost=self.stockout_cost, discount=self.discount)
        checks.not_negative(purchase_cost=self.purchase_cost, purchase_cost_next=self.purchase_cost_next)
        if self.discount > 1:
            raise InputError("discount must be <= 1", value=self.discount)

    @property
    def cost_of_waiting(self) -> float:
        """Now c, less discount x c_next: what buying a unit now costs more than buying it next period."""
        return self.purchase_cost - self.discount * self.purchase_cost_next

    def level(self, demand: RandomDemand) -> float:
        """Quantile at (p - (c - discount c_next)) / (p + h)."""
        return newsvendor_level(
            demand, self.holding_cost + self.cost_of_waiting, self.stockout_cost - self.cost_of_waiting
        )

    def cost(self, level: ArrayLike, demand: RandomDemand) -> FloatArray:
        """Expected cost c y + h E[left over] + p E[short] - discount c_next (y - E[D]), money."""
        carried = self.discount * self.purchase_cost_next * (checks.floats(level)[0] - demand.mean)
        held = newsvendor_cost(level, demand, self.holding_cost, self.stockout_cost)
        return self.purchase_cost * checks.floats(level)[0] + held - carried
