"""The whole way: the demo on a cold start, and 100,000 SKUs from daily activity to scorecards in shards."""

import json
import re
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import polars as pl

from arena_pipeline.demand import matrix, order_history
from benchmarks.measure import ROOT, SCRATCH, Figure, Size, child, child_json
from benchmarks.shop import PRICE, learnt, shop
from benchmarks.sweeps import SEVEN, SUPPLY, jobs, scored_demand, scorer, units_demanded
from benchmarks.worlds import information, world
from engine.demand.arrays import demand_arrays
from engine.demand.asof import recover_arrays_as_of
from engine.demand.learning import SharedDemand
from engine.demand.recovery import recover_arrays
from engine.demand.tables import sample_scenarios
from engine.settings import CostRates, DemandSettings
from engine.strategies.build import KnownHistory
from engine.sweep import sweep

T = TypeVar("T")
REPLAN_DAYS = 28


def demo(size: Size) -> Iterator[Figure]:
    """``arena demo`` in an empty workspace, on a copy of the sources that has compiled nothing yet."""
    if not size.whole:
        yield Figure("pipeline_demo_seconds", None, "s", "not measured in a quick run")
        return
    folder = SCRATCH / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    workspace, sources = folder / "workspace", folder / "sources"
    workspace.mkdir(parents=True)
    for name in ("arena.toml", "dagster.yaml"):
        shutil.copy(ROOT / name, workspace)
    for package in ("engine", "arena_pipeline"):
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "arena_pipeline.cli", "demo", "--workspace", workspace]
    run = child(command, 1_800, folder=sources, PYTHONPATH=str(sources))
    assert list((sources / "engine" / "__pycache__").glob("kernels-*")), "the copy compiled its own kernels"
    scores = pl.read_parquet(next((workspace / "var" / "results").rglob("scorecard.parquet")))
    runs = scores.select("strategy", "parameters").unique().height
    assert set(SEVEN) <= set(scores["strategy"])
    stages = next((line.strip() for line in run.output.splitlines() if re.search(r"demand \d+\.\d s,", line)), "")
    note = f"empty workspace, cold compilation included, {runs} scored runs, {run.peak_rss_mb:,.0f} MB; {stages}"
    yield Figure("pipeline_demo_seconds", run.seconds, "s", note)
    shutil.rmtree(folder)


def hundred_thousand(size: Size) -> Iterator[Figure]:
    """Daily activity to scorecards for seven strategies, one parameter set each, in shards; a process of its own."""
    if not size.whole:
        for name, unit in (("pipeline_100k_seconds", "s"), ("pipeline_100k_peak_rss_mb", "MB")):
            yield Figure(name, None, unit, "not measured in a quick run")
        return
    arguments = [str(number) for number in (size.shards, size.skus, size.days)]
    answer = child_json([sys.executable, "-m", "benchmarks.pipeline", *arguments], 3_600)
    stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in answer["stages"].items())
    note = (
        f"{size.shards} shards of {size.skus:,} SKUs x {size.days:,} days one after another, from daily activity on "
        f"(no ingest, no Dagster), by what a sample of all shards shares: {stages} s"
    )
    yield Figure("pipeline_100k_seconds", sum(answer["stages"].values()), "s", note)
    yield Figure(
        "pipeline_100k_peak_rss_mb", answer["peak_rss_mb"], "MB", "the process, drawing of the shards included"
    )


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Do it, and add its time to the stage."""
        started = time.perf_counter()
        result = work()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
        return result


def run_shard(skus: int, days: int, seed: int, shared: SharedDemand, clock: Clock) -> dict[str, pl.DataFrame]:
    """One shard of a synthetic shop, from its daily activity to scorecards by strategy."""
    drawn, settings = shop(skus, days, seed), DemandSettings()
    activity, sizes = drawn.activity, drawn.activity.orders
    seen, known_then = (
        clock.time("matrices", partial(demand_arrays, activity.daily, drawn.categories, as_of=late))
        for late in (False, True)
    )
    recovered = clock.time("recovery", lambda: recover_arrays(seen, sizes, settings, shared.replay))
    demand = clock.time("sampling", lambda: sample_scenarios(recovered, drawn.axes, settings))[0]
    as_of = clock.time("as-of recovery", lambda: recover_arrays_as_of(known_then, sizes, settings, shared.as_of))
    orders = clock.time("history", lambda: order_history(known_then, sizes, drawn.axes))
    known = KnownHistory(orders, as_of.demand_u6, as_of.var_u6, matrix(activity.daily.lazy(), "price", drawn.axes))
    scenario = clock.time("world", lambda: world(demand, SUPPLY, parts=13))
    rate = demand.mean(axis=1)
    facts = clock.time("forecast", lambda: information(scenario, known, rate, CostRates(), REPLAN_DAYS))
    todo = list(jobs(facts, len(SEVEN)))
    scores = clock.time("strategies", lambda: dict(sweep(scenario, todo, scorer(scenario, facts), workers=2)))
    assert {units_demanded(frame) for frame in scores.values()} == {scored_demand(scenario, demand)}
    assert int(scenario.demand.amount[0]) == PRICE
    return scores


def main(shards: int, skus: int, days: int) -> None:
    """Child process: a small shard to compile, then all; prints JSON."""
    small = min(skus, 100), min(days, 400)
    run_shard(*small, 0, learnt(1, *small)[0], Clock())
    clock = Clock()
    shared, clock.seconds["learning"] = learnt(shards, skus, days)
    for seed in range(shards):
        run_shard(skus, days, seed, shared, clock)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer: dict[str, Any] = {"stages": clock.seconds, "peak_rss_mb": peak}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
