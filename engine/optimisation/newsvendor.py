"""The newsvendor's critical ratio (Arrow, Harris & Marschak 1951)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def critical_ratio(underage: FloatArray, overage: FloatArray) -> FloatArray:
    """Chance of no stock-out that balances a unit short against a unit left: underage / (underage + overage).

    Args:
        underage: money lost per unit short; not positive gives 0.
        overage: money lost per unit left over.
    """
    short = np.maximum(underage, 0.0)
    total = short + np.maximum(overage, 0.0)
    return np.divide(short, total, out=np.zeros(np.shape(total)), where=total > 0)
