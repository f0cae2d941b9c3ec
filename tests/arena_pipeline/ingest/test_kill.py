"""A killed ingest leaves the old or the new state; running it again heals."""

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys
from pathlib import Path
from arena_pipeline.ingest import ingest
from arena_pipeline.settings import load_settings
from arena_pipeline.warehouse import Warehouse
settings = load_settings(Path(sys.argv[1]))
print("ready", flush=True)
ingest(settings, Warehouse(settings.warehouse_path), tables=["products", "page_views"])
print("done", flush=True)
"""
TOML = """
[shop]
name = "x"
currency = "GBP"
time_zone = "Europe/London"
prices_include_vat = false
[sources]
products = ["logs/products/*"]
page_views = ["logs/page_views/*"]
"""
ROWS = 200_000


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.3, 0.6])
def test_killed_run_leaves_whole_files_and_the_next_run_heals(shop, delay):
    for number in range(3):
        days = (f"2011-0{number + 1}-{1 + row % 28:02}T10:00:00,A1,{number}-{row}" for row in range(ROWS))
        shop.write("page_views", "event_timestamp,item_id,event_id\n" + "\n".join(days), f"{number}.csv")
    (shop.workspace / "arena.toml").write_text(TOML)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(shop.workspace)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert_whole_files(shop)
    shop.ingest("page_views")
    assert assert_whole_files(shop) == 3
    assert shop.rows("page_views", "count(*), count(distinct event_id)") == [(3 * ROWS, 3 * ROWS)]


def assert_whole_files(shop):
    """Every accepted file has all its rows, no other rows are there; the number of accepted files."""
    if not shop.warehouse.has_table("logs.manifest"):
        return 0
    query = "select file_id from logs.manifest where table_name = 'page_views' order by 1"
    accepted = shop.warehouse.read(query)["file_id"].to_list()
    stored = shop.warehouse.read("select file_id, count(*) from logs.page_views group by 1 order by 1")
    assert stored.rows() == [(file_id, ROWS) for file_id in accepted]
    return len(accepted)
