"""Conversion: orders per page view of an item in stock (DEMAND 2, step 5), and orders per day in stock where views lack.

The day that sold out stays in the ratio: the stock-out is a stopping time, so that orders over views before it is unbiased, while
dropping these days would drop the good days."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from engine.demand.arrays import WEEKDAYS, DemandArrays, Floats, Ints
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
def _elasticity(
    orders: Ints, views: Ints, active: NDArray[np.uint8], log_price: Floats, category: Ints, categories: int, steps: int
) -> tuple[Vector, Vector]:
    skus, days = orders.shape
    elasticity, information = np.zeros(categories), np.zeros(categories)
    moved = np.zeros(skus, np.bool_)
    for s in range(skus):
        for t in range(days):
            if log_price[s, t] != 0.0:
                moved[s] = True
                break
    for _ in range(steps):
        score, curvature = np.zeros(categories), np.zeros(categories)
        for s in range(skus):
            if not moved[s]:
                continue
            e = elasticity[category[s]]
            n = ex = total = first = second = 0.0
            for t in range(days):
                if active[s, t] == 0:
                    continue
                x = -np.float64(log_price[s, t])
                o = np.float64(orders[s, t])
                m = np.float64(views[s, t])
                total += o
                if x != 0.0:
                    m *= exp(e * x)
                    first += m * x
                    second += m * x * x
                    n += o * x
                ex += m
            if ex > 0.0 and total > 0.0:
                rate = total / ex
                score[category[s]] += n - rate * first
                curvature[category[s]] += rate * (second - first * first / ex)
        for c in range(categories):
            if curvature[c] > 1e-9:
                step = min(2.0, max(-2.0, score[c] / curvature[c]))
                elasticity[c] = min(8.0, max(-1.0, elasticity[c] + step))
                information[c] = curvature[c]
    return elasticity, information


def price_elasticity(arrays: DemandArrays) -> Vector:
    """Elasticity of conversion by category, (C,): Newton on the Poisson score with the SKU's rate profiled out, shrunk."""
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


def price_factor(log_price: Floats, elasticity: Vector, category: Ints) -> Floats:
    """exp(-elasticity * ln(p / p_ref)), (S, T); 1 where the price is the reference."""
    factor = np.ones(log_price.shape, dtype=np.float32)
    sku, day = np.nonzero(log_price)
    factor[sku, day] = np.exp(-elasticity[category[sku]] * log_price[sku, day].astype(np.float64))
    return factor


def conversion_rate(arrays: DemandArrays, factor: Floats) -> Rate:
    """Orders per view in stock at the reference price.

    Args:
        arrays: the world.
        factor: (S, T) effect of the price, see ``price_factor``.
    """
    exposure = np.where(arrays.active, arrays.views_in * factor, np.float32(0))
    return _rate(arrays, np.where(arrays.active, arrays.orders, 0), exposure)


def order_rate(arrays: DemandArrays) -> Rate:
    """Orders per day in stock: for items and days without page views."""
    return _rate(arrays, arrays.orders, np.where(arrays.exposed, arrays.share, np.float32(0)))


def _rate(arrays: DemandArrays, orders: Ints, exposure: Floats) -> Rate:
    counts, reach = _weekday_cells(orders).astype(np.int32), _weekday_cells(exposure)
    cell = np.arange(counts.shape[1])
    index = fit_index(
        counts, reach, arrays.category, len(arrays.categories), cell // WEEKDAYS, cell % WEEKDAYS, BLOCK_PRIOR_ORDERS
    )
    by_cell = index.period[:, cell // WEEKDAYS] * index.weekday[cell % WEEKDAYS]
    n = counts.sum(axis=1, dtype=np.float64)
    e = _row_sums(reach, by_cell, arrays.category)
    prior = gamma_prior(n, e, arrays.category, len(arrays.categories))
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
