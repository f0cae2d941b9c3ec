"""On which days an item was in the catalogue."""

from __future__ import annotations

import numpy as np
import polars as pl

from engine.demand.logs import IntMatrix
from engine.demand.stock import BoolMatrix
from engine.schema import Axes


def listed_days(
    products: pl.DataFrame, axes: Axes, units: IntMatrix, traces: IntMatrix
) -> tuple[BoolMatrix, BoolMatrix]:
    """Listed days, and days of sales outside the product's dates; (S, T) each.

    An item is listed from ``available_from``, or where that is not given from its first trace in any log, through
    ``discontinued_on``. A day on which it sold counts as listed whatever the dates say.

    Args:
        products: ``item_id, available_from, discontinued_on``.
        axes: axes of the result.
        units: units sold, (S, T).
        traces: views, receipts and snapshots, (S, T); positive where there is any.
    """
    day = np.arange(axes.days)
    traced = (units + traces) > 0
    first = np.where(traced.any(axis=1), traced.argmax(axis=1) if axes.days else 0, axes.days)
    last = np.full(axes.shape[0], axes.days - 1)
    rows = products.filter(pl.col("item_id").is_in(list(axes.items))).unique(
        "item_id", keep="last", maintain_order=True
    )
    for item_id, start, end in rows.select("item_id", "available_from", "discontinued_on").iter_rows():
        sku = axes.sku_of[item_id]
        first[sku] = axes.day_of(start) if start is not None else first[sku]
        last[sku] = axes.day_of(end) if end is not None else last[sku]
    by_dates = (day >= first[:, None]) & (day <= last[:, None])
    sold = units > 0
    return by_dates | sold, sold & ~by_dates
