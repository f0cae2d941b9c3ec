"""Stock under a limit on capital: one shadow price of cash over all SKUs, by Lagrangian relaxation.

Maximise expected profit subject to sum of cost x (expected on hand + on order) <= budget. For a given shadow price
of capital the problem falls apart into newsvendors (Hadley & Whitin 1963, 6; Lau & Lau 1996); the price is found by
bisection, for all dates at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HIGHEST_PRICE = 1_000.0
BISECTIONS = 50


def allocate(
    levels_at: Callable[[FloatArray], IntArray],
    capital_of: Callable[[IntArray], FloatArray],
    budget: FloatArray,
) -> tuple[IntArray, FloatArray]:
    """Levels of highest profit whose expected capital stays within the budget, per date.

    Args:
        levels_at: (D,) shadow price per year -> (D, S) levels, falling in the price.
        capital_of: (D, S) levels -> (D,) expected capital.
        budget: (D,) money.

    Returns:
        (levels, shadow price): the price is 0 where the budget does not bind.
    """
    free = levels_at(np.zeros(len(budget)))
    binds = capital_of(free) > budget
    if not binds.any():
        return free, np.zeros(len(budget))
    low, high = np.zeros(len(budget)), np.where(binds, HIGHEST_PRICE, 0.0)
    for _ in range(BISECTIONS):
        middle = np.where(high > 1.0, np.sqrt(np.maximum(low, 1e-3) * high), 0.5 * (low + high))
        over = capital_of(levels_at(middle)) > budget
        low, high = np.where(over & binds, middle, low), np.where(over | ~binds, high, middle)
    return levels_at(high), high
