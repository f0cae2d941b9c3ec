"""A killed ingest leaves the old or the new state; running it again heals.

ARENA_KILLS sets the number of kills (default 4), each at a keyed random moment of the run.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

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
[ingest]
still_seconds = 0
"""
ROWS, FILES = 60_000, 4
KILLS = int(os.environ.get("ARENA_KILLS", "4"))


def test_killed_runs_leave_whole_files_and_the_next_run_heals(shop):
    for number in range(FILES):
        days = (f"2011-0{number + 1}-{1 + row % 28:02}T10:00:00,A1,{number}-{row}" for row in range(ROWS))
        shop.write("page_views", "event_timestamp,item_id,event_id\n" + "\n".join(days), f"{number}.csv")
    (shop.workspace / "arena.toml").write_text(TOML)
    lasts = run_until(shop, None)
    dice = random.Random(20111209)  # noqa: S311 - keyed moments, no secret
    states = set()
    for _ in range(KILLS):
        run_until(shop, dice.uniform(0, lasts))
        states.add(whole_files(shop))
        if whole_files(shop) == FILES:
            shutil.rmtree(shop.workspace / "var")
    shop.ingest("page_views")
    assert whole_files(shop) == FILES
    assert shop.rows("page_views", "count(*), count(distinct event_id)") == [(FILES * ROWS, FILES * ROWS)]
    assert len(states) > 1, "all kills hit the same moment"


def run_until(shop, seconds):
    """Run an ingest, killed after so many seconds from its start; None: fresh and to its end, returns how long."""
    if seconds is None:
        shutil.rmtree(shop.workspace / "var", ignore_errors=True)
    command = [sys.executable, "-c", PROGRAM, str(shop.workspace)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    started = time.perf_counter()
    if seconds is not None:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    process.communicate()
    return time.perf_counter() - started


def whole_files(shop):
    """Number of accepted files: each has all its rows, no other rows are there."""
    if not shop.settings.warehouse_path.exists() or not shop.warehouse.has_table("logs.manifest"):
        return 0
    query = "select file_id from logs.manifest where table_name = 'page_views' order by 1"
    accepted = shop.warehouse.read(query)["file_id"].to_list()
    stored = shop.warehouse.read("select file_id, count(*) from logs.page_views group by 1 order by 1")
    assert stored.rows() == [(file_id, ROWS) for file_id in accepted]
    return len(accepted)
