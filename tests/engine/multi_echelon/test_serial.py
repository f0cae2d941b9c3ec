import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from engine.errors import InputError
from engine.multi_echelon.lead_time_demand import UniformSum, demand_over, on_a_grid
from engine.multi_echelon.serial import SerialSystem, local_levels, serial_cost, shang_song, solve_many, solve_serial
from engine.optimisation.random_demand import Binomial, Discrete, Gamma, Normal, Poisson, Uniform, named
from tests.reference import cases, demand_of


def system_of(inputs):
    """A case states echelon costs and a continuous lead time, or local costs of two stages reviewed each period."""
    demand, lead_times = demand_of(inputs["demand"]), tuple(inputs["lead_time"])
    if "echelon_holding_cost" in inputs:
        return SerialSystem(tuple(inputs["echelon_holding_cost"]), lead_times, inputs["stockout_cost"], demand)
    local = inputs["holding_cost_retailer"], inputs["holding_cost_warehouse"]
    return SerialSystem.of_local_holding(local, lead_times, inputs["penalty"], demand, "periodic")


def by_stage(levels):
    return list(levels.values())


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("serial-clark-scarf"))
def test_published_systems(inputs, expected, close):
    system = system_of(inputs)
    plan = solve_serial(system)
    slack = close.tolerance.get("levels_abs", 0)
    assert plan.echelon_levels == pytest.approx(by_stage(expected["echelon_base_stock"]), abs=slack, rel=0)
    cost = plan.cost
    if "cost_exact_without_pipeline_term" in expected:
        assert cost == pytest.approx(expected["cost_exact_without_pipeline_term"])
        cost -= system.pipeline_cost
    tolerance = close.tolerance
    assert cost == pytest.approx(expected["cost"], abs=tolerance.get("cost_abs"), rel=tolerance.get("cost_rel"))
    assert serial_cost(system, plan.echelon_levels) == pytest.approx(plan.cost, rel=1e-12)


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("serial-newsvendor-heuristic"))
def test_published_heuristic(inputs, expected, close):
    plan = shang_song(system_of(inputs))
    assert plan.echelon_levels == close(by_stage(expected["echelon_base_stock"]))


def enumerated_cost(system, levels):
    """Expected cost by walking through every combination of lead-time demands, without the recursion's algebra."""
    demands = [demand_over(system.demand, periods) for periods in system.periods]
    supports = [[(0, 1.0)] if demand is None else list(enumerate(demand.whole_units()[1])) for demand in demands]
    total = 0.0
    for combination in itertools.product(*reversed(supports)):
        chance = np.prod([part for _, part in combination])
        position, cost = levels[-1], 0.0
        for stage, (units, _) in zip(reversed(range(system.stages)), combination, strict=True):
            left = min(position, levels[stage]) - units
            cost += system.echelon_holding[stage] * left
            position = left
        cost += (system.stockout_cost + sum(system.echelon_holding)) * max(-position, 0)
        total += chance * cost
    return total


small_systems = st.builds(
    lambda stages, stockout, weights: SerialSystem(
        tuple(holding for holding, _ in stages),
        tuple(lead_time for _, lead_time in stages),
        stockout,
        Discrete(tuple(range(len(weights))), tuple(np.array(weights) / sum(weights))),
    ),
    st.lists(st.tuples(st.floats(0.1, 3), st.integers(0, 1)), min_size=1, max_size=3),
    st.floats(0.5, 20),
    st.lists(st.integers(1, 5), min_size=2, max_size=3),
)


@given(small_systems)
@settings(max_examples=25, deadline=None)
def test_no_levels_cost_less_than_the_optimum_by_enumeration(system):
    plan = solve_serial(system)
    assert plan.cost == pytest.approx(enumerated_cost(system, plan.echelon_levels))
    most = 2 * system.stages + 1
    best = min(enumerated_cost(system, levels) for levels in itertools.product(range(most), repeat=system.stages))
    assert plan.cost == pytest.approx(best)


