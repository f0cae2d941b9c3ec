"""The compiled stepper: against the reference, against a bare loop, per event, and as events grow."""

from collections.abc import Iterator

import numpy as np

from benchmarks import bare
from benchmarks.measure import Figure, Size, medians, seconds_of
from benchmarks.peers import peer_world
from benchmarks.worlds import LEAD_TIME, demand_matrix, levels, world
from engine.plan import Levels
from engine.scenario import Scenario
from engine.steppers.compiled import run_compiled
from engine.steppers.reference import run_reference
from engine.totals import RunTotals

LONG_TAIL = 0.05
"""Units per day, mean over SKUs."""
GROWTH_DAYS = 1_095
GROWTH_EVENTS_PER_SKU = 110
UNIT_COST = 1_000


def long_tail(size: Size) -> tuple[Scenario, Levels]:
    """10,000 slow movers over three years, levels set every four weeks."""
    rate, demand = demand_matrix(size.skus, size.days, LONG_TAIL)
    return world(demand), levels(rate, size.days)


def events_of(scenario: Scenario, plan: Levels, totals: RunTotals) -> int:
    """Demand days + orders (each arrives) + re-planning dates x SKUs."""
    return len(scenario.demand.sku) + int(totals.field("lines").sum()) + plan.reorder_point.size


def speed(size: Size) -> Iterator[Figure]:
    """Compiled against reference on the long tail: the same digest, then the clock."""
    scenario, plan = long_tail(size)
    compiled = run_compiled(scenario, plan)
    results: list[RunTotals] = []
    slow_runs, fast_runs = [], []
    for _ in range(min(size.repeats, 3)):
        slow_runs.append(seconds_of(lambda: results.append(run_reference(scenario, plan))))
        assert results.pop().digest() == compiled.digest()
        fast_runs.append(medians({"compiled": lambda: run_compiled(scenario, plan)}, 2 * size.repeats)["compiled"])
    slow, fast = float(np.median(slow_runs)), float(np.median(fast_runs))
    sku_days, events = size.skus * size.days, events_of(scenario, plan, compiled)
    shape = f"{size.skus:,} SKUs x {size.days:,} days, {LONG_TAIL} units/day, all totals, one thread"
    yield Figure("compiled_sku_days_per_second_core", sku_days / fast, "SKU-days/s", f"{shape}, {fast * 1e3:.1f} ms")
    yield Figure(
        "compiled_ns_per_event", fast / events * 1e9, "ns", f"{events:,} events: demand, arrivals, re-planning"
    )
    yield Figure("reference_sku_days_per_second", sku_days / slow, "SKU-days/s", f"{shape}, {slow:.2f} s")
    yield Figure("compiled_over_reference", slow / fast, "ratio", "same digest of all totals")


def over_bare(size: Size) -> Iterator[Figure]:
    """Speed of the compiled stepper over that of a bare loop which makes the same decisions."""
    scenario, plan = long_tail(size)
    yield _over_bare("compiled_over_bare_numba", scenario, plan, 5 * size.repeats, "long tail")
    scenario, plan, _ = peer_world(size.peer_skus, size.days)
    note = f"{size.peer_skus:,} SKUs x {size.days:,} days, median 0.3 units/day"
    yield _over_bare("compiled_over_bare_numba_peers_world", scenario, plan, 5 * size.repeats, note)


def _over_bare(name: str, scenario: Scenario, plan: Levels, repeats: int, note: str) -> Figure:
    demand, out = scenario.demand, np.zeros((len(scenario.axes.items), 6), np.int64)
    world_and_plan = (
        demand.first_row, demand.day, demand.quantity, scenario.axes.days, plan.days, plan.reorder_point,
        plan.order_up_to, UNIT_COST, LEAD_TIME, scenario.catalogue.opening_on_hand,
    )  # fmt: skip
    bare.bare_loop(*world_and_plan, out)
    totals = run_compiled(scenario, plan)
    for column, field in ((bare.SOLD, "sold"), (bare.LOST, "lost"), (bare.LINES, "lines"),
                          (bare.VALUE_DAYS, "value_days"), (bare.STOCKOUT_DAYS, "stockout_days")):  # fmt: skip
        assert np.array_equal(out[:, column], totals.field(field).sum(axis=1)), field
    seconds = medians(
        {"bare": lambda: bare.bare_loop(*world_and_plan, out), "compiled": lambda: run_compiled(scenario, plan)},
        repeats,
    )
    note = f"{note}: {seconds['bare'] * 1e3:.1f} ms bare, {seconds['compiled'] * 1e3:.1f} ms compiled, same decisions"
    return Figure(name, seconds["bare"] / seconds["compiled"], "ratio", note)


def growth(size: Size) -> Iterator[Figure]:
    """Seconds as events grow from 10^3 to 10^7, at the same events per SKU; and as idle days are added."""
    for wanted in size.events:
        skus = max(1, round(wanted / GROWTH_EVENTS_PER_SKU))
        scenario, plan, events = _growth_world(skus, GROWTH_DAYS)
        seconds = medians({"compiled": lambda s=scenario, p=plan: run_compiled(s, p)}, size.repeats)["compiled"]
        power = round(np.log10(wanted))
        note = f"{events:,} events, {skus:,} SKUs, {seconds * 1e3:.3g} ms"
        yield Figure(f"growth_1e{power}_events_seconds", seconds, "s", note)
        yield Figure(f"growth_1e{power}_ns_per_event", seconds / events * 1e9, "ns", note)
    skus = max(1, round(size.events[-1] / GROWTH_EVENTS_PER_SKU / 10))
    plain, padded = _growth_world(skus, GROWTH_DAYS), _growth_world(skus, GROWTH_DAYS, idle=4)
    assert plain[2] == padded[2]
    seconds = medians(
        {"plain": lambda: run_compiled(*plain[:2]), "padded": lambda: run_compiled(*padded[:2])}, size.repeats
    )
    note = "the same events, five times the days: the rest are days on which nothing happens"
    yield Figure("idle_days_over_plain", seconds["padded"] / seconds["plain"], "ratio", note)


def _growth_world(skus: int, days: int, idle: int = 0) -> tuple[Scenario, Levels, int]:
    """A long tail; with ``idle`` the same history, followed by that many times as many days without demand."""
    rate, demand = demand_matrix(skus, days, LONG_TAIL)
    plan = levels(rate, days)
    if idle:
        demand = np.hstack([demand, np.zeros((skus, idle * days), demand.dtype)])
    scenario = world(demand)
    totals = run_compiled(scenario, plan)
    assert int((totals.field("sold") + totals.field("lost")).sum()) == int(demand.sum(dtype=np.int64))
    return scenario, plan, events_of(scenario, plan, totals)
