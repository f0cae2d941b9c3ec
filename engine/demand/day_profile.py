"""The hour-of-day profile of traffic, and the position of an instant in its day's traffic.

A stock-out at 20:00 hides less than one at 10:00: shares of a day are measured in traffic, not in hours. The profile
of a day counts all events up to and including that day, so that it never looks ahead.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import MICRO

HOURS = 24
_HOUR_US = 3_600_000_000
_MIDNIGHT = pl.time(0, 0, 0)


def hour_profile(view_hours: NDArray[np.int64], sale_hours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cumulative share of a day's traffic before each hour, micro-units, shape (T, 25).

    Args:
        view_hours: page views by day and hour, (T, 24).
        sale_hours: order lines by day and hour, (T, 24): the profile until the first page view.
    """
    by_views, by_sales = np.cumsum(view_hours, axis=0), np.cumsum(sale_hours, axis=0)
    seen = (
        np.where(by_views.any(axis=1, keepdims=True), by_views, by_sales) + 1
    )  # one per hour: a prior for the first days
    until = np.concatenate([np.zeros((len(seen), 1), dtype=np.int64), np.cumsum(seen, axis=1)], axis=1)
    return until * MICRO // until[:, -1:]


def events_by_hour(events: pl.DataFrame, days: int) -> NDArray[np.int64]:
    """Events per day and hour of day, (T, 24), of ``day, event_timestamp``; midnight sharp is a date without a time."""
    timed = events.filter(pl.col("event_timestamp").dt.time() != _MIDNIGHT)
    hourly = timed.group_by("day", pl.col("event_timestamp").dt.hour().cast(pl.Int32).alias("hour")).len()
    counts = np.zeros((days, HOURS), dtype=np.int64)
    counts[hourly["day"].to_numpy(), hourly["hour"].to_numpy()] = hourly["len"].to_numpy()
    return counts


def traffic_position(events: pl.DataFrame, profile: NDArray[np.int64]) -> pl.Series:
    """Share of the day's traffic before each event's instant, micro-units (int64), for ``day, event_timestamp``."""
    stamp = events["event_timestamp"]
    hour = stamp.dt.hour().to_numpy().astype(np.int64)
    within = (stamp.dt.minute().cast(pl.Int64) * 60 + stamp.dt.second()).to_numpy() * 1_000_000
    day = events["day"].to_numpy()
    before, after = profile[day, hour], profile[day, hour + 1]
    return pl.Series("position", before + (after - before) * within // _HOUR_US)


def order_positions(orders: pl.DataFrame, profile: NDArray[np.int64]) -> pl.DataFrame:
    """Add ``position`` and ``rank`` (1, 2, ... within the SKU-day) to orders in order of time.

    The orders of a day without times of day are spread evenly over its traffic.
    """
    of_day = ["sku", "day"]
    untimed = (pl.col("event_timestamp").dt.time() == _MIDNIGHT).all().over(of_day)
    ranked = orders.with_columns(traffic_position(orders, profile), rank=pl.int_range(1, pl.len() + 1).over(of_day))
    spread = pl.col("rank") * MICRO // (pl.len().over(of_day) + 1)
    return ranked.with_columns(position=pl.when(untimed).then(spread).otherwise("position"))
