"""Plans and runs of a fixed small world, byte for byte as last written (see ``tests/engine/golden.py``)."""

import json
from functools import cache

import pytest

from engine.strategies import STRATEGIES
from tests.engine import golden

WRITTEN = json.loads(golden.PATH.read_text())


@cache
def found():
    return golden.digests()


@pytest.mark.parametrize("name", WRITTEN)
def test_digest_is_as_written(name):
    assert found()[name] == WRITTEN[name], "changed on purpose? python -m tests.engine.golden --write"


def test_every_strategy_and_stepper_is_pinned():
    assert set(WRITTEN) == set(found())
    assert {f"plan {name}" for name in STRATEGIES} <= set(WRITTEN)


@pytest.mark.parametrize("kind", ["levels", "orders"])
def test_the_steppers_are_pinned_to_the_same_digest(kind):
    assert WRITTEN[f"two weeks, {kind}, reference"] == WRITTEN[f"two weeks, {kind}, compiled"]
