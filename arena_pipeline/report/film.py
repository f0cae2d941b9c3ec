"""Frames of the animation: chosen items, day by day, under several policies, from the reference stepper's ledger."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline.beside import plan_of_run
from arena_pipeline.choice import Choice, Row, run_name
from arena_pipeline.store import Store, load_arena
from engine.plan import Levels, Plan, Rule
from engine.scenario import Scenario
from engine.scenario.subset import subset_plan, subset_scenario
from engine.steppers.ledger import run_with_ledger

POLICIES = 4


def policies(choice: Choice) -> list[Row]:
    """The shop's own orders, the best policy, the lean one, and the next best strategies, at most four."""
    first = [row for row in (choice.actual, choice.best, choice.lean) if row is not None]
    others = [row for row in choice.shown if row["kind"] in {"candidate", "baseline"}]
    rows: list[Row] = []
    for row in [*first, *others]:
        if all((row["strategy"], row["parameters"]) != (seen["strategy"], seen["parameters"]) for seen in rows):
            rows.append(row)
    return rows[:POLICIES]


def film(store: Store, choice: Choice, items: list[str]) -> dict[str, Any]:
    """Daily stock, arrivals and lost sales of the items under each policy.

    Stock is a list per day; arrivals and lost sales are ``[day, units, day, units, …]``.
    """
    world, _ = load_arena(store)
    scenario = world.scenario
    skus = np.array(sorted(scenario.axes.sku_of[item] for item in items if item in scenario.axes.sku_of), np.int64)
    alone = subset_scenario(scenario, skus)
    result: dict[str, Any] = {"items": list(alone.axes.items), "policies": []}
    for row in policies(choice):
        plan = plan_of_run(store, scenario, row["strategy"], row["parameters"])
        if isinstance(plan, Rule):
            continue
        days = _days(scenario, alone, plan, skus)
        frames = [_frames(days.filter(pl.col("sku") == sku)) for sku in range(len(skus))]
        level = reorder_points(plan, skus, scenario) if isinstance(plan, Levels) else None
        result["policies"].append(
            {"strategy": row["strategy"], "name": run_name(row["strategy"]), "frames": frames, "reorder": level}
        )
    return result


def _days(scenario: Scenario, alone: Scenario, plan: Plan, skus: NDArray[np.int64]) -> pl.DataFrame:
    """Daily rows of the items, numbered from 0; among all items where limits on money couple their orders."""
    if not scenario.limits.couples:
        return run_with_ledger(alone, subset_plan(plan, skus, len(scenario.axes.items))).days
    days = run_with_ledger(scenario, plan).days.filter(pl.col("sku").is_in(skus.tolist()))
    return days.with_columns(sku=pl.Series(np.searchsorted(skus, days["sku"].to_numpy())))


def _frames(days: pl.DataFrame) -> dict[str, list[int]]:
    return {
        "stock": days["on_hand"].to_list(),
        "arrivals": _events(days, "received"),
        "lost": _events(days, "lost"),
        "sold": days["sold"].to_list(),
    }


def _events(days: pl.DataFrame, flow: str) -> list[int]:
    happened = days.filter(pl.col(flow) > 0).select("day", flow)
    return [value for row in happened.iter_rows() for value in row]


def reorder_points(plan: Levels, skus: NDArray[np.int64], scenario: Scenario) -> list[list[int]]:
    """Per item ``[day, level, day, level, …]`` where the reorder point changes; -1 stands for never ordering."""
    levels = np.maximum(plan.reorder_point[:, skus], -1)
    result = []
    for column in range(len(skus)):
        values = levels[:, column]
        changed = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        pairs = [
            (int(plan.days[index]), int(values[index])) for index in changed if plan.days[index] < scenario.axes.days
        ]
        result.append([value for pair in pairs for value in pair])
    return result
