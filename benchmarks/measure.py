"""Clocks: medians of repeated runs, interleaved where two programs are compared, memory of a child process."""

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCRATCH = ROOT / "var" / "benchmarks"


@dataclass(frozen=True)
class Figure:
    """One line of the result; ``value`` is None where it could not be measured, and the note says why."""

    name: str
    value: float | None
    unit: str
    note: str = ""

    def entry(self) -> dict[str, Any]:
        """As written to ``latest.json``."""
        fields = {"unit": self.unit, "note": self.note}
        return fields if self.value is None else {"value": self.value, **fields}


@dataclass(frozen=True)
class Size:
    """How large the worlds of a run are.

    Attributes:
        skus: of the large worlds; ``days``: of all but the small backtest.
        peer_skus: SKUs of the world in which peers are measured.
        repeats: runs whose median counts.
        rows: rows of ingested files.
        events: sizes of the table of growth.
        whole: measure what takes minutes: the demo, the 100,000-SKU figures.
    """

    skus: int = 10_000
    days: int = 1_095
    peer_skus: int = 2_000
    repeats: int = 7
    rows: int = 4_000_000
    events: tuple[int, ...] = (10**3, 10**4, 10**5, 10**6, 10**7)
    parameter_sets: int = 140
    shards: int = 10
    whole: bool = True


FULL = Size()
QUICK = Size(skus=1_000, peer_skus=100, repeats=3, rows=200_000, events=(10**3, 10**4, 10**5), parameter_sets=14,
             shards=2, whole=False)  # fmt: skip
TINY = replace(QUICK, skus=60, days=120, peer_skus=10, repeats=1, rows=2_000, events=(10**3,), parameter_sets=7)


def seconds_of(work: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians(works: Mapping[str, Callable[[], Any]], repeats: int, prepare: Callable[[], Any] = int) -> dict[str, float]:
    """Median seconds of each piece of work, the pieces taking turns so that noise of the machine meets all of them.

    The garbage collector rests meanwhile, and every piece runs once before it is measured. ``prepare`` is called before
    each run, off the clock.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        prepare()
        work()
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeats):
            for name, work in works.items():
                prepare()
                seconds[name].append(seconds_of(work))
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in seconds.items()}


@dataclass(frozen=True)
class ChildRun:
    """How a child process went; ``peak_rss_mb`` includes its own children."""

    seconds: float
    peak_rss_mb: float
    output: str


def child(command: Sequence[str | Path], timeout: float, folder: Path = ROOT, **environment: str) -> ChildRun:
    """Run a command in a folder to its end.

    Raises:
        RuntimeError: it failed; the message is the end of what it said.
        subprocess.TimeoutExpired: it was stopped.
    """
    probe = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
        "print('PEAK', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", probe, *map(str, command)],
        capture_output=True, text=True, timeout=timeout, check=False, cwd=folder, env=os.environ | environment,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError((done.stderr + done.stdout).strip()[-600:])
    peak = float(done.stderr.rpartition("PEAK ")[2]) / 1024
    return ChildRun(seconds, peak, done.stdout)


def child_json(command: Sequence[str | Path], timeout: float) -> dict[str, Any]:
    """Answer of a command whose last line of output is JSON."""
    answer: dict[str, Any] = json.loads(child(command, timeout).output.strip().splitlines()[-1])
    return answer
