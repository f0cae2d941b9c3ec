"""Sums over the SKUs of a category in a fixed order, and the priors that categories lend their SKUs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

POOLED_WEIGHT = 20.0
"""SKUs' worth of the pooled spread in a category's (DEMAND 2.5)."""
MEAN_PRIOR_COUNTS = 5.0


class Categories:
    """Groups SKU columns of (D, S) arrays; sums run in SKU order, so they do not depend on threads."""

    def __init__(self, code: IntArray) -> None:
        self.code = code
        self.count = int(code.max(initial=-1)) + 1
        self._order = np.argsort(code, kind="stable")
        self._present, self._starts = np.unique(code[self._order], return_index=True)

    def sum(self, values: FloatArray) -> FloatArray:
        """(D, S) to (D, C)."""
        result = np.zeros((values.shape[0], self.count))
        if len(self._present):
            result[:, self._present] = np.add.reduceat(values[:, self._order], self._starts, axis=1)
        return result

    def spread(self, values: FloatArray) -> FloatArray:
        """(D, C) to (D, S)."""
        return values[:, self.code]


def gamma_prior(orders: FloatArray, exposure: FloatArray, categories: Categories) -> tuple[FloatArray, FloatArray]:
    """Gamma(a, b) prior of a SKU's rate in its category, by moments, per date (DEMAND 2.5, 4).

    Args:
        orders, exposure: (D, S) discounted sums.

    Returns:
        (a, b), each (D, C): mean a / b orders per day of exposure.
    """
    seen = exposure > 1e-9
    total, exposed = categories.sum(orders), categories.sum(exposure)
    members = categories.sum(seen.astype(float))
    mean = total / np.maximum(exposed, 1e-9)
    squares = categories.sum(np.where(seen, orders**2 / np.maximum(exposure, 1e-9), 0.0)) - total * mean
    spread = exposed - categories.sum(exposure**2) / np.maximum(exposed, 1e-9)
    variance = (squares - np.maximum(members - 1, 0.0) * mean) / np.maximum(spread, 1e-9)
    relative = np.where((mean > 0) & (spread > 1e-9), variance / np.maximum(mean, 1e-12) ** 2, 0.0)
    everyone = np.maximum(members.sum(axis=1, keepdims=True), 1.0)
    pooled = np.clip((relative * members).sum(axis=1, keepdims=True) / everyone, 0.02, 20.0)
    relative = np.clip((members * relative + POOLED_WEIGHT * pooled) / (members + POOLED_WEIGHT), 0.01, 50.0)
    overall = total.sum(axis=1, keepdims=True) / np.maximum(exposed.sum(axis=1, keepdims=True), 1e-9)
    overall = np.maximum(overall, 1e-6)
    mean = (total + MEAN_PRIOR_COUNTS) / (exposed + MEAN_PRIOR_COUNTS / overall)
    shape = 1.0 / relative
    return shape, shape / mean
