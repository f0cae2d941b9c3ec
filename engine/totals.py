"""What a run leaves behind: integer totals per row and window part, and per day. Scorecards read nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

FIELDS: tuple[str, ...] = (
    "sold",  # units served on the day they were asked for
    "lost",  # units not served that day: demanded - sold
    "waited",  # part of lost that waits
    "late",  # waiting units served by a receipt
    "revenue",  # sold and late units at price
    "lost_revenue",  # lost units that do not wait, at price
    "cost_of_goods_sold",
    "write_offs",  # value of expired and shrunk stock
    "expired",  # units
    "shrunk",  # units
    "received",  # units from purchase orders
    "spend",  # value received from purchase orders
    "adjusted",  # units added by exogenous adjustments
    "adjusted_value",
    "ordered",  # units ordered
    "value_days",  # sum over days of the closing inventory at cost
    "unit_days",
    "on_order_value_days",
    "payable_value_days",  # prepayment less payment terms
    "stockout_days",  # listed days that close without stock
    "views_out",  # page views that met an empty shelf
    "cycles",  # receipt to receipt, with demand
    "short_cycles",  # of these with a lost unit
    "lines",  # order lines placed
    "line_costs",  # their line cost
    "on_hand_end",
    "value_end",
    "on_order_value_end",
    "waiting_end",
    "last_sale_day",  # -1: none yet
)
FIELD_INDEX = {name: index for index, name in enumerate(FIELDS)}


@dataclass(frozen=True)
class RunTotals:
    """Totals of one parameter set.

    Attributes:
        rows: (S, P, len(FIELDS)) int64 by SKU and window part.
        inventory_value: (C, T) int64 closing inventory at cost by category and day.
        on_order_value: (C, T) int64 closing value on order.
        stockouts: (C, T) int64 listed SKUs that close without stock.
        supplier_lines: (V, T) int64 order lines by supplier and day.
    """

    rows: IntArray
    inventory_value: IntArray
    on_order_value: IntArray
    stockouts: IntArray
    supplier_lines: IntArray

    def field(self, name: str) -> IntArray:
        """(S, P) view of one field."""
        return self.rows[:, :, FIELD_INDEX[name]]

    def digest(self) -> str:
        """SHA-256 over shapes and bytes."""
        sha = hashlib.sha256()
        for array in (self.rows, self.inventory_value, self.on_order_value, self.stockouts, self.supplier_lines):
            sha.update(str(array.shape).encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()
