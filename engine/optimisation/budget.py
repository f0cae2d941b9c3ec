"""Stock under a limit on capital: one shadow price of cash over all SKUs, by Lagrangian relaxation.

Maximise expected profit subject to sum of cost x (expected on hand + on order) <= budget. For a given shadow price
of capital the problem falls apart into newsvendors (Hadley & Whitin 1963, 6; Lau & Lau 1996); the price is found by
Chandrupatla's bracketing method, for all dates at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize.elementwise import find_root

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOWEST_PRICE, HIGHEST_PRICE = 1e-3, 1e3
"""Range of the shadow price, money per money and year."""
PRICE_TOLERANCE, UNSPENT = 1e-4, 1e-3
"""The search ends within this share of the price, or once at most this share of the budget is left unspent."""

TINY = 1e-9

StockAt = Callable[[IntArray, FloatArray], tuple[IntArray, FloatArray]]


def allocate(stock_at: StockAt, budget: FloatArray) -> tuple[IntArray, FloatArray]:
    """Levels of highest profit whose expected capital stays within the budget, per date.

    Args:
        stock_at: (K,) dates as indices and (K,) shadow price per year -> (K, S) levels and their (K,) expected
            capital, both falling in the price.
        budget: (D,) money.

    Returns:
        (levels, shadow price): the price is 0 where the budget does not bind, and the highest where none is enough.
    """
    price = np.zeros(len(budget))
    levels, capital = stock_at(np.arange(len(budget)), price)
    binding = np.flatnonzero(capital > budget)
    if not len(binding):
        return levels, price

    def excess(log_price: FloatArray, dates: IntArray) -> FloatArray:
        capital = stock_at(dates, np.exp(log_price))[1]
        return capital / np.maximum(budget[dates], TINY) - (1 - UNSPENT / 2)

    ends = np.log(LOWEST_PRICE), np.log(HIGHEST_PRICE)
    found = find_root(
        excess, ends, args=(binding,), tolerances={"xatol": PRICE_TOLERANCE, "xrtol": 0.0, "fatol": UNSPENT / 2}
    )
    (low, high), (excess_low, _) = found.bracket, found.f_bracket
    price[binding] = np.exp(np.where(excess_low <= UNSPENT / 2, low, high))
    levels = np.array(levels)
    levels[binding] = stock_at(binding, price[binding])[0]
    return levels, price
