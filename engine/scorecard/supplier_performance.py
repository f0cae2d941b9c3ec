"""How suppliers kept their word: promised against real lead time, short deliveries, what lateness cost."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def delivery_lines(purchase_orders: pl.DataFrame) -> pl.DataFrame:
    """Order lines that were received: ``supplier_id, item_id, promised, realised`` (days), ``short`` (units missing).

    Args:
        purchase_orders: columns of the input contract; open lines and lines without a supplier are left out.
    """
    received = purchase_orders.filter(pl.col("received_date").is_not_null() & pl.col("supplier_id").is_not_null())
    delivered = pl.coalesce("received_quantity", "order_quantity").cast(pl.Int64)
    return received.select(
        "supplier_id",
        "item_id",
        "order_date",
        "expected_date",
        "received_date",
        promised=(pl.col("expected_date") - pl.col("order_date")).dt.total_days(),
        realised=(pl.col("received_date") - pl.col("order_date")).dt.total_days(),
        ordered=pl.col("order_quantity").cast(pl.Int64),
        short=(pl.col("order_quantity").cast(pl.Int64) - delivered).clip(lower_bound=0),
    )


def supplier_performance(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per supplier, from the lines of ``delivery_lines``.

    ``promised_days`` and ``real_days``: means; ``real_spread``: standard deviation of the real lead time;
    ``on_time_share``: lines received on or before the promised date / lines with one; ``days_late``: mean over late
    lines; ``short_share``: lines delivered short / lines; ``units_short_share``: units missing / units ordered.
    """
    late = pl.col("realised") - pl.col("promised")
    promised = pl.col("promised").is_not_null()
    return (
        lines.group_by("supplier_id")
        .agg(
            lines=pl.len(),
            promised_days=pl.col("promised").mean(),
            real_days=pl.col("realised").filter(promised).mean(),
            real_spread=pl.col("realised").std(ddof=0),
            on_time_share=(late <= 0).filter(promised).mean(),
            days_late=late.filter(late > 0).mean(),
            short_share=(pl.col("short") > 0).mean(),
            units_short_share=pl.col("short").sum() / pl.col("ordered").sum(),
        )
        .sort("supplier_id")
    )


def punctual_arrivals(arrives_on: IntArray, promised_on: IntArray) -> IntArray:
    """Arrival days had no line come later than promised, (N,); ``promised_on`` -1: no promise."""
    return np.where(promised_on >= 0, np.minimum(arrives_on, promised_on), arrives_on)
