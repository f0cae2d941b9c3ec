"""Published figures as parametrised cases: `tests/data/reference_cases.json` (facts with source and licence)."""

import json
from functools import cache
from pathlib import Path

import pytest

from engine.optimisation.random_demand import named

DATA = Path(__file__).parent / "data" / "reference_cases.json"
ALIASES = {
    "lo": "low",
    "hi": "high",
    "p": "chance",
    "probability": "chance",
    "n": "trials",
    "r": "successes",
    "std": "sd",
    "values": "units",
    "x_values": "units",
    "probabilities": "chances",
    "pmf": "chances",
}
PARAMETERS = [
    "mean",
    "sd",
    "mu",
    "sigma",
    "rate",
    "shape",
    "scale",
    "low",
    "high",
    "chance",
    "trials",
    "successes",
    "units",
    "chances",
]


@cache
def _all_cases():
    return json.loads(DATA.read_text(encoding="utf-8"))["cases"]


def cases(category):
    """Parameters (inputs, expected, close) of each case of a category, by its id."""
    return [
        pytest.param(case["inputs"], case["expected"], Tolerance(case["tolerance"]), id=case["id"])
        for case in _all_cases()
        if case["category"] == category
    ]


class Tolerance:
    """`close(expected)` compares as the case says; `close.levels` is the slack of whole levels."""

    def __init__(self, tolerance):
        self.tolerance = tolerance
        self.levels = tolerance.get("levels", 0)

    def __call__(self, expected):
        both = self.tolerance.get("abs_or_rel", 0.0)
        absolute = max(both, *(self.tolerance.get(name, 0.0) for name in ("abs", "exact_abs")))
        return pytest.approx(expected, rel=both, abs=absolute)


def demand_of(inputs):
    """Random demand named in a case's inputs."""
    parameters = {ALIASES.get(name, name): value for name, value in inputs.items()}
    name = parameters.get("distribution", parameters.get("type"))
    return named(name, **{key: parameters[key] for key in PARAMETERS if key in parameters})
