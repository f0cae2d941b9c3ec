"""Stock-outs of items without any stock record, inferred from runs without sales."""

from __future__ import annotations

import numpy as np

from engine.demand.logs import IntMatrix
from engine.demand.stock import BoolMatrix

EXPECTED_ORDERS = 4.0
"""A run without sales says 'out of stock' where its visitors should have ordered this often (chance e**-4 = 2 %)."""


def inferred_stock_outs(orders: IntMatrix, views: IntMatrix, candidates: BoolMatrix) -> BoolMatrix:
    """Days of runs without sales in which the visitors that came would have ordered at least four times; (S, T).

    Args:
        orders: orders per day, (S, T).
        views: counted views per day, (S, T).
        candidates: listed days of items without stock record, (S, T).
    """
    if not candidates.any():
        return np.zeros_like(candidates)
    days = orders.shape[1]
    quiet = candidates & (orders == 0)
    rate = orders.sum(axis=1) / np.maximum(views.sum(axis=1), 1)
    day = np.broadcast_to(np.arange(days), orders.shape)
    start = np.maximum.accumulate(np.where(quiet, -1, day), axis=1) + 1
    end = np.minimum.accumulate(np.where(quiet, days, day)[:, ::-1], axis=1)[:, ::-1]
    until = np.concatenate([np.zeros((orders.shape[0], 1), dtype=np.int64), np.cumsum(views, axis=1)], axis=1)
    in_run = np.take_along_axis(until, end, axis=1) - np.take_along_axis(until, np.minimum(start, end), axis=1)
    return quiet & (in_run * rate[:, None] >= EXPECTED_ORDERS)
