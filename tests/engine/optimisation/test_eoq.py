import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from engine.errors import InputError
from engine.optimisation.eoq import (
    cost_with_backorders,
    economic_order_quantity,
    economic_production_quantity,
    eoq_cost,
    lot_with_backorders,
    pack_quantity,
    production_holding_cost,
)
from tests.reference import cases

COSTS = ("fixed_cost", "holding_cost", "demand_rate")


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("eoq"))
def test_published_eoq(inputs, expected, close):
    costs = [inputs[name] for name in COSTS]
    quantity = economic_order_quantity(*costs)
    cost = eoq_cost(quantity, *costs)
    rate = inputs["demand_rate"]
    figures = {
        "Q": quantity,
        "cost": cost,
        "cost_incl_purchase": cost + inputs.get("unit_cost", 0) * rate,
        "inventory_turns": rate / (quantity / 2),
        "reorder_point_L_1_12": rate / 12,
        "coverage_years": quantity / rate,
    }
    for name, value in expected.items():
        assert figures[name] == close(value), name


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("eoq-cost"))
def test_published_cost_of_a_quantity(inputs, expected, close):
    assert eoq_cost(inputs["Q"], *(inputs[name] for name in COSTS)) == close(expected["cost"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("eoq-backorders"))
def test_published_backorders(inputs, expected, close):
    lot = lot_with_backorders(
        inputs["fixed_cost"], inputs["holding_cost"], inputs["stockout_cost"], inputs["demand_rate"]
    )
    figures = {
        "Q": lot.order_quantity,
        "backordered_fraction": lot.backordered_share,
        "cost": lot.cost,
        "max_backorder": lot.largest_backorder,
    }
    for name, value in expected.items():
        assert figures[name] == close(value), name


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("eoq-backorders-cost"))
def test_published_cost_with_backorders(inputs, expected, close):
    cost = cost_with_backorders(
        inputs["Q"],
        inputs["backordered_fraction"],
        inputs["fixed_cost"],
        inputs["holding_cost"],
        inputs["stockout_cost"],
        inputs["demand_rate"],
    )
    assert cost == close(expected["cost"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("epq"))
def test_published_production_quantity(inputs, expected, close):
    fixed, holding, rate = (inputs[name] for name in COSTS)
    quantity = economic_production_quantity(fixed, holding, rate, inputs["production_rate"])
    assert quantity == close(expected["Q"])
    held = production_holding_cost(holding, rate, inputs["production_rate"])
    assert eoq_cost(quantity, fixed, held, rate) == close(expected["cost"])


def test_formulas_take_arrays():
    quantities = economic_order_quantity(np.array([8.0, 2250]), np.array([0.225, 275]), np.array([1300.0, 182500]))
    assert quantities == pytest.approx([304.0468, 1728.1098])


def test_eoq_and_backorders_are_the_minimum():
    least = minimize_scalar(lambda q: eoq_cost(q, 8, 0.225, 1300), bounds=(1, 5000), method="bounded")
    assert economic_order_quantity(8, 0.225, 1300) == pytest.approx(least.x, rel=1e-4)
    lot = lot_with_backorders(8, 0.225, 5, 1300)
    cost = cost_with_backorders(lot.order_quantity, lot.backordered_share, 8, 0.225, 5, 1300)
    assert cost == pytest.approx(lot.cost)
    for quantity, share in ((1.05, 1), (0.95, 1), (1, 1.1), (1, 0.9)):
        other = cost_with_backorders(lot.order_quantity * quantity, lot.backordered_share * share, 8, 0.225, 5, 1300)
        assert other > lot.cost


@given(
    st.floats(0, 500),
    st.floats(0.001, 10),
    st.floats(1e-9, 500),
    st.integers(1, 60),
    st.integers(1, 24),
)
def test_pack_quantity_is_the_cheapest_multiple(fixed, holding, rate, smallest, multiple):
    found = int(
        pack_quantity(
            np.array([fixed]), np.array([holding]), np.array([rate]), np.array([smallest]), np.array([multiple])
        )[0]
    )
    assert found >= smallest
    assert found % multiple == 0
    start = -(-smallest // multiple) * multiple
    best = max(start, int(2 * economic_order_quantity(fixed, holding, rate)))
    every = np.arange(start, best + multiple + 1, max(multiple, (best - start) // 2000 // multiple * multiple))
    assert eoq_cost(found, fixed, holding, rate) <= eoq_cost(every, fixed, holding, rate).min() * (1 + 1e-12)


def test_degenerate_inputs_name_rule_and_value():
    with pytest.raises(InputError, match=r"holding_cost must be > 0, was 0\.0"):
        economic_order_quantity(8, 0, 1300)
    with pytest.raises(InputError, match=r"demand_rate must be >= 0, was -1\.0"):
        economic_order_quantity(8, 1, [3, -1])
    with pytest.raises(InputError, match="production_rate must be > demand_rate"):
        economic_production_quantity(8, 1, 100, 100)
    with pytest.raises(InputError, match="stockout_cost must be > 0"):
        lot_with_backorders(8, 1, 0, 100)
    with pytest.raises(InputError, match="order_quantity must be > 0"):
        eoq_cost(0, 8, 1, 100)
    with pytest.raises(InputError, match="must be > 0, was nan"):
        economic_order_quantity(8, float("nan"), 100)
