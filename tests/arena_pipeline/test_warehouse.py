import subprocess
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena_pipeline.warehouse import Warehouse, WarehouseBusyError
from engine.errors import InputError

HOLDER = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.readline(); c.close()"
)


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(tmp_path / "var" / "arena.duckdb", threads=1, timeout_seconds=0.3)


@pytest.fixture
def holder(warehouse):
    """Another process that holds the lock."""
    warehouse.replace_table("t", pl.DataFrame({"a": [1]}))
    command = [sys.executable, "-c", HOLDER, str(warehouse.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.communicate("\n")


def test_frames_go_in_and_out(warehouse):
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    warehouse.replace_table("results.t", frame)
    assert warehouse.read("select * from results.t where a >= ? order by a", [1]).equals(frame)
    warehouse.replace_table("results.t", frame.head(1))
    assert warehouse.read("select * from results.t").rows() == [(1, "x")]


def test_frames_one_after_another_become_one_table(warehouse):
    frames = [pl.DataFrame({"a": [number], "b": [f"x{number}"]}) for number in range(5)]
    warehouse.replace_table("results.t", iter(frames))
    assert warehouse.read("select * from results.t order by a").equals(pl.concat(frames))


def test_a_failure_between_frames_leaves_the_old_table(warehouse):
    warehouse.replace_table("results.t", pl.DataFrame({"a": [1]}))

    def failing():
        yield pl.DataFrame({"a": [2]})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warehouse.replace_table("results.t", failing())
    with pytest.raises(InputError, match="there must be a frame to write"):
        warehouse.replace_table("results.t", [])
    assert warehouse.read("select * from results.t").rows() == [(1,)]


def test_replace_rows_deletes_the_keys_of_the_frame_and_inserts_it(warehouse):
    keys = ["strategy", "part"]
    first = pl.DataFrame({"strategy": ["s", "s", "t"], "part": [None, "b", "b"], "value": [1, 2, 3]})
    warehouse.replace_rows("results.t", first, keys)
    warehouse.replace_rows(
        "results.t",
        pl.DataFrame({"value": [9], "part": [None], "strategy": ["s"]}, schema_overrides={"part": pl.String}),
        keys,
    )
    assert warehouse.read("select * from results.t order by value").rows() == [
        ("s", "b", 2),
        ("t", "b", 3),
        ("s", None, 9),
    ]


daily = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=20, unique=True)


def days_and_values(rows):
    columns = {"day": [date(2024, 1, 1 + day) for day, _ in rows], "value": [value for _, value in rows]}
    return pl.DataFrame(columns, schema={"day": pl.Date, "value": pl.Int64})


@settings(max_examples=25, deadline=None)
@given(daily, daily, st.integers(1, 7))
def test_days_written_in_frames_are_those_that_differ(before, after, size):
    frame = days_and_values(after)
    differing = {day for day, _ in set(before) ^ set(after)}
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "arena.duckdb", threads=1)
        warehouse.replace_days("demand.t", days_and_values(before))
        assert warehouse.replace_days("demand.t", lambda: frame.iter_slices(size)) == len(differing)
        found = warehouse.read("select * from demand.t")
        assert found.sort("day", "value").equals(frame.sort("day", "value"))
        assert warehouse.replace_days("demand.t", frame) == 0


def test_a_failure_between_frames_of_days_leaves_the_old_rows(warehouse):
    warehouse.replace_days("demand.t", days_and_values([(0, 1), (1, 1)]))
    calls = []

    def failing_when_written():
        calls.append(1)
        yield days_and_values([(0, 2)])
        if len(calls) == 3:
            raise KeyboardInterrupt
        yield days_and_values([(1, 2)])

    with pytest.raises(KeyboardInterrupt):
        warehouse.replace_days("demand.t", failing_when_written)
    assert warehouse.read("select value from demand.t").rows() == [(1,), (1,)]


def test_transaction_rolls_back_on_any_error(warehouse):
    warehouse.replace_table("t", pl.DataFrame({"a": [1]}))

    def fail():
        with warehouse.transaction() as connection:
            connection.execute("insert into t values (2)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert warehouse.read("select * from t").rows() == [(1,)]


def test_reader_of_a_missing_database_says_so(warehouse):
    assert not warehouse.has_table("logs.t")
    with pytest.raises(InputError, match=r"database must exist.*Run the ingest first"):
        warehouse.read("select 1")


def test_has_table(warehouse):
    warehouse.replace_table("logs.t", pl.DataFrame({"a": [1]}))
    assert warehouse.has_table("logs.t")
    assert not warehouse.has_table("t")


@pytest.mark.parametrize("read_only", [True, False])
def test_time_out_names_the_holder_of_the_lock(warehouse, holder, read_only):
    with (
        pytest.raises(WarehouseBusyError, match=rf"still locked by .*PID {holder.pid}\) after 0.3 s"),
        warehouse.connect(read_only=read_only),
    ):
        pass


def test_waits_until_the_lock_is_free(warehouse, holder):
    patient = Warehouse(warehouse.path, timeout_seconds=20)
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert patient.read("select * from t").rows() == [(1,)]


def test_reader_waits_for_a_writer_of_the_same_process(warehouse):
    with warehouse.connect(), pytest.raises(WarehouseBusyError, match="another connection of this process"):
        warehouse.read("select 1")


def test_other_failures_are_not_waited_for(warehouse):
    warehouse.path.parent.mkdir()
    warehouse.path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(Exception, match="not a valid DuckDB database file"):
        warehouse.read("select 1")
