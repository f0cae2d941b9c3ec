"""From ingested logs to demand tables: read, derive, recover, sample; each step one engine call.

What belongs here: reading logs onto the engine's axes and writing its tables back with item ids and dates.
"""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline.settings import Settings
from arena_pipeline.store import Store
from arena_pipeline.warehouse import Warehouse
from engine.demand.arrays import DemandArrays
from engine.demand.codes import DayFlag
from engine.demand.logs import COLUMNS, PERSONS, ActivityLogs
from engine.errors import InputError, nearest
from engine.forecast import OrderHistory
from engine.scenario.build import first_level
from engine.schema import Axes

ACTIVITY_LOGS = ("conversions", "page_views", "page_views_daily", "stock_snapshots", "purchase_orders", "products")
COUNTED = {"conversions": "where cancelled is not true"}
"""Rows that count, of tables in which not all do."""
ITEMS_HELD = (
    "select item_id, item_category from logs.products where item_id not in (select bundle_item_id from logs.bundles)"
)
"""A bundle is sold and never held: its items are."""
ACTIVITY, REPLAY, AS_OF = "daily_activity.parquet", "censored_daily_demand.parquet", "asof_daily_demand.parquet"
SIZES = "order_sizes.parquet"
LISTED = pl.col("flags") & int(DayFlag.NOT_LISTED) == 0
"""Rows of a demand table on whose day the item was in the catalogue."""
DAYS_OF_LOGS = "select min(day) as first, max(day) as last from logs.{table}"
VALUES = "columns(lambda name: name not in ('file_id', 'row_number', 'repeat_number'))"
"""Columns of a log without what is kept about its rows."""


def read_log(warehouse: Warehouse, table: str, columns: str = VALUES) -> pl.DataFrame:
    """One log table without its bookkeeping columns, in one order however it arrived; without cancelled orders."""
    rows = log_query(table, columns)
    return warehouse.read(
        f"{rows} order by all" if columns is VALUES else f"{rows} order by file_id, row_number, rowid"
    )


def log_query(table: str, columns: str) -> str:
    """The rows of a log table that count, in any order."""
    return f"select {columns} from logs.{table} {COUNTED.get(table, '')}"


def columns_of(table: str) -> str:
    """What the activity reads of a log; persons, who are only told apart, as 64-bit numbers: views are many."""
    return ", ".join(
        f"case when {name} is not null then hash({name}) end as {name}" if name in PERSONS else name
        for name in COLUMNS[table]
    )


def log_days(warehouse: Warehouse, table: str) -> tuple[date, date] | None:
    """First and last day of a log; None when it is empty."""
    row = warehouse.read(DAYS_OF_LOGS.format(table=table)).row(0)
    return None if row[0] is None else (row[0], row[1])


def shop_axes(warehouse: Warehouse, settings: Settings) -> Axes:
    """All products, or those of the chosen categories; all days from the first to the last of sales, or as configured.

    Raises:
        InputError: there are no sales, or a chosen category has no item.
    """
    days = log_days(warehouse, "conversions")
    if days is None:
        raise InputError("sales must be logged", place="logs.conversions", remedy="Name order files under [sources]")
    views = log_days(warehouse, "page_views_daily") or log_days(warehouse, "page_views") or days
    first = settings.shop.first_day or min(days[0], max(views[0], days[0] - timedelta(days=7)))
    last = settings.shop.last_day or days[1]
    items = chosen_items(warehouse.read(ITEMS_HELD), settings.shop.categories)
    return Axes(tuple(sorted(items)), first, (last - first).days + 1)


def chosen_items(products: pl.DataFrame, categories: tuple[str, ...] | None) -> list[str]:
    """Ids of the products whose category begins with one of the chosen levels; of all where none is chosen.

    Raises:
        InputError: no product has a category that was asked for.
    """
    if categories is None:
        return products["item_id"].to_list()
    level = pl.Series("level", first_level(products["item_category"]))
    known = sorted(set(level))
    for name in categories:
        if name not in known:
            raise InputError(
                "category must be the first level of a product's", value=name, place="arena.toml, shop.categories",
                remedy=nearest(name, known) or f"Known: {', '.join(known[:8])}",
            )  # fmt: skip
    return products.filter(level.is_in(categories))["item_id"].to_list()


def read_activity_logs(warehouse: Warehouse, settings: Settings) -> ActivityLogs:
    """The logs that daily activity is derived from: bundles in their items, stock of the chosen locations."""
    tables = {table: read_log(warehouse, table, columns_of(table)) for table in ACTIVITY_LOGS}
    return understood(tables, read_log(warehouse, "bundles"), settings)


def understood(tables: dict[str, pl.DataFrame], bundles: pl.DataFrame, settings: Settings) -> ActivityLogs:
    """Log tables as the engine reads them: order lines of bundles in their items, stock of the chosen locations."""
    tables = dict(tables)
    if bundles.height:
        tables["conversions"] = unbundled(tables["conversions"], bundles, tables["products"])
    chosen = settings.shop.locations
    if chosen is not None:
        sold_from = pl.col("location_id").is_null() | pl.col("location_id").is_in(list(chosen))
        tables["stock_snapshots"] = tables["stock_snapshots"].filter(sold_from)
    return ActivityLogs(**tables)


