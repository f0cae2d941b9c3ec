"""One run: a plan through a scenario, by either stepper."""

from __future__ import annotations

from typing import Literal, get_args

from engine.errors import SettingsError, nearest
from engine.plan import Levels, Orders, Plan, Rule, check_levels, check_orders
from engine.scenario import Scenario
from engine.steppers.reference import run_reference
from engine.totals import RunTotals

StepperName = Literal["compiled", "reference"]


def simulate(scenario: Scenario, plan: Plan, *, stepper: StepperName = "compiled", strategy: str = "plan") -> RunTotals:
    """Check a plan and replay it.

    Args:
        scenario: the frozen world.
        plan: what the strategy wants; a ``Rule`` always runs on the reference stepper.
        stepper: both give the same bytes; ``compiled`` imports Numba.
        strategy: name for messages.

    Raises:
        PlanError: the plan breaks the tick contract.
    """
    suppliers = len(scenario.suppliers.names)
    if isinstance(plan, Levels):
        check_levels(plan, scenario.axes, strategy, suppliers=suppliers, dearest=scenario.dearest_unit_cost)
    elif isinstance(plan, Orders):
        check_orders(plan, scenario.axes, suppliers, strategy)
    if stepper == "reference" or isinstance(plan, Rule):
        return run_reference(scenario, plan)
    if stepper != "compiled":
        known = get_args(StepperName)
        raise SettingsError(f"stepper must be one of {known}", value=stepper, remedy=nearest(stepper, known))
    from engine.steppers.compiled import run_compiled  # noqa: PLC0415 - imports Numba

    return run_compiled(scenario, plan)
