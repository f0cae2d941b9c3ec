"""Run a plan through the compiled stepper."""

from __future__ import annotations

import numpy as np

from engine.errors import PlanError
from engine.plan import Levels, Plan, Rule
from engine.scenario import Scenario
from engine.steppers.compiled.competing import run_competing
from engine.steppers.compiled.kernel import REQUEST_SIZE, STATE_SIZE, advance
from engine.steppers.compiled.tables import (
    empty_output,
    lot_capacity,
    pending_capacity,
    plan_table,
    totals_of,
    world_table,
)
from engine.steppers.coupling import Purse
from engine.totals import RunTotals


def run_compiled(scenario: Scenario, plan: Plan) -> RunTotals:
    """Replay a plan event by event; byte-identical to ``run_reference``.

    Raises:
        PlanError: for a ``Rule``, which only the reference stepper can ask.
    """
    if isinstance(plan, Rule):
        raise PlanError("a rule in plain Python runs on the reference stepper", remedy="Use stepper = 'reference'")
    output = empty_output(scenario)
    if isinstance(plan, Levels) and Purse.is_needed(scenario, plan):
        run_competing(scenario, plan, output)
        return totals_of(output)
    pending = np.zeros((1, pending_capacity(scenario, plan), 3), np.int64)
    lots = np.zeros((1, lot_capacity(scenario), 2), np.int64)
    states = np.zeros((1, STATE_SIZE), np.int64)
    skus, days = scenario.axes.shape
    tables = world_table(scenario), plan_table(scenario, plan), output
    advance(*tables, states, pending, lots, np.zeros((0, REQUEST_SIZE), np.int64), 0, skus, True, days)
    return totals_of(output)
