"""What happened to every item on every day: views, orders, units, stock, price; the complete rectangle of SKU-days.

Values of a day depend only on rows up to that day, with three exceptions that retrospective demand needs and as-of
demand leaves out: stock before the first snapshot, stock-outs inferred without any record, and whole out-of-stock
spells that look delisted. Each of them is marked by its flag or stock state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand import logs as read
from engine.demand.anchors import outside_anchors
from engine.demand.codes import DayFlag, StockState, enum_series
from engine.demand.day_profile import order_positions, traffic_position
from engine.demand.inference import inferred_stock_outs
from engine.demand.listing import listed_days
from engine.demand.logs import ActivityLogs, IntMatrix, LogCounts
from engine.demand.outages import day_stories, mark_depleting, outage_bounds, refine_by_views
from engine.demand.prices import daily_prices
from engine.demand.shop_traffic import CountedRows, ShopTraffic, counted_rows, shop_traffic
from engine.demand.stock import BoolMatrix, Stock, running_stock, spells_without_order
from engine.demand.views import SplitViews, split_daily_views, split_views
from engine.schema import MICRO, Axes
from engine.settings import DemandSettings


@dataclass(frozen=True)
class Activity:
    """Daily activity, and what the estimator needs beside it.

    Attributes:
        daily: one row per (sku, day), sorted: ``sku, day, views_in, views_oos, orders, units_sold, in_stock_share_u6,
            stock_open, stock_close, receipts, adjustments, price, stock_state, depleting_order, flags``.
        orders: one row per order and item: ``sku, day, quantity, depleting`` (emptied the shelf).
        counts: rows that were left out, of the whole shop.
    """

    daily: pl.DataFrame
    orders: pl.DataFrame
    counts: LogCounts


@dataclass(frozen=True)
class _Placed:
    """Log tables on the axes, events with their position in the day's traffic."""

    lines: pl.DataFrame
    orders: pl.DataFrame
    views: pl.DataFrame
    daily_views: pl.DataFrame
    snapshots: pl.DataFrame
    receipts: pl.DataFrame


def daily_activity(logs: ActivityLogs, axes: Axes, settings: DemandSettings) -> pl.DataFrame:
    """Daily activity of every (sku, day), sorted; see ``Activity.daily``."""
    return build_activity(logs, axes, settings).daily


def build_activity(logs: ActivityLogs, axes: Axes, settings: DemandSettings) -> Activity:
    """Derive the daily activity of all items from the logs."""
    placed = read.on_axes(logs.table("page_views"), axes)
    rows = counted_rows(logs, read.counted_views(placed, read.bots(placed, settings), settings), axes)
    return shard_activity(logs, rows, axes, shop_traffic(logs, rows, axes), settings)


