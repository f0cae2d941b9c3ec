"""The shop's tables in canonical form, and the truth behind them."""

from collections import Counter
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from arena_pipeline.demo.files import LogWriter
from arena_pipeline.demo.keyed import Flags, Ints
from arena_pipeline.demo.order_book import Setting
from arena_pipeline.demo.order_lines import DAYS, FIRST_DAY
from arena_pipeline.demo.purchasing import Year
from arena_pipeline.demo.stock_record import StockRecord
from arena_pipeline.demo.suppliers import NO_BREAK, Offers
from arena_pipeline.demo.traffic import Traffic
from arena_pipeline.demo.view_events import RAW_DAYS, raw_views

CURRENCY = "GBP"
_EPOCH_DAYS = (FIRST_DAY - date(1970, 1, 1)).days
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def write_conversions(writer: LogWriter, sales: pl.DataFrame, returns: pl.DataFrame, year: Year) -> pl.DataFrame:
    """Sold lines and returns by month, CSV with local times; returns the table.

    Lines are numbered among what the invoice contains: a lost line leaves no gap.
    """
    sold = sales.with_columns(quantity=pl.Series(year.line_sold)).filter(pl.col("quantity") > 0)
    columns = ["item_id", "day", "minute", "invoice", "line", "quantity", "price"]
    lines = pl.concat([sold.select(columns), returns.select(columns)]).sort("day", "minute", "invoice", "line")
    table = lines.select(
        transaction_id="invoice",
        line_number=pl.int_range(pl.len(), dtype=pl.Int64).over("invoice") + 1,
        event_timestamp=_date("day").cast(pl.Datetime("ms")) + pl.duration(minutes="minute"),
        item_id="item_id",
        quantity="quantity",
        price=_pounds("price"),
        currency=pl.lit(CURRENCY),
    )
    month = pl.col("event_timestamp").dt.strftime("%Y-%m")
    writer.monthly("conversions", table, month, ("csv", "csv.gz"))
    return table


def write_stock_snapshots(writer: LogWriter, record: StockRecord) -> None:
    """Closing stock by month, mostly Parquet."""
    month = pl.col("snapshot_date").dt.strftime("%Y-%m")
    writer.monthly("stock_snapshots", record.frame, month, ("parquet", "parquet", "csv.gz", "parquet"))


def write_daily_views(writer: LogWriter, setting: Setting, traffic: Traffic) -> int:
    """Daily totals by month, up to the weeks that are exported as events; returns the rows."""
    last = DAYS - RAW_DAYS
    parts = [
        _long(setting, (browsing + ordered)[:, :last], "views").with_columns(in_stock=pl.lit(inside))
        for browsing, ordered, inside in (
            (traffic.browsing_in, traffic.ordered_in, True),
            (traffic.browsing_out, traffic.ordered_out, False),
        )
    ]
    daily = pl.concat(parts).sort("day", "item_id", "in_stock").with_columns(_date("day")).rename({"day": "date"})
    month = pl.col("date").dt.strftime("%Y-%m")
    writer.monthly(
        "page_views", daily.select("date", "item_id", "views", "in_stock"), month, ("csv.gz", "parquet", "parquet")
    )
    return len(daily)


def write_view_events(
    writer: LogWriter, setting: Setting, sales: pl.DataFrame, year: Year, traffic: Traffic
) -> dict[str, int]:
    """Raw events of the last weeks, one Parquet file each; returns rows by kind."""
    counts: Counter[str] = Counter()
    for first in range(DAYS - RAW_DAYS, DAYS, 7):
        raw = raw_views(setting, sales, year, traffic, range(first, first + 7))
        writer.logs("page_views", f"events_{setting.catalogue.axes.date_of(first):%Y-%m-%d}", raw.frame, "parquet")
        counts.update(raw.counts)
    return dict(counts)


def write_products(writer: LogWriter, setting: Setting) -> None:
    """Products in one CSV file."""
    catalogue = setting.catalogue
    rows = {
        "item_id": catalogue.axes.items,
        "item_name": catalogue.names,
        "item_category": catalogue.categories,
        "price": catalogue.price / 100,
        "unit_cost": catalogue.unit_cost / 100,
        "available_from": _dates(catalogue.listed_from, catalogue.launched),
        "discontinued_on": _dates(catalogue.listed_to, catalogue.discontinued),
    }
    empty = [
        pl.lit(None, dtype=pl.String).alias(name)
        for name in ("shelf_life_days", "salvage_value", "min_stock", "max_stock")
    ]
    table = pl.DataFrame(rows).with_columns(*empty, do_not_order=pl.lit(value=False))
    writer.logs("products", "products", table, "csv")


def write_suppliers(writer: LogWriter, setting: Setting) -> int:
    """Suppliers with at least one offer in one CSV file; returns their number."""
    suppliers = setting.suppliers
    used = np.union1d(setting.first.supplier, setting.second.supplier[setting.second.exists])
    weekdays = [",".join(_WEEKDAYS[day] for day in np.flatnonzero(row)) for row in suppliers.weekdays]
    table = pl.DataFrame(
        {
            "supplier_id": suppliers.ids,
            "lead_time_days": suppliers.lead_mean.astype(np.int64),
            "min_order_value": suppliers.min_order_value / 100,
            "order_cost": suppliers.order_cost / 100,
            "order_weekdays": weekdays,
            "payment_terms_days": suppliers.payment_terms_days,
            "prepayment_share": suppliers.prepayment_share,
        }
    ).with_columns(
        min_order_value=pl.when(pl.col("min_order_value") > 0).then("min_order_value"),
        holidays=pl.lit(None, dtype=pl.String),
    )
    writer.logs("suppliers", "suppliers", table[used], "csv")
    return len(used)


