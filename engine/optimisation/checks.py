"""What every formula asks of its inputs; errors name the rule and the value found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError

FloatArray = NDArray[np.float64]


def floats(*values: ArrayLike) -> list[FloatArray]:
    """The values as float64 arrays."""
    return [np.asarray(value, np.float64) for value in values]


def _inside(rule: str, holds: Callable[[FloatArray], Any], values: dict[str, ArrayLike]) -> None:
    """For rules that ask for an interval it is enough to look at the ends; NaN is the least of any array with one."""
    for name, value in values.items():
        array = np.asarray(value, np.float64)
        if array.size:
            ends = np.array([array.min(), array.max()])
            if not (np.isfinite(ends) & holds(ends)).all():
                _require(rule, holds, {name: array})


def _require(rule: str, holds: Callable[[FloatArray], Any], values: dict[str, ArrayLike]) -> None:
    for name, value in values.items():
        array = np.atleast_1d(np.asarray(value, np.float64))
        broken = ~(np.isfinite(array) & holds(array))
        if broken.any():
            raise InputError(f"{name} must be {rule}", value=float(array[broken][0]))


def positive(**values: ArrayLike) -> None:
    """Raise InputError unless every value is finite and > 0; arrays in full."""
    _inside("> 0", lambda array: array > 0, values)


def not_negative(**values: ArrayLike) -> None:
    """Raise InputError unless every value is finite and >= 0."""
    _inside(">= 0", lambda array: array >= 0, values)


def finite(**values: ArrayLike) -> None:
    """Raise InputError where a value is NaN or infinite."""
    _inside("a finite number", np.isfinite, values)


def probability(**values: ArrayLike) -> None:
    """Raise InputError unless 0 < value < 1."""
    _inside("> 0 and < 1", lambda array: (array > 0) & (array < 1), values)


def whole_not_negative(**values: ArrayLike) -> None:
    """Raise InputError unless every value is a whole number >= 0."""
    _require("a whole number >= 0", lambda array: (array >= 0) & (array == np.rint(array)), values)


def same_length(rule: str, *sequences: object) -> None:
    """Raise InputError unless all sequences have the same length, at least one."""
    lengths = [len(np.atleast_1d(np.asarray(sequence))) for sequence in sequences]
    if len(set(lengths)) != 1 or lengths[0] == 0:
        raise InputError(rule, value=lengths)
