"""Multi-echelon solvers, each where the engine has it."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from benchmarks.measure import Figure, Size, medians

SERIAL = "engine.multi_echelon.serial"
KNOWN_LEVELS = (8, 13, 18, 22)
"""Echelon levels of four stages, h = L = 1/4 each, p = 9, Poisson demand of mean 16: ``solve_serial``'s example."""


def network(size: Size) -> Iterator[Figure]:
    """Serial systems for 10,000 SKUs, the first of them a known one; guaranteed service on a tree of 2,000 stages."""
    yield Figure("gsm_tree_2000_seconds", None, "s", "skipped: the engine has no guaranteed-service solver")
    if find_spec("engine.multi_echelon") is None or find_spec(SERIAL) is None:
        yield Figure("serial_10k_seconds", None, "s", "skipped: the engine has no serial solver")
        return
    yield _serial(size)


def _serial(size: Size) -> Figure:
    solve_many = import_module(SERIAL).solve_many
    mean = np.concatenate([[16.0], np.random.default_rng(0).lognormal(1.0, 1.0, size.skus - 1)])
    arguments = np.full(4, 0.25), np.full(4, 0.25), 9.0, mean, np.sqrt(mean)
    plans = solve_many(*arguments, whole_units=True)
    assert tuple(plans.echelon_levels[0]) == KNOWN_LEVELS
    seconds = medians({"serial": lambda: solve_many(*arguments, whole_units=True)}, min(size.repeats, 3))["serial"]
    note = f"{size.skus:,} systems of four stages, Poisson demand, exact; the first gives its known levels"
    return Figure("serial_10k_seconds", seconds, "s", note)
