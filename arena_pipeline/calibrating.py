"""Service achieved against service planned for, before and after calibration, on days not learned from.

What belongs here: which runs are calibrated, on which folds, and the table. What does not: the search
(`engine.calibration`).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline.arena import make_strategy, report_cells
from arena_pipeline.plans import load_plan
from arena_pipeline.settings import ParameterSet, Settings
from arena_pipeline.store import Store
from engine.calibration import MULTIPLIERS, achieved_service, calibrate
from engine.plan import Levels
from engine.scenario import Scenario
from engine.scorecard.folds import FoldSums, fold_sums
from engine.segments import CELLS
from engine.selection.bootstrap import draw_replicates, replicated_totals, small_sample
from engine.simulation import simulate
from engine.strategies import STRATEGIES, Information
from engine.totals import FIELD_INDEX, RunTotals

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SCHEMA: dict[str, Any] = {
    "strategy": pl.String, "parameters": pl.String, "target_kind": pl.String, "target": pl.Float64,
    "segment": pl.String, "part": pl.String, "multiplier": pl.Float64,
    "fill_rate_before": pl.Float64, "cycle_service_level_before": pl.Float64,
    "fill_rate_after": pl.Float64, "cycle_service_level_after": pl.Float64,
    "working_capital_before": pl.Float64, "working_capital_after": pl.Float64,
    "economic_profit_before": pl.Float64, "economic_profit_after": pl.Float64,
    "standard_error": pl.Float64, "verdict": pl.String,
}  # fmt: skip
NEAR = 0.005
"""Half a point of service: as near as whole units let a target be met."""
ERRORS = 2.0
REPLICATES = 100
WORKERS = 2
CAP = "level_cover_days"


@dataclass(frozen=True)
class Split:
    """Folds learned from and folds held out, as slices of folds; ``first_part``: the window part of fold 0."""

    training: slice
    held_out: slice
    first_part: int

    @classmethod
    def of(cls, scenario: Scenario, settings: Settings) -> "Split":
        """The first half of the folds, the odd one included, and the rest."""
        warm_up = settings.window.warm_up_days
        first = next(part for part in range(scenario.parts) if scenario.part_bounds(part)[0] >= warm_up)
        folds = scenario.parts - first
        middle = (folds + 1) // 2
        return cls(slice(0, middle), slice(middle, folds), first)

    def parts(self, folds: slice) -> slice:
        """The same folds as window parts."""
        return slice(folds.start + self.first_part, folds.stop + self.first_part)


def calibration_table(settings: Settings, store: Store, scenario: Scenario, information: Information) -> pl.DataFrame:
    """Every configured run of a strategy that plans for service; empty where no fold can be held out."""
    split = Split.of(scenario, settings)
    if split.held_out.start >= split.held_out.stop:
        return pl.DataFrame([], SCHEMA)
    jobs = [
        (name, point)
        for name, grid in settings.strategies.items()
        if STRATEGIES[name].plans_for_service
        for point in least_capped(grid.parameter_sets())
        if store.result(scenario.content_hash, name, point.key, "plan").exists()
    ]
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        done = pool.map(lambda job: list(_rows(settings, store, scenario, information, split, *job)), jobs)
        rows = [row for part in done for row in part]
    return pl.DataFrame(rows, SCHEMA).fill_nan(None)


def least_capped(points: Sequence[ParameterSet]) -> list[ParameterSet]:
    """Of sets that differ only in the cap on cover, the loosest: under a tight cap it is not the target that plans."""

    def others(point: ParameterSet) -> tuple[object, ...]:
        return tuple(sorted((name, str(value)) for name, value in point.parameters.items() if name != CAP))

    def cover(point: ParameterSet) -> float:
        value = point.parameters.get(CAP)
        return float(value) if isinstance(value, int | float) else float("inf")

    longest: dict[tuple[object, ...], ParameterSet] = {}
    for point in points:
        known = longest.get(others(point))
        if known is None or cover(point) > cover(known):
            longest[others(point)] = point
    return list(longest.values())


def _rows(
    settings: Settings, store: Store, scenario: Scenario, information: Information, split: Split, name: str,
    point: ParameterSet,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    strategy = make_strategy(name, point)
    plan = load_plan(store.result(scenario.content_hash, name, point.key, "plan"), len(scenario.axes.items))
    if not isinstance(plan, Levels):
        return
    segment = report_cells(information, settings)
    targets = [strategy.target_of(cell) for cell in CELLS]
    found = calibrate(
        plan,
        protection_mean(information.through(strategy.information), plan),
        lambda levels: simulate(scenario, levels, stepper=settings.stepper, strategy=name),
        segment,
        np.array([np.nan if target is None else target for target in targets]),
        strategy.target_kind,
        split.parts(split.training),
    )
    outcomes = [_Outcome(scenario, settings, totals, segment) for totals in (found.before, found.after)]
    for part, folds in (("training", split.training), ("held_out", split.held_out)):
        for index, cell in [(-1, "all"), *enumerate(CELLS)]:
            target = strategy.target if index < 0 else targets[index]
            if target is None or not (index < 0 or (segment == index).any()):
                continue
            before, after = (outcome.figures(index, folds, split) for outcome in outcomes)
            error = outcomes[1].standard_error(strategy.target_kind, index, folds, split, settings.demand.seed)
            multiplier = float(found.multiplier[index]) if index >= 0 else None
            yield {
                "strategy": name, "parameters": point.key, "target_kind": strategy.target_kind, "target": target,
                "segment": cell, "part": part, "multiplier": multiplier,
                **{f"{figure}_before": value for figure, value in before.items()},
                **{f"{figure}_after": value for figure, value in after.items()},
                "standard_error": error,
                "verdict": _verdict(target, after[strategy.target_kind], error, multiplier),
            }  # fmt: skip


def protection_mean(information: Information, levels: Levels) -> FloatArray:
    """Mean demand over R + L - 1 days of each level, (D, S)."""
    return information.forecast.moments(np.maximum(levels.lead_time + levels.review_period - 1, 0))[0]


@dataclass(frozen=True)
class _Outcome:
    """One run, looked at by segment and folds."""

    scenario: Scenario
    settings: Settings
    totals: RunTotals
    segment: IntArray

    @cached_property
    def sums(self) -> FoldSums:
        return fold_sums(self.totals, self.scenario, self.settings.costs, self.settings.window.warm_up_days)

    def figures(self, index: int, folds: slice, split: Split) -> dict[str, float]:
        """Service, capital and profit of a segment, -1 for all; money in major units."""
        member = (self.segment == index) | (index < 0)
        sums, minor = self.sums, 10**self.settings.shop.minor_units
        one = np.where(member, 0, -1)
        bounds = [self.scenario.part_bounds(part) for part in range(self.scenario.parts)[split.parts(folds)]]
        days = sum(last - first for first, last in bounds)
        profit = sums.running_profit[member, folds].sum() - sums.write_down[member, folds][:, -1].sum()
        return {
            **{
                kind: float(achieved_service(self.totals, kind, one, 1, split.parts(folds))[0])
                for kind in ("fill_rate", "cycle_service_level")
            },
            "working_capital": float(sums.value_days[member, folds].sum()) / days / minor,
            "economic_profit": float(profit) / minor,
        }

    def standard_error(self, kind: str, index: int, folds: slice, split: Split, seed: int) -> float:
        """Of the service of a segment over some folds, by the bootstrap of items and blocks."""
        member = (self.segment == index) | (index < 0)
        blocks = folds.stop - folds.start
        names = ("sold", "lost") if kind == "fill_rate" else ("cycles", "short_cycles")
        first, second = (self.totals.rows[member, split.parts(folds), FIELD_INDEX[name]] for name in names)
        good, every = (first, first + second) if kind == "fill_rate" else (first - second, first)
        replicates = draw_replicates(self.scenario.catalogue.key[member], blocks, seed, REPLICATES)
        above, below = (replicated_totals(values, replicates) for values in (good, every))
        rates = above[below > 0] / below[below > 0]
        return float(rates.std() * small_sample(blocks)) if len(rates) else float("nan")


def _verdict(target: float, achieved: float, error: float, multiplier: float | None) -> str:
    """Whether the target is met within half a point or two standard errors, else what stands against it."""
    if np.isnan(achieved):
        return "no demand"
    miss = achieved - target
    if abs(miss) <= NEAR:
        return "on target"
    if abs(miss) <= ERRORS * error:
        return "within two standard errors"
    if miss > 0:
        return "above: packs, minimum quantities or lots alone give more" if multiplier == 0.0 else "above"
    return (
        "below: no buffer tried is enough"
        if multiplier == MULTIPLIERS[-1]
        else "below: demand was another than learned from"
    )
