"""Multi-echelon solvers: guaranteed service on a large tree, serial systems for a whole catalogue."""

import random
from collections.abc import Iterator

import numpy as np

from benchmarks.measure import Figure, Size, medians
from engine.multi_echelon.demand_bounds import SquareRoot
from engine.multi_echelon.guaranteed_service import optimise_tree
from engine.multi_echelon.serial import solve_many
from engine.multi_echelon.stages import Link, Stage, StageNetwork

KNOWN_LEVELS = (8, 13, 18, 22)
"""Echelon levels of four stages, h = L = 1/4 each, p = 9, Poisson demand of mean 16: ``solve_serial``'s example."""
KNOWN_COST = 8.277916867529369
"""Snyder & Shen (2019), example 6.5: the tree of ``known_tree``."""
STAGES_PER_SKU = 0.2


def network(size: Size) -> Iterator[Figure]:
    """Both solvers, each on a known case first."""
    yield _guaranteed_service(size)
    yield _serial(size)


def known_tree() -> StageNetwork:
    """Four stages of the textbook's example."""
    stages = (
        Stage("1", 2, 1.0, inbound_time=1),
        Stage("3", 1, 2.0),
        Stage("2", 1, 3.0, promised_time=0, demand_deviation=1.0),
        Stage("4", 1, 3.0, promised_time=1, demand_deviation=1.0),
    )
    return StageNetwork(stages, (Link("1", "3"), Link("3", "2"), Link("3", "4")), SquareRoot(1.0))


def random_tree(stages: int, seed: int = 1) -> StageNetwork:
    """Links in either direction to a random earlier stage; stages without a customer in the tree have one outside."""
    draw = random.Random(seed)  # noqa: S311 - a benchmark's world
    links = []
    for number in range(1, stages):
        ends = str(draw.randrange(number)), str(number)
        links.append(Link(*(ends if draw.random() < 0.5 else ends[::-1])))
    sells_inside = {link.upstream for link in links}
    places = []
    for number in range(stages):
        outside = str(number) not in sells_inside
        places.append(
            Stage(
                str(number),
                draw.randint(0, 10),
                draw.uniform(0.1, 5.0),
                promised_time=draw.randint(0, 5) if outside else None,
                demand_mean=10.0 if outside else 0.0,
                demand_deviation=draw.uniform(1.0, 5.0) if outside else None,
            )
        )
    return StageNetwork(tuple(places), tuple(links))


def _guaranteed_service(size: Size) -> Figure:
    cost = optimise_tree(known_tree()).cost
    assert abs(cost - KNOWN_COST) < 1e-6, cost
    stages = max(int(size.skus * STAGES_PER_SKU), 2)
    tree = random_tree(stages)
    seconds = medians({"tree": lambda: optimise_tree(tree)}, min(size.repeats, 3))["tree"]
    return Figure("gsm_tree_2000_seconds", seconds, "s", f"random tree of {stages:,} stages; the textbook's cost first")


def _serial(size: Size) -> Figure:
    mean = np.concatenate([[16.0], np.random.default_rng(0).lognormal(1.0, 1.0, size.skus - 1)])
    arguments = np.full(4, 0.25), np.full(4, 0.25), 9.0, mean, np.sqrt(mean)
    plans = solve_many(*arguments, whole_units=True)
    assert tuple(plans.echelon_levels[0]) == KNOWN_LEVELS
    seconds = medians({"serial": lambda: solve_many(*arguments, whole_units=True)}, min(size.repeats, 3))["serial"]
    note = f"{size.skus:,} systems of four stages, Poisson demand, exact; the first gives its known levels"
    return Figure("serial_10k_seconds", seconds, "s", note)
