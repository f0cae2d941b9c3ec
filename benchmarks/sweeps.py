"""Many parameter sets in one world, planning and scorecards included; the large one in a process of its own."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from arena_pipeline.bundles import load_bundle, save_bundle
from benchmarks.measure import SCRATCH, Figure, Size, child_json
from benchmarks.worlds import Supply, demand_matrix, information, known_history, world
from engine.plan import Plan
from engine.scenario import Scenario
from engine.scorecard import score_run
from engine.scorecard.sums import scored_window
from engine.settings import CostRates
from engine.simulation import simulate
from engine.strategies import STRATEGIES, Information, StrategyParameters
from engine.sweep import Job, sweep
from engine.totals import RunTotals

LONG_TAIL = 0.05
PRICE = 2_000
REPLAN_DAYS = 28
WARM_UP_DAYS = 84
SUPPLY = Supply(suppliers=50, spread=5, breaks=2)
SEVEN = (
    "continuous_review", "periodic_order_up_to", "min_max", "newsvendor", "base_stock", "abc_xyz", "budget_constrained",
)  # fmt: skip
TARGETS = (0.90, 0.95, 0.98)
REVIEWED = ("periodic_order_up_to", "min_max", "newsvendor", "budget_constrained")
OWN_PARAMETER = {
    "newsvendor": ("safety_multiplier", (0.75, 1.0, 1.25)),
    "base_stock": ("safety_multiplier", (0.75, 1.0, 1.25)),
    "budget_constrained": ("budget_share", (0.5, 0.75, 1.0)),
}
"""The parameter a strategy is swept over where it has no service target."""


def large_sweep(size: Size) -> Iterator[Figure]:
    """140 parameter sets on 10,000 SKUs over three years with 40 re-planning dates, two threads."""
    folder = SCRATCH / "sweep"
    rate, demand = demand_matrix(size.skus, size.days, LONG_TAIL)
    scenario = world(demand, SUPPLY, parts=13)
    known = information(scenario, known_history(demand, PRICE), rate, CostRates(), REPLAN_DAYS)
    save_bundle(folder / "world.npz", scenario)
    save_bundle(folder / "information.npz", known)
    command = [sys.executable, "-m", "benchmarks.sweeps", folder, str(size.parameter_sets)]
    answer = child_json(command, timeout=3_600)
    assert answer["demanded"] == [scored_demand(scenario, demand)], "every parameter set meets the same demand"
    assert answer["same_with_one_worker"]
    note = (
        f"{size.parameter_sets} parameter sets x {size.skus:,} SKUs x {size.days:,} days, "
        f"{len(known.forecast.dates)} re-planning dates, 2 threads; {answer['told']}"
    )
    yield Figure("sweep_seconds", answer["seconds"], "s", note)
    yield Figure("sweep_peak_rss_mb", answer["peak_rss_mb"], "MB", "the process that loads the world and sweeps")


def small_backtest(size: Size) -> Iterator[Figure]:
    """200 SKUs over a year, weekly re-planning, seven strategies with the demo's grids, forecast and scorecards."""
    rate, demand = demand_matrix(200, 365, 0.3)
    scenario = world(demand, SUPPLY, parts=11)
    seconds = []
    scores: dict[str, pl.DataFrame] = {}
    for _ in range(size.repeats + 1):
        started = time.perf_counter()
        known = information(scenario, known_history(demand, PRICE), rate, CostRates(), every=7)
        scores = dict(sweep(scenario, list(jobs(known, 3 * len(SEVEN))), scorer(scenario, known), workers=2))
        seconds.append(time.perf_counter() - started)
    assert {units_demanded(frame) for frame in scores.values()} == {scored_demand(scenario, demand)}
    note = (
        f"200 SKUs x 365 days, {len(scores)} parameter sets, 53 re-planning dates, forecast and scorecards, 2 threads"
    )
    yield Figure("small_backtest_seconds", sorted(seconds[1:])[len(seconds) // 2 - 1], "s", note)


def jobs(known: Information, count: int) -> Iterator[Job]:
    """``count`` parameter sets, the candidates in equal shares; grids grow by the safety multiplier."""
    share = count // len(SEVEN)
    for name in SEVEN:
        parameter, values = OWN_PARAMETER.get(name, ("target", TARGETS))
        for number in range(share):
            point = {parameter: values[number % len(values)]}
            if number >= len(values):
                point |= {"max_cover_days": 365 - number}
            if name in REVIEWED:
                point |= {"review_period": 7}
            key = f"{name}/" + ",".join(f"{field}={value}" for field, value in point.items())
            yield Job(key, partial(plan_of, STRATEGIES[name](**point), known))


def plan_of(strategy: StrategyParameters, known: Information) -> Plan:
    """Plan of any strategy."""
    return strategy.plan(known)  # type: ignore[attr-defined, no-any-return]


def scorer(scenario: Scenario, known: Information):  # noqa: ANN201 - the function that ``sweep`` wants
    """What is kept of a run: its scorecards."""
    cells = known.segments.cell[min(4, len(known.segments.cell) - 1)]

    def score(_key: str, totals: RunTotals) -> pl.DataFrame:
        return score_run(totals, scenario, CostRates(), WARM_UP_DAYS, cells, 100)

    return score


def units_demanded(scores: pl.DataFrame) -> int:
    """Units demanded in the scored window, from the catalogue's scorecard."""
    return round(scores.filter(pl.col("level") == "catalogue")["units_demanded"].item())


def scored_demand(scenario: Scenario, demand: np.ndarray) -> int:
    """The same, counted in the demand itself."""
    return int(demand[:, scored_window(scenario, WARM_UP_DAYS).first :].sum(dtype=np.int64))


def main(folder: Path, count: int) -> None:
    """Child process: one set per strategy to compile and to check, then all of them for the clock; prints JSON."""
    scenario = load_bundle(folder / "world.npz", Scenario)
    known = load_bundle(folder / "information.npz", Information)
    score = scorer(scenario, known)
    sample, everything = list(jobs(known, len(SEVEN))), list(jobs(known, count))
    alone, together = (dict(sweep(scenario, sample, score, workers=workers)) for workers in (1, 2))
    started = time.perf_counter()
    demanded = {units_demanded(scores) for _, scores in sweep(scenario, everything, score, workers=2)}
    seconds = time.perf_counter() - started
    answer = {
        "seconds": seconds,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "demanded": sorted(demanded),
        "same_with_one_worker": all(alone[key].equals(together[key]) for key in alone),
        "told": parts(scenario, sample, score),
    }
    print(json.dumps(answer))


def parts(scenario: Scenario, sample: list[Job], score) -> str:  # noqa: ANN001 - see ``scorer``
    """Where one parameter set's time goes, in seconds: planning by strategy, replay and scores on average."""
    plans, replay, scores = {}, 0.0, 0.0
    for job in sample:
        clock = [time.perf_counter()]
        plan = job.plan()
        clock.append(time.perf_counter())
        totals = simulate(scenario, plan)
        clock.append(time.perf_counter())
        score(job.key, totals)
        clock.append(time.perf_counter())
        plans[job.key.partition("/")[0]] = clock[1] - clock[0]
        replay += (clock[2] - clock[1]) / len(sample)
        scores += (clock[3] - clock[2]) / len(sample)
    told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in plans.items())
    return f"per set and thread: replay {replay:.2f}, scores {scores:.2f}, plan: {told} s"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
