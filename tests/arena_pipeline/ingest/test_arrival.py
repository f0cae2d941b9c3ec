"""Weekly arrival: files that are not complete, packed files without bound, any order, only touched days rewritten."""

import gzip
import itertools
import os
import threading
import time
import zlib
from datetime import date

import polars as pl
import pytest

from arena_pipeline.demand import read_activity_logs, shop_axes
from arena_pipeline.ingest.arrival import ALWAYS_FINE, arrived, content_of
from engine.demand.activity import build_activity
from engine.demand.recovery import recover
from engine.errors import InputError

VIEWS = "event_timestamp,item_id,visitor_id\n"
ORDERS = "transaction_id,line_number,event_timestamp,item_id,quantity,price\n"


def test_a_file_that_still_grows_is_left_for_the_next_ingest(shop):
    shop.limits |= {"still_seconds": 0.3}
    path = shop.write("page_views", VIEWS + "2011-01-05T10:00:00,A1,v\n", "new.csv")
    shop.write("page_views", VIEWS + "2011-01-06T10:00:00,A1,v\n", "done.csv")

    stop = threading.Event()

    def write_on():
        while not stop.wait(0.02):
            with path.open("a") as file:
                file.write("2011-01-05T10:00:10,A1,v\n")

    writer = threading.Thread(target=write_on)
    writer.start()
    report = shop.ingest("page_views")
    stop.set()
    writer.join()
    assert shop.rows("page_views", "day") == [(date(2011, 1, 6),)]
    assert any("new.csv is still being written" in warning for warning in report.warnings)
    shop.ingest("page_views")
    assert len(shop.rows("page_views")) == 3


@pytest.mark.parametrize("ending", [".part", ".tmp", ".crdownload", ".PARTIAL"])
def test_names_of_unfinished_files_are_left_out_until_they_are_renamed(shop, ending):
    path = shop.write("page_views", VIEWS + "2011-01-05T10:00:00,A1,v\n", f"new.csv{ending}")
    shop.ingest("page_views")
    assert shop.rows("page_views") == []
    path.rename(path.with_name("new.csv"))
    shop.ingest("page_views")
    assert len(shop.rows("page_views")) == 1


def test_old_files_are_not_waited_for(shop):
    path = shop.write("page_views", VIEWS, "old.csv")
    os.utime(path, (1, 1))
    started = time.perf_counter()
    assert [content.path for content in arrived([path], 60.0, 100.0)[0]] == [path]
    assert time.perf_counter() - started < 5


def test_a_file_that_vanished_is_told(shop, tmp_path):
    assert arrived([tmp_path / "gone.csv"], 0, 100.0) == ([], [])


@pytest.mark.parametrize("members", [1, 3])
def test_packed_files_do_not_expand_without_bound(tmp_path, members):
    path = tmp_path / "bomb.csv.gz"
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = b"\n" * (1 << 20)
    packed = b"".join(packer.compress(block) for _ in range((ALWAYS_FINE >> 20) // members + 1)) + packer.flush()
    path.write_bytes(packed * members)
    with pytest.raises(InputError, match=r"bomb.csv.gz: file must unpack to at most 104,857,600 bytes"):
        content_of(path, max_expansion=100.0)
    assert content_of(path, max_expansion=2000.0).stamp[0] == len(packed) * members


def test_parquet_files_do_not_expand_without_bound(tmp_path):
    path = tmp_path / "bomb.parquet"
    rows = ALWAYS_FINE + (1 << 20)  # of nothing: a byte each would be too much
    pl.select(pl.repeat(None, rows, dtype=pl.Boolean).alias("in_stock")).write_parquet(path, row_group_size=1 << 24)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match=r"bomb.parquet: file must unpack to at most 104,857,600 bytes"):
        content_of(path, max_expansion=100.0)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    content_of(tmp_path / "broken.parquet")


def test_ordinary_packed_files_pass(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(os.urandom(3 << 20)) + gzip.compress(b"a,b\n" * 100_000) + b"tail")
    content_of(path, max_expansion=1.0)


def test_ingest_again_touches_no_day_and_late_rows_touch_theirs(shop):
    shop.write("page_views", VIEWS + "2011-01-05T10:00:00,A1,v\n2011-01-07T10:00:00,A1,v\n", "a.csv")
    assert shop.ingest("page_views").days_touched == 2
    again = shop.ingest("page_views")
    assert (again.days_touched, again.changed) == (0, False)
    shop.write("page_views", VIEWS + "2011-01-06T10:00:00,A1,v\n2011-01-07T10:00:00,A1,v\n", "b.csv")
    late = shop.ingest("page_views")
    assert (late.days_touched, late.totals["rows_late"]) == (1, 1)


FILES = {
    "a.csv": ["T1,1,2011-01-05T10:00:00,A1,2,2.50", "T2,1,2011-01-06T11:00:00,A2,1,4.00"],
    "b.csv": ["T2,1,2011-01-06T11:30:00,A2,1,4.00", "T3,1,2011-01-04T09:00:00,A1,5,2.40"],
    "c.csv": ["T1,1,2011-01-05T10:00:00,A1,2,2.50", "T4,1,2011-01-08T12:00:00,A3,1,1.00"],
    "d.csv": ["T5,1,2011-01-07T12:00:00,A1,1,2.50", "T2,1,2011-01-09T09:00:00,A2,-1,4.00"],
}


def test_any_order_of_arrival_ends_in_the_same_bytes(new_shop):
    """Overlapping order exports and view logs, one ingest per file: equal demand tables."""
    found = set()
    for order in list(itertools.permutations(FILES))[::8]:
        shop = new_shop()
        (shop.workspace / "var").mkdir()
        (shop.workspace / "var/visitor_salt").write_text("0" * 32)
        shop.write("stock_snapshots", "snapshot_date,item_id,quantity_on_hand\n2011-01-03,A1,7\n2011-01-03,A2,1\n")
        for name in order:
            shop.write("conversions", ORDERS + "".join(f"{line}\n" for line in FILES[name]), name)
            lines = [line.split(",") for line in FILES[name]]
            views = "".join(f"{moment},{item},v{number}\n" for number, _, moment, item, *_ in lines)
            shop.write("page_views", VIEWS + views, name)
            shop.ingest("stock_snapshots", "conversions", "page_views")
        settings = shop.settings
        axes = shop_axes(shop.warehouse, settings)
        activity = build_activity(read_activity_logs(shop.warehouse, settings), axes, settings.demand)
        recovered = recover(activity.daily, activity.orders, ["c"] * len(axes.items), settings.demand)
        daily = activity.daily.with_columns(pl.col("stock_state").cast(pl.String))
        found.add((daily.write_csv(), activity.orders.write_csv(), repr(recovered)))
    assert len(found) == 1


def test_only_days_whose_rows_differ_are_rewritten(shop):
    warehouse = shop.warehouse
    frame = pl.DataFrame({"day": [date(2011, 1, day) for day in (1, 1, 2, 3)], "units": [1, 2, 3, 4]})
    assert warehouse.replace_days("demand.test", frame) == 3
    assert warehouse.replace_days("demand.test", frame.reverse()) == 0
    changed = frame.with_columns(units=pl.Series([1, 2, 9, 4]))
    assert warehouse.replace_days("demand.test", changed) == 1
    assert warehouse.replace_days("demand.test", changed.head(3)) == 1
    assert warehouse.read("select * from demand.test order by all").rows() == changed.head(3).rows()
    wider = changed.with_columns(more=1)
    assert warehouse.replace_days("demand.test", wider) == 3
    assert warehouse.read("select * from demand.test order by all").rows() == wider.rows()
