"""Weekly figures of the runs a reader is shown: their kept plans replayed with weeks for parts."""

import numpy as np
import polars as pl

from arena_pipeline.beside import plan_of_run
from arena_pipeline.choice import stored_choice
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import load_arena
from engine.scorecard.sums import scored_window
from engine.scorecard.weekly import in_weeks, weekly_scores
from engine.simulation import simulate


def scored_days(arena: ArenaResource) -> int:
    """Days after the warm-up."""
    world, _ = load_arena(arena.store)
    return scored_window(world.scenario, arena.settings.window.warm_up_days).days


def weekly_scorecard(arena: ArenaResource) -> pl.DataFrame:
    """``strategy, parameters, kind, level, name, week, first_day`` and figures; catalogue and categories."""
    world, _ = load_arena(arena.store)
    weeks, settings = in_weeks(world.scenario), arena.settings
    unit = 10**settings.shop.minor_units
    catalogue = weeks.catalogue
    everything = np.zeros(len(weeks.axes.items), np.int64)
    groups = {"catalogue": (("all",), everything), "category": (catalogue.category_names, catalogue.category)}
    frames = []
    for row in stored_choice(arena.store).shown:
        plan = plan_of_run(arena.store, world.scenario, row["strategy"], row["parameters"])
        totals = simulate(weeks, plan, stepper=settings.stepper, strategy=row["strategy"])
        head = [pl.lit(row[name]).alias(name) for name in ("strategy", "parameters", "kind")]
        for level, named in groups.items():
            figures = weekly_scores(totals, weeks, settings.costs, named, unit)
            frames.append(figures.select(*head, pl.lit(level).alias("level"), "name", pl.all().exclude("name")))
    first = pl.lit(weeks.axes.first_day)
    return pl.concat(frames).with_columns(first_day=first + pl.duration(days=pl.col("first_day")))
