"""Keep rate: the share of page views that still arrive while an item is out of stock (DEMAND 2, step 2).

Measured at the edges of stock-out spells only, against the traffic just before and just after: inside a long spell
the item's own level is not known, and on the day of the stock-out itself traffic is above normal, because that is why
it sold out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.demand.arrays import Bytes, DemandArrays, Floats, Ints
from engine.demand.traffic import Matrix, Vector, half_life_decay
from engine.kernels import kernel

Cube = NDArray[np.float64]
Codes = NDArray[np.int64]

AGE_LIMITS: Vector = np.array([1.0, 3.0, 8.0, 22.0, 60.0])
"""Days out of stock at which the next age bucket begins."""

EDGE_DAYS = 7
EDGE_HALF_LIFE_DAYS = 7.0
POOL_PRIOR_VIEWS = 300.0
CATEGORY_PRIOR_VIEWS = 600.0
MIN_SPREAD = 1e-4
MIN_EXPECTED_VIEWS = 2.0


@dataclass(frozen=True)
class KeepRate:
    """Keep rates before clipping to 0.03..1.

    Attributes:
        overall: one number for the shop.
        by_age: (C, A) by category and age of the stock-out.
        sku: (S,) factor of the SKU.
        spread: squared coefficient of variation between SKUs.
        dispersion: variance of the counts over their mean.
    """

    overall: float
    by_age: Matrix
    sku: Vector
    spread: float
    dispersion: float


@kernel
def _ages_and_spells(share: Floats, active: Bytes, age_limits: Vector) -> tuple[Codes, Codes, bool]:
    """Age bucket of each day's stock-out, parity of its spell, and whether the item was ever out for a whole day."""
    bucket, odd = np.zeros(share.size, np.int64), np.zeros(share.size, np.int64)
    age, spell, was_out, ever_out = 0.0, 0, False, False
    for t in range(share.size):
        age = age + 1.0 - share[t] if active[t] and share[t] < 0.9999 else 0.0
        out = active[t] == 1 and share[t] <= 1e-9
        spell ^= int(out and not was_out)
        was_out, ever_out = out, ever_out or out
        while bucket[t] < age_limits.size and age >= age_limits[bucket[t]]:
            bucket[t] += 1
        odd[t] = spell
    return bucket, odd, ever_out


@kernel
def _edge_counts(
    views_in: Ints, views_out: Ints, share: Floats, active: Bytes, unknown: Bytes, index: Matrix, category: Ints,
    age_limits: Vector, rho: float, window: int,
) -> tuple[Cube, Cube]:  # fmt: skip
    """Views found and expected near the edges of spells, (S, parity of the spell, age); once from either side."""
    skus, days = share.shape
    found, expected = np.zeros((skus, 2, age_limits.size + 1)), np.zeros((skus, 2, age_limits.size + 1))
    least_weight = 2.0 * rho**window
    for s in range(skus):
        bucket, odd, ever_out = _ages_and_spells(share[s], active[s], age_limits)
        if not ever_out:
            continue
        for side in range(2):
            views, exposure, distance = 0.0, 0.0, window + 1
            for step in range(days):
                t = step if side == 0 else days - 1 - step
                distance = 0 if share[s, t] > 1e-9 else distance + 1
                if active[s, t] == 0:
                    distance = window + 1
                if 0 < distance <= window and exposure >= least_weight:
                    found[s, odd[t], bucket[t]] += views_out[s, t]
                    expected[s, odd[t], bucket[t]] += index[category[s], t] * views / exposure
                views *= rho
                exposure *= rho
                if active[s, t] and share[s, t] >= 0.9999 and unknown[s, t] == 0:
                    views += views_in[s, t]
                    exposure += index[category[s], t]
    return found, expected


def keep_rate(arrays: DemandArrays, index: Matrix, shop: KeepRate | None = None) -> KeepRate:
    """Step 2: keep rate by category and age, and the SKU's factor.

    Args:
        arrays: the world.
        index: (C, T) traffic index by day.
        shop: estimated from other items of the same shop: everything but the SKU's factor is taken from it.
    """
    found, expected = _edge_counts(
        arrays.views_in, arrays.views_out, arrays.share, arrays.active, arrays.unknown, index, arrays.category,
        AGE_LIMITS, half_life_decay(EDGE_HALF_LIFE_DAYS), EDGE_DAYS,
    )  # fmt: skip
    if shop:
        overall, by_age = shop.overall, shop.by_age
    else:
        overall, by_age = _by_category_and_age(found.sum(axis=1), expected.sum(axis=1), arrays)
    expected *= by_age[arrays.category][:, None, :]
    of_spells = found.sum(axis=2), expected.sum(axis=2)
    spread, dispersion = (shop.spread, shop.dispersion) if shop else _spread_and_dispersion(*of_spells)
    return KeepRate(overall, by_age, _sku_factor(*of_spells, spread, dispersion), spread, dispersion)


def _by_category_and_age(found: Matrix, expected: Matrix, arrays: DemandArrays) -> tuple[float, Matrix]:
    """Ratios shrunk to the age over all categories, and that to the age before it. Inputs (S, A)."""
    shape = (len(arrays.categories), AGE_LIMITS.size + 1)
    n, e = np.zeros(shape), np.zeros(shape)
    np.add.at(n, arrays.category, found)
    np.add.at(e, arrays.category, expected)
    overall = float((n.sum() + 1.0) / (e.sum() + 1.0))
    n[:, 0] += n[:, 1]  # the first day of a spell is no clean day: it borrows the next bucket
    e[:, 0] += e[:, 1]
    pooled, before = np.empty(shape[1]), overall
    for age, (found_at, expected_at) in enumerate(zip(n.sum(axis=0), e.sum(axis=0), strict=True)):
        pooled[age] = before = (found_at + POOL_PRIOR_VIEWS * before) / (expected_at + POOL_PRIOR_VIEWS)
    return overall, (n + CATEGORY_PRIOR_VIEWS * pooled) / (e + CATEGORY_PRIOR_VIEWS)


def _sku_factor(found: Matrix, expected: Matrix, spread: float, dispersion: float) -> Vector:
    """Gamma-Poisson factor of each SKU, (S,), from its odd and even spells, (S, 2) each."""
    strength = 1.0 / spread
    factor: Vector = (strength + found.sum(axis=1) / dispersion) / (strength + expected.sum(axis=1) / dispersion)
    return factor


def _spread_and_dispersion(found: Matrix, expected: Matrix) -> tuple[float, float]:
    """Spread between SKUs and dispersion of counts, from odd and even spells, (S, 2) each.

    The product of two independent errors has no noise in its mean: what is left is the variance between SKUs.
    """
    known = np.all(expected > MIN_EXPECTED_VIEWS, axis=1)
    error = found[known] / expected[known] - 1.0
    weight = expected[known].prod(axis=1) / expected[known].sum(axis=1)
    spread = MIN_SPREAD
    if weight.sum() > 0:
        spread = max(float((weight * error.prod(axis=1)).sum() / weight.sum()), MIN_SPREAD)
    n, e = found.sum(axis=1), expected.sum(axis=1)
    seen = e > MIN_EXPECTED_VIEWS
    noise = ((n - e)[seen] ** 2).sum() - spread * (e[seen] ** 2).sum()
    return spread, max(1.0, float(noise / e[seen].sum())) if seen.any() else 1.0