def write_offers(writer: LogWriter, setting: Setting) -> int:
    """Offers, one row per price break, primary and second offers in a file each; returns the rows."""
    primary, second = _offer_rows(setting, setting.first), _offer_rows(setting, setting.second)
    writer.logs("supplier_offers", "offers_main", primary, "csv")
    writer.logs("supplier_offers", "offers_alternative", second, "csv")
    return len(primary) + len(second)


def _offer_rows(setting: Setting, offers: Offers) -> pl.DataFrame:
    sku, level = np.nonzero((offers.breaks < NO_BREAK) & offers.exists[:, None])
    nothing = pl.lit(None, dtype=pl.String)
    return pl.DataFrame(
        {
            "supplier_id": pl.Series(setting.suppliers.ids)[offers.supplier[sku]],
            "item_id": pl.Series(setting.catalogue.axes.items)[sku],
            "unit_cost": offers.costs[sku, level] / 100,
            "min_quantity": offers.breaks[sku, level],
            "min_order_quantity": offers.minimum[sku],
            "order_multiple": offers.multiple[sku],
            "line_cost": offers.line_cost[sku] / 100,
            "lead_time_days": offers.lead_mean[sku],
            "lead_time_std_days": offers.lead_std[sku],
        }
    ).with_columns(valid_from=nothing, valid_to=nothing)


def write_purchase_orders(writer: LogWriter, setting: Setting, year: Year) -> pl.DataFrame:
    """Purchase orders by quarter in CSV; what has not arrived by the last day is open. Returns the table."""
    arrived = pl.col("received_day") < DAYS
    table = year.orders.select(
        order_number=pl.format("PO-{}", pl.col("number").cast(pl.String).str.zfill(5)),
        supplier_id=pl.Series(setting.suppliers.ids)[year.orders["supplier"]],
        item_id=pl.Series(setting.catalogue.axes.items)[year.orders["sku"]],
        order_date=_date("order_day"),
        order_quantity="order_quantity",
        expected_date=_date("expected_day"),
        received_date=pl.when(arrived).then(_date("received_day")),
        received_quantity=pl.when(arrived).then("received_quantity"),
        unit_cost=_pounds("unit_cost"),
    )
    quarter = pl.format("{}-Q{}", pl.col("order_date").dt.year(), pl.col("order_date").dt.quarter())
    writer.monthly("purchase_orders", table, quarter, ("csv",))
    return table


def write_truth(writer: LogWriter, setting: Setting, sales: pl.DataFrame, year: Year, traffic: Traffic) -> None:
    """Daily demand and stock: what the logs hide."""
    demand = (
        sales.with_columns(sold=pl.Series(year.line_sold))
        .group_by("item_id", "day")
        .agg(demand=pl.col("quantity").sum(), sold=pl.col("sold").sum())
        .with_columns(lost=pl.col("demand") - pl.col("sold"), day=_date("day"))
    )
    writer.truth("daily_demand", demand.select("item_id", "day", "demand", "sold", "lost").sort("item_id", "day"))
    matrices = {name: getattr(year, name) for name in ("stock_open", "stock_close", "receipts", "adjustments", "sold")}
    stock = _listed_rows(
        setting, {**matrices, "in_stock_share": traffic.in_stock_share, "keep_rate": traffic.keep_rate}
    )
    writer.truth("stock", stock)


def write_projects(writer: LogWriter, projects: pl.DataFrame) -> None:
    """Order lines of project size, kept out of logs and truth."""
    table = projects.select("item_id", _date("day"), "invoice", "line", "quantity", "price", "limit")
    writer.truth("project_orders", table.sort("item_id", "day", "invoice", "line"))


def _listed_rows(setting: Setting, matrices: dict[str, npt.NDArray[np.number]]) -> pl.DataFrame:
    """Rows of the listed SKU-days of some matrices, sorted by (item_id, day)."""
    sku, day = np.nonzero(setting.catalogue.listed())
    columns = {name: matrix[sku, day] for name, matrix in matrices.items()}
    frame = pl.DataFrame({"item_id": pl.Series(setting.catalogue.axes.items)[sku], "day": day, **columns})
    return frame.with_columns(_date("day"))


def _long(setting: Setting, matrix: Ints, name: str) -> pl.DataFrame:
    """Non-zero cells of a matrix as rows."""
    sku, day = np.nonzero(matrix)
    return pl.DataFrame({"item_id": pl.Series(setting.catalogue.axes.items)[sku], "day": day, name: matrix[sku, day]})


def _date(column: str) -> pl.Expr:
    """Day index as date."""
    return (pl.col(column) + _EPOCH_DAYS).cast(pl.Int32).cast(pl.Date).alias(column)


def _pounds(column: str) -> pl.Expr:
    """Pence as pounds; rounded, because dividing by a constant leaves traces in the last digit."""
    return (pl.col(column) / 100).round(2).alias(column)


def _dates(days: Ints, known: Flags) -> pl.Series:
    """Dates of day indices, null where the shop states none."""
    return pl.Series(np.where(known, np.datetime64(FIRST_DAY, "D") + days, np.datetime64("NaT", "D"))).cast(pl.Date)
