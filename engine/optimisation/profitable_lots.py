"""Which known demand is worth serving: Wagner & Whitin's lots where a demand may also be left unserved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def most_profit(
    first_row: IntArray, day: IntArray, gain: FloatArray, holding: FloatArray, fixed_cost: FloatArray
) -> FloatArray:
    """Greatest profit per SKU from lots that arrive on demand days, (S,) money.

    P(j + 1) = max of P(j) and, over i <= j, P(i) - K_i + sum over k = i..j of max(0, gain_k - holding_k x age of the
    lot that begins with row i).

    Args:
        first_row: (S + 1,) rows of SKU s are ``first_row[s]:first_row[s + 1]``.
        day: (N,) ascending within a SKU.
        gain: (N,) money won by serving the row from a lot of its own day.
        holding: (N,) money per day for holding the units of the row.
        fixed_cost: (N,) money per lot that arrives on the day of the row.
    """
    skus = first_row.shape[0] - 1
    result = np.zeros(skus)
    best = np.zeros(gain.shape[0] + 1)
    for sku in range(skus):
        low, high = first_row[sku], first_row[sku + 1]
        best[low : high + 1] = 0.0
        for begin in range(low, high):
            if begin > low:
                best[begin] = max(best[begin], best[begin - 1])
            total = best[begin] - fixed_cost[begin]
            for row in range(begin, high):
                total += max(0.0, gain[row] - holding[row] * (day[row] - day[begin]))
                best[row + 1] = max(best[row + 1], total)
        if high > low:
            result[sku] = max(best[high], best[high - 1])
    return result
