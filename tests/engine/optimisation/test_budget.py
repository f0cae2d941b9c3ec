from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize

from engine.optimisation.budget import HIGHEST_PRICE, LOWEST_PRICE, allocate
from engine.optimisation.newsvendor import critical_ratio
from engine.optimisation.service_level import quantile


class World:
    """SKUs whose profit of a level is newsvendor profit less holding, capital is cost x stock left on average."""

    def __init__(self, seed, skus, scale):
        random = np.random.default_rng(seed)
        self.mean = random.uniform(1, 4, skus) * scale
        self.variance = self.mean * random.uniform(1.2, 3, skus)
        self.cost = random.uniform(2, 12, skus)
        self.margin = self.cost * random.uniform(0.2, 1, skus)
        self.holding = 0.02 * self.cost
        self.years = 14 / 365

    def levels_at(self, price):
        overage = self.holding + self.cost * price[:, None] * self.years
        return np.maximum(
            quantile(self.mean, self.variance, np.minimum(critical_ratio(self.margin, overage), 0.9999)), 0
        )

    def short(self, levels):
        demand = stats.nbinom(self.mean**2 / (self.variance - self.mean), self.mean / self.variance)
        units = np.arange(4000)[:, None]
        return (np.maximum(units - levels, 0) * demand.pmf(units)).sum(axis=0)

    def left(self, levels):
        return levels - self.mean + self.short(levels)

    def capital(self, levels):
        return float((self.cost * self.left(levels)).sum())

    def stock_at(self, _dates, price):
        levels = self.levels_at(price)
        return levels, np.array([self.capital(row) for row in levels])

    def profit(self, levels):
        return float((self.margin * (self.mean - self.short(levels)) - self.holding * self.left(levels)).sum())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_profit_within_one_percent_of_brute_force(seed, share):
    world = World(seed, 3, 3)
    free = world.levels_at(np.zeros(1))
    budget = share * world.capital(free[0])
    levels, price = allocate(world.stock_at, np.array([budget]))
    assert world.capital(levels[0]) <= budget
    assert price[0] > 0
    most = free[0] + 1
    each = [world_table(world, sku, most[sku]) for sku in range(3)]
    best = -np.inf
    for choice in product(*(range(top + 1) for top in most)):
        capital = sum(each[sku][level][0] for sku, level in enumerate(choice))
        if capital <= budget:
            best = max(best, sum(each[sku][level][1] for sku, level in enumerate(choice)))
    step = 0.01 * abs(best)
    assert world.profit(levels[0]) >= best - max(step, largest_gain(each, levels[0]))


def world_table(world, sku, most):
    """(capital, profit) of each level of one SKU."""
    rows = []
    for level in range(most + 1):
        levels = np.zeros(len(world.mean))
        levels[sku] = level
        short, left = world.short(levels)[sku], world.left(levels)[sku]
        profit = world.margin[sku] * (world.mean[sku] - short) - world.holding[sku] * left
        rows.append((world.cost[sku] * left, profit))
    return rows


def largest_gain(each, levels):
    """Profit of one more unit: what whole units may leave unspent."""
    return max(
        each[sku][min(level + 1, len(each[sku]) - 1)][1] - each[sku][level][1] for sku, level in enumerate(levels)
    )


@pytest.mark.parametrize("seed", range(3))
def test_profit_within_one_percent_of_slsqp(seed):
    world = World(seed, 5, 40)
    free = world.levels_at(np.zeros(1))[0]
    budget = 0.5 * world.capital(free)
    levels, _ = allocate(world.stock_at, np.array([budget]))
    demand = world.mean, np.sqrt(world.variance)

    def short(stock):
        z = (stock - demand[0]) / demand[1]
        return demand[1] * (stats.norm.pdf(z) - z * stats.norm.sf(z))

    def profit(stock):
        left = stock - world.mean + short(stock)
        return (world.margin * (world.mean - short(stock)) - world.holding * left).sum()

    def slack(stock):
        return budget - (world.cost * (stock - world.mean + short(stock))).sum()

    found = minimize(lambda x: -profit(x), world.mean, method="SLSQP", constraints={"type": "ineq", "fun": slack})
    assert found.success
    assert world.profit(levels[0]) >= 0.99 * -found.fun


def test_budget_that_does_not_bind_costs_nothing():
    world = World(1, 4, 3)
    levels, price = allocate(world.stock_at, np.array([1e9, 1e9]))
    assert price.tolist() == [0, 0]
    assert (levels == world.levels_at(np.zeros(2))).all()


def test_a_budget_of_nothing_gets_the_highest_price():
    world = World(3, 4, 3)
    levels, price = allocate(world.stock_at, np.zeros(1))
    assert price.tolist() == pytest.approx([HIGHEST_PRICE])
    assert (levels == world.levels_at(np.array([HIGHEST_PRICE]))).all()


def test_a_budget_just_below_what_is_wanted_gets_the_lowest_price():
    world = World(3, 4, 3)
    _, capital = world.stock_at(np.arange(1), np.array([LOWEST_PRICE]))
    _, free = world.stock_at(np.arange(1), np.zeros(1))
    levels, price = allocate(world.stock_at, np.maximum(capital, free - 1e-6))
    assert price[0] <= LOWEST_PRICE * 1.001
    assert world.capital(levels[0]) <= max(capital[0], free[0])


def test_dates_do_not_disturb_each_other():
    world = World(2, 4, 3)
    budgets = np.array([5.0, 40.0, 1e9])
    together, prices = allocate(world.stock_at, budgets)
    for index, budget in enumerate(budgets):
        alone, price = allocate(world.stock_at, np.array([budget]))
        assert (alone[0] == together[index]).all()
        assert price[0] == prices[index]
    assert (np.diff(prices) <= 0).all()
