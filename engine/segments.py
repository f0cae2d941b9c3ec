"""ABC by share of revenue, XYZ by variability of demand, as known on each date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ABC_SHARES = (0.80, 0.95)
XYZ_VARIATION = (0.5, 1.0)
CELLS = ("AX", "AY", "AZ", "BX", "BY", "BZ", "CX", "CY", "CZ")


@dataclass(frozen=True)
class Segments:
    """Cells per date and SKU.

    Attributes:
        abc: (D, S) 0 = A, 1 = B, 2 = C.
        xyz: (D, S) 0 = X, 1 = Y, 2 = Z.
    """

    abc: IntArray
    xyz: IntArray

    @property
    def cell(self) -> IntArray:
        """(D, S) index into ``CELLS``."""
        return 3 * self.abc + self.xyz


def abc_classes(revenue: FloatArray, shares: tuple[float, float] = ABC_SHARES) -> IntArray:
    """ABC class by cumulated share of revenue, per row.

    An item belongs to A while the share of the items before it is below ``shares[0]``, to B below ``shares[1]``.

    Args:
        revenue: (D, S), >= 0; ties keep the order of the items.
    """
    order = np.argsort(-revenue, axis=1, kind="stable")
    ranked = np.take_along_axis(revenue, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    share = before / np.maximum(revenue.sum(axis=1, keepdims=True), 1e-12)
    ranked_class = np.digitize(share, shares)
    ranked_class[np.broadcast_to(ranked <= 0, ranked.shape)] = 2
    classes = np.empty_like(ranked_class)
    np.put_along_axis(classes, order, ranked_class, axis=1)
    return classes.astype(np.int64)


def xyz_classes(variation: FloatArray, bounds: tuple[float, float] = XYZ_VARIATION) -> IntArray:
    """XYZ class by coefficient of variation; NaN (no demand) counts as Z."""
    return np.digitize(np.nan_to_num(variation, nan=np.inf), bounds).astype(np.int64)


def bucket_variation(total: FloatArray, squares: FloatArray, noise: FloatArray, buckets: FloatArray) -> FloatArray:
    """Coefficient of variation of bucketed demand net of its estimation variance.

    Args:
        total, squares: sums over the buckets of demand and of squared demand.
        noise: sum over the buckets of the variance of the demand estimate.
        buckets: number of complete buckets.

    Returns:
        NaN where there is no demand or fewer than two buckets.
    """
    enough = (buckets >= 2) & (total > 0)
    count = np.where(enough, buckets, 2.0)
    mean = np.where(enough, total, 1.0) / count
    variance = (squares - count * mean**2) / (count - 1) - noise / count
    return np.where(enough, np.sqrt(np.maximum(variance, 0.0)) / mean, np.nan)
