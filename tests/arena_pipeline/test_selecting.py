import json
from itertools import combinations

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from arena_pipeline import selecting
from arena_pipeline.arena import NO_PARAMETERS, Run, run_plan, run_strategy, with_sales_only
from arena_pipeline.assets.selection import held_out_of, selection_assets
from arena_pipeline.bundles import load_bundle
from arena_pipeline.folds import other_worlds, read_folds
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import load_arena
from arena_pipeline.terminal import held_out_table
from engine.scorecard.folds import fold_sums
from engine.simulation import simulate
from engine.strategies import BASELINES, STRATEGIES
from engine.strategies.build import KnownHistory, gather_information


def table(workspace, name):
    return pl.read_parquet(workspace.store.scorecard(f"{name}.parquet"))


def test_tables_have_their_columns_and_every_strategy(ran):
    kinds = {"selection": selecting.SELECTION, "held_out": selecting.HELD_OUT, "intervals": selecting.INTERVALS}
    for name, schema in kinds.items():
        assert dict(table(ran, name).schema) == schema
    names = {*ran.settings.strategies, "actual"}
    assert set(table(ran, "held_out")["strategy"]) == names
    chosen = table(ran, "selection")
    assert chosen.group_by("strategy").len()["len"].n_unique() == 1
    assert chosen["fold"].min() == 1
    for name, grid in ran.settings.strategies.items():
        keys = {point.key for point in grid.parameter_sets()}
        assert set(chosen.filter(pl.col("strategy") == name)["parameters"]) <= keys


def test_held_out_sums_are_those_of_the_folds(ran):
    folds, held = table(ran, "selection"), table(ran, "held_out")
    for row in held.to_dicts():
        mine = folds.filter(pl.col("strategy") == row["strategy"])
        for figure in ("economic_profit", "gross_margin", "revenue"):
            assert mine[figure].sum() == pytest.approx(row[figure])
    actual = held.filter(pl.col("strategy") == "actual").row(0, named=True)
    for row in held.to_dicts():
        assert row["lead_over_actual"] == pytest.approx(row["economic_profit"] - actual["economic_profit"])
        assert row["lead_low"] <= row["lead_over_actual"] <= row["lead_high"]


def test_a_strategy_with_one_set_is_that_sets_run(ran):
    """Held out or not, newsvendor has nothing to choose: all folds together are the leaderboard's row."""
    world, _ = load_arena(ran.store)
    folds = selecting.Folds.of(world.scenario, ran.settings)
    for row in ran.leaderboard():
        sums = read_folds(ran.store, world.scenario, (row["strategy"], row["parameters"]), folds.count)
        if row["kind"] == "bound":
            assert sums is None
            continue
        figures = selecting.figures_of(
            selecting.totals_of(sums, slice(0, folds.count)), folds.days(slice(0, folds.count)), 100
        )
        for figure in selecting.FIGURES:
            slack = 0.005 * sums.sold.size if figure == "economic_profit" else 1e-6
            assert figures[figure][0] == pytest.approx(row[figure], abs=slack, rel=1e-9)


def test_intervals_hold_the_estimate_and_are_paired(ran):
    rows = table(ran, "intervals")
    assert set(rows["against"]) == {"", "actual", "best"}
    assert (rows["scenarios"] == 1).all()
    money = rows.filter(pl.col("figure").is_in(["economic_profit", "working_capital"]))
    assert (money["low"] <= money["estimate"]).all()
    assert (money["estimate"] <= money["high"]).all()
    level, paired = (
        {(row["strategy"], row["parameters"]): row for row in money.filter(pl.col("against") == against).to_dicts()
         if row["figure"] == "economic_profit"} for against in ("", "actual")
    )  # fmt: skip
    actual = level["actual", "default"]["estimate"]
    for names, row in paired.items():
        assert row["estimate"] == pytest.approx(level[names]["estimate"] - actual)


def test_the_leaderboard_shows_held_out_scores(ran):
    content = json.loads(ran.store.scorecard("scorecard.json").read_text())
    rows, winner = held_out_of(ran.store)
    assert content["held_out"] == rows
    assert content["held_out_winner"] == winner
    assert winner["winner"] in ran.settings.strategies
    assert winner["lead_less_luck"] <= winner["lead_over_actual"]
    console = Console(width=160, record=True)
    console.print(held_out_table(table(ran, "held_out"), ran.settings))
    shown = console.export_text()
    assert all(row["strategy"] in shown for row in rows)
    assert any("leads the shop's own orders by" in line for line in ran.lines)


