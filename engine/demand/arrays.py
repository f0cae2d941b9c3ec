"""What the estimator reads: matrices (S, T) of the daily activity, with days that teach nothing blanked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.codes import DayFlag, StockState
from engine.schema import MICRO

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
WEEKDAYS = 7


@dataclass(frozen=True)
class DemandArrays:
    """Inputs of the estimator, C-contiguous (S, T) unless said otherwise.

    Attributes:
        views_in: counted views that found stock; 0 on days that are not ``active``.
        views_out: counted views that found an empty shelf; 0 on days that are not ``active``.
        orders: orders; 0 on days that are not ``exposed``.
        share: in-stock share of the day's traffic, 0..1.
        exposed: 1 on days on which the item could have been bought: it was listed.
        active: 1 on exposed days on which the shop logged page views.
        unknown: 1 where the stock is not known: taken as in stock, nothing is recovered.
        depleting: orders that emptied the shelf.
        log_price: ln(price / first listed price) on days with a listed price, else 0.
        units: units sold on every day.
        category: code of the category, (S,); codes follow the sorted names.
        categories: sorted names, (C,).
    """

    views_in: Ints
    views_out: Ints
    orders: Ints
    share: Floats
    exposed: Bytes
    active: Bytes
    unknown: Bytes
    depleting: Bytes
    log_price: Floats
    units: Ints
    category: Ints
    categories: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(S, T)."""
        return self.units.shape[0], self.units.shape[1]

    def until(self, days: int) -> DemandArrays:
        """Return the same world, ended after ``days`` days."""
        cut: dict[str, Any] = {name: np.ascontiguousarray(getattr(self, name)[:, :days]) for name in _MATRICES}
        return replace(self, **cut)

    def of(self, skus: NDArray[np.int64]) -> DemandArrays:
        """Return some of the items, with copies of their rows."""
        rows: dict[str, Any] = {name: getattr(self, name)[skus] for name in (*_MATRICES, "category")}
        return replace(self, **rows)


def stacked(parts: Sequence[DemandArrays]) -> DemandArrays:
    """Items of several parts of one shop, one part after the other."""
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in (*_MATRICES, "category")
    }
    return replace(parts[0], **joined)


_MATRICES = (
    "views_in", "views_out", "orders", "share", "exposed", "active", "unknown", "depleting", "log_price", "units",
)  # fmt: skip


def demand_arrays(
    activity: pl.DataFrame, categories: Sequence[str], *, as_of: bool = False, of_shop: Sequence[str] | None = None
) -> DemandArrays:
    """Turn the daily activity into matrices.

    Args:
        activity: complete rectangle sorted by (sku, day), see ``Activity.daily``.
        categories: category of each SKU, (S,).
        as_of: leave out what was known only later: stock before the first snapshot, inferred stock-outs.
        of_shop: categories of the shop of which these are some items; default: their own.
    """
    shape = (len(categories), activity.height // max(len(categories), 1))
    take = {name: activity[name].to_numpy().reshape(shape) for name in activity.columns if name in _READ}
    flags = take["flags"]
    late = np.isin(_state(activity, shape), (StockState.UNKNOWN, *((StockState.INFERRED,) if as_of else ())))
    unknown = late | (_has(flags, DayFlag.BEFORE_FIRST_SNAPSHOT) if as_of else False)
    exposed = ~_has(flags, DayFlag.NOT_LISTED)
    active = exposed & ~_has(flags, DayFlag.VIEWS_NOT_LOGGED)
    views_in = take["views_in"] + np.where(unknown, take["views_oos"], 0)
    names = tuple(sorted(set(of_shop or categories)))
    code = {name: index for index, name in enumerate(names)}
    return DemandArrays(
        views_in=np.where(active, views_in, 0).astype(np.int32),
        views_out=np.where(active & ~unknown, take["views_oos"], 0).astype(np.int32),
        orders=np.where(exposed, take["orders"], 0).astype(np.int32),
        share=np.where(unknown, 1.0, take["in_stock_share_u6"] / MICRO).astype(np.float32),
        exposed=exposed.astype(np.uint8),
        active=active.astype(np.uint8),
        unknown=unknown.astype(np.uint8),
        depleting=np.where(unknown, 0, take["depleting_order"]).astype(np.uint8),
        log_price=_log_price(
            activity["price"].fill_null(0).to_numpy().reshape(shape), _has(flags, DayFlag.LISTED_PRICE)
        ),
        units=take["units_sold"].astype(np.int32),
        category=np.array([code[name] for name in categories], dtype=np.int32),
        categories=names,
    )


_READ = frozenset({"views_in", "views_oos", "orders", "units_sold", "in_stock_share_u6", "depleting_order", "flags"})


def _has(flags: NDArray[np.int32], flag: DayFlag) -> NDArray[np.bool_]:
    return (flags & int(flag)) != 0


def _state(activity: pl.DataFrame, shape: tuple[int, int]) -> Bytes:
    return activity["stock_state"].to_physical().to_numpy().reshape(shape)


def _log_price(price: NDArray[np.int64], listed: NDArray[np.bool_]) -> Floats:
    """Log of the price relative to the first listed one: a reference that no later day can change."""
    usable = listed & (price > 0)
    first = usable.argmax(axis=1)[:, None] if price.shape[1] else np.zeros((price.shape[0], 1), dtype=np.int64)
    reference = np.take_along_axis(price, first, axis=1)
    moved = usable & (price != reference)
    out = np.zeros(price.shape, dtype=np.float32)
    out[moved] = np.log(price[moved] / np.broadcast_to(reference, price.shape)[moved])
    return out