@given(small_systems, st.lists(st.integers(-3, 6), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_cost_of_any_levels_by_enumeration(system, levels):
    levels = tuple(float(level) for level in levels[: system.stages])
    assert serial_cost(system, levels) == pytest.approx(enumerated_cost(system, levels))


@pytest.mark.parametrize("lead_times", [(1, 2), (8, 0.05), (0.05, 8)])
def test_normal_demand_against_nested_quadrature(lead_times):
    system = SerialSystem((3.0, 2.0), lead_times, 40.0, Normal(10, 3))
    plan = solve_serial(system)
    first, second = (system.demand.over(periods) for periods in lead_times)
    penalty = 45.0

    def one_stage(level):
        return 3.0 * (level - first.mean) + penalty * float(first.shortage(level))

    def two_stages(units):
        left = plan.echelon_levels[1] - units
        density = np.exp(-0.5 * ((units - second.mean) / second.deviation) ** 2) / second.deviation / np.sqrt(2 * np.pi)
        return density * one_stage(min(plan.echelon_levels[0], left))

    kink = plan.echelon_levels[1] - plan.echelon_levels[0]
    ends = second.mean - 10 * second.deviation, second.mean + 10 * second.deviation
    expected, _ = integrate.quad(two_stages, *ends, points=[min(max(kink, ends[0]), ends[1])], epsabs=1e-10, limit=400)
    expected += 2.0 * (plan.echelon_levels[1] - second.mean)
    assert plan.cost == pytest.approx(expected, rel=1e-8)


def test_normal_demand_against_a_fine_grid():
    lead_times, holding = (1.0, 0.5, 2.0), (3.0, 2.0, 2.0)
    exact = solve_serial(SerialSystem(holding, lead_times, 37.12, Normal(50, 6)))
    many = solve_many([holding], [lead_times], [37.12], [50.0], [6.0], whole_units=False)
    assert many.costs[0] == exact.cost
    gridded = gridded_cost(holding, lead_times, 37.12, Normal(50, 6), 0.05)
    assert exact.cost == pytest.approx(gridded, rel=2e-6)


def gridded_cost(holding, lead_times, stockout, demand, step):
    """The textbook recursion on two grids, extrapolated."""
    costs = []
    for width in (2 * step, step):
        grid = np.arange(-100, 400, width)
        cost = (stockout + sum(holding)) * np.maximum(-grid, 0.0)
        for held, lead_time in zip(holding, lead_times, strict=True):
            chances = on_a_grid(demand.over(lead_time), width)
            expected = np.full(len(grid), np.inf)
            filled = np.convolve(held * grid + cost, chances)[: len(grid)]
            expected[len(chances) :] = filled[len(chances) :]
            best = int(np.argmin(expected))
            low = len(chances)
            expected[:low] = expected[low] + (expected[low + 1] - expected[low]) * np.arange(-low, 0)
            cost = np.where(np.arange(len(grid)) > best, expected[best], expected)
        costs.append(expected[best])
    return costs[1] + (costs[1] - costs[0]) / 3


@pytest.mark.parametrize("moved", list(itertools.product((-0.3, 0.0, 0.3), repeat=3)))
def test_perturbed_normal_levels_cost_more(moved):
    system = SerialSystem((3, 2, 2), (1, 1, 2), 37.12, Normal(5, 1))
    plan = solve_serial(system)
    levels = tuple(level + step for level, step in zip(plan.echelon_levels, moved, strict=True))
    assert serial_cost(system, levels) >= plan.cost - 1e-12
    assert serial_cost(system, levels) > plan.cost or not any(moved)


def test_stages_without_lead_time_join_the_next():
    system = SerialSystem((2.0, 1.0, 1.0), (1, 0, 2), 20, Normal(10, 2))
    plan = solve_serial(system)
    shorter = SerialSystem((3.0, 1.0), (1, 2), 20, Normal(10, 2))
    joined = solve_serial(shorter)
    on_the_way = system.pipeline_cost - shorter.pipeline_cost
    assert plan.cost == pytest.approx(joined.cost + on_the_way)
    assert on_the_way == pytest.approx(1.0 * 10)
    assert plan.echelon_levels[1:] == pytest.approx(joined.echelon_levels)
    whole = solve_serial(SerialSystem((2.0, 1.0), (0, 2), 20, Poisson(3)))
    assert whole.echelon_levels[0] == 0
    assert solve_serial(SerialSystem((1.0,), (0,), 9, Normal(10, 2))).cost == 0


@given(st.lists(st.floats(0.1, 5), min_size=3, max_size=3), st.floats(1, 30), st.floats(1, 3), st.floats(2, 90))
@settings(max_examples=15, deadline=None)
def test_many_systems_are_solved_as_one(holding, mean, ratio, stockout):
    lead_times = (1.0, 0.5, 3.0)
    deviation = np.sqrt(mean * ratio)
    for whole, demand in (
        (True, named("negative_binomial", mean=mean, sd=deviation)),
        (False, Normal(mean, deviation)),
    ):
        plan = solve_serial(SerialSystem(tuple(holding), lead_times, stockout, demand))
        many = solve_many([holding, holding], lead_times, stockout, [mean] * 2, deviation, whole_units=whole)
        assert many.costs == pytest.approx([plan.cost] * 2, rel=1e-9)
        assert many.echelon_levels[1] == pytest.approx(plan.echelon_levels, abs=1e-6)


@pytest.mark.parametrize("demand", [Gamma(400, 0.05), Uniform(14, 26), Binomial(40, 0.5)])
def test_other_demand(demand):
    system = SerialSystem((3, 2), (1, 2), 40, demand)
    plan, heuristic = solve_serial(system), shang_song(system)
    assert plan.cost <= heuristic.cost * (1 + 1e-6)
    assert plan.echelon_levels == pytest.approx(heuristic.echelon_levels, abs=0.2 * demand.deviation + 1)
    normal = solve_serial(SerialSystem((3, 2), (1, 2), 40, Normal(demand.mean, demand.deviation)))
    assert plan.cost == pytest.approx(normal.cost, rel=0.05)


def test_sum_of_uniform_demand():
    total = UniformSum(2, 4, 3)
    assert float(total.cdf(9)) == pytest.approx(0.5)
    assert float(total.cdf(6.5)) == pytest.approx(0.25**3 / 6)
    assert float(total.shortage(6)) == pytest.approx(3)
    assert total.quantile(0.5) == pytest.approx(9)
    assert total.variance == pytest.approx(1)
    assert total.over(2).mean == 18


def test_local_levels_act_as_their_echelon_levels():
    assert local_levels((9.0, 15.0, 26.0)) == (9.0, 6.0, 11.0)
    assert local_levels((9.0, 7.0, 26.0)) == (7.0, 0.0, 19.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"echelon_holding": (1.0, 0.0)}, "stage 2: echelon holding cost must be > 0, was 0.0"),
        ({"lead_times": (1.0, -1.0)}, "stage 2: lead time must be >= 0, was -1.0"),
        ({"stockout_cost": 0.0}, "stockout_cost must be > 0"),
        ({"lead_times": (1.0,)}, "one value per stage"),
        ({"convention": "periodc"}, "Did you mean 'periodic'"),
    ],
)
def test_bad_input_is_named(change, said):
    good = {"echelon_holding": (1.0, 1.0), "lead_times": (1.0, 1.0), "stockout_cost": 9.0, "demand": Normal(5, 1)}
    with pytest.raises(InputError, match=said):
        SerialSystem(**good | change)


def test_broken_levels_and_systems_are_refused():
    whole = SerialSystem((1.0,), (1.0,), 9, Poisson(5))
    with pytest.raises(InputError, match="must be whole"):
        serial_cost(whole, (4.5,))
    with pytest.raises(InputError, match="variance of demand in whole units"):
        solve_many([[1.0]], 1.0, 9, [5.0], [1.0], whole_units=True)
    with pytest.raises(InputError, match="weight"):
        shang_song(whole, weight=2)