def test_more_demand_scenarios_share_everything_but_demand(copy):
    """Demand of two more scenarios; the plan is the same, what it earns differs, and intervals say how many."""
    copy.edit("[window]", "[demand]\nscenarios = 3\n\n[window]")
    path = copy.store.demand("censored_daily_demand.parquet")
    replay = pl.read_parquet(path)
    replay.with_columns(
        demand_s01=pl.col("demand_s00") + (pl.col("day") % 9 == 0).cast(pl.Int32),
        demand_s02=pl.col("units_sold").cast(pl.Int32),
    ).write_parquet(path)
    arena = ArenaResource(workspace=str(copy.folder))
    world, information = load_arena(copy.store)
    others = other_worlds(copy.settings, copy.store, world.scenario)
    assert len(others) == 2
    for other in others:
        assert other.lead_times is world.scenario.lead_times
        assert other.demand.quantity.sum() != world.scenario.demand.quantity.sum()
    point = copy.settings.strategies["newsvendor"].parameter_sets()[0]
    run_strategy(arena, "newsvendor", point)
    run_plan(arena, world.scenario, information, Run("actual", NO_PARAMETERS, "actual"), world.actual)
    folds = selecting.Folds.of(world.scenario, copy.settings)
    sums = read_folds(copy.store, world.scenario, ("newsvendor", point.key), folds.count)
    first, second, third = sums.demanded.sum(axis=(1, 2))
    assert third <= first < second
    points = {"newsvendor": (point,), "actual": (NO_PARAMETERS,)}
    rows = selecting.interval_table(copy.settings, copy.store, world.scenario, points)
    assert (rows["scenarios"] == 3).all()
    level = rows.filter((pl.col("figure") == "economic_profit") & (pl.col("against") == ""))
    assert level.filter(pl.col("strategy") == "newsvendor")["estimate"][0] == pytest.approx(
        sums.economic_profit.sum() / 3 / 100
    )


def test_one_fold_holds_nothing_out(copy):
    copy.edit("warm_up_days = 84", "warm_up_days = 340")
    selection, *_ = selection_assets(copy.settings)
    arena = ArenaResource(workspace=str(copy.folder))
    assert dg.materialize([selection], resources={"arena": arena}).success
    assert table(copy, "held_out").is_empty()
    assert dict(table(copy, "selection").schema) == selecting.SELECTION
    assert held_out_of(copy.store) == ([], {})


SEVEN = tuple(
    name for name in STRATEGIES if name not in BASELINES and STRATEGIES[name].__module__.startswith("engine.")
)


def test_the_seven_plan_differently_and_none_is_hopeless(ran):
    """On real order lines: every pair of plans differs, and at its defaults each earns about what the shop itself did
    or more, sells most of what is asked for, and ties up no more than a few times its capital: none is a straw man."""
    world, configured = load_arena(ran.store)
    known = load_bundle(ran.store.demand("known_history.npz"), KnownHistory)
    own = simulate(with_sales_only(ran.store, world.scenario), world.actual)
    information = gather_information(
        world.scenario, known, world.actual, own, ran.settings.costs, configured.forecast.dates
    )
    assert len(SEVEN) == 7
    plans = {name: STRATEGIES[name]().plan(information) for name in SEVEN}
    for one, other in combinations(SEVEN, 2):
        names = plans[one].matrices()
        assert any((names[field] != plans[other].matrices()[field]).any() for field in names), (one, other)
    actual = read_folds(
        ran.store, world.scenario, ("actual", "default"), selecting.Folds.of(world.scenario, ran.settings).count
    )
    real = float(actual.economic_profit.sum())
    for name, plan in plans.items():
        sums = fold_sums(simulate(world.scenario, plan), world.scenario, ran.settings.costs, 84)
        assert sums.economic_profit.sum() > 0.85 * real, name
        assert sums.sold.sum() > 0.7 * sums.demanded.sum(), name
        assert sums.value_days.sum() < 5 * actual.value_days.sum(), name
