"""The logs that demand recovery reads, brought onto the axes: orders, counted views, receipts, snapshots.

Nothing is dropped silently: rows outside the axes, repeated views and bots are counted in ``LogCounts``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import Axes
from engine.settings import DemandSettings

TIMESTAMP = pl.Datetime("us")
COLUMNS: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "conversions": {
        "transaction_id": pl.String, "line_number": pl.Int64, "event_timestamp": TIMESTAMP, "day": pl.Date,
        "item_id": pl.String, "quantity": pl.Int64, "price": pl.Int64,
    },
    "page_views": {
        "event_timestamp": TIMESTAMP, "day": pl.Date, "item_id": pl.String, "visitor_id": pl.String,
        "session_id": pl.String, "price": pl.Int64, "in_stock": pl.Boolean,
    },
    "page_views_daily": {"day": pl.Date, "item_id": pl.String, "views": pl.Int64, "in_stock": pl.Boolean},
    "stock_snapshots": {
        "snapshot_timestamp": TIMESTAMP, "day": pl.Date, "item_id": pl.String, "quantity_on_hand": pl.Int64,
        "location_id": pl.String,
    },
    "purchase_orders": {
        "item_id": pl.String, "order_date": pl.Date, "order_quantity": pl.Int64, "received_date": pl.Date,
        "received_quantity": pl.Int64,
    },
    "products": {
        "item_id": pl.String, "price": pl.Int64, "available_from": pl.Date, "discontinued_on": pl.Date,
    },
}  # fmt: skip
"""Columns of each log table that demand recovery reads; others are ignored."""

PERSONS = ("visitor_id", "session_id")
"""Columns of any type: hashed or not, they are only compared."""

IntMatrix = NDArray[np.int64]


def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=COLUMNS[table])


@dataclass(frozen=True)
class ActivityLogs:
    """Log tables as polars frames; a table left out is empty, a missing column is null."""

    conversions: pl.DataFrame = field(default_factory=lambda: _empty("conversions"))
    page_views: pl.DataFrame = field(default_factory=lambda: _empty("page_views"))
    page_views_daily: pl.DataFrame = field(default_factory=lambda: _empty("page_views_daily"))
    stock_snapshots: pl.DataFrame = field(default_factory=lambda: _empty("stock_snapshots"))
    purchase_orders: pl.DataFrame = field(default_factory=lambda: _empty("purchase_orders"))
    products: pl.DataFrame = field(default_factory=lambda: _empty("products"))

    def table(self, name: str) -> pl.DataFrame:
        """Return a table with exactly the columns and types of ``COLUMNS``."""
        frame: pl.DataFrame = getattr(self, name)
        missing = [
            pl.lit(None, dtype=kind).alias(key) for key, kind in COLUMNS[name].items() if key not in frame.columns
        ]
        kept = frame.with_columns(missing)
        return kept.select(
            pl.col(key) if key in PERSONS and key in frame.columns else pl.col(key).cast(kind)
            for key, kind in COLUMNS[name].items()
        )


@dataclass(frozen=True)
class LogCounts:
    """What was left out of the activity, in rows."""

    outside_axes: int
    duplicate_lines: int
    return_lines: int
    repeated_views: int
    bot_views: int

    def __add__(self, other: LogCounts) -> LogCounts:
        return LogCounts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def on_axes(frame: pl.DataFrame, axes: Axes, day: str = "day") -> pl.DataFrame:
    """Add ``sku`` and ``day`` (int32 indices) and keep the rows that lie on the axes."""
    sku = pl.col("item_id").cast(pl.Enum(axes.items), strict=False).to_physical().cast(pl.Int32)
    return on_days(frame.with_columns(sku=sku).filter(pl.col("sku").is_not_null()), axes, day)


def on_days(frame: pl.DataFrame, axes: Axes, day: str = "day") -> pl.DataFrame:
    """Replace ``day`` by its int32 index and keep the rows whose day lies on the axes."""
    index = (pl.col(day) - pl.lit(axes.first_day)).dt.total_days().cast(pl.Int32)
    return frame.with_columns(day=index).filter(pl.col("day").is_between(0, axes.days - 1))


def matrix(frame: pl.DataFrame, column: str, axes: Axes) -> IntMatrix:
    """Scatter one row per (sku, day) into an int64 matrix (S, T); cells without a row are 0."""
    out = np.zeros(axes.shape, dtype=np.int64)
    out[frame["sku"].to_numpy(), frame["day"].to_numpy()] = frame[column].to_numpy()
    return out


def sold_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that sell: returns left out, a line that was logged twice kept once (the first)."""
    numbered = pl.col("line_number").is_not_null()
    twice = numbered & ~pl.struct("transaction_id", "line_number", "sku").is_first_distinct()
    lines = lines.sort("transaction_id", "line_number", "sku", "event_timestamp", "quantity")
    return lines.with_columns(duplicate=twice).filter(pl.col("quantity") > 0)


