"""The price of every SKU-day: last known price carried forward, the first one backward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.demand.logs import IntMatrix, matrix
from engine.demand.stock import BoolMatrix
from engine.schema import Axes

UNKNOWN_PRICE = -1


@dataclass(frozen=True)
class Prices:
    """Daily prices.

    Attributes:
        price: minor units, (S, T); -1 where no price is known at all.
        listed: the price was seen on a page view, or carried from one, (S, T).
    """

    price: IntMatrix
    listed: BoolMatrix


def daily_prices(views: pl.DataFrame, lines: pl.DataFrame, products: pl.DataFrame, axes: Axes) -> Prices:
    """Price of a day: the lower median on its page views; without any, on its order lines; else the product's.

    Prices of order lines differ by buyer (quantity breaks, vouchers), so they are no price change that visitors saw:
    only listed prices may explain demand.
    """
    shown = _by_day(views.filter(~pl.col("bot")), axes)
    listed = np.broadcast_to(np.any(shown >= 0, axis=1)[:, None], axes.shape)
    price = np.where(listed, shown, _by_day(lines, axes))
    catalogue = np.full(axes.shape[0], UNKNOWN_PRICE, dtype=np.int64)
    for item_id, value in products.select("item_id", "price").drop_nulls().iter_rows():
        if item_id in axes.sku_of:
            catalogue[axes.sku_of[item_id]] = value
    seen_from = np.maximum.accumulate(shown >= 0, axis=1)
    return Prices(_carried(price, catalogue), listed & seen_from)


def _by_day(rows: pl.DataFrame, axes: Axes) -> IntMatrix:
    """Lower median of ``price`` per (sku, day); -1 without a price."""
    priced = rows.filter(pl.col("price") > 0).select("sku", "day", "price")
    median = priced.group_by("sku", "day").agg(pl.col("price").quantile(0.5, interpolation="lower").cast(pl.Int64) + 1)
    return matrix(median, "price", axes) - 1


def _carried(price: IntMatrix, catalogue: IntMatrix) -> IntMatrix:
    """Carry known prices forward, the first one backward; rows without any take the catalogue's."""
    known = price >= 0
    day = np.arange(price.shape[1])
    first = known.argmax(axis=1)[:, None] if price.shape[1] else np.zeros((price.shape[0], 1), dtype=np.int64)
    last = np.maximum.accumulate(np.where(known, day, first), axis=1)
    carried: IntMatrix = np.take_along_axis(price, last, axis=1)
    return np.where(np.any(known, axis=1)[:, None], carried, catalogue[:, None])
