"""Tiny logs written as tuples, for tests with numbers worked out by hand."""

from datetime import date, datetime, timedelta

import polars as pl

from engine.demand.logs import ActivityLogs
from engine.schema import Axes
from engine.settings import DemandSettings

FIRST = date(2024, 1, 1)
SETTINGS = DemandSettings()


def moment(day, hour=0.0):
    return datetime(2024, 1, 1) + timedelta(days=day, hours=hour)  # noqa: DTZ001 shop-local wall clock


def closing(day):
    return moment(day + 1) - timedelta(microseconds=1)


def axes(items="A", days=5):
    return Axes(tuple(sorted(items)), FIRST, days)


def sales(*rows):
    """(item, day, hour, quantity[, price]) each an order of its own."""
    return pl.DataFrame(
        [
            {
                "transaction_id": f"t{number}", "line_number": 1, "event_timestamp": moment(day, hour),
                "day": FIRST + timedelta(days=day), "item_id": item, "quantity": quantity,
                "price": price[0] if price else 100,
            }
            for number, (item, day, hour, quantity, *price) in enumerate(rows)
        ]
    )  # fmt: skip


def views(*rows):
    """(item, day, hour[, in_stock[, session[, visitor[, price]]]])."""
    names = ("in_stock", "session_id", "visitor_id", "price")
    kinds = {"in_stock": pl.Boolean, "session_id": pl.String, "visitor_id": pl.String, "price": pl.Int64}
    return pl.DataFrame(
        [
            {
                "event_timestamp": moment(day, hour), "day": FIRST + timedelta(days=day), "item_id": item,
                **dict(zip(names, (*rest, None, None, None, None), strict=False)),
            }
            for item, day, hour, *rest in rows
        ],
        schema_overrides=kinds,
    )  # fmt: skip


def daily_views(*rows):
    """(item, day, views, in_stock)."""
    return pl.DataFrame(
        [
            {"day": FIRST + timedelta(days=day), "item_id": item, "views": count, "in_stock": in_stock}
            for item, day, count, in_stock in rows
        ],
        schema_overrides={"in_stock": pl.Boolean},
    )


def snapshots(*rows):
    """(item, day, quantity[, hour[, location]]); without an hour, the close of the day."""
    return pl.DataFrame(
        [
            {
                "snapshot_timestamp": closing(day) if not rest or rest[0] is None else moment(day, rest[0]),
                "day": FIRST + timedelta(days=day), "item_id": item, "quantity_on_hand": quantity,
                "location_id": rest[1] if len(rest) > 1 else None,
            }
            for item, day, quantity, *rest in rows
        ],
        schema_overrides={"location_id": pl.String},
    )  # fmt: skip


def purchases(*rows):
    """(item, order day, received day or None, quantity)."""
    return pl.DataFrame(
        [
            {
                "item_id": item, "order_date": FIRST + timedelta(days=day), "order_quantity": quantity,
                "received_date": None if received is None else FIRST + timedelta(days=received),
                "received_quantity": None,
            }
            for item, day, received, quantity in rows
        ],
        schema_overrides={"received_date": pl.Date, "received_quantity": pl.Int64},
    )  # fmt: skip


def logs(**tables):
    return ActivityLogs(**tables)
