"""Held-out scores and intervals of the configured runs.

What belongs here: which runs are compared, and tables of what the statistics (`engine.selection`) say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline.arena import NO_PARAMETERS, report_cells
from arena_pipeline.folds import read_folds, write_folds
from arena_pipeline.plans import load_plan
from arena_pipeline.settings import ParameterSet, Settings
from arena_pipeline.store import Store
from engine.errors import InputError
from engine.plan import Levels
from engine.scenario import Scenario
from engine.scorecard.folds import FoldSums
from engine.selection.bootstrap import (
    Leads,
    Replicates,
    draw_replicates,
    interval,
    replicated_totals,
    simultaneous_leads,
)
from engine.selection.composite import switched
from engine.selection.walk_forward import Tuning, chosen_on_past, past_scores, tuning
from engine.simulation import simulate
from engine.strategies import BASELINES, Information

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FIGURES = ("economic_profit", "working_capital", "stockout_rate", "fill_rate", "gross_margin", "revenue")
MONEY = frozenset({"economic_profit", "working_capital", "gross_margin", "revenue"})
WALK_FORWARD = "walk-forward"
C_CLASS = 2
FEWEST_FOLDS = 2
_FIGURES = dict.fromkeys(FIGURES, pl.Float64)
SELECTION: dict[str, Any] = {
    "strategy": pl.String, "fold": pl.Int64, "first_day": pl.Date, "last_day": pl.Date, "parameters": pl.String,
    "training_score": pl.Float64, **_FIGURES,
}  # fmt: skip
HELD_OUT: dict[str, Any] = {
    "strategy": pl.String, "kind": pl.String, "parameters": pl.String, **_FIGURES, "lead_over_actual": pl.Float64,
    "lead_low": pl.Float64, "lead_high": pl.Float64,
}  # fmt: skip
TUNING: dict[str, Any] = {
    "strategy": pl.String, "c_items": pl.Int64, "worth_tuning": pl.Int64, "share": pl.Float64, "gain": pl.Float64,
}  # fmt: skip
INTERVALS: dict[str, Any] = {
    "strategy": pl.String, "parameters": pl.String, "figure": pl.String, "estimate": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "against": pl.String, "scenarios": pl.Int64, "replicates": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Folds:
    """Days of the walk-forward folds: ``first`` and ``last`` (exclusive) day index of each."""

    bounds: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, scenario: Scenario, settings: Settings) -> "Folds":
        """Folds of a scenario: its parts after the warm-up."""
        parts = [scenario.part_bounds(part) for part in range(scenario.parts)]
        return cls(tuple(part for part in parts if part[0] >= settings.window.warm_up_days))

    @property
    def count(self) -> int:
        """Number of folds."""
        return len(self.bounds)

    def days(self, folds: slice) -> int:
        """Days of some folds."""
        return sum(last - first for first, last in self.bounds[folds])


@dataclass(frozen=True)
class Held:
    """A strategy over the held-out folds.

    Attributes:
        strategy, kind: as on the leaderboard; ``parameters``: ``walk-forward``, or ``default`` where none are chosen.
        chosen: key of the parameter set of each fold; ``training``: its sum over the folds before, minor units.
        sums: (K, S, F) contributions, all folds; only those after the first are held out.
        tuning: whether tuning C items one by one pays.
    """

    strategy: str
    kind: str
    parameters: str
    chosen: tuple[str, ...]
    training: IntArray
    sums: FoldSums
    tuning: Tuning


def hold_out(settings: Settings, store: Store, scenario: Scenario, information: Information) -> list[Held]:
    """Every strategy with parameters chosen on earlier folds only, and the shop's own orders.

    Raises:
        InputError: there are fewer than two folds, or the shop's own orders were not replayed.
    """
    folds = Folds.of(scenario, settings)
    if folds.count < FEWEST_FOLDS:
        raise InputError(
            "two folds or more are needed to hold one out", value=folds.count, place="arena.toml, [window]",
            remedy="Bring longer logs, or set warm_up_days or fold_days lower",
        )  # fmt: skip
    actual = read_folds(store, scenario, ("actual", NO_PARAMETERS.key), folds.count)
    if actual is None:
        raise InputError("the shop's own orders must be replayed first", place="actual", remedy="Materialise 'actual'")
    is_c = report_cells(information, settings) // 3 == C_CLASS
    nothing = np.zeros(folds.count, np.int64)
    keys = (NO_PARAMETERS.key,) * folds.count
    found = [Held("actual", "actual", NO_PARAMETERS.key, keys, nothing, actual, Tuning(0, 0, 0))]
    for name, grid in settings.strategies.items():
        held = _hold_out_strategy(settings, store, scenario, name, grid.parameter_sets(), is_c)
        if held is not None:
            found.append(held)
    return found


def _hold_out_strategy(
    settings: Settings, store: Store, scenario: Scenario, name: str, points: tuple[ParameterSet, ...],
    is_c: NDArray[np.bool_],
) -> Held | None:  # fmt: skip
    folds = Folds.of(scenario, settings)
    runs = {point.key: read_folds(store, scenario, (name, point.key), folds.count) for point in points}
    known = {key: sums for key, sums in runs.items() if sums is not None}
    if not known:
        return None
    summed = {key: sums.over_scenarios() for key, sums in known.items()}
    profit = np.stack([sums.economic_profit for sums in summed.values()])
    scores = np.stack([past_scores(sums.running_profit, sums.write_down) for sums in summed.values()])
    chosen = chosen_on_past(scores.sum(axis=1))
    keys = tuple(list(known)[max(index, 0)] for index in chosen.tolist())
    training = scores.sum(axis=1)[np.maximum(chosen, 0), np.arange(folds.count)] // settings.demand.scenarios
    sums = _switching(settings, store, scenario, name, keys, known)
    kind = "baseline" if name in BASELINES else "candidate"
    return Held(name, kind, WALK_FORWARD, keys, training, sums, tuning(profit, scores, is_c))


def _switching(
    settings: Settings, store: Store, scenario: Scenario, name: str, keys: tuple[str, ...],
    known: Mapping[str, FoldSums],
) -> FoldSums:  # fmt: skip
    """Contributions of one run that changes its parameters from fold to fold.

    A strategy that decides in plain Python has no stored plan: the folds of its runs are put together instead.
    """
    folds = Folds.of(scenario, settings)
    if len(set(keys)) == 1:
        return known[keys[0]]
    paths = {key: store.result(scenario.content_hash, name, key, "plan") for key in dict.fromkeys(keys)}
    if not all(path.exists() for path in paths.values()):
        return _put_together(keys, known)
    plans = {key: load_plan(path, len(scenario.axes.items)) for key, path in paths.items()}
    levels = {key: plan for key, plan in plans.items() if isinstance(plan, Levels)}
    plan = switched([levels[key] for key in keys], [first for first, _ in folds.bounds])
    totals = simulate(scenario, plan, stepper=settings.stepper, strategy=name)
    return write_folds(settings, store, scenario, (name, WALK_FORWARD), plan, totals)


def _put_together(keys: tuple[str, ...], known: Mapping[str, FoldSums]) -> FoldSums:
    columns = {}
    for name in FoldSums.names():
        folds = [getattr(known[key], name)[:, :, fold] for fold, key in enumerate(keys)]
        columns[name] = np.stack(folds, axis=2)
    return FoldSums(**columns)


def totals_of(sums: FoldSums, folds: slice, replicates: Replicates | None = None) -> dict[str, FloatArray]:
    """Totals over SKUs and folds by name, (1,) each, mean over demand scenarios; or of each replicate, (B,)."""
    result = {}
    for name in (*FoldSums.names(), "economic_profit"):
        values = getattr(sums, name)[:, :, folds]
        if name == "economic_profit" and replicates is not None:
            values = sums.levelled_profit(folds.start)
        if replicates is None:
            result[name] = np.array([values.sum() / len(values)])
        else:
            result[name] = replicated_totals(values, replicates)
    return result


def figures_of(totals: Mapping[str, FloatArray], days: int, minor: int) -> dict[str, FloatArray]:
    """Figures of the scorecard from totals, money in major units."""
    return {
        "economic_profit": totals["economic_profit"] / minor,
        "working_capital": totals["value_days"] / days / minor,
        "stockout_rate": _ratio(totals["stockout_days"], totals["listed_days"]),
        "fill_rate": _ratio(totals["sold"], totals["demanded"]),
        "gross_margin": totals["gross_margin"] / minor,
        "revenue": totals["revenue"] / minor,
    }


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def selection_table(found: list[Held], scenario: Scenario, settings: Settings) -> pl.DataFrame:
    """One row per strategy and held-out fold."""
    folds, minor = Folds.of(scenario, settings), 10**settings.shop.minor_units
    rows = []
    for held in found:
        for fold in range(1, folds.count):
            first, last = folds.bounds[fold]
            figures = figures_of(totals_of(held.sums, slice(fold, fold + 1)), last - first, minor)
            rows.append(
                {
                    "strategy": held.strategy,
                    "fold": fold,
                    "first_day": scenario.axes.date_of(first),
                    "last_day": scenario.axes.date_of(last - 1),
                    "parameters": held.chosen[fold],
                    "training_score": float(held.training[fold]) / minor if held.kind != "actual" else None,
                    **{name: float(values[0]) for name, values in figures.items()},
                }
            )
    return pl.DataFrame(rows, SELECTION).fill_nan(None)


@dataclass(frozen=True)
class HeldOut:
    """The comparison over all held-out folds.

    Attributes:
        table: one row per strategy, best first; ``folds``: one per strategy and fold; ``tuning``: of C items.
        winner: best candidate; ``figures``: its lead, its luck, counts.
    """

    table: pl.DataFrame
    folds: pl.DataFrame
    tuning: pl.DataFrame
    winner: str
    figures: dict[str, str | float | int]


NOTHING_HELD_OUT = HeldOut(pl.DataFrame([], HELD_OUT), pl.DataFrame([], SELECTION), pl.DataFrame([], TUNING), "", {})


def select(settings: Settings, store: Store, scenario: Scenario, information: Information) -> HeldOut:
    """Parameters chosen on earlier folds only, held-out sums, and leads that hold for all strategies at once."""
    folds, minor = Folds.of(scenario, settings), 10**settings.shop.minor_units
    found, later = hold_out(settings, store, scenario, information), slice(1, folds.count)
    leads = _leads(found, scenario, settings)
    rows: list[dict[str, object]] = [
        {
            "strategy": held.strategy,
            "kind": held.kind,
            "parameters": held.parameters,
            **_first(figures_of(totals_of(held.sums, later), folds.days(later), minor)),
            **lead,
        }
        for held, lead in zip(found, _lead_columns(leads), strict=True)
    ]
    table = pl.DataFrame(rows, HELD_OUT).fill_nan(None).sort("economic_profit", "strategy", descending=[True, False])
    best = next((row for row in table.to_dicts() if row["kind"] == "candidate"), None)
    figures: dict[str, str | float | int] = {"folds_held_out": folds.count - 1, "scenarios": settings.demand.scenarios}
    if best is not None:
        figures |= {
            "winner": best["strategy"],
            "lead_over_actual": best["lead_over_actual"],
            "lead_low": best["lead_low"],
            "lead_high": best["lead_high"],
            "lead_less_luck": best["lead_over_actual"] - leads.optimism,
        }
    return HeldOut(
        table,
        selection_table(found, scenario, settings),
        tuning_table(found, minor),
        best["strategy"] if best else "",
        figures,
    )


def _leads(found: list[Held], scenario: Scenario, settings: Settings) -> Leads:
    """Leads of all but the first run over the first, major units."""
    folds, minor = Folds.of(scenario, settings), 10**settings.shop.minor_units
    replicates = draw_replicates(scenario.catalogue.key, folds.count - 1, settings.demand.seed)
    profit = [held.sums.levelled_profit(1) for held in found]
    level = np.array([values.sum() / len(values) for values in profit])
    drawn = np.stack([replicated_totals(values, replicates) for values in profit], axis=1)
    blocks = folds.count - 1
    return simultaneous_leads((level - level[0])[1:] / minor, (drawn - drawn[:, :1])[:, 1:] / minor, blocks)


def _lead_columns(leads: Leads) -> list[dict[str, float]]:
    """Columns of the table, the shop's own orders first."""
    numbers = np.stack([leads.estimate, leads.low, leads.high], axis=1)
    rows = [[0.0, 0.0, 0.0], *numbers.tolist()]
    return [dict(zip(("lead_over_actual", "lead_low", "lead_high"), row, strict=True)) for row in rows]


