"""Nobody looks at a database file while another process has it: what DuckDB reads before it has its lock stays true."""

import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from arena_pipeline import locking
from arena_pipeline.warehouse import Warehouse, WarehouseBusyError

ROWS = 50_000
SLOW_WRITER = """
import sys, time
from pathlib import Path
import duckdb
from arena_pipeline.warehouse import Warehouse

path, name, real = Path(sys.argv[1]), sys.argv[2], duckdb.connect

def look():
    return path.open("rb").read(12288) if path.exists() else None

def slow(*arguments, **options):  # a process that is put aside between DuckDB's look at the file and its lock
    before = look()
    time.sleep(0.25)
    assert look() == before, "the file changed between look and lock"
    return real(*arguments, **options)

duckdb.connect = slow
print("ready", flush=True)
sys.stdin.readline()
for number in range(3):
    with Warehouse(path).transaction() as connection:
        connection.execute("create table if not exists t (who varchar, number int)")
        connection.execute("insert into t select ?, ? from range(20000)", [name, number])
"""


def child(program, *arguments):
    command = [sys.executable, "-c", program, *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes)


@pytest.mark.parametrize("fresh", [True, False])
def test_writers_that_are_slow_between_look_and_lock_lose_nothing(tmp_path, fresh):
    path = tmp_path / "arena.duckdb"
    if not fresh:
        Warehouse(path).replace_table("other", pl.DataFrame({"a": [1]}))
    writers = [child(SLOW_WRITER, path, name) for name in ("a", "b", "c")]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 3
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], "".join(text[-800:] for text in said)
    rows = Warehouse(path).read("select who, number, count(*) from t group by all order by all").rows()
    assert rows == [(who, number, 20_000) for who in "abc" for number in range(3)]


HOLDER = """
import sys
from pathlib import Path
from arena_pipeline.warehouse import Warehouse
with Warehouse(Path(sys.argv[1])).connect(read_only=sys.argv[2] == "reads"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path, request):
    path = tmp_path / "arena.duckdb"
    Warehouse(path).replace_table("t", pl.DataFrame({"a": [1]}))
    with child(HOLDER, path, request.param) as process:
        assert process.stdout.readline() == "held\n"
        yield process, path
        process.kill()


@pytest.mark.parametrize(("holder", "read_only"), [("writes", False), ("writes", True), ("reads", False)],
                         indirect=["holder"])  # fmt: skip
def test_the_file_is_not_looked_at_while_it_is_held_and_the_holder_is_named(holder, read_only, monkeypatch):
    process, path = holder
    looks = []
    monkeypatch.setattr(duckdb, "connect", lambda *arguments, **_: looks.append(arguments))
    named = rf"another run of the arena \(PID {process.pid}\)" if process.args[-1] == "writes" else "another process"
    busy = pytest.raises(WarehouseBusyError, match=f"still locked by {named} after 0.3 s")
    with busy, Warehouse(path, timeout_seconds=0.3).connect(read_only=read_only):
        pass
    assert looks == []


@pytest.mark.parametrize("holder", ["reads"], indirect=True)
def test_readers_share(holder):
    _, path = holder
    assert Warehouse(path, timeout_seconds=0.3).read("select a from t").item() == 1


@pytest.mark.parametrize("holder", ["writes"], indirect=True)
def test_a_killed_holder_holds_nothing(holder):
    process, path = holder
    process.kill()
    process.wait()
    with Warehouse(path, timeout_seconds=0.3).connect() as connection:
        connection.execute("insert into t values (2)")


def test_connections_of_one_process_share_a_door_and_the_last_one_closes_it(tmp_path):
    warehouse = Warehouse(tmp_path / "arena.duckdb", timeout_seconds=0.2)
    with warehouse.connect() as outer:
        outer.execute("create table t as select 1 as a")
        with warehouse.connect() as inner:
            inner.execute("insert into t values (2)")
        assert outer.execute("select count(*) from t").fetchone() == (2,)
        assert locking._held
    assert not locking._held
    assert warehouse.read("select count(*) from t").item() == 2


@pytest.mark.parametrize("size", [0, 4096, 8192])
def test_a_file_whose_making_was_killed_is_made_anew(tmp_path, size):
    whole = tmp_path / "whole.duckdb"
    Warehouse(whole).replace_table("t", pl.DataFrame({"a": [1]}))
    warehouse = Warehouse(tmp_path / "arena.duckdb")
    warehouse.path.write_bytes(whole.read_bytes()[:size])
    assert not warehouse.has_table("t")
    warehouse.replace_table("t", pl.DataFrame({"a": [2]}))
    assert warehouse.read("from t").item() == 2


def test_a_small_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "arena.duckdb"
    path.write_text("notes of somebody")
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB database file"), Warehouse(path).connect():
        pass
    assert path.read_text() == "notes of somebody"


def test_where_no_lock_file_can_be_written_the_database_opens_all_the_same(tmp_path):
    path = tmp_path / "arena.duckdb"
    Path(f"{path}{locking.SUFFIX}").mkdir()
    Warehouse(path).replace_table("t", pl.DataFrame({"a": [1]}))
    assert Warehouse(path).read("from t").item() == 1
