"""What the activity of one item needs to know of all the others.

Sums and sets only, so that those of parts of the logs add up to those of the whole: a shop too large for the memory is
worked on in ranges of items, and its daily activity does not depend on where they begin and end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand import logs as read
from engine.demand.day_profile import events_by_hour, hour_profile
from engine.demand.logs import ActivityLogs, LogCounts
from engine.schema import Axes
from engine.settings import DemandSettings


@dataclass(frozen=True)
class CountedRows:
    """Logs of some items on their axes.

    Attributes:
        lines: lines that sell, see ``logs.sold_lines``.
        views: page views, see ``logs.counted_views``.
        daily_views: pre-aggregated views, see ``logs.counted_daily_views``.
        snapshots: stock records as logged.
        outside_axes: rows of order lines, pre-aggregated views and stock records outside the axes.
        return_lines: lines of returns.
    """

    lines: pl.DataFrame
    views: pl.DataFrame
    daily_views: pl.DataFrame
    snapshots: pl.DataFrame
    outside_axes: int
    return_lines: int


@dataclass(frozen=True)
class ShopTraffic:
    """Facts that all items share; those of ranges of items are added up.

    Attributes:
        view_hours: counted page views by day and hour of day, (T, 24).
        sale_hours: order lines by day and hour of day, (T, 24).
        views: counted views of each day, pre-aggregated ones included, (T,).
        records: first and last day of any stock record, on the axes or not; None without.
        purchases_logged: the shop logs purchase orders.
        counts: what was left out of the activity.
    """

    view_hours: NDArray[np.int64]
    sale_hours: NDArray[np.int64]
    views: NDArray[np.int64]
    records: tuple[date, date] | None
    purchases_logged: bool
    counts: LogCounts

    def __add__(self, other: ShopTraffic) -> ShopTraffic:
        days = [day for records in (self.records, other.records) if records for day in records]
        return ShopTraffic(
            self.view_hours + other.view_hours,
            self.sale_hours + other.sale_hours,
            self.views + other.views,
            (min(days), max(days)) if days else None,
            self.purchases_logged or other.purchases_logged,
            self.counts + other.counts,
        )

    @property
    def profile(self) -> NDArray[np.int64]:
        """Hour-of-day profile of each day, see ``day_profile.hour_profile``."""
        return hour_profile(self.view_hours, self.sale_hours)


def bot_days(visits: pl.DataFrame, axes: Axes, settings: DemandSettings) -> pl.DataFrame:
    """Visitors and days of bots, see ``logs.bots``.

    Args:
        visits: ``visitor_id, day`` of page views, of all items of the shop and any number of whole days.
        axes: days of the shop.
        settings: most views of a visitor in a day.
    """
    return read.bots(read.on_days(visits, axes), settings)


def marked_views(page_views: pl.DataFrame, axes: Axes, bots: pl.DataFrame, settings: DemandSettings) -> pl.DataFrame:
    """Page views on the axes of some items, marked ``bot`` or ``repeated``.

    Args:
        page_views: of these items on all days.
        axes: axes of these items.
        bots: ``bot_days`` of the whole shop.
        settings: window of repeated views.
    """
    return read.counted_views(read.on_axes(page_views, axes), bots, settings)


def counted_rows(logs: ActivityLogs, views: pl.DataFrame, axes: Axes) -> CountedRows:
    """The logs of some items on their axes.

    Args:
        logs: their logs; page views are taken from ``views``.
        views: their ``marked_views``.
        axes: their axes.
    """
    names = ("conversions", "page_views_daily", "stock_snapshots")
    placed = {name: read.on_axes(logs.table(name), axes) for name in names}
    lines = read.sold_lines(placed["conversions"])
    return CountedRows(
        lines=lines,
        views=views,
        daily_views=read.counted_daily_views(placed["page_views_daily"]),
        snapshots=placed["stock_snapshots"],
        outside_axes=sum(logs.table(name).height - placed[name].height for name in names),
        return_lines=placed["conversions"].height - lines.height,
    )


def shop_traffic(logs: ActivityLogs, rows: CountedRows, axes: Axes) -> ShopTraffic:
    """What the rows of some items add to the facts that all items share."""
    counted = rows.views.filter(~pl.col("bot") & ~pl.col("repeated"))
    views = np.bincount(counted["day"].to_numpy(), minlength=axes.days)
    np.add.at(views, rows.daily_views["day"].to_numpy(), rows.daily_views["views"].to_numpy())
    recorded = logs.table("stock_snapshots").filter(pl.col("item_id").is_in(list(axes.items)))["day"].sort()
    return ShopTraffic(
        events_by_hour(counted, axes.days),
        events_by_hour(rows.lines, axes.days),
        views,
        (recorded[0], recorded[-1]) if recorded.len() else None,
        not logs.table("purchase_orders").is_empty(),
        LogCounts(
            outside_axes=rows.outside_axes + logs.table("page_views").height - rows.views.height,
            duplicate_lines=int(rows.lines["duplicate"].sum()),
            return_lines=rows.return_lines,
            repeated_views=int((rows.views["repeated"] & ~rows.views["bot"]).sum()),
            bot_views=int(rows.views["bot"].sum()),
        ),
    )
