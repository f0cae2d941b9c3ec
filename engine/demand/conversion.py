"""Conversion (DEMAND 2, step 5): orders per page view in stock; where views lack, orders per day in stock.

The day that sold out stays in the ratio: the stock-out is a stopping time, so that orders over views before it is
unbiased, while dropping these days would drop the good days.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np

from engine.demand.arrays import WEEKDAYS, Bytes, DemandArrays, Floats, Ints
from engine.demand.priors import GammaPrior, gamma_prior
from engine.demand.traffic import IndexFit, Matrix, Vector, fit_index
from engine.kernels import kernel

BLOCK_DAYS = 28
BLOCK_PRIOR_ORDERS = 30.0
NEWTON_STEPS = 5
MIN_ELASTICITY, MAX_ELASTICITY = -1.0, 8.0
MIN_SPREAD_OF_ELASTICITIES = 0.01


@dataclass(frozen=True)
class Rate:
    """Empirical-Bayes rate of orders per unit of exposure (views in stock, or days in stock).

    Attributes:
        mean: (S,) posterior mean at index 1.
        variance: (S,) posterior variance.
        prior: gamma prior of each category.
        index: fit over (category, 28 days) and weekday.
        orders: (S,) orders the item was judged by.
    """

    mean: Vector
    variance: Vector
    prior: GammaPrior
    index: IndexFit
    orders: Vector


@kernel
def _score(orders: Ints, views: Ints, active: Bytes, log_price: Floats, elasticity: float) -> tuple[float, float]:
    """Poisson score of one SKU and its information, the SKU's own rate profiled out."""
    with_price = reach = total = first = second = 0.0
    for t in range(orders.size):
        if active[t]:
            x = -np.float64(log_price[t])
            m = views[t] * exp(elasticity * x) if x != 0.0 else np.float64(views[t])
            total += orders[t]
            with_price += orders[t] * x
            reach += m
            first += m * x
            second += m * x * x
    if reach <= 0.0 or total <= 0.0:
        return 0.0, 0.0
    rate = total / reach
    return with_price - rate * first, rate * (second - first * first / reach)


@kernel
def _elasticity(
    orders: Ints, views: Ints, active: Bytes, log_price: Floats, category: Ints, categories: int, steps: int
) -> tuple[Vector, Vector]:
    elasticity, information = np.zeros(categories), np.zeros(categories)
    moved = [s for s in range(orders.shape[0]) if np.any(log_price[s] != 0.0)]
    for _ in range(steps):
        score, curvature = np.zeros(categories), np.zeros(categories)
        for s in moved:
            c = category[s]
            slope, bend = _score(orders[s], views[s], active[s], log_price[s], elasticity[c])
            score[c] += slope
            curvature[c] += bend
        for c in range(categories):
            if curvature[c] > 1e-9:
                step = min(2.0, max(-2.0, score[c] / curvature[c]))
                elasticity[c] = min(MAX_ELASTICITY, max(MIN_ELASTICITY, elasticity[c] + step))
                information[c] = curvature[c]
    return elasticity, information


def price_elasticity(arrays: DemandArrays) -> Vector:
    """Elasticity of conversion by category, (C,): Newton on the Poisson score, SKU rates profiled out, shrunk."""
    elasticity, information = _elasticity(
        arrays.orders, arrays.views_in, arrays.active, arrays.log_price, arrays.category, len(arrays.categories),
        NEWTON_STEPS,
    )  # fmt: skip
    known = information > 0
    if not known.any():
        return elasticity
    noise = 1.0 / information[known]
    pooled = float((elasticity * information).sum() / information.sum())
    spread = max(float(np.var(elasticity[known]) - noise.mean()), MIN_SPREAD_OF_ELASTICITIES)
    weight = np.zeros_like(elasticity)
    weight[known] = spread / (spread + noise)
    return weight * elasticity + (1.0 - weight) * pooled


def pooled_elasticity(orders: Ints, exposure: Ints, active: Bytes, log_price: Floats) -> float | None:
    """One elasticity for all SKUs together; None where nothing ever changed."""
    everyone = np.zeros(orders.shape[0], dtype=np.int32)
    elasticity, information = _elasticity(orders, exposure, active, log_price, everyone, 1, NEWTON_STEPS)
    return float(elasticity[0]) if information[0] > 0 else None


def price_factor(log_price: Floats, elasticity: Vector, category: Ints) -> Floats:
    """exp(-elasticity * ln(p / p_ref)), (S, T); 1 where the price is the reference."""
    factor = np.ones(log_price.shape, dtype=np.float32)
    sku, day = np.nonzero(log_price)
    factor[sku, day] = np.exp(-elasticity[category[sku]] * log_price[sku, day].astype(np.float64))
    return factor


def conversion_rate(arrays: DemandArrays, factor: Floats, shop: Rate | None = None) -> Rate:
    """Orders per view in stock at the reference price.

    Args:
        arrays: the world.
        factor: (S, T) effect of the price, see ``price_factor``.
        shop: estimated from other items of the same shop: prior and index are taken from it.
    """
    exposure = np.where(arrays.active, arrays.views_in * factor, np.float32(0))
    return _rate(arrays, np.where(arrays.active, arrays.orders, 0), exposure, shop)


def order_rate(arrays: DemandArrays, shop: Rate | None = None) -> Rate:
    """Orders per day in stock: for items and days without page views; ``shop`` as in ``conversion_rate``."""
    return _rate(arrays, arrays.orders, np.where(arrays.exposed, arrays.share, np.float32(0)), shop)


def _rate(arrays: DemandArrays, orders: Ints, exposure: Floats, shop: Rate | None) -> Rate:
    counts, reach = _weekday_cells(orders).astype(np.int32), _weekday_cells(exposure)
    cell = np.arange(counts.shape[1])
    index = shop.index if shop else fit_index(
        counts, reach, arrays.category, len(arrays.categories), cell // WEEKDAYS, cell % WEEKDAYS, BLOCK_PRIOR_ORDERS
    )  # fmt: skip
    by_cell = index.period[:, cell // WEEKDAYS] * index.weekday[cell % WEEKDAYS]
    n = counts.sum(axis=1, dtype=np.float64)
    e = _row_sums(reach, by_cell, arrays.category)
    prior = shop.prior if shop else gamma_prior(n, e, arrays.category, len(arrays.categories))
    mean, variance = prior.posterior(n, e, arrays.category)
    return Rate(mean, variance, prior, index, n)


def _weekday_cells(values: Floats | Ints) -> Floats:
    """Sum days of the same weekday within each 28 days: (S, T) -> (S, 7 * blocks), block after block."""
    skus, days = values.shape
    blocks = -(-days // BLOCK_DAYS)
    padded = np.zeros((skus, blocks * BLOCK_DAYS), dtype=np.float32)
    padded[:, :days] = values
    weeks = padded.reshape(skus, blocks, BLOCK_DAYS // WEEKDAYS, WEEKDAYS)
    return np.ascontiguousarray(weeks.sum(axis=2).reshape(skus, blocks * WEEKDAYS))


def _row_sums(values: Floats, weights: Matrix, category: Ints) -> Vector:
    """Weighted sum of each row, (S,), with the weights of its category."""
    out = np.empty(values.shape[0])
    for code in range(weights.shape[0]):
        rows = category == code
        out[rows] = (values[rows] * weights[code]).sum(axis=1)
    return out
