"""From ingested logs to demand tables: read, derive, recover, sample; each step one engine call.

What belongs here: reading logs onto the engine's axes and writing its tables back with item ids and dates.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline.settings import Settings
from arena_pipeline.store import Store
from arena_pipeline.warehouse import Warehouse
from engine.demand.activity import Activity
from engine.demand.arrays import demand_arrays
from engine.demand.logs import ActivityLogs
from engine.errors import InputError
from engine.forecast import OrderHistory
from engine.forecast.views import ViewHistory
from engine.scenario.build import first_level
from engine.schema import Axes

ACTIVITY_LOGS = ("conversions", "page_views", "page_views_daily", "stock_snapshots", "purchase_orders", "products")
COUNTED = {"conversions": "where cancelled is not true"}
"""Rows that count, of tables in which not all do."""
DAYS_OF_LOGS = "select min(day) as first, max(day) as last from logs.{table}"


def read_log(warehouse: Warehouse, table: str) -> pl.DataFrame:
    """One log table without its bookkeeping columns, in the order in which it was written."""
    return warehouse.read(
        f"select * exclude (file_id, row_number) from logs.{table} order by file_id, row_number, rowid"
    )


def log_days(warehouse: Warehouse, table: str) -> tuple[date, date] | None:
    """First and last day of a log; None when it is empty."""
    row = warehouse.read(DAYS_OF_LOGS.format(table=table)).row(0)
    return None if row[0] is None else (row[0], row[1])


def shop_axes(warehouse: Warehouse, settings: Settings) -> Axes:
    """All products, and all days from the first to the last day of sales, or as configured.

    Raises:
        InputError: there are no sales.
    """
    days = log_days(warehouse, "conversions")
    if days is None:
        raise InputError("sales must be logged", place="logs.conversions", remedy="Name order files under [sources]")
    views = log_days(warehouse, "page_views_daily") or log_days(warehouse, "page_views") or days
    first = settings.shop.first_day or min(days[0], max(views[0], days[0] - timedelta(days=7)))
    last = settings.shop.last_day or days[1]
    items = warehouse.read("select item_id from logs.products order by item_id")["item_id"].to_list()
    return Axes(tuple(sorted(items)), first, (last - first).days + 1)


def read_activity_logs(warehouse: Warehouse) -> ActivityLogs:
    """The logs that daily activity is derived from."""
    return ActivityLogs(**{table: read_log(warehouse, table) for table in ACTIVITY_LOGS})


def categories_of(warehouse: Warehouse, axes: Axes) -> list[str]:
    """First level of each SKU's category, in SKU order."""
    rows = warehouse.read("select item_id, item_category from logs.products")
    placed = pl.DataFrame({"item_id": list(axes.items)}).join(rows, on="item_id", how="left", maintain_order="left")
    return first_level(placed["item_category"])


def with_names(frame: pl.DataFrame, axes: Axes) -> pl.DataFrame:
    """Replace the indices ``sku`` and ``day`` by item id and date."""
    items = pl.Series("items", list(axes.items))
    names = frame["sku"].cast(pl.UInt32)
    return frame.with_columns(
        sku=items.gather(names), day=pl.lit(axes.first_day) + pl.duration(days=pl.col("day").cast(pl.Int64))
    ).with_columns(pl.col("day").cast(pl.Date))


def order_history(activity: Activity, categories: list[str], axes: Axes) -> OrderHistory:
    """First-vintage history for the forecast: orders, exposure and order sizes as known at the end of each day."""
    arrays = demand_arrays(activity.daily, categories, as_of=True)
    exposed = arrays.exposed.astype(np.float64)
    squares = np.zeros(axes.shape)
    sizes = activity.orders
    where = (sizes["sku"].to_numpy(), sizes["day"].to_numpy())
    np.add.at(squares, where, sizes["quantity"].to_numpy().astype(np.float64) ** 2)
    return OrderHistory(
        orders=arrays.orders * exposed,
        exposure=arrays.share * exposed,
        units=arrays.units * exposed,
        squares=squares * exposed,
        category=arrays.category.astype(np.int64),
        first_weekday=axes.first_day.weekday(),
    )


def view_history(activity: Activity, categories: list[str]) -> ViewHistory | None:
    """Page views as known at the end of each day; None where the shop logs none."""
    arrays = demand_arrays(activity.daily, categories, as_of=True)
    return ViewHistory(arrays.views_in, arrays.active) if arrays.views_in.any() else None


def matrix(frame: pl.DataFrame, column: str, axes: Axes) -> NDArray[np.int64]:
    """(S, T) matrix of a column of a complete rectangle."""
    return frame[column].fill_null(0).to_numpy().reshape(axes.shape)


def read_demand(store: Store, name: str) -> pl.DataFrame:
    """A demand table in the engine's axes."""
    return pl.read_parquet(store.demand(name))
