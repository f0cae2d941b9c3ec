"""Daily tables at scale: 100,000 SKUs over three years from 100 million page views and 5 million order lines.

One process takes the logs in, one derives the daily activity and one recovers demand from it, so that the peak memory
of each can be told. They do what the assets ``daily_activity`` and ``censored_daily_demand`` do: shard by shard into
Parquet files, and from them into the database.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from arena_pipeline import demand
from arena_pipeline.activity import Limits, log_shards, repairs, shop_activity, store_activity
from arena_pipeline.ingest import ingest as take_in
from arena_pipeline.recovering import StoredActivity, named, store_demand
from arena_pipeline.settings import Settings, TableName, parse_settings
from arena_pipeline.spill import PREFIX
from arena_pipeline.store import Store
from arena_pipeline.warehouse import Warehouse
from benchmarks.ingest import FIRST
from benchmarks.measure import ROOT, SCRATCH, Figure, Size, child

FIGURES = ("activity_100k_seconds", "activity_100k_peak_rss_mb", "demand_100k_seconds", "demand_100k_peak_rss_mb")
SKUS_PER_SKU, VIEWS_PER_ROW, VIEWS_PER_LINE, FILES = 10, 25, 20, 20
"""10 times ``Size.skus`` items, 25 times ``Size.rows`` page views and a twentieth as many order lines, in 20 files."""
MEMORY_LIMIT = "2GB"
TABLES: tuple[TableName, ...] = (
    "products",
    "suppliers",
    "purchase_orders",
    "stock_snapshots",
    "conversions",
    "page_views",
)
SNAPSHOT_DAYS, ORDER_DAYS = 7, 90
VISITOR_VIEWS, MOST_VIEWS, BOT_SHARE = 15, 20, 100
"""Visitors see 15 pages, a bot a hundredth of each file on its first day; more than 20 in a day are a bot's."""


def large_shop(size: Size) -> Iterator[Figure]:
    """Seconds and peak memory; every page view must be in the activity or counted out, every unit in all tables."""
    folder = SCRATCH / "activity-100k"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        wrote = write_files(folder, size)
        command: list[str | Path] = [sys.executable, "-m", "benchmarks.activity_large", folder, str(size.days)]
        child([*command, "ingest"], 3600, folder=ROOT)
        ran = child([*command, "activity"], 3600, folder=ROOT)
        found = json.loads(ran.output.strip().splitlines()[-1])
        recovered = child([*command, "demand"], 3600, folder=ROOT)
        demanded = json.loads(recovered.output.strip().splitlines()[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    cells = size.days * SKUS_PER_SKU * size.skus
    assert found["totals"] == {"rows": cells, "units": wrote["units"], "views": wrote["views"]}, (found, wrote)
    assert (found["bots"], found["days_again"], found["left"]) == (wrote["bots"], 0, []), (found, wrote)
    assert (demanded["rows"], demanded["units"]) == ([cells] * 4, wrote["units"]), (demanded, wrote)
    stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in found["stages"].items())
    note = (
        f"{SKUS_PER_SKU * size.skus:,} SKUs x {size.days:,} days from {wrote['views']:,} page views, "
        f"{wrote['lines']:,} order lines and {wrote['snapshots']:,} stock records, in {found['shards']} shards; "
        f"{stages} s; synthetic logs, ingest not counted, memory limit of DuckDB {MEMORY_LIMIT}; compared with the "
        f"table that is there and found equal in {found['again_seconds']:.0f} s"
    )
    yield Figure("activity_100k_seconds", sum(found["stages"].values()), "s", note)
    yield Figure(
        "activity_100k_peak_rss_mb", ran.peak_rss_mb, "MB", "the process, DuckDB in it; temporary files are gone"
    )
    stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in demanded["stages"].items())
    note = f"from that activity, both vintages, into files and the database, in {demanded['shards']} shards; {stages} s"
    yield Figure("demand_100k_seconds", sum(demanded["stages"].values()), "s", note)
    yield Figure("demand_100k_peak_rss_mb", recovered.peak_rss_mb, "MB", "the process, DuckDB in it")


