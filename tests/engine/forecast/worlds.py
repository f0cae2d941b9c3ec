"""Small histories with known rates."""

import numpy as np

from engine.forecast import OrderHistory


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
