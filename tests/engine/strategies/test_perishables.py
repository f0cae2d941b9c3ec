"""The newsvendor's levels where stock spoils, against trying every level on the very distribution."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.optimisation.service_level import quantile
from engine.strategies import STRATEGIES
from engine.strategies.build import replanning_days
from engine.strategies.protection import protection_demand
from tests.engine.make_information import make_shop

MOST = 600


def law(mean, variance):
    """Probabilities of 0 .. MOST units: negative binomial, or Poisson where it does not spread."""
    units = np.arange(MOST + 1)
    if variance > mean * 1.000001:
        return stats.nbinom.pmf(units, mean**2 / (variance - mean), mean / variance)
    return stats.poisson.pmf(units, mean)


def best_by_trying(probability, price, cost, salvage, holding):
    """Expected profit of every level for one interval: what is left over spoils and fetches the salvage value."""
    units = np.arange(len(probability))
    sold = np.minimum.outer(units, units) @ probability
    left = units - sold
    return price * sold + salvage * left - cost * units - holding * left


@pytest.mark.parametrize("salvage", [0, 40, 150])
@pytest.mark.parametrize("life", [3, 0])
def test_the_critical_ratio_earns_the_most(salvage, life):
    """Perishable (three days) and lasting items, dear and cheap salvage; the profit of the level is the highest."""
    shop = make_shop(13)
    catalogue = shop.scenario.catalogue
    column = np.ones_like(catalogue.shelf_life)
    scenario = replace(
        shop.scenario, catalogue=replace(catalogue, shelf_life=column * life, salvage_value=column * salvage)
    )
    information = replace(shop, scenario=scenario).information(replanning_days(91, 7))
    strategy = STRATEGIES["newsvendor"](review_period=7)
    sourcing = information.source(information.daily_mean * 7, 7)
    mean, variance = protection_demand(information, sourcing)[0]
    level = quantile(mean, variance, np.minimum(strategy.ratio(information, sourcing), 0.9999))
    holding = information.holding_cost(sourcing.unit_cost) * sourcing.interval
    checked = 0
    for date in (4, 8, 12):
        for sku in np.flatnonzero(sourcing.row[date] >= 0):
            cost, price = sourcing.unit_cost[date, sku], float(information.price[date, sku])
            if price <= cost or mean[date, sku] > 100:
                continue
            spoils = cost - min(salvage, cost) if life else 0.0
            profit = best_by_trying(
                law(mean[date, sku], variance[date, sku]), price, cost, cost - spoils, holding[date, sku]
            )
            chosen = int(level[date, sku])
            assert profit[chosen] >= profit.max() - 0.002 * abs(profit.max()) - 1e-6
            checked += 1
    assert checked > 10


def test_what_spoils_is_stocked_less_and_salvage_makes_up_for_some_of_it():
    shop = make_shop(13)
    catalogue = shop.scenario.catalogue
    column = np.ones_like(catalogue.shelf_life)

    def levels(life, salvage):
        changed = replace(catalogue, shelf_life=column * life, salvage_value=column * salvage)
        information = replace(shop, scenario=replace(shop.scenario, catalogue=changed)).information(
            replanning_days(91, 7)
        )
        return STRATEGIES["newsvendor"](review_period=7).plan(information).order_up_to

    lasting, spoiling, worth = levels(0, 0), levels(3, 0), levels(3, 200)
    assert (spoiling <= lasting).all()
    assert (spoiling < lasting).any()
    assert (spoiling <= worth).all()
    assert (worth <= lasting).all()
