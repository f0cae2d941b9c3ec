import numpy as np
import pytest

from engine.errors import InputError
from engine.optimisation.abc_classes import abc_by_item_share, abc_by_value_share
from engine.segments import abc_classes
from tests.reference import cases


def values_of(inputs):
    return np.array([item["usage"] * item["unit_cost"] for item in inputs["items"]])


def check(classes, inputs, expected):
    letters = {item["item"]: "ABC"[code] for item, code in zip(inputs["items"], classes, strict=True)}
    assert letters == expected["classes"]
    if "counts" in expected:
        assert np.bincount(classes, minlength=3).tolist() == [expected["counts"][letter] for letter in "ABC"]


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("abc-by-item-share"))
def test_published_item_share(inputs, expected, close):
    check(abc_by_item_share(values_of(inputs), (0.2, 0.5)), inputs, expected)
    values = dict(zip((item["item"] for item in inputs["items"]), values_of(inputs), strict=True))
    for item, value in expected.get("dollar_usage_top", {}).items():
        assert values[item] == close(value)


@pytest.mark.parametrize(("inputs", "expected", "close"), cases("abc-by-value-share"))
def test_published_value_share(inputs, expected, close):
    """The published rule puts the item that crosses a boundary into the lower class."""
    values = values_of(inputs)
    lower = abc_by_value_share(values, (0.8, 0.95), crossing="lower")
    check(lower, inputs, expected)
    ours = abc_classes(values[None, :])[0]
    assert (ours == abc_by_value_share(values, (0.8, 0.95))).all()
    moved = np.flatnonzero(ours != lower)
    assert (ours[moved] == lower[moved] - 1).all()
    assert len(moved) == 2


def test_shares_on_the_boundary():
    assert abc_by_item_share([4, 3, 2, 1], (0.25, 0.5)).tolist() == [0, 1, 2, 2]
    assert abc_by_value_share([1, 5, 3, 1], (0.5, 0.8)).tolist() == [2, 0, 1, 2]
    assert abc_by_item_share(np.arange(10.0, 0, -1), (0.1, 0.3), "upper").tolist() == [0, 1, 1, 2, 2, 2, 2, 2, 2, 2]


def test_degenerate_inputs():
    with pytest.raises(InputError, match="shares must rise"):
        abc_by_value_share([1, 2], (0.9, 0.5))
    with pytest.raises(InputError, match="value must be >= 0, was -1"):
        abc_by_value_share([1, -1], (0.5, 0.9))
    with pytest.raises(InputError, match="not all 0"):
        abc_by_value_share([0, 0], (0.5, 0.9))