def _first(figures: Mapping[str, FloatArray]) -> dict[str, float]:
    return {name: float(values[0]) for name, values in figures.items()}


def lead_sentence(result: HeldOut, settings: Settings, yardstick: str) -> str:
    """The winner's lead over the shop's own orders, or what stands in for them, in words."""
    figures, currency = result.figures, settings.shop.currency
    return (
        f"held out, {result.winner} leads {yardstick} by {figures['lead_over_actual']:,.0f} {currency} "
        f"of economic profit (95 % interval {figures['lead_low']:,.0f} to {figures['lead_high']:,.0f}, "
        f"corrected for having picked the best; {figures['lead_less_luck']:,.0f} less the luck of that)"
    )


def tuning_table(found: list[Held], minor: int) -> pl.DataFrame:
    """Per strategy with several parameter sets: the share of C items whose tuning is worth it."""
    rows = [
        {
            "strategy": held.strategy,
            "c_items": held.tuning.items,
            "worth_tuning": held.tuning.better,
            "share": held.tuning.share,
            "gain": held.tuning.gain / minor,
        }
        for held in found
        if held.tuning.items
    ]
    return pl.DataFrame(rows, TUNING)


def interval_table(
    settings: Settings, store: Store, scenario: Scenario, points: Mapping[str, tuple[ParameterSet, ...]]
) -> pl.DataFrame:
    """Intervals of runs over the scored window: level, against actual, against the best candidate."""
    rows = _interval_rows(settings, store, scenario, points)
    return pl.DataFrame(list(rows), INTERVALS).fill_nan(None)


