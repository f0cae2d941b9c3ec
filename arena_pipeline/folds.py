"""What each item contributed in each fold of a run, as files: by demand scenario, item and fold.

What belongs here: running a plan in the other sampled demand scenarios, and the layout of the files.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from arena_pipeline import demand
from arena_pipeline.bundles import load_bundle
from arena_pipeline.settings import Settings
from arena_pipeline.store import Store, write_frame
from engine.plan import Plan
from engine.scenario import DayTable, Scenario
from engine.scenario.build import day_table
from engine.schema import Axes
from engine.scorecard.folds import FoldSums, fold_sums
from engine.simulation import simulate
from engine.totals import RunTotals


def write_folds(
    settings: Settings, store: Store, scenario: Scenario, names: tuple[str, str], plan: Plan, totals: RunTotals
) -> FoldSums:
    """Contributions of a run, and of the same plan against every other demand scenario; returns them stacked.

    Args:
        settings: of the workspace.
        store: its results.
        scenario: the world of the first demand scenario.
        names: strategy and parameters.
        plan: what was run; ``totals``: what came of it.
    """
    rates, warm_up = settings.costs, settings.window.warm_up_days
    parts = [fold_sums(totals, scenario, rates, warm_up)]
    for world in other_worlds(settings, store, scenario):
        totals = simulate(world, plan, stepper=settings.stepper, strategy=names[0])
        parts.append(fold_sums(totals, world, rates, warm_up))
    stacked = FoldSums(**{name: np.stack([getattr(part, name) for part in parts]) for name in FoldSums.names()})
    columns = {name: getattr(stacked, name).ravel() for name in FoldSums.names()}
    write_frame(store.result(scenario.content_hash, *names, "folds"), pl.DataFrame(columns))
    return stacked


def read_folds(store: Store, scenario: Scenario, names: tuple[str, str], folds: int) -> FoldSums | None:
    """Contributions of a run, (K, S, F) each; None where it was not run."""
    path = store.result(scenario.content_hash, *names, "folds")
    if not path.exists():
        return None
    frame, shape = pl.read_parquet(path), (-1, len(scenario.axes.items), folds)
    return FoldSums(**{name: frame[name].to_numpy().reshape(shape) for name in FoldSums.names()})


def other_worlds(settings: Settings, store: Store, scenario: Scenario) -> list[Scenario]:
    """The same world with each other sampled demand; all else stays."""
    count = settings.demand.scenarios
    if count == 1:
        return []
    written = store.demand("censored_daily_demand.parquet").stat().st_mtime_ns
    return [with_demand(scenario, table) for table in _other_demands(store.root, count, written)]


def with_demand(scenario: Scenario, table: DayTable) -> Scenario:
    """A world with another demand."""
    fields = {name: getattr(scenario, name) for name in Scenario.__dataclass_fields__}
    return Scenario(**fields | {"demand": table})


@lru_cache(maxsize=1)
def _other_demands(root: Path, count: int, _written: int) -> list[DayTable]:
    store = Store(root)
    axes = load_bundle(store.demand("axes.npz"), Axes)
    price = demand.matrix(demand.read_demand(store, demand.ACTIVITY), "price", axes)
    return [day_table(demand.sampled_demand(store, axes, number), price) for number in range(1, count)]
