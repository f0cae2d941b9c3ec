"""Solver against simulator: the same system must cost the same."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError
from engine.multi_echelon.comparison import SYSTEM, demand, rows, standard_error, table
from engine.multi_echelon.network import simulate
from engine.multi_echelon.network_figures import daily_costs
from engine.multi_echelon.serial import SerialSystem, serial_cost, solve_serial
from engine.multi_echelon.simulated_plans import serial_network
from engine.optimisation.random_demand import NegativeBinomial, Poisson

DOCS = Path(__file__).parents[3] / "docs" / "multi_echelon.md"
SYSTEMS = [
    SerialSystem.of_local_holding((7, 4, 2), (1, 1, 2), 37.12, Poisson(5)),
    SerialSystem.of_local_holding((3, 2), (4, 6), 25, NegativeBinomial.of_moments(2, 5)),
    SerialSystem.of_local_holding((4, 3, 2, 1), (1, 2, 1, 3), 40, Poisson(1.5)),
]


def simulated(system, levels, asked, *, echelon=True):
    network = serial_network(system, levels, echelon=echelon)
    return daily_costs(network, simulate(network, asked), system.local_holding, system.stockout_cost)[500:]


@pytest.mark.parametrize("system", SYSTEMS)
def test_simulated_cost_meets_the_analytic_optimum(system):
    plan = solve_serial(system)
    daily = simulated(system, plan.echelon_levels, demand(system, 400_000))
    assert abs(daily.mean() - plan.cost) < 4 * standard_error(daily)
    assert standard_error(daily) < 0.005 * plan.cost


@pytest.mark.parametrize("system", SYSTEMS)
def test_perturbed_levels_cost_more_on_the_same_demand(system):
    plan, asked = solve_serial(system), demand(system, 200_000)
    best = simulated(system, plan.echelon_levels, asked)
    for stage in range(system.stages):
        for step in (-4, 4):
            levels = list(plan.echelon_levels)
            levels[stage] += step
            moved = simulated(system, tuple(levels), asked)
            assert moved.mean() > best.mean()
            expected = serial_cost(system, tuple(levels)) - plan.cost
            assert abs(moved.mean() - best.mean() - expected) < 5 * standard_error(moved - best) + 1e-9


@pytest.mark.parametrize("system", SYSTEMS)
def test_installation_levels_act_as_their_echelon_levels(system):
    plan, asked = solve_serial(system), demand(system, 20_000)
    echelon = simulated(system, plan.echelon_levels, asked)
    assert np.array_equal(echelon, simulated(system, plan.local_levels, asked, echelon=False))


def test_the_lead_time_is_the_textbooks_and_not_one_day_more():
    system = SYSTEMS[0]
    plan = solve_serial(system)
    late = SerialSystem(system.echelon_holding, system.lead_times, system.stockout_cost, system.demand, "periodic")
    daily = simulated(system, plan.echelon_levels, demand(system, 100_000))
    assert abs(daily.mean() - serial_cost(late, plan.echelon_levels)) > 50 * standard_error(daily)


def test_levels_on_their_own_cost_more():
    names = [row.name for row in rows()]
    assert len(names) == 7
    expected = {row.name: row.expected for row in rows() if row.expected}
    best = expected["echelon, Clark-Scarf optimum"]
    assert best == pytest.approx(solve_serial(SYSTEM).cost)
    assert expected["every level on its own"] > 1.05 * best


def test_the_table_of_the_documentation_is_what_the_code_gives():
    assert table() in DOCS.read_text(encoding="utf-8")


def test_only_whole_days_are_simulated():
    system = SerialSystem((1.0,), (0.5,), 9, Poisson(5))
    with pytest.raises(InputError, match="stage '1'"):
        serial_network(system, (4.0,), echelon=True)
