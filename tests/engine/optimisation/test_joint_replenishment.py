from itertools import product

import numpy as np
import pytest

from engine.errors import InputError
from engine.optimisation.joint_replenishment import joint_replenishment
from tests.reference import cases

NAMES = ("shared_fixed_cost", "individual_fixed_costs", "holding_costs", "demand_rates")


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("joint-replenishment-silver"))
def test_published(inputs, expected, close):
    order = joint_replenishment(*(inputs[name] for name in NAMES))
    assert order.order_quantities == close(np.array(expected["order_quantities"]))
    assert order.multiples.tolist() == expected["multiples"]
    assert order.base_cycle == close(expected["base_cycle"])
    assert order.cost == close(expected["cost"])


def test_within_five_percent_of_the_best_multiples():
    random = np.random.default_rng(1)
    for _ in range(20):
        own, holding, rate = random.uniform(5, 200, 3), random.uniform(0.1, 5, 3), random.uniform(10, 1000, 3)
        found = joint_replenishment(80, own, holding, rate)
        multiples = np.array(list(product(range(1, 25), repeat=3)))
        cost = np.sqrt(2 * (80 + (own / multiples).sum(axis=1)) * (multiples * holding * rate).sum(axis=1)).min()
        assert cost - 1e-9 <= found.cost <= 1.05 * cost


def test_items_must_match():
    with pytest.raises(InputError, match="one cost and rate per item"):
        joint_replenishment(80, [1, 2], [1], [1, 2])