def _interval_rows(
    settings: Settings, store: Store, scenario: Scenario, points: Mapping[str, tuple[ParameterSet, ...]]
) -> Iterator[dict[str, Any]]:
    folds, minor = Folds.of(scenario, settings), 10**settings.shop.minor_units
    replicates = draw_replicates(scenario.catalogue.key, folds.count, settings.demand.seed)
    whole, days = slice(0, folds.count), folds.days(slice(0, folds.count))
    runs: dict[tuple[str, str], tuple[dict[str, float], dict[str, FloatArray]]] = {}
    scenarios = 1
    for name, sets in points.items():
        for point in sets:
            sums = read_folds(store, scenario, (name, point.key), folds.count)
            if sums is not None:
                scenarios = len(sums.sold)
                plain = figures_of(totals_of(sums, whole), days, minor)
                drawn = figures_of(totals_of(sums, whole, replicates), days, minor)
                runs[name, point.key] = {figure: float(values[0]) for figure, values in plain.items()}, drawn
    best = _best_candidate(runs)
    for (name, key), (estimate, drawn) in runs.items():
        rivals = {"": None, "actual": runs.get(("actual", NO_PARAMETERS.key)), "best": runs.get(best)}
        for against, rival in rivals.items():
            if (against and rival is None) or (rival is not None and rival[0] is estimate):
                continue
            for figure in FIGURES:
                value = estimate[figure] - (rival[0][figure] if rival else 0.0)
                low, high = interval(value, drawn[figure] - (rival[1][figure] if rival else 0.0), folds.count)
                yield {
                    "strategy": name, "parameters": key, "figure": figure, "estimate": value, "low": low,
                    "high": high, "against": against, "scenarios": scenarios, "replicates": replicates.count,
                }  # fmt: skip


def _best_candidate(runs: Mapping[tuple[str, str], tuple[dict[str, float], Any]]) -> tuple[str, str]:
    candidates = [names for names in runs if names[0] != "actual" and names[0] not in BASELINES]
    return max(candidates, key=lambda names: runs[names][0]["economic_profit"], default=("", ""))
