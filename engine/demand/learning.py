"""What the items of a large shop share, learnt from a sample of them: the rest is then recovered part by part.

Traffic by week, keep rates, elasticities, priors and order-size curves are sums over thousands of items; a sample of
20 million SKU-days tells them as well as all do. What is an item's own is always estimated from the item itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.arrays import DemandArrays
from engine.demand.asof import SharedAsOf, recover_arrays_as_of
from engine.demand.recovery import Shared, estimate
from engine.randomness import sku_keys
from engine.settings import DemandSettings

IntArray = NDArray[np.int64]

LEARNING_CELLS = 20_000_000
FEWEST_OF_CATEGORY = 200


@dataclass(frozen=True)
class SharedDemand:
    """What items share in hindsight, and as known at the end of each day."""

    replay: Shared
    as_of: SharedAsOf


def learning_items(items: Sequence[str], categories: Sequence[str], days: int, cells: int = LEARNING_CELLS) -> IntArray:
    """Ascending SKU indices of the items to learn from: all of a shop of up to ``cells`` SKU-days.

    Of a larger one the same share of every category, chosen by the hash of their ids; of small categories up to 200
    items, as long as all these together stay below ``cells`` once more.

    Args:
        items: item ids, sorted.
        categories: category of each, (S,).
        days: days of the log.
        cells: SKU-days to learn from, at most twice as many with those of small categories.
    """
    _, category, count = np.unique(np.asarray(categories, dtype=object), return_inverse=True, return_counts=True)
    share = min(1.0, cells / max(len(items) * days, 1))
    fewest = min(FEWEST_OF_CATEGORY, cells // max(len(count) * days, 1))
    wanted = np.maximum(np.ceil(share * count), fewest)
    order = np.lexsort((sku_keys(tuple(items)), category))
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    rank = np.empty(len(items), np.int64)
    rank[order] = np.arange(len(items)) - np.repeat(first, count)
    return np.flatnonzero(rank < wanted[category])


def learn(
    arrays: DemandArrays, arrays_as_of: DemandArrays, orders: pl.DataFrame, settings: DemandSettings
) -> SharedDemand:
    """What the items share, from some or all of them; matrices in hindsight and as known, and their orders."""
    in_hindsight, _ = estimate(arrays, orders)
    return SharedDemand(in_hindsight.shared, recover_arrays_as_of(arrays_as_of, orders, settings).shared)


def orders_of(orders: pl.DataFrame, skus: IntArray) -> pl.DataFrame:
    """Orders of some items, ``sku`` counted by their position in ``skus`` (ascending)."""
    kept = orders.filter(pl.col("sku").is_in(skus.astype(np.int32)))
    position = np.searchsorted(skus, kept["sku"].to_numpy()).astype(np.int32)
    return kept.with_columns(sku=pl.Series(position))