def unbundled(lines: pl.DataFrame, bundles: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Order lines of bundles as lines of the items in them; the price is split by list price, evenly if there is none.

    Args:
        lines: ``logs.conversions``.
        bundles: ``bundle_item_id, item_id, quantity``.
        products: ``item_id, price``.

    Raises:
        InputError: a bundle holds a bundle.
    """
    nested = bundles.filter(pl.col("item_id").is_in(bundles["bundle_item_id"].to_list()))
    if nested.height:
        raise InputError(
            "a bundle must not hold a bundle", value=nested["item_id"][0], place="logs.bundles",
            remedy="List the items of the inner bundle in the outer one",
        )  # fmt: skip
    parts = bundles.join(products.select("item_id", listed=pl.col("price")), on="item_id", how="left")
    worth = (pl.col("quantity") * pl.col("listed").fill_null(0)).sum().over("bundle_item_id")
    share = pl.when(worth > 0).then(pl.col("listed").fill_null(0) / worth)
    parts = parts.select(
        bundle="bundle_item_id", part="item_id", per=pl.col("quantity"),
        share=share.otherwise(1 / pl.col("quantity").sum().over("bundle_item_id")),
    )  # fmt: skip
    numbered = lines.with_row_index("place")
    whole = numbered.join(parts.select(item_id="bundle").unique(), on="item_id", how="anti")
    split = numbered.join(parts, left_on="item_id", right_on="bundle", how="inner").with_columns(
        item_id=pl.col("part"),
        quantity=pl.col("quantity") * pl.col("per"),
        price=(pl.col("price") * pl.col("share")).round().cast(pl.Int64),
    )
    together = pl.concat([whole, split.select(whole.columns)]).sort("place", "item_id")
    return together.drop("place")


def categories_of(warehouse: Warehouse, axes: Axes) -> list[str]:
    """First level of each SKU's category, in SKU order."""
    rows = warehouse.read("select item_id, item_category from logs.products")
    placed = pl.DataFrame({"item_id": list(axes.items)}).join(rows, on="item_id", how="left", maintain_order="left")
    return first_level(placed["item_category"])


def with_names(frame: pl.DataFrame, axes: Axes) -> pl.DataFrame:
    """Replace the indices ``sku`` and ``day`` by item id and date."""
    items = pl.Series("items", list(axes.items), dtype=pl.String)
    names = frame["sku"].cast(pl.UInt32)
    return frame.with_columns(
        sku=items.gather(names), day=pl.lit(axes.first_day) + pl.duration(days=pl.col("day").cast(pl.Int64))
    ).with_columns(pl.col("day").cast(pl.Date))


def order_history(arrays: DemandArrays, sizes: pl.DataFrame, axes: Axes) -> OrderHistory:
    """First-vintage history for the forecast: orders, exposure and order sizes as known at the end of each day.

    Args:
        arrays: daily activity as known.
        sizes: ``Activity.orders``.
    """
    exposed = arrays.exposed.astype(np.float64)
    squares = np.zeros(axes.shape)
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


def matrix(table: pl.LazyFrame, column: str, axes: Axes) -> NDArray[Any]:
    """(S, T) matrix of a column of a complete rectangle; nulls are 0, no other column is read."""
    values = table.select(pl.col(column).fill_null(0)).collect(engine="in-memory")[column]
    matrix: NDArray[Any] = values.to_numpy().reshape(axes.shape)
    return matrix


def unknown_stock_share(daily: pl.LazyFrame) -> float:
    """Share of the listed SKU-days whose stock is not known; of ``daily_activity``."""
    days, unknown = daily.filter(LISTED).select(pl.len(), (pl.col("stock_state") == "unknown").sum()).collect().row(0)
    return float(unknown / max(days, 1))


def stock_record(store: Store, axes: Axes) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Days on which the shop observed its closing stock, (S, T), and the closing stock; where not observed, ours."""
    daily = read_demand(store, ACTIVITY)
    observed = daily.select(pl.col("stock_state") == "observed").collect().to_series()
    return observed.to_numpy().reshape(axes.shape), matrix(daily, "stock_close", axes)


def sampled_demand(store: Store, axes: Axes, scenario: int) -> NDArray[np.int64]:
    """Replay demand of one sampled scenario, (S, T); none is made up for items run out on purpose."""
    replay = read_demand(store, REPLAY)
    run_out = (matrix(replay, "flags", axes) & int(DayFlag.POSSIBLY_DELISTED)) != 0
    sampled = matrix(replay, f"demand_s{scenario:02d}", axes)
    return np.where(run_out, matrix(replay, "units_sold", axes), sampled)


def read_demand(store: Store, name: str) -> pl.LazyFrame:
    """A demand table in the engine's axes, of which only what is asked for is read."""
    return pl.scan_parquet(store.demand(name))


def read_shard(store: Store, name: str, shard: slice) -> pl.DataFrame:
    """The rows of a range of SKUs of a demand table, ``sku`` counted from its start; other row groups are not read."""
    rows = read_demand(store, name).filter(pl.col("sku").is_between(shard.start, shard.stop - 1))
    return rows.with_columns(pl.col("sku") - shard.start).collect(engine="in-memory")
