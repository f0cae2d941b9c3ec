"""ABC by the two textbook rules: share of items, share of value. Strategies use ``engine.segments``, as of each date.

Tools differ on the item that crosses a boundary. ``crossing="upper"`` puts it into the higher class (as
``engine.segments.abc_classes`` does), ``crossing="lower"`` into the lower one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError
from engine.optimisation import checks

IntArray = NDArray[np.int64]

Crossing = Literal["upper", "lower"]
ROUNDING = 1e-9
"""Shares this close to a boundary lie on it."""


def abc_by_item_share(value: ArrayLike, shares: Sequence[float], crossing: Crossing = "upper") -> IntArray:
    """Class of each item by its rank: 0 = A for the first ``shares[0]`` of the items by value, and so on.

    Args:
        value: (S,) usage x unit cost, >= 0; ties keep the order of the items.
        shares: cumulated shares of items at the ends of the classes but the last, rising, e.g. (0.2, 0.5).

    >>> abc_by_item_share([8, 90, 40, 2, 1], (0.2, 0.5)).tolist()
    [1, 0, 1, 2, 2]
    """
    return _classes(value, np.ones(np.shape(value)), shares, crossing)


def abc_by_value_share(value: ArrayLike, shares: Sequence[float], crossing: Crossing = "upper") -> IntArray:
    """Class of each item by the cumulated share of value, e.g. (0.8, 0.95); arguments as ``abc_by_item_share``.

    >>> abc_by_value_share([8, 90, 40, 2, 1], (0.8, 0.95)).tolist()
    [1, 0, 0, 2, 2]
    >>> abc_by_value_share([8, 90, 40, 2, 1], (0.8, 0.95), crossing="lower").tolist()
    [2, 0, 1, 2, 2]
    """
    return _classes(value, value, shares, crossing)


def _classes(value: ArrayLike, weight: ArrayLike, shares: Sequence[float], crossing: Crossing) -> IntArray:
    checks.not_negative(value=value)
    checks.probability(shares=shares)
    if list(shares) != sorted(set(shares)):
        raise InputError("shares must rise", value=tuple(shares))
    values, weights = checks.floats(value, weight)
    if values.ndim != 1 or weights.sum() <= 0:
        raise InputError("values must be of one dimension and not all 0", value=values.shape)
    order = np.argsort(-values, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    if crossing == "upper":
        before = np.append(0.0, share[:-1])
        ranked = np.searchsorted(np.asarray(shares) - ROUNDING, before, side="right")
    else:
        ranked = np.searchsorted(np.asarray(shares), share, side="right")
    classes = np.empty(len(values), np.int64)
    classes[order] = ranked
    return classes