def write_files(folder: Path, size: Size) -> dict[str, int]:
    """Log files of a shop: page views and order lines of one period, again and again, each with keys of its own."""
    random = np.random.default_rng(0)
    skus, rows = SKUS_PER_SKU * size.skus, VIEWS_PER_ROW * size.rows // FILES
    items = pl.Series("item_id", [f"SKU{number:06d}" for number in range(skus)])
    _write(folder, "products", pl.DataFrame({"item_id": items, "price": np.full(skus, 9.99)}))
    _write(folder, "suppliers", pl.DataFrame({"supplier_id": ["S"]}))
    snapshots = _every(items, size.days, SNAPSHOT_DAYS, "snapshot_date").with_columns(quantity_on_hand=30)
    _write(folder, "stock_snapshots", snapshots)
    bought = _every(items, size.days, ORDER_DAYS, "order_date").with_row_index("order_number").with_columns(
        pl.col("order_number").cast(pl.String), supplier_id=pl.lit("S"), order_quantity=20,
        received_date=pl.col("order_date") + pl.duration(days=7),
    )  # fmt: skip
    _write(folder, "purchase_orders", bought)
    views, lines = _period(random, items, rows, size.days // FILES)
    for number in range(FILES):
        later = pl.col("event_timestamp") + pl.duration(days=number * (size.days // FILES))
        own = [pl.format(f"{number}-{{}}", name).alias(name) for name in ("visitor_id", "session_id")]
        _write(folder, "page_views", views.with_columns(later, *own), f"{number:02}")
        order = pl.format(f"{number}-{{}}", "transaction_id").alias("transaction_id")
        _write(folder, "conversions", lines.with_columns(later, order), f"{number:02}")
    return {
        "views": FILES * views.height, "lines": FILES * lines.height, "units": FILES * int(lines["quantity"].sum()),
        "bots": FILES * (rows // BOT_SHARE), "snapshots": snapshots.height,
    }  # fmt: skip


def _period(random: np.random.Generator, items: pl.Series, rows: int, days: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Page views of some days in order of time, and the order lines of every twentieth of them."""
    instants = np.sort(random.integers(0, days * 86_400_000_000, rows))  # to the microsecond: no two rows are the same
    visitor = np.where(np.arange(rows) < rows // BOT_SHARE, -1, np.arange(rows) // VISITOR_VIEWS)
    views = pl.DataFrame(
        {
            "event_timestamp": FIRST + pl.Series(instants).cast(pl.Duration("us")),
            "item_id": items.gather((len(items) * random.random(rows) ** 2).astype(np.int64)),
            "visitor_id": visitor,
            "session_id": np.arange(rows) // 5,
            "price": np.full(rows, 9.99),
            "in_stock": random.random(rows) < 0.95,
        }
    )
    bought = views.gather_every(VIEWS_PER_LINE).select("event_timestamp", "item_id", "price")
    number = np.arange(bought.height)
    quantity = random.integers(1, 4, bought.height)
    return views, bought.with_columns(
        transaction_id=pl.Series(number // 3), line_number=pl.Series(number % 3), quantity=pl.Series(quantity)
    )


def _every(items: pl.Series, days: int, step: int, name: str) -> pl.DataFrame:
    """All items on every so manieth day."""
    dates = pl.Series(name, [FIRST.date() + timedelta(days=day) for day in range(0, days, step)])
    return items.to_frame().join(dates.to_frame(), how="cross")


def _write(folder: Path, table: str, frame: pl.DataFrame, name: str = "log") -> None:
    path = folder / "logs" / table / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)


def settings_of(folder: Path, days: int) -> Settings:
    """A workspace around the files, whose shop is looked at over all its days."""
    shop = {
        "name": "benchmark", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False,
        "first_day": FIRST.date(), "last_day": FIRST.date() + timedelta(days=days - 1),
    }  # fmt: skip
    sources = {table: [f"logs/{table}/*"] for table in TABLES}
    rules = {"ingest": {"still_seconds": 0}, "demand": {"bot_views_per_day": MOST_VIEWS}}
    return parse_settings({"shop": shop, "sources": sources} | rules, folder)


def derive(settings: Settings, warehouse: Warehouse) -> dict[str, Any]:
    """The daily activity into its files and tables, with seconds by stage and what is in it."""
    store, axes, stages = Store.of(settings), demand.shop_axes(warehouse, settings), {}
    started = time.perf_counter()

    def stage(name: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = work()
        stages[name] = time.perf_counter() - begun
        return result

    def replaced() -> int:
        return warehouse.replace_days("demand.daily_activity", lambda: named(store, demand.ACTIVITY, axes))

    with shop_activity(warehouse, settings, axes) as shards:
        counts = stage(
            "logs and activity",
            lambda: store_activity(
                store, axes, shards, lambda line: _tell(f"{line}, {time.perf_counter() - started:.0f} s")
            ),
        )
    stages["logs and activity"] = time.perf_counter() - started
    stage("database", replaced)
    stage("repairs", lambda: warehouse.replace_table("demand.stock_repairs", repairs(store, axes)))
    again = time.perf_counter()
    days_again = replaced()
    daily = demand.read_demand(store, demand.ACTIVITY)
    totals = daily.select(
        rows=pl.len(), units=pl.col("units_sold").sum(), views=pl.col("views_in").sum() + pl.col("views_oos").sum()
    )
    found = totals.collect().row(0, named=True)
    return {
        "stages": stages,
        "again_seconds": time.perf_counter() - again,
        "days_again": days_again,
        "shards": len(log_shards(warehouse, axes, Limits())),
        "totals": found | {"views": found["views"] + counts.bot_views + counts.repeated_views},
        "bots": counts.bot_views,
        "left": [path.name for path in settings.var.glob(f"{PREFIX}*")],
    }


def recover(settings: Settings, warehouse: Warehouse) -> dict[str, Any]:
    """Demand in both vintages into files and tables, with seconds by stage; rows of all four, units of the replay."""
    store, axes = Store.of(settings), demand.shop_axes(warehouse, settings)
    orders = demand.read_demand(store, demand.SIZES).collect()
    activity = StoredActivity(store, axes, orders, demand.categories_of(warehouse, axes))
    marks = [("", time.perf_counter())]

    def tell(line: str) -> None:
        marks.append((line, time.perf_counter()))
        _tell(f"{line}, {marks[-1][1] - marks[0][1]:.0f} s")

    store_demand(activity, warehouse, settings.demand, tell)
    ends = [at for line, at in marks if line.startswith(("recovering", "the same"))] + [time.perf_counter()]
    begins = [marks[0][1], *ends]
    tables = (demand.REPLAY, demand.AS_OF)
    rows = [demand.read_demand(store, name).select(pl.len()).collect().item() for name in tables]
    rows += [warehouse.read(f"select count(*) from demand.{Path(name).stem}").item() for name in tables]
    return {
        "stages": {
            name: end - begin
            for name, begin, end in zip(("learning", "replay", "as known"), begins, ends, strict=False)
        },
        "shards": len(axes.shards()),
        "rows": rows,
        "units": demand.read_demand(store, demand.REPLAY).select(pl.col("units_sold").sum()).collect().item(),
    }


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(folder: Path, days: int, what: str) -> None:
    """Child process: take the logs in, or make one of their daily tables and print what happened as JSON."""
    settings = settings_of(folder, days)
    warehouse = Warehouse(settings.warehouse_path, memory_limit=MEMORY_LIMIT)
    if what == "ingest":
        take_in(settings, warehouse, tables=TABLES)
    else:
        print(json.dumps((derive if what == "activity" else recover)(settings, warehouse)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