def shard_activity(
    logs: ActivityLogs, rows: CountedRows, axes: Axes, shop: ShopTraffic, settings: DemandSettings
) -> Activity:
    """Derive the daily activity of some items of a shop: the same as that of all, restricted to them.

    Args:
        logs: log tables of these items; their page views are not read.
        rows: their ``counted_rows``.
        axes: their axes; SKU indices of the result count from the first of them.
        shop: what all items of the shop share; its counts are handed on.
        settings: see there.
    """
    placed = _place(logs, rows, axes, shop)
    receipts = read.matrix(placed.receipts, "receipts", axes)
    by_day = placed.orders.group_by("sku", "day").agg(units=pl.col("quantity").sum(), orders=pl.len().cast(pl.Int64))
    units, orders = read.matrix(by_day, "units", axes), read.matrix(by_day, "orders", axes)
    observed = read.matrix(placed.snapshots.with_columns(seen=1), "seen", axes) > 0
    recorded = read.matrix(placed.snapshots, "recorded", axes)
    outside = outside_anchors(logs, axes, shop.records)
    anchored = np.where(observed, recorded, outside.closing)
    known, net = observed | outside.known, receipts - units
    stock = running_stock(anchored, known, net, receipts_logged=shop.purchases_logged)
    stock = replace(stock, observed=observed, backward=stock.backward | outside.hindsight)
    share, depleting, bounds = _in_stock_share(placed, stock, units, receipts)
    views = _views(placed, bounds, share, axes)
    seen = views.found_stock + views.found_none
    listed, unlisted = listed_days(logs.table("products"), axes, units, seen + receipts + observed)
    inferred = inferred_stock_outs(orders, seen, listed & ~stock.known)
    share[inferred | ~listed] = 0
    prices = daily_prices(placed.views, placed.lines, logs.table("products"), axes)
    whole, so_far = _delisted(logs, axes, listed & (share == 0), shop, settings)
    flags = _flags(
        {
            DayFlag.NOT_LISTED: ~listed,
            DayFlag.REPAIRED_STOCK: stock.known & (units > stock.opening + receipts),
            DayFlag.NEGATIVE_STOCK: observed & (recorded < 0),
            DayFlag.POSSIBLY_DELISTED: whole,
            DayFlag.LONG_OUT_SO_FAR: so_far,
            DayFlag.BEFORE_FIRST_SNAPSHOT: stock.backward & stock.known,
            DayFlag.LISTED_PRICE: prices.listed,
            DayFlag.VIEWS_NOT_LOGGED: np.broadcast_to(shop.views == 0, axes.shape),
            DayFlag.DUPLICATED: _duplicated(placed, axes),
            DayFlag.BOT_VIEWS: _any_row(placed.views, "bot", axes),
            DayFlag.OUTSIDE_LISTING: unlisted,
        }
    )
    daily = _rectangle(
        axes,
        {
            "views_in": views.found_stock, "views_oos": views.found_none, "orders": orders, "units_sold": units,
            "in_stock_share_u6": share, "stock_open": stock.opening, "stock_close": stock.closing, "receipts":
            receipts, "adjustments": stock.adjustments, "price": prices.price, "depleting_order": depleting, "flags":
            flags,
        },
        _stock_state(stock, inferred), stock.known,
    )  # fmt: skip
    sizes = mark_depleting(placed.orders, bounds).select("sku", "day", "quantity", "depleting")
    return Activity(daily, sizes, shop.counts)


def _place(logs: ActivityLogs, rows: CountedRows, axes: Axes, shop: ShopTraffic) -> _Placed:
    """Orders, receipts and closing stock; the position of every event in its day's traffic."""
    profile = shop.profile
    orders = read.orders(rows.lines)
    receipts = read.receipts(logs.table("purchase_orders"), axes)
    snapshots = read.closing_snapshots(rows.snapshots, orders, receipts)
    views = rows.views.with_columns(traffic_position(rows.views, profile))
    return _Placed(rows.lines, order_positions(orders, profile), views, rows.daily_views, snapshots, receipts)


def _in_stock_share(
    placed: _Placed, stock: Stock, units: IntMatrix, receipts: IntMatrix
) -> tuple[IntMatrix, IntMatrix, pl.DataFrame]:
    """In-stock share (micro-units) and depleting orders of every day, (S, T), and the outages of partial days."""
    known = stock.known
    out_all_day = known & (stock.opening <= 0) & (stock.closing <= 0) & (units == 0)
    partly = known & ~out_all_day & (units >= stock.opening)
    sku, day = np.nonzero(partly)
    inflow = receipts + np.maximum(stock.adjustments, 0)
    days = pl.DataFrame(
        {
            "sku": sku.astype(np.int32), "day": day.astype(np.int32), "stock_open": stock.opening[partly],
            "stock_close": stock.closing[partly], "inflow": inflow[partly],
        }
    )  # fmt: skip
    told = placed.views.filter(~pl.col("bot") & pl.col("in_stock").is_not_null())
    bounds = outage_bounds(refine_by_views(day_stories(placed.orders, days), told))
    share = np.where(out_all_day, 0, MICRO)
    where = bounds["sku"].to_numpy(), bounds["day"].to_numpy()
    share[where] = bounds["in_stock_share_u6"].to_numpy()
    depleting = np.zeros_like(share)
    depleting[where] = bounds["depleting_order"].to_numpy()
    return share, depleting, bounds


