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

LOWEST_PRICE, HIGHEST_PRICE = 1e-3, 1e3
"""Range of the shadow price, money per money and year."""
BISECTIONS = 18
"""Halvings of its logarithm: the price is found within 0.01 %."""


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
    low, high = np.log(np.full(len(budget), LOWEST_PRICE)), np.log(np.full(len(budget), HIGHEST_PRICE))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        over = capital_of(levels_at(np.where(binds, np.exp(middle), 0.0))) > budget
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    price = np.where(binds, np.exp(high), 0.0)
    return levels_at(price), price
