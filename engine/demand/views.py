"""Page views of every SKU-day, split into those that found stock and those that found an empty shelf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.logs import IntMatrix, matrix
from engine.demand.outages import KEYS
from engine.schema import MICRO, Axes


@dataclass(frozen=True)
class SplitViews:
    """Counted views, both int64 (S, T)."""

    found_stock: IntMatrix
    found_none: IntMatrix


def split_views(views: pl.DataFrame, bounds: pl.DataFrame, share_u6: IntMatrix, axes: Axes) -> SplitViews:
    """Split single views by their own ``in_stock``, else by the outages of their day.

    Args:
        views: counted views ``sku, day, position, in_stock``.
        bounds: outages of partly out-of-stock days (``outages.outage_bounds``).
        share_u6: in-stock share of each day, (S, T).
        axes: axes of the result.
    """
    by_day = views.group_by("sku", "day").agg(
        total=pl.len().cast(pl.Int64), stocked=pl.col("in_stock").sum(), told=pl.col("in_stock").count()
    )
    total = matrix(by_day, "total", axes)
    out_all_day = share_u6 == 0
    untold = total - matrix(by_day, "told", axes)
    found_stock = matrix(by_day, "stocked", axes) + np.where(out_all_day, 0, untold)
    found_stock -= _untold_while_out(views, bounds.filter(pl.col("in_stock_share_u6") > 0), axes)
    return SplitViews(found_stock, total - found_stock)


def _untold_while_out(views: pl.DataFrame, bounds: pl.DataFrame, axes: Axes) -> IntMatrix:
    """Views without a flag that fall into an outage of a day that was partly in stock."""
    partly = views.filter(pl.col("in_stock").is_null()).join(bounds, on=KEYS)
    # A view at the very instant of the sale that empties the shelf is the buyer's own: it found stock.
    first = (pl.col("position") > pl.col("out_from")) & (pl.col("position") < pl.col("out_to"))
    out = partly.filter(first | (pl.col("position") > pl.col("out_again_from")))
    return matrix(out.group_by(KEYS).len("views"), "views", axes)


def split_daily_views(daily: pl.DataFrame, share_u6: IntMatrix, axes: Axes) -> SplitViews:
    """Split pre-aggregated views by their ``in_stock``, else in proportion to the day's in-stock share (half up)."""
    told = daily.filter(pl.col("in_stock").is_not_null())
    stocked = _summed(told.filter(pl.col("in_stock")), axes)
    total = _summed(daily, axes)
    untold = total - _summed(told, axes)
    found_stock = stocked + (untold * share_u6 + MICRO // 2) // MICRO
    return SplitViews(found_stock, total - found_stock)


def _summed(daily: pl.DataFrame, axes: Axes) -> NDArray[np.int64]:
    return matrix(daily.group_by(KEYS).agg(pl.col("views").sum()), "views", axes)
