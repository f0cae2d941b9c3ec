"""Where the stock record and the flows contradict each other, and what was made of it.

The running stock follows the record; what sales and receipts do not explain is that day's adjustment (`stock`). Here
each of them is a row, so that a shop can look into its own books.
"""

from __future__ import annotations

import polars as pl

SOLD_BEYOND_STOCK = "sold beyond stock"
ABOVE_FLOWS = "more than receipts and sales explain"
BELOW_FLOWS = "less than receipts and sales explain"


def stock_repairs(daily: pl.DataFrame) -> pl.DataFrame:
    """One row per SKU-day whose stock needed an adjustment, sorted by (sku, day).

    Args:
        daily: daily activity, see ``activity.Activity.daily``.

    Returns:
        ``sku, day, what, before, after``: units at the close as flows have them (opening + receipts - sold; negative
        where more was sold than there was), and as taken.
    """
    flows = pl.col("stock_open") + pl.col("receipts") - pl.col("units_sold")
    what = (
        pl.when(flows < 0)
        .then(pl.lit(SOLD_BEYOND_STOCK))
        .when(pl.col("stock_close") > flows)
        .then(pl.lit(ABOVE_FLOWS))
        .otherwise(pl.lit(BELOW_FLOWS))
    )
    repaired = daily.filter(pl.col("adjustments").fill_null(0) != 0)
    return repaired.select("sku", "day", what=what, before=flows, after="stock_close").sort("sku", "day")
