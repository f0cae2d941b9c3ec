"""Ingest at scale: 100 million page views and 5 million order lines in Parquet, streamed file by file.

Runs as a process of its own, so that its peak memory can be told. DuckDB's part of it is bounded by the setting
``ingest.memory_limit``; what does not fit goes to temporary files beside the database, which must be gone at the end.
"""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from arena_pipeline.ingest import ingest as take_in
from arena_pipeline.warehouse import Warehouse
from benchmarks.ingest import settings_of, write_logs
from benchmarks.measure import ROOT, SCRATCH, Figure, Size, child

VIEWS_PER_ROW, FILES, LINES_SHARE = 25, 20, 20
"""Page views are 25 times ``Size.rows`` in 20 files; order lines a twentieth of them."""
MEMORY_LIMIT = "2GB"


def hundred_million(size: Size) -> Iterator[Figure]:
    """Seconds, rows per second and peak memory; every row must arrive, once."""
    views = VIEWS_PER_ROW * size.rows // FILES * FILES
    folder = SCRATCH / "ingest-100m"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        lines = write_files(folder, views)
        ran = child([sys.executable, "-m", "benchmarks.ingest_large", folder], timeout=3600, folder=ROOT)
        found = json.loads(ran.output.strip().splitlines()[-1])
        assert found["rows"] == {"page_views": views, "conversions": lines}, found
        assert not found["left"], found["left"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = found["seconds"]
    note = (
        f"{views:,} page views and {lines:,} order lines in {2 * FILES} Parquet files, {found['database_mb']:,.0f} MB "
        f"of database, memory limit of DuckDB {MEMORY_LIMIT}; the second ingest of the same files took "
        f"{found['again_seconds']:.1f} s and touched {found['days_again']} days"
    )
    yield Figure("ingest_100m_seconds", seconds, "s", note)
    yield Figure("ingest_100m_rows_per_second", (views + lines) / seconds, "rows/s", "page views and order lines")
    yield Figure("ingest_100m_peak_rss_mb", ran.peak_rss_mb, "MB", "the process that ingests; temporary files are gone")


def write_files(folder: Path, views: int) -> int:
    """One file of views and its order lines, and copies of later quarters with keys of their own; the order lines."""
    first = write_logs(folder, "parquet", views // FILES)
    order = folder / "logs/conversions/log.parquet"
    base_views = pl.read_parquet(first)
    base_lines = pl.read_parquet(order).head(views // FILES // LINES_SHARE)
    for path in (first, order):
        path.unlink()
    for number in range(FILES):
        later = pl.col("event_timestamp") + pl.duration(days=90 * number)
        own = pl.concat_str(pl.lit(f"{number}-"), "event_id").alias("event_id")
        base_views.with_columns(later, own).write_parquet(first.with_name(f"{number:02}.parquet"))
        order_id = pl.concat_str(pl.lit(f"{number}-"), "transaction_id").alias("transaction_id")
        base_lines.with_columns(later, order_id).write_parquet(order.with_name(f"{number:02}.parquet"))
    return base_lines.height * FILES


def main(folder: Path) -> None:
    """Ingest the folder twice and print what happened as JSON."""
    settings = settings_of(folder)
    warehouse = Warehouse(settings.warehouse_path, memory_limit=MEMORY_LIMIT)
    tables = ("products", "conversions", "page_views")
    started = time.perf_counter()
    report = take_in(settings, warehouse, tables=tables)
    ended = time.perf_counter()
    again = take_in(settings, warehouse, tables=tables)
    left = [path.name for path in settings.var.iterdir() if path.suffix in {".tmp", ".wal"}]
    answer = {
        "seconds": ended - started,
        "again_seconds": time.perf_counter() - ended,
        "days_again": again.days_touched,
        "rows": {name: report.rows_stored[name] for name in ("page_views", "conversions")},
        "database_mb": settings.warehouse_path.stat().st_size / 2**20,
        "left": left,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
