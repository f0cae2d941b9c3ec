"""Small histories with known rates."""

import numpy as np

from engine.forecast import OrderHistory
from engine.forecast.views import ViewHistory


def gamma_poisson(seed, skus, days, *, shape=2.0, mean=0.4, categories=3, out_of_stock=0.1, noise=0.0):
    """Orders of one unit each; every SKU has its own gamma rate, times a gamma factor per four weeks."""
    random = np.random.default_rng(seed)
    rate = random.gamma(shape, mean / shape, skus)
    factor = np.ones((skus, days))
    if noise:
        blocks = random.gamma(1 / noise, noise, (skus, days // 28 + 1))
        factor = np.repeat(blocks, 28, axis=1)[:, :days]
    demand = random.poisson(rate[:, None] * factor)
    exposure = (random.random((skus, days)) >= out_of_stock).astype(float)
    orders = demand * exposure
    category = random.integers(0, categories, skus)
    return OrderHistory(orders, exposure, orders.copy(), orders.copy(), category, 2), demand, rate


def changed_from(history, day, seed=9):
    """The same history with everything from a day on replaced."""
    random = np.random.default_rng(seed)
    matrices = []
    for matrix in (history.orders, history.exposure, history.units, history.squares):
        copy = matrix.copy()
        copy[:, day:] = random.integers(0, 7, copy[:, day:].shape)
        matrices.append(copy)
    matrices[1] = np.minimum(matrices[1], 1.0)
    return OrderHistory(*matrices, history.category, history.first_weekday)


def views_driven(seed, skus, days, *, turn=1.0, conversion=0.05):
    """Traffic that wanders by item and block of four weeks, times a conversion that stays; every other item's
    traffic is multiplied by ``turn`` in the last three weeks. Returns history, views and the last rate before it."""
    random = np.random.default_rng([seed, 77])
    base = random.gamma(1.5, 8.0, (skus, 1))
    blocks = np.repeat(np.exp(np.cumsum(random.normal(0, 0.15, (skus, days // 28 + 1)), axis=1)), 28, axis=1)
    traffic = base * blocks[:, :days]
    rate = traffic[:, -1].copy()
    traffic[::2, days - 21 :] = rate[::2, None] * turn
    traffic[1::2, days - 21 :] = rate[1::2, None]
    share = conversion * random.gamma(6.0, 1 / 6.0, (skus, 1))
    exposure = (random.random((skus, days)) >= 0.1).astype(float)
    views = random.poisson(traffic) * exposure
    orders = random.binomial(views.astype(int), np.minimum(share, 0.9)).astype(float)
    category = random.integers(0, 3, skus)
    history = OrderHistory(orders, exposure, orders.copy(), orders.copy(), category, 2)
    return history, ViewHistory(views.astype(np.int32), np.ones((skus, days), np.uint8)), rate * share[:, 0]
