"""Random first-vintage history, and what strategies may know of it."""

from dataclasses import dataclass, replace

import numpy as np

from engine.forecast import OrderHistory
from engine.forecast.views import ViewHistory
from engine.plan import Orders
from engine.scenario import Scenario
from engine.settings import CostRates
from engine.steppers.reference import run_reference
from engine.strategies.build import KnownHistory, gather_information, replanning_days
from engine.totals import RunTotals
from tests.engine.make_scenario import Size, make_orders, make_scenario


@dataclass(frozen=True)
class Shop:
    """A world, its history as known, the shop's own orders and their replay."""

    scenario: Scenario
    history: KnownHistory
    actual: Orders
    run: RunTotals
    rates: CostRates

    def information(self, dates, gather=gather_information):
        return gather(self.scenario, self.history, self.actual, self.run, self.rates, dates)


def make_history(seed: int, scenario: Scenario) -> KnownHistory:
    random = np.random.default_rng([seed, 3])
    shape = scenario.axes.shape
    rate = random.gamma(0.7, 0.6, (shape[0], 1))
    orders = random.poisson(rate, shape).astype(float)
    exposure = np.where(random.random(shape) < 0.15, np.where(orders > 0, 0.5, 0.0), 1.0)
    size = 1 + random.poisson(0.8, shape)
    units = orders * size
    price = 900 + 40 * random.integers(0, 9, shape)
    return KnownHistory(
        orders=OrderHistory(orders, exposure, units, units * size, scenario.catalogue.category, 0),
        demand_u6=(units * 1_050_000).astype(np.int64),
        variance_u6=(units * 100_000).astype(np.int64),
        price=price.astype(np.int64),
        views=ViewHistory(random.poisson(20 * rate * exposure).astype(np.int32), np.ones(shape, np.uint8)),
    )


def make_shop(seed: int, size: Size | None = None) -> Shop:
    scenario = make_scenario(seed, size or Size(skus=8, days=91, everything=False))
    cheapest = np.full(len(scenario.axes.items), 1 << 40)
    np.minimum.at(cheapest, scenario.offers.sku, scenario.offers.unit_cost)
    scenario = replace(scenario, catalogue=replace(scenario.catalogue, replacement_cost=cheapest))
    actual = make_orders(seed, scenario)
    return Shop(scenario, make_history(seed, scenario), actual, run_reference(scenario, actual), CostRates())


def make_information(seed: int, size: Size | None = None, every: int = 7):
    shop = make_shop(seed, size)
    return shop.information(replanning_days(shop.scenario.axes.days, every))
