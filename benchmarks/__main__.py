"""Run benchmarks: all, or those that give the figures named.

``python -m benchmarks [NAME ...] [--quick]``: a name is a figure of ``latest.json`` or one of the groups below. Writes
``benchmarks/latest.json`` with what this run measured; once all figures are there, also the tables of
``docs/benchmarks.md``.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from benchmarks import (
    activity_large,
    construct,
    demand,
    demand_suite,
    ingest,
    ingest_large,
    network,
    peers,
    pipeline,
    stepper,
    sweeps,
    table,
)
from benchmarks.measure import FULL, QUICK, ROOT, SCRATCH, Figure, Size
from engine.kernels import sources_hash

LATEST = ROOT / "benchmarks" / "latest.json"
PAGE = ROOT / "docs" / "benchmarks.md"


class Benchmark(NamedTuple):
    """A function and the figures it gives."""

    run: Callable[[Size], Iterable[Figure]]
    figures: tuple[str, ...]


def _peer(name: str) -> Benchmark:
    peer = peers.PEERS[name]
    return Benchmark(lambda size: [peers.compare(peer, size)], (peer.figure,))


BENCHMARKS: dict[str, Benchmark] = {
    "speed": Benchmark(
        stepper.speed,
        (
            "compiled_sku_days_per_second_core",
            "compiled_ns_per_event",
            "reference_sku_days_per_second",
            "compiled_over_reference",
        ),
    ),
    "bare": Benchmark(stepper.over_bare, ("compiled_over_bare_numba", "compiled_over_bare_numba_peers_world")),
    "growth": Benchmark(stepper.growth, ("idle_days_over_plain",)),
    **{name: _peer(name) for name in peers.PEERS},
    "construct": Benchmark(
        construct.construct,
        (
            "model_construct_lean_over_boundary_validation",
            "model_construct_stock_over_boundary_validation",
            "model_construct_lean_over_flat_validation",
            "model_construct_stock_over_flat_validation",
        ),
    ),
    "small": Benchmark(sweeps.small_backtest, ("small_backtest_seconds",)),
    "sweep": Benchmark(sweeps.large_sweep, ("sweep_seconds", "sweep_peak_rss_mb")),
    "recovery": Benchmark(demand.recovery, ("recover_seconds_10k", "recover_seconds_100k")),
    "truth": Benchmark(
        demand_suite.known_truth, ("demand_bias_worst_world_percent", "demand_gap_closed_worst_world_percent")
    ),
    "forecast": Benchmark(demand.forecasts, ("forecast_seconds_10k", "forecast_seconds_100k")),
    "ingest": Benchmark(
        ingest.ingest,
        ("ingest_parquet_rows_per_second", "ingest_csv_rows_per_second", "ingest_over_plain_load"),
    ),
    "ingest_100m": Benchmark(
        ingest_large.hundred_million,
        ("ingest_100m_seconds", "ingest_100m_rows_per_second", "ingest_100m_peak_rss_mb"),
    ),
    "activity_100k": Benchmark(activity_large.large_shop, activity_large.FIGURES),
    "network": Benchmark(network.network, ("gsm_tree_2000_seconds", "serial_10k_seconds")),
    "demo": Benchmark(pipeline.demo, ("pipeline_demo_seconds",)),
    "100k": Benchmark(pipeline.hundred_thousand, ("pipeline_100k_seconds", "pipeline_100k_peak_rss_mb")),
}


ANNOUNCED = {figure for benchmark in BENCHMARKS.values() for figure in benchmark.figures}


def chosen(names: list[str]) -> dict[str, Benchmark]:
    """Benchmarks by their own names or those of their figures; all when none is named."""
    known = ANNOUNCED | set(BENCHMARKS)
    unknown = sorted(set(names) - known)
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}\nknown: {', '.join(sorted(known))}")
    return {
        group: benchmark
        for group, benchmark in BENCHMARKS.items()
        if not names or group in names or set(names) & set(benchmark.figures)
    }


def run(benchmarks: dict[str, Benchmark], size: Size, tell: Callable[[str], None]) -> list[Figure]:
    """Run them one after another; one that fails gives its figures without a value, and the reason."""
    figures: list[Figure] = []
    for number, (group, benchmark) in enumerate(benchmarks.items(), start=1):
        tell(f"[{number}/{len(benchmarks)}] {group} ...")
        started = time.perf_counter()
        given: list[Figure] = []
        try:
            for figure in benchmark.run(size):
                given.append(figure)
                tell(f"    {figure.name}: {table.show(figure.value)} {figure.unit}  ({figure.note})")
        except Exception as error:  # noqa: BLE001 - the other benchmarks still run; the failure is in the result
            missing = set(benchmark.figures) - {figure.name for figure in given}
            reason = f"failed: {type(error).__name__}: {error}"[:300]
            tell(f"    {reason}")
            given += [Figure(name, None, "", reason) for name in benchmark.figures if name in missing]
        figures += given
        tell(f"    {time.perf_counter() - started:.1f} s")
    return figures


def state() -> dict[str, str]:
    """What was measured: the commit of the checkout, and the engine's sources, which may differ from it."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S607
    return {"commit": asked.stdout.strip() or "unknown", "engine_sources": sources_hash()}


def earlier(measured: dict[str, str], newer: list[Figure]) -> list[Figure]:
    """Figures of ``latest.json`` that were not measured again; none when it is of another state of the engine."""
    if not LATEST.exists():
        return []
    entries = json.loads(LATEST.read_text())
    if {name: entries.pop(name, {}).get("note") for name in measured} != measured:
        return []
    again = {figure.name for figure in newer}
    return [
        Figure(name, entry.get("value"), entry["unit"], entry["note"])
        for name, entry in entries.items()
        if name not in again
    ]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures or groups; default: all")
    parser.add_argument("--keep", action="store_true", help="keep what earlier runs measured of the same engine")
    parser.add_argument("--quick", action="store_true", help="small worlds, a minute or two; figures do not count")
    options = parser.parse_args()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    wanted = chosen(options.names)
    figures = run(wanted, QUICK if options.quick else FULL, partial(print, flush=True))
    if options.quick:
        figures = [replace(figure, note=f"quick run, reduced sizes; {figure.note}") for figure in figures]
    measured = state()
    if options.keep:
        figures = earlier(measured, figures) + figures
    entries = {figure.name: figure.entry() for figure in figures}
    about = {name: {"unit": "", "note": note} for name, note in measured.items()}
    LATEST.write_text(json.dumps(entries | about, indent=1) + "\n")
    print(f"wrote {LATEST.relative_to(ROOT)}")
    if set(entries) >= ANNOUNCED and not options.quick:
        table.write(PAGE, figures, measured)
        print(f"wrote {PAGE.relative_to(ROOT)}")
    missed = [figure.name for figure in figures if table.is_reached(figure) is False]
    if missed and not options.quick:
        print(f"goals missed: {', '.join(missed)}")
    return 1 if any(figure.note.startswith("failed") for figure in figures) else 0


if __name__ == "__main__":
    raise SystemExit(main())
