"""Serving one day's order lines from the shelf, minute by minute."""

from dataclasses import dataclass

import numpy as np

from arena_pipeline.demo.keyed import Ints

DAY_MINUTES = 1440


@dataclass(frozen=True)
class DayLines:
    """Order lines of one day, sorted by (sku, minute); arrays of shape (n,).

    Attributes:
        sku: item index.
        minute: minute of the day.
        quantity: units ordered.
        start: position of the first line of the same item.
    """

    sku: Ints
    minute: Ints
    quantity: Ints
    start: Ints


@dataclass(frozen=True)
class Served:
    """What a day's serving left behind.

    Attributes:
        sold: units per line; shape (n,).
        on_hand: closing stock; shape (S,).
        empty_at, restock_at, empty_again_at: shape (S,); the shelf holds stock during
            [0, empty_at) and [restock_at, empty_again_at), in minutes of the day.
    """

    sold: Ints
    on_hand: Ints
    empty_at: Ints
    restock_at: Ints
    empty_again_at: Ints


def group_starts(sku: Ints) -> Ints:
    """Position of the first line of each line's item, for lines sorted by item."""
    if not len(sku):
        return np.zeros(0, dtype=np.int64)
    new = np.r_[True, sku[1:] != sku[:-1]]
    return np.maximum.accumulate(np.where(new, np.arange(len(sku)), 0))


def serve(lines: DayLines, on_hand: Ints, receipts: Ints, receipt_minute: Ints) -> Served:
    """Serve lines in time order; a line is cut to what is left, and lost when nothing is.

    Args:
        lines: the day's order lines.
        on_hand: opening stock after adjustments; shape (S,).
        receipts: units that arrive during the day; shape (S,).
        receipt_minute: minute at which they arrive; shape (S,).
    """
    arrives = receipts > 0
    early = ~arrives[lines.sku] | (lines.minute < receipt_minute[lines.sku])
    sold_early, left, empty = _serve_phase(lines, np.where(early, lines.quantity, 0), on_hand)
    sold_late, closing, empty_again = _serve_phase(lines, np.where(early, 0, lines.quantity), left + receipts)
    restock = np.where(arrives, receipt_minute, DAY_MINUTES)
    return Served(
        sold=sold_early + sold_late,
        on_hand=closing,
        empty_at=np.minimum(empty, restock),
        restock_at=restock,
        empty_again_at=np.where(arrives, np.maximum(empty_again, restock), DAY_MINUTES),
    )


def _serve_phase(lines: DayLines, quantity: Ints, available: Ints) -> tuple[Ints, Ints, Ints]:
    """Units sold per line, stock left, and the minute at which the shelf was empty (DAY_MINUTES if it never was)."""
    before = np.cumsum(quantity) - quantity
    before -= before[lines.start] if len(before) else 0
    remaining = available[lines.sku] - before
    sold = np.clip(remaining, 0, quantity)
    left = available - np.bincount(lines.sku, weights=sold, minlength=len(available)).astype(np.int64)
    empty = np.where(available > 0, DAY_MINUTES, 0)
    emptied = (quantity > 0) & (remaining <= quantity)
    np.minimum.at(empty, lines.sku[emptied], lines.minute[emptied])
    return sold, left, empty
