"""Running stock of every SKU-day from snapshots, receipts and sales, and the spells in which it was out.

Between two snapshots the stock runs on by receipts and sales; what the next snapshot shows beside that is that day's
adjustment (returns to the shelf, shrinkage, counting). Before the first snapshot it runs backward. Stock that would
become negative is a contradiction: the missing units are an adjustment of the day on which they were needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntMatrix = NDArray[np.int64]
BoolMatrix = NDArray[np.bool_]

CARRIED_DAYS = 35
"""How far sales alone carry a stock record where no receipts are logged: a monthly record reaches the next one."""


@dataclass(frozen=True)
class Stock:
    """Stock of every SKU-day, all (S, T); meaningless where ``known`` is False.

    Attributes:
        opening: units at the start of the day.
        closing: units at its end.
        adjustments: closing - opening - receipts + sold.
        observed: a snapshot closes the day.
        backward: the day lies before the first snapshot of its SKU.
        known: a snapshot reaches the day.
    """

    opening: IntMatrix
    closing: IntMatrix
    adjustments: IntMatrix
    observed: BoolMatrix
    backward: BoolMatrix
    known: BoolMatrix


def running_stock(recorded: IntMatrix, observed: BoolMatrix, net: IntMatrix, *, receipts_logged: bool = True) -> Stock:
    """Chain snapshots and flows.

    Args:
        recorded: closing stock of the snapshot, (S, T), read where ``observed``.
        observed: days closed by a snapshot, (S, T).
        net: receipts minus units sold, (S, T).
        receipts_logged: whether ``net`` holds what came in. Where it does not, a shelf that was refilled looks empty
            after a snapshot and overfull before it: a snapshot reaches ``CARRIED_DAYS`` forward and not a day backward.
    """
    flow = np.cumsum(net, axis=1)
    day = np.broadcast_to(np.arange(net.shape[1]), net.shape)
    last = np.maximum.accumulate(np.where(observed, day, -1), axis=1)
    first = np.argmax(observed, axis=1)[:, None] if net.shape[1] else np.zeros((net.shape[0], 1), dtype=np.int64)
    backward = last < 0
    anchor = np.where(backward, first, last)
    offset = np.maximum(recorded, 0) - flow
    closing = flow + np.take_along_axis(offset, anchor, axis=1)
    closing += _repair(closing, last, backward)
    opening = np.roll(closing, 1, axis=1)
    opening[:, :1] = np.maximum(closing[:, :1] - net[:, :1], 0)
    known = observed.any(axis=1, keepdims=True) & (receipts_logged | (~backward & (day - last <= CARRIED_DAYS)))
    return Stock(opening, closing, closing - opening - net, observed, backward, known)


def _repair(closing: IntMatrix, segment: IntMatrix, backward: BoolMatrix) -> IntMatrix:
    """Units to add so that stock never is negative: running maximum of the deficit within a segment.

    Forward from a snapshot; toward the past before the first one.
    """
    deficit = np.maximum(-closing, 0)
    if not deficit.any():
        return deficit
    step = deficit.max() + 1
    base = (segment + 1) * step
    forward = np.maximum.accumulate(np.where(backward, 0, deficit + base), axis=1) - base
    reverse = np.maximum.accumulate(np.where(backward, deficit, 0)[:, ::-1], axis=1)[:, ::-1]
    return np.where(backward, reverse, forward)


def spells_without_order(out: BoolMatrix, open_order: BoolMatrix, longer_than: int) -> tuple[BoolMatrix, BoolMatrix]:
    """Days of out-of-stock spells above a length in which no purchase order was open or placed.

    Returns:
        ``whole``: all days of such a spell (retrospective); ``so_far``: the days on which the spell was already that
        long, as known that day. Both (S, T).
    """
    days = out.shape[1]
    day = np.broadcast_to(np.arange(days), out.shape)
    start = np.maximum.accumulate(np.where(out, -1, day), axis=1) + 1
    length = np.where(out, day - start + 1, 0)
    ordered = np.concatenate([np.zeros((out.shape[0], 1), dtype=np.int64), np.cumsum(open_order, axis=1)], axis=1)
    orders_so_far = ordered[:, 1:] - np.take_along_axis(ordered, np.minimum(start, days), axis=1)
    so_far = (length > longer_than) & (orders_so_far == 0)
    end = np.minimum.accumulate(np.where(out, days, day)[:, ::-1], axis=1)[:, ::-1] - 1
    whole = out & np.take_along_axis(so_far, np.maximum(end, 0), axis=1)
    return whole, so_far & out