def orders(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per order and item: ``sku, day, event_timestamp, quantity``, sorted by time within the SKU.

    Lines of one transaction that name the same item on the same day are one order.
    """
    kept = lines.filter(~pl.col("duplicate"))
    summed = kept.group_by("sku", "day", "transaction_id").agg(
        pl.col("quantity").sum(), pl.col("event_timestamp").min()
    )
    return summed.sort("sku", "day", "event_timestamp", "transaction_id")


def bots(views: pl.DataFrame, settings: DemandSettings) -> pl.DataFrame:
    """``visitor_id, day`` of bots: a visitor with more than ``bot_views_per_day`` views in a day is one that day.

    Args:
        views: ``visitor_id, day``; all views of a day together.
        settings: the limit.
    """
    counts = views.filter(pl.col("visitor_id").is_not_null()).group_by("visitor_id", "day").len("views")
    return counts.filter(pl.col("views") > settings.bot_views_per_day).select("visitor_id", "day")


def counted_views(views: pl.DataFrame, bots: pl.DataFrame, settings: DemandSettings) -> pl.DataFrame:
    """Mark every view ``bot`` or ``repeated``; the others count.

    Of the views of one session and SKU, one counts in each window of ``dedupe_minutes`` since the first; views without
    session and visitor all count.

    Returns:
        ``sku, day, event_timestamp, price, in_stock, bot, repeated``.
    """
    session = pl.coalesce("session_id", "visitor_id")
    views = views.join(bots.with_columns(bot=pl.lit(value=True)), on=["visitor_id", "day"], how="left")
    views = views.with_columns(pl.col("bot").fill_null(value=False), session=session)
    if settings.dedupe_minutes == 0:
        return views.select(*VIEW_COLUMNS, "bot", repeated=pl.lit(value=False))
    views = views.sort("sku", "session", "event_timestamp", "in_stock", "price", "bot")
    same = (pl.col("sku") == pl.col("sku").shift()) & (pl.col("session") == pl.col("session").shift())
    views = views.with_columns(same=same.fill_null(value=False))
    began = pl.when(~pl.col("same")).then("event_timestamp").forward_fill()
    elapsed = (pl.col("event_timestamp") - began).dt.total_seconds()
    views = views.with_columns(window=elapsed // (60 * settings.dedupe_minutes))
    return views.select(*VIEW_COLUMNS, "bot", repeated=pl.col("same") & (pl.col("window") == pl.col("window").shift()))


VIEW_COLUMNS = ("sku", "day", "event_timestamp", "price", "in_stock")


def counted_daily_views(daily: pl.DataFrame) -> pl.DataFrame:
    """One row per (sku, day, in_stock): of a row given twice the larger number counts; ``repeated`` marks it."""
    return daily.group_by("sku", "day", "in_stock").agg(pl.col("views").max(), repeated=pl.len() > 1)


def closing_snapshots(snapshots: pl.DataFrame, sold: pl.DataFrame, received: pl.DataFrame) -> pl.DataFrame:
    """Closing stock per (sku, day): ``recorded`` (may be negative), summed over locations.

    The last snapshot of a location and day counts; a location that is silent on a day keeps its last value. The sales
    after the snapshot bring it to the close of its day (a snapshot dated without a time arrives as the last instant
    of the day). Receipts of the day count as booked before it, unless it was taken at midnight sharp.

    Args:
        snapshots: ``sku, day, snapshot_timestamp, location_id, quantity_on_hand``.
        sold: orders ``sku, day, event_timestamp, quantity``.
        received: ``sku, day, receipts``.
    """
    keys = ["sku", "location_id", "day"]
    last = snapshots.sort(*keys, "snapshot_timestamp", "quantity_on_hand").group_by(keys, maintain_order=True).last()
    days = last.select("sku", "day").unique().join(last.select("sku", "location_id").unique(), on="sku")
    carried = days.join(last, on=keys, how="left", nulls_equal=True).sort(keys)
    carried = carried.with_columns(pl.col("quantity_on_hand").forward_fill().over("sku", "location_id"))
    taken = carried.group_by("sku", "day").agg(pl.col("quantity_on_hand").sum(), pl.col("snapshot_timestamp").max())
    later = sold.join(taken, on=["sku", "day"]).filter(pl.col("event_timestamp") > pl.col("snapshot_timestamp"))
    later = later.group_by("sku", "day").agg(sold_later=pl.col("quantity").sum())
    closing = taken.join(later, on=["sku", "day"], how="left").join(received, on=["sku", "day"], how="left")
    arrived = pl.when(pl.col("snapshot_timestamp").dt.time() == pl.time(0, 0, 0)).then("receipts").fill_null(0)
    recorded = pl.col("quantity_on_hand") - pl.col("sold_later").fill_null(0) + arrived
    return closing.select("sku", "day", recorded=recorded)


def receipts(purchase_orders: pl.DataFrame, axes: Axes) -> pl.DataFrame:
    """Units received per (sku, day): ``receipts``; an order received without a quantity came in full."""
    placed = on_axes(purchase_orders, axes, "received_date")
    quantity = pl.coalesce("received_quantity", "order_quantity")
    return placed.group_by("sku", "day").agg(receipts=quantity.sum())


def open_orders(purchase_orders: pl.DataFrame, axes: Axes) -> NDArray[np.bool_]:
    """Whether a purchase order is open on a day, (S, T): from the day of order through the day of receipt."""
    known = purchase_orders.filter(pl.col("item_id").is_in(list(axes.items)))
    sku = known["item_id"].cast(pl.Enum(axes.items)).to_physical().to_numpy()
    opened = _day_index(known["order_date"], axes, missing=0)
    received = _day_index(known["received_date"], axes, missing=axes.days)
    change = np.zeros((axes.shape[0], axes.days + 1), dtype=np.int64)
    np.add.at(change, (sku, np.clip(opened, 0, axes.days)), 1)
    np.add.at(change, (sku, np.clip(np.maximum(received + 1, opened), 0, axes.days)), -1)
    return np.cumsum(change, axis=1)[:, : axes.days] > 0


def _day_index(dates: pl.Series, axes: Axes, missing: int) -> NDArray[np.int64]:
    """Day indices of dates, also outside the axes; ``missing`` for a null."""
    return (dates - axes.first_day).dt.total_days().fill_null(missing).to_numpy().astype(np.int64)
