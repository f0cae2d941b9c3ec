"""From the raw order lines to true demand: every row gets exactly one class.

Exact duplicate rows stay: 5,268 rows repeat another row of the same invoice in every column. They are lines entered
twice, not copies made by an export: copies would hit whole invoices or blocks of the file, while here repeats are
spread over some 1,900 invoices, and items repeated within an invoice have *different* quantities (4,847 pairs of
invoice and item) more often than equal ones (4,389). Both lines were invoiced, so both are demand.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

FIRST_DAY = date(2010, 12, 1)
DAYS = 374
SOURCE = Path(__file__).parent / "data" / "online_retail.parquet"
PRODUCT_CODE = r"^(\d{5}|DCGS)"
NETTING_DAYS = 90
PRICE_TOLERANCE = 0.02
PROJECT_UNITS = 100
PROJECT_COVER_DAYS = 30
SHORTEST_LIFE_DAYS = 90
ROW_CLASSES = (
    "sale",
    "return",
    "cancelled_sale",
    "netted_cancellation",
    "project_order",
    "project_return",
    "stock_adjustment",
    "free_of_charge",
    "non_product",
)


@dataclass(frozen=True)
class OrderLines:
    """Classified order lines.

    Attributes:
        sales: true demand, one row per line: item_id, day, minute, invoice, line, quantity, price (pence), name;
            sorted by (day, item_id, minute, invoice, line).
        returns: cancellations without a matching order; same columns, quantity negative.
        projects: lines above the project limit, with ``limit``; same columns.
        counts: number of raw rows by class.
    """

    sales: pl.DataFrame
    returns: pl.DataFrame
    projects: pl.DataFrame
    counts: dict[str, int]


def read_order_lines(path: Path = SOURCE) -> OrderLines:
    """Classify every raw row and split them.

    Args:
        path: Parquet file with the columns of UCI Online Retail.
    """
    rows = _flag_projects(_net_cancellations(_first_classes(pl.read_parquet(path))))
    counts = dict(rows.group_by("row_class").len().iter_rows())
    keep = ["item_id", "day", "minute", "invoice", "line", "quantity", "price", "name"]
    order = ["day", "item_id", "minute", "invoice", "line"]
    by_class = {
        name: rows.filter(pl.col("row_class").is_in(classes)).sort(order)
        for name, classes in (
            ("sales", ["sale"]),
            ("returns", ["return"]),
            ("projects", ["project_order", "project_return"]),
        )
    }
    return OrderLines(
        sales=by_class["sales"].select(keep),
        returns=by_class["returns"].select(keep),
        projects=by_class["projects"].select(*keep, "limit"),
        counts={name: int(counts.get(name, 0)) for name in ROW_CLASSES},
    )


def _first_classes(raw: pl.DataFrame) -> pl.DataFrame:
    """Canonical columns, and the class that a row shows by itself."""
    rows = raw.with_row_index("row").select(
        "row",
        item_id=pl.col("StockCode").str.strip_chars().str.to_uppercase(),
        invoice=pl.col("InvoiceNo"),
        line=pl.int_range(pl.len(), dtype=pl.Int64).over("InvoiceNo") + 1,
        name=pl.col("Description").str.strip_chars(),
        quantity=pl.col("Quantity").cast(pl.Int64),
        price=(pl.col("UnitPrice") * 100).round().cast(pl.Int64),
        day=(pl.col("InvoiceDate").dt.date() - FIRST_DAY).dt.total_days(),
        minute=pl.col("InvoiceDate").dt.hour().cast(pl.Int64) * 60 + pl.col("InvoiceDate").dt.minute(),
    )
    known_names = (
        rows.filter(pl.col("price") > 0).select("item_id", "name").unique().with_columns(named=pl.lit(value=True))
    )
    rows = rows.join(known_names, on=["item_id", "name"], how="left", maintain_order="left")
    free = (pl.col("quantity") > 0) & pl.col("named").fill_null(value=False)
    row_class = (
        pl.when(~pl.col("item_id").str.contains(PRODUCT_CODE))
        .then(pl.lit("non_product"))
        .when((pl.col("price") <= 0) & free)
        .then(pl.lit("free_of_charge"))
        .when(pl.col("price") <= 0)
        .then(pl.lit("stock_adjustment"))
        .when(pl.col("quantity") < 0)
        .then(pl.lit("return"))
        .otherwise(pl.lit("sale"))
    )
    return rows.with_columns(row_class=row_class).drop("named").sort("row")


def _net_cancellations(rows: pl.DataFrame) -> pl.DataFrame:
    """Pair each cancellation with the latest earlier unpaired line of the same item, quantity and price."""
    moment = pl.col("day") * 1440 + pl.col("minute")
    cancelled = rows.filter(pl.col("row_class") == "return").with_columns(moment=moment).sort("moment", "row")
    wanted = cancelled.select("item_id", quantity=-pl.col("quantity")).unique()
    candidates = (
        rows.filter(pl.col("row_class") == "sale")
        .join(wanted, on=["item_id", "quantity"], how="semi")
        .with_columns(moment=moment)
        .sort("moment", "row")
    )
    columns = ["item_id", "quantity", "moment", "price", "row"]
    earlier: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
    for item, quantity, at, price, row in candidates.select(columns).iter_rows():
        earlier[item, quantity].append((at, row, price))
    sales, cancellations = [], []
    for item, quantity, at, price, row in cancelled.select(columns).iter_rows():
        match = _latest_match(earlier[item, -quantity], at, price)
        if match is not None:
            sales.append(match)
            cancellations.append(row)
    return rows.with_columns(
        row_class=pl.when(pl.col("row").is_in(sales))
        .then(pl.lit("cancelled_sale"))
        .when(pl.col("row").is_in(cancellations))
        .then(pl.lit("netted_cancellation"))
        .otherwise(pl.col("row_class"))
    )


def _latest_match(lines: list[tuple[int, int, int]], at: int, price: int) -> int | None:
    """Take the latest fitting (moment, row, price) out of ``lines``; returns its row."""
    for position in range(bisect_left(lines, (at + 1,)) - 1, -1, -1):
        moment, row, line_price = lines[position]
        if at - moment > NETTING_DAYS * 1440:
            return None
        if abs(line_price - price) <= PRICE_TOLERANCE * price:
            del lines[position]
            return row
    return None


def _flag_projects(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines above max(100, 30 days' mean of the item) units are project orders."""
    life = (pl.col("day").max() - pl.col("day").min() + 1).clip(SHORTEST_LIFE_DAYS)
    limits = (
        rows.filter(pl.col("row_class") == "sale")
        .group_by("item_id")
        .agg(limit=(pl.col("quantity").sum() * PROJECT_COVER_DAYS // life).clip(PROJECT_UNITS))
    )
    rows = rows.join(limits, on="item_id", how="left", maintain_order="left")
    above = pl.col("quantity").abs() > pl.col("limit").fill_null(PROJECT_UNITS)
    return rows.with_columns(
        row_class=pl.when((pl.col("row_class") == "sale") & above)
        .then(pl.lit("project_order"))
        .when((pl.col("row_class") == "return") & above)
        .then(pl.lit("project_return"))
        .otherwise(pl.col("row_class"))
    )


def open_days(sales: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Days on which the shop sold anything; shape (T,). Saturdays, Christmas and public holidays are closed."""
    is_open = np.zeros(DAYS, dtype=np.bool_)
    is_open[sales["day"].unique().to_numpy()] = True
    return is_open
