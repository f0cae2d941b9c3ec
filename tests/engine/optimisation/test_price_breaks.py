import numpy as np
import pytest

from engine.errors import InputError
from engine.optimisation.price_breaks import all_units_lot, incremental_lot
from tests.reference import cases

NAMES = ("fixed_cost", "holding_cost_rate", "demand_rate", "breakpoints", "unit_costs")


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("price-breaks-all-units"))
def test_published_all_units(inputs, expected, close):
    check(all_units_lot(*(inputs[name] for name in NAMES)), expected, close)


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("price-breaks-incremental"))
def test_published_incremental(inputs, expected, close):
    check(incremental_lot(*(inputs[name] for name in NAMES)), expected, close)


def check(lot, expected, close):
    assert lot.order_quantity == close(expected["Q"])
    assert lot.region == expected["region"]
    assert lot.cost == close(expected["cost"])


@pytest.mark.parametrize("seed", range(20))
def test_lots_are_the_cheapest_of_all_quantities(seed):
    random = np.random.default_rng(seed)
    breaks = np.concatenate([[0], np.sort(random.choice(np.arange(50, 2000), 3, replace=False))]).tolist()
    prices = np.sort(random.uniform(1, 10, 4))[::-1].tolist()
    fixed, rate, demand = random.uniform(5, 500), random.uniform(0.05, 0.5), random.uniform(100, 5000)
    quantities = np.concatenate([np.geomspace(1, 1e6, 200_000), breaks[1:]])
    region = np.searchsorted(breaks, quantities, side="right") - 1
    price = np.array(prices)[region]
    base = fixed * demand / quantities
    all_units = all_units_lot(fixed, rate, demand, breaks, prices)
    assert all_units.cost <= (base + price * demand + rate * price * quantities / 2).min() + 1e-9
    spent = np.concatenate([[0], np.cumsum(np.diff(breaks) * prices[:-1])])[region] + price * (
        quantities - np.array(breaks)[region]
    )
    average = spent / quantities
    incremental = incremental_lot(fixed, rate, demand, breaks, prices)
    assert incremental.cost == pytest.approx(
        (base + average * demand + rate * average * quantities / 2).min(), rel=1e-6
    )


def test_breaks_that_make_no_sense():
    with pytest.raises(InputError, match="breakpoints must start at 0 and rise"):
        all_units_lot(8, 0.3, 1300, [100, 50], [2, 1])
    with pytest.raises(InputError, match="unit_costs must fall"):
        incremental_lot(8, 0.3, 1300, [0, 50], [1, 2])
    with pytest.raises(InputError, match="same length"):
        incremental_lot(8, 0.3, 1300, [0, 50], [2])