def _views(placed: _Placed, bounds: pl.DataFrame, share: IntMatrix, axes: Axes) -> SplitViews:
    """Single and pre-aggregated views together."""
    counted = placed.views.filter(~pl.col("bot") & ~pl.col("repeated"))
    single = split_views(counted, bounds, share, axes)
    daily = split_daily_views(placed.daily_views, share, axes)
    return SplitViews(single.found_stock + daily.found_stock, single.found_none + daily.found_none)


def _delisted(
    logs: ActivityLogs, axes: Axes, out: BoolMatrix, shop: ShopTraffic, settings: DemandSettings
) -> tuple[BoolMatrix, BoolMatrix]:
    """Days of spells that look delisted, in hindsight and as known that day; (S, T) each.

    A shop that logs no purchase orders shows nothing about them: then only a spell that never ends looks delisted.
    """
    open_order = read.open_orders(logs.table("purchase_orders"), axes)
    whole, so_far = spells_without_order(out, open_order, settings.delisted_after_days)
    if shop.purchases_logged:
        return whole, so_far
    to_the_end = np.logical_and.accumulate(out[:, ::-1], axis=1)[:, ::-1]
    return whole & to_the_end, np.zeros_like(so_far)


def _flags(when: dict[DayFlag, BoolMatrix]) -> NDArray[np.int32]:
    """Bit mask (S, T)."""
    return np.sum([np.where(days, np.int32(flag), np.int32(0)) for flag, days in when.items()], axis=0, dtype=np.int32)


def _duplicated(placed: _Placed, axes: Axes) -> BoolMatrix:
    """Days on which a line or a view was logged twice, (S, T)."""
    views = _any_row(placed.views, "repeated", axes) | _any_row(placed.daily_views, "repeated", axes)
    return views | _any_row(placed.lines, "duplicate", axes)


def _any_row(rows: pl.DataFrame, column: str, axes: Axes) -> BoolMatrix:
    marked = rows.filter(column).group_by("sku", "day").agg(count=pl.len().cast(pl.Int64))
    return read.matrix(marked, "count", axes) > 0


def _stock_state(stock: Stock, inferred: BoolMatrix) -> NDArray[np.uint8]:
    """``StockState`` codes, (S, T)."""
    without = np.where(inferred, StockState.INFERRED, StockState.UNKNOWN)
    with_record = np.where(stock.observed, StockState.OBSERVED, StockState.RECONSTRUCTED)
    return np.where(stock.known, with_record, without).astype(np.uint8)


def _rectangle(
    axes: Axes, columns: dict[str, NDArray[np.integer]], state: NDArray[np.uint8], known: BoolMatrix
) -> pl.DataFrame:
    """Matrices as columns, sorted by (sku, day); stock that no record reaches is null."""
    skus, days = axes.shape
    frame = pl.DataFrame(
        {
            "sku": np.repeat(np.arange(skus, dtype=np.int32), days),
            "day": np.tile(np.arange(days, dtype=np.int32), skus),
            **{name: values.reshape(-1) for name, values in columns.items()},
        }
    )
    unknown = ~pl.Series(known.reshape(-1))
    hidden = {name: pl.when(~unknown).then(pl.col(name)) for name in ("stock_open", "stock_close", "adjustments")}
    frame = frame.with_columns(**hidden).with_columns(enum_series("stock_state", state.reshape(-1), StockState))
    return frame.with_columns(pl.col("price").replace(-1, None)).select(ACTIVITY_COLUMNS)


ACTIVITY_COLUMNS = (
    "sku", "day", "views_in", "views_oos", "orders", "units_sold", "in_stock_share_u6", "stock_open", "stock_close",
    "receipts", "adjustments", "price", "stock_state", "depleting_order", "flags",
)  # fmt: skip
