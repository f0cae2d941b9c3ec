"""Ingest of page views and order lines, Parquet and CSV, beside DuckDB's own plain load of the same file."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from arena_pipeline.ingest import ingest as take_in
from arena_pipeline.settings import Settings, TableName, parse_settings
from arena_pipeline.warehouse import Warehouse
from benchmarks.measure import SCRATCH, Figure, Size, medians

ITEMS = 10_000
FIRST = datetime(2024, 1, 1)  # noqa: DTZ001 - shop-local wall clock, as in the logs
READERS = {"parquet": "read_parquet", "csv": "read_csv"}


def ingest(size: Size) -> Iterator[Figure]:
    """Rows per second into an empty warehouse; every row must arrive, once."""
    ratios = {}
    for kind, rows in (("parquet", size.rows), ("csv", size.rows // 2)):
        folder = SCRATCH / f"ingest-{kind}"
        file = write_logs(folder, kind, rows)
        settings = settings_of(folder)
        prepare = partial(_with_products, folder, settings)
        works = {
            "ingest": partial(_ingest, settings, "page_views", rows),
            "lines": partial(_ingest, settings, "conversions", rows // 4),
            "plain": partial(_plain, folder, file, READERS[kind], rows),
        }
        seconds = medians(works, min(size.repeats, 3), prepare)
        ratios[kind] = seconds["ingest"] / seconds["plain"]
        note = (
            f"{rows:,} page views, {file.stat().st_size / 2**20:.0f} MB, {seconds['ingest']:.1f} s; plain load "
            f"{seconds['plain']:.1f} s ({ratios[kind]:.1f} x); order lines {rows / 4 / seconds['lines']:,.0f} rows/s"
        )
        yield Figure(f"ingest_{kind}_rows_per_second", rows / seconds["ingest"], "rows/s", note)
        shutil.rmtree(folder)
    told = ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items())
    yield Figure(
        "ingest_over_plain_load", max(ratios.values()), "ratio", f"seconds over plain load, the worse of: {told}"
    )


def write_logs(folder: Path, kind: str, rows: int) -> Path:
    """Products, page views and a quarter as many order lines; returns the file of page views."""
    random = np.random.default_rng(0)
    items = pl.Series("item_id", [f"SKU{number:06d}" for number in range(ITEMS)])
    _write(folder, "products", kind, pl.DataFrame({"item_id": items, "price": np.full(ITEMS, 9.99)}))
    item = np.minimum((ITEMS * random.random(rows) ** 2).astype(np.int64), ITEMS - 1)
    seconds = np.sort(random.integers(0, 90 * 86_400, rows))
    moment = pl.Series("event_timestamp", seconds * 1_000_000).cast(pl.Duration("us")) + FIRST
    views = pl.DataFrame(
        {
            "event_timestamp": moment.dt.cast_time_unit("us"),
            "item_id": items.gather(item),
            "session_id": pl.Series(np.arange(rows) // 5).cast(pl.String),
            "event_id": pl.Series(np.arange(rows)).cast(pl.String),
            "price": np.full(rows, 9.99),
            "in_stock": random.random(rows) < 0.95,
        }
    )
    few = slice(0, rows // 4)
    lines = pl.DataFrame(
        {
            "transaction_id": pl.Series(np.arange(rows // 4) // 3).cast(pl.String),
            "line_number": np.arange(rows // 4) % 3,
            "event_timestamp": moment[few],
            "item_id": items.gather(item[few]),
            "quantity": random.integers(1, 4, rows // 4),
            "price": np.full(rows // 4, 9.99),
        }
    )
    _write(folder, "conversions", kind, lines)
    return _write(folder, "page_views", kind, views)


def _write(folder: Path, table: str, kind: str, frame: pl.DataFrame) -> Path:
    path = folder / "logs" / table / f"log.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")
    return path


def settings_of(folder: Path) -> Settings:
    """A workspace around the files."""
    shop = {"name": "benchmark", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False}
    sources = {table: [f"logs/{table}/*"] for table in ("products", "page_views", "conversions")}
    return parse_settings({"shop": shop, "sources": sources, "ingest": {"still_seconds": 0}}, folder)


def _with_products(folder: Path, settings: Settings) -> None:
    """A database that knows the products and nothing else."""
    base = folder / "products.duckdb"
    if not base.exists():
        take_in(settings, Warehouse(base), tables=("products",))
    settings.var.mkdir(exist_ok=True)
    shutil.copyfile(base, settings.warehouse_path)
    (folder / "plain.duckdb").unlink(missing_ok=True)


def _ingest(settings: Settings, table: TableName, rows: int) -> None:
    report = take_in(settings, Warehouse(settings.warehouse_path), tables=(table,))
    assert sum(file.rows_new for file in report.files) == rows


def _plain(folder: Path, file: Path, reader: str, rows: int) -> None:
    with duckdb.connect(str(folder / "plain.duckdb")) as connection:
        connection.execute(f"create table loaded as select * from {reader}('{file}')")
        assert connection.execute("select count(*) from loaded").fetchone() == (rows,)
