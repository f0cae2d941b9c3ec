"""Gamma priors of rates within a category, by moments (empirical Bayes)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

POOLED_COUNTS = 5.0
POOLED_ITEMS = 20.0
MIN_SPREAD = 0.01
MIN_POOLED_SPREAD = 0.02
DEFAULT_SPREAD = 0.25


@dataclass(frozen=True)
class GammaPrior:
    """Rates of a category's items ~ Gamma(strength, exposure): mean strength / exposure; both (C,)."""

    strength: Vector
    exposure: Vector

    def posterior(self, counts: Vector, exposure: Vector, category: NDArray[np.int32]) -> tuple[Vector, Vector]:
        """Mean and variance of each item's rate, (S,), after ``counts`` in ``exposure``."""
        total = self.exposure[category] + exposure
        mean = (self.strength[category] + counts) / total
        return mean, mean / total


def gamma_prior(counts: Vector, exposure: Vector, category: NDArray[np.int32], categories: int) -> GammaPrior:
    """Prior by moments (DEMAND 2, step 5): category mean, and spread between its items beyond Poisson noise.

    cv**2 = [sum E (O/E - M)**2 - (J - 1) M] / [sum E - sum E**2 / sum E] / M**2, shrunk to the pooled one.

    Args:
        counts: (S,) events of each item.
        exposure: (S,) what they are proportional to.
        category: (S,) category code.
        categories: number of categories C.
    """
    total_counts, total_exposure = float(counts.sum()), float(exposure.sum())
    if total_counts <= 0.0 or total_exposure <= 0.0:
        return GammaPrior(np.ones(categories), np.full(categories, np.inf))
    mean = total_counts / total_exposure
    n, e = _by_category(counts, category, categories), _by_category(exposure, category, categories)
    spread = _shrunk_spread(counts, exposure, category, categories)
    strength = 1.0 / spread
    return GammaPrior(strength, strength * (e + POOLED_COUNTS / mean) / (n + POOLED_COUNTS))


def _shrunk_spread(counts: Vector, exposure: Vector, category: NDArray[np.int32], categories: int) -> Vector:
    """Squared coefficient of variation between the items of each category, (C,)."""
    used = exposure > 0
    counts, exposure, category = counts[used], exposure[used], category[used]
    items = np.bincount(category, minlength=categories).astype(np.float64)
    n, e = _by_category(counts, category, categories), _by_category(exposure, category, categories)
    mean = np.divide(n, e, out=np.zeros(categories), where=e > 0)
    error = _by_category(exposure * (counts / exposure - mean[category]) ** 2, category, categories)
    free = e - np.divide(_by_category(exposure**2, category, categories), e, out=np.zeros(categories), where=e > 0)
    known = (free > 1e-12) & (n > 0)
    scale = np.where(known, free * mean**2, 1.0)
    raw = np.where(known, (error - (items - 1.0) * mean) / scale, 0.0)
    weight = np.where(known, items, 0.0)
    pooled = max(float((raw * weight).sum() / weight.sum()), MIN_POOLED_SPREAD) if known.any() else DEFAULT_SPREAD
    own = np.where(known, raw, pooled)
    return np.maximum((items * own + POOLED_ITEMS * pooled) / (items + POOLED_ITEMS), MIN_SPREAD)


def _by_category(values: Vector, category: NDArray[np.int32], categories: int) -> Vector:
    return np.bincount(category, weights=values, minlength=categories).astype(np.float64)
