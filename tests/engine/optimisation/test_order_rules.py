"""Ordering rules of ERP systems, said in the terms of ``engine.rules``; and Law & Kelton's (s, S) by simulation."""

import numpy as np
import pytest

from engine import rules
from tests.reference import cases


def order(position, reorder_point, order_up_to, smallest=1, multiple=1):
    """Units ordered at a position."""
    if position > reorder_point:
        return 0
    need = rules.needed_quantity(position, reorder_point, order_up_to, 0)
    return rules.rounded_quantity(need, smallest, multiple)


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("erp-min-max-multiple"))
def test_min_max_with_multiples(inputs, expected, close):
    """Ordered strictly below the minimum, which is a reorder point of one unit less; multiple 0 stands for none."""
    if "down" in inputs.get("rounding", "up"):
        pytest.skip("our offers round up, as suppliers do")
    found = order(inputs["forecast"], inputs["min"] - 1, inputs["max"], multiple=max(inputs["multiple"], 1))
    assert found == close(expected["order"])


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("erp-reorder-level"))
def test_reorder_level(inputs, expected, close):
    """At or below the level, the larger of the reorder quantity and the gap: the offer's smallest quantity."""
    found = order(inputs["projected"], inputs["reorder_level"], inputs["reorder_level"], smallest=inputs["reorder_qty"])
    assert found == close(expected["order"])


def simulated(inputs, seed, months):
    """Mean ordering, holding and shortage cost per month: demands at random times, reviews at the months' starts."""
    random = np.random.default_rng(seed)
    sizes = np.arange(1, len(inputs["demand_size_cdf"]) + 1)
    chances = np.diff(inputs["demand_size_cdf"], prepend=0.0)
    ordering = holding = shortage = 0.0
    level, arrival, on_order = inputs["initial_inventory"], np.inf, 0
    for month in range(months):
        if level < inputs["s"] and arrival == np.inf:
            on_order = inputs["S"] - level
            ordering += inputs["K"] + inputs["unit_cost"] * on_order
            arrival = month + random.uniform(*inputs["delivery_lag_uniform_months"])
        times = np.sort(random.uniform(0, 1, random.poisson(1 / inputs["mean_interdemand_months"]))) + month
        events = [(time, -size) for time, size in zip(times, random.choice(sizes, len(times), p=chances), strict=True)]
        if arrival <= month + 1:
            events, arrival = sorted([*events, (arrival, on_order)]), np.inf
        now = float(month)
        for time, change in [*events, (month + 1.0, 0)]:
            holding += inputs["h"] * max(level, 0) * (time - now)
            shortage += inputs["backlog_cost"] * max(-level, 0) * (time - now)
            now, level = time, level + change
    return np.array([ordering, holding, shortage]) / months


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("law-kelton-sS-des"))
def test_law_kelton(inputs, expected, close):
    """Published totals are single replications of 120 months."""
    runs = np.array([simulated(inputs, seed, inputs["months"]) for seed in range(30)])
    assert runs.sum(axis=1).mean() == pytest.approx(expected["total"], rel=close.tolerance["total_rel"])
