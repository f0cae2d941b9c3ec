"""Stock records from outside the days that are replayed, carried to their edge by sales and receipts.

The usual first export is one stock record of today and the sales of the past: it lies after the last day with a sale.
Sales between the edge and the record are undone, receipts taken out; a record from before the first day runs forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand import logs as read
from engine.demand.logs import ActivityLogs, IntMatrix
from engine.schema import Axes


@dataclass(frozen=True)
class Anchors:
    """Closing stock known from outside, all (S, T): units, where it is known, and where only from a later record."""

    closing: IntMatrix
    known: NDArray[np.bool_]
    hindsight: NDArray[np.bool_]


def outside_anchors(logs: ActivityLogs, axes: Axes, records: tuple[date, date] | None) -> Anchors:
    """Closing stock of the first day of SKUs with a record before it, of the last day of SKUs with none but later ones.

    A later record of an SKU that has records within the axes is left out: they know better.

    Args:
        logs: stock records, order lines and purchase orders of some items.
        axes: axes of these items.
        records: first and last day of any stock record of the shop: lines between them are looked at together.
    """
    closing, known, hindsight = np.zeros(axes.shape, np.int64), np.zeros(axes.shape, bool), np.zeros(axes.shape, bool)
    rows = logs.table("stock_snapshots").filter(pl.col("item_id").is_in(list(axes.items)))
    last = axes.days - 1
    index = (rows["day"] - axes.first_day).dt.total_days()
    outside = rows.filter((index < 0) | (index > last))
    if outside.is_empty() or axes.days == 0 or records is None:
        return Anchors(closing, known, hindsight)
    wide = _widened(axes, records)
    shift = (axes.first_day - wide.first_day).days
    sold = read.orders(read.sold_lines(read.on_axes(logs.table("conversions"), wide)))
    received = read.receipts(logs.table("purchase_orders"), wide)
    recorded = read.closing_snapshots(read.on_axes(outside, wide), sold, received)
    recorded = recorded.with_columns(day=pl.col("day") - shift).sort("sku", "day")
    net = _net(sold, received).with_columns(day=pl.col("day") - shift)
    before = recorded.filter(pl.col("day") < 0).group_by("sku", maintain_order=True).last()
    within = read.on_axes(rows, axes).select("sku").unique()
    after = recorded.filter(pl.col("day") > last).group_by("sku", maintain_order=True).first()
    after = after.join(within, on="sku", how="anti").join(before, on="sku", how="anti")
    for found, edge in ((before, 0), (after, last)):
        between = net.join(found.select("sku", taken="day"), on="sku").filter(
            pl.col("day").is_between(
                pl.min_horizontal("taken", pl.lit(edge)) + 1, pl.max_horizontal("taken", pl.lit(edge))
            )
        )
        flow = between.group_by("sku").agg(pl.col("net").sum())
        carried = found.join(flow, on="sku", how="left").with_columns(pl.col("net").fill_null(0))
        sign = 1 if edge == 0 else -1
        sku = carried["sku"].to_numpy()
        closing[sku, edge] = np.maximum((carried["recorded"] + sign * carried["net"]).to_numpy(), 0)
        known[sku, edge] = True
        hindsight[sku, edge] |= sign < 0
    return Anchors(closing, known, hindsight)


def _widened(axes: Axes, records: tuple[date, date]) -> Axes:
    """Axes that reach to all records."""
    first = min(axes.first_day, records[0])
    end = max((axes.first_day - first).days + axes.days, (records[1] - first).days + 1)
    return Axes(axes.items, first, end)


def _net(sold: pl.DataFrame, received: pl.DataFrame) -> pl.DataFrame:
    """Units received less units sold per (sku, day)."""
    inward = received.select("sku", "day", net=pl.col("receipts").cast(pl.Int64))
    outward = sold.select("sku", "day", net=-pl.col("quantity").cast(pl.Int64))
    return pl.concat([inward, outward]).group_by("sku", "day").agg(pl.col("net").sum())
