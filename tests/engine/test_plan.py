"""Plans that break the tick contract are refused, and told why."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import PlanError, SettingsError
from engine.plan import LARGEST_LEVEL, NEVER_ORDER, Rule, check_levels
from engine.simulation import simulate
from tests.engine.make_scenario import make_levels, make_scenario
from tests.engine.small_world import levels, small_world

WORLD = small_world([[0] * 20] * 3)


def plan_with(**cells):
    """Sound levels of two dates with one cell, (date 1, SKU 2), made wrong."""
    plan = levels(WORLD, days=(0, 14), reorder_point=3, order_up_to=9)
    for name, value in cells.items():
        getattr(plan, name)[1, 2] = value
    return plan


def test_sound_levels_pass():
    check_levels(plan_with(), WORLD.axes, "mine")
    for seed in range(20):
        scenario = make_scenario(seed)
        check_levels(make_levels(seed, scenario), scenario.axes, "random")


@pytest.mark.parametrize(
    ("cells", "rule", "value"),
    [
        ({"reorder_point": -2, "order_up_to": 9}, "reorder_point must be >= -1", -2),
        ({"order_up_to": 3}, "order_up_to must exceed reorder_point", 3),
        ({"order_up_to": -5}, "order_up_to must exceed reorder_point", -5),
        ({"order_quantity": -1}, "order_quantity must be >= 0", -1),
        ({"review_period": 0}, "review_period must be >= 1", 0),
        ({"carry_u6": -7}, "carry_u6 must be >= 0", -7),
        ({"lead_time": 0}, "lead_time must be >= 1", 0),
        ({"supplier": -1}, "supplier must be >= 0", -1),
        ({"order_up_to": LARGEST_LEVEL + 1}, "levels must stay below", LARGEST_LEVEL + 1),
    ],
)
def test_an_offence_names_strategy_date_sku_rule_and_value(cells, rule, value):
    with pytest.raises(PlanError) as error:
        check_levels(plan_with(**cells), WORLD.axes, "my_strategy")
    message = str(error.value)
    for part in ("'my_strategy'", "2024-01-15", "'item-2'", rule, f"was {value}"):
        assert part in message


def test_the_first_offence_is_told():
    plan = plan_with(review_period=0)
    plan.review_period[0, 1] = -3
    with pytest.raises(PlanError, match=r"'item-1', plan of 2024-01-01: review_period must be >= 1, was -3"):
        check_levels(plan, WORLD.axes, "mine")


def test_what_is_never_ordered_need_not_be_sound():
    check_levels(plan_with(reorder_point=NEVER_ORDER, order_up_to=-9, review_period=0, lead_time=0), WORLD.axes, "x")


def test_an_order_quantity_needs_no_order_up_to():
    check_levels(plan_with(order_up_to=0, order_quantity=12), WORLD.axes, "x")


@pytest.mark.parametrize("name", levels(WORLD).matrices())
def test_shape_and_type_are_checked(name):
    plan = plan_with()
    matrix = getattr(plan, name)
    for wrong in (matrix[:, :2], matrix.astype(np.float64), matrix.astype(np.int32)):
        with pytest.raises(PlanError, match=rf"strategy 'x': {name} must be int64 of shape \(2, 3\)"):
            check_levels(replace(plan, **{name: wrong}), WORLD.axes, "x")


@pytest.mark.parametrize("days", [(5, 5), (7, 3)])
def test_replanning_days_must_ascend(days):
    plan = replace(plan_with(), days=np.array(days))
    with pytest.raises(PlanError, match="re-planning days must ascend"):
        check_levels(plan, WORLD.axes, "x")


def test_simulate_checks_levels_before_it_runs():
    with pytest.raises(PlanError, match="strategy 'mine'"):
        simulate(WORLD, plan_with(review_period=0), strategy="mine")


def test_simulate_names_the_stepper_that_was_meant():
    with pytest.raises(SettingsError, match="Did you mean 'compiled'"):
        simulate(WORLD, plan_with(), stepper="compield")


def test_simulate_gives_the_same_by_either_stepper_and_runs_rules_on_the_reference():
    scenario = make_scenario(8)
    plan = make_levels(8, scenario)
    assert simulate(scenario, plan).digest() == simulate(scenario, plan, stepper="reference").digest()
    rule = Rule(order_quantity=lambda position: max(0, 10 - position.position))
    assert simulate(scenario, rule).digest() == simulate(scenario, rule, stepper="reference").digest()
