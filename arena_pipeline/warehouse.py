"""Access to the one DuckDB file of a workspace: open late, close early, one writer.

A writing process locks out readers and writers of all others, so opening waits by polling (`locking`). What belongs
here: connections, transactions, frames in and out. What does not: the columns of any table.
"""

import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from arena_pipeline.locking import enter, is_made, leave
from engine.errors import ArenaError, InputError

POLL_SECONDS = (0.05, 0.15)
ROWS = "written_frame"
OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""DuckDB fetches nothing: what is read needs only the extensions that come with it."""


class WarehouseBusyError(ArenaError):
    """Another process kept the database locked for longer than the time-out."""


class WarehouseWriteError(ArenaError):
    """The database could not be written: disk full, memory limit too small, file system gone."""


@dataclass(frozen=True)
class Warehouse:
    """The DuckDB file and how it is opened.

    Attributes:
        path: the file; its folder is made on the first write.
        memory_limit: of DuckDB, such as ``"2GB"``; beyond it, temporary tables spill to disk.
        threads: threads of DuckDB; all cores when None.
        timeout_seconds: how long to wait for a lock.
    """

    path: Path
    memory_limit: str = "2GB"
    threads: int | None = None
    timeout_seconds: float = 120.0

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that is closed on leaving.

        Raises:
            WarehouseBusyError: the lock was not free within `timeout_seconds`; names its holder.
            InputError: a reader asks for a database that does not exist yet.
        """
        if read_only and not is_made(self.path):
            raise InputError("database must exist", place=str(self.path), remedy="Run the ingest first")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._wait_for_lock(read_only=read_only)
        try:
            yield connection
        finally:
            try:
                connection.close()
            finally:
                leave(self.path)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writing connection in one transaction: committed on leaving, rolled back on any error."""
        with self.connect() as connection, transaction(connection):
            yield connection

    def read(self, query: str, params: Sequence[Any] = ()) -> pl.DataFrame:
        """Rows of a query with bound parameters, read only."""
        with self.connect(read_only=True) as connection:
            return connection.sql(query, params=list(params)).pl()

    def has_table(self, table: str) -> bool:
        """Whether ``schema.name`` exists; False when there is no database yet."""
        if not is_made(self.path):
            return False
        schema, _, name = table.rpartition(".")
        query = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
        return not self.read(query, [schema or "main", name]).is_empty()

    def replace_table(self, table: str, frames: pl.DataFrame | Iterable[pl.DataFrame]) -> None:
        """Write a frame, or frames of equal columns, as the whole content of ``schema.name``.

        Old or new content is visible at any time. The frames are asked for one after another while the database is
        open for writing: they must not come from this warehouse.
        """
        with self.transaction() as connection:
            _create_schema(connection, table)
            _fill(connection, f"create or replace table {_quoted(table)}", _quoted(table), _each(frames))

    def replace_rows(self, table: str, frame: pl.DataFrame, keys: Sequence[str]) -> None:
        """Delete the rows whose `keys` occur in the frame, insert the frame; makes the table when it is missing."""
        matches = " and ".join(f'old."{key}" is not distinct from new."{key}"' for key in keys)
        with self.connect() as connection, _registered(connection, frame) as view, transaction(connection):
            _create_schema(connection, table)
            name = _quoted(table)
            connection.execute(f"create table if not exists {name} as select * from {view} limit 0")
            connection.execute(f"delete from {name} as old using {view} as new where {matches}")
            connection.execute(f"insert into {name} by name select * from {view}")

    def replace_days(self, table: str, frames: pl.DataFrame | Callable[[], Iterable[pl.DataFrame]]) -> int:
        """Write rows with a column ``day``; of a table of equal columns only days whose rows differ are rewritten.

        Args:
            table: ``schema.name``.
            frames: all rows, or a function that gives them in frames of equal columns, one after another; it is called
                again for the rows to be written, so that they are never in memory together. They must not come from
                this warehouse.

        Returns:
            Days that were written or removed.
        """
        given = frames if callable(frames) else lambda: [frames]
        with self.transaction() as connection:
            _create_schema(connection, table)
            name = _quoted(table)
            with _registered(connection, next(iter(given())).clear()) as view:
                known = _same_columns(connection, table, view)
            if not known:
                _fill(connection, f"create or replace table {name}", name, given())
                return _count(connection, f"select count(distinct day) from {name}")
            _compare_days(connection, name, given())
            changed = _count(connection, "select count(*) from changed_days")
            if changed:
                connection.execute(f"delete from {name} where day in (select day from changed_days)")
                for frame in given():
                    changes = f"select * from {ROWS} where day in (select day from changed_days)"
                    _run_with(connection, frame, f"insert into {name} by name {changes}")
            connection.execute("drop table changed_days")
            return changed

    def _wait_for_lock(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Queue at the door, then open the file; only other programs can still keep it locked then."""
        deadline = time.monotonic() + self.timeout_seconds
        while (holder := enter(self.path, shared=read_only)) is not None:
            self._wait_for(holder, deadline)
        try:
            while True:
                try:
                    return self._opened(read_only=read_only)
                except (duckdb.IOException, duckdb.ConnectionException) as error:
                    if (holder := _holder(str(error))) is None:
                        raise
                self._wait_for(holder, deadline)
        except BaseException:
            leave(self.path)
            raise

    def _opened(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": self.memory_limit, **OFFLINE}
        if self.threads is not None:
            config["threads"] = self.threads
        return duckdb.connect(str(self.path), read_only=read_only, config=config)

    def _wait_for(self, holder: str, deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise WarehouseBusyError(
                f"{self.path}: still locked by {holder} after {self.timeout_seconds:g} s. "
                "Wait for that run to end, or end it"
            )
        time.sleep(random.uniform(*POLL_SECONDS))  # noqa: S311 (spreads waiting processes, no result depends on it)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction on an open connection."""
    try:
        connection.execute("begin")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # a failed write has ended the transaction already
                connection.execute("rollback")
            raise
        connection.execute("commit")
    except duckdb.Error as error:
        if is_write_failure(error):
            raise not_written(error) from error
        raise


def is_write_failure(error: duckdb.Error) -> bool:
    """Whether DuckDB could not write, or had no memory to work in."""
    kinds = (duckdb.FatalException, duckdb.OutOfMemoryException)
    said = str(error).lower()
    return isinstance(error, kinds) or "could not write" in said or "no space left" in said


def not_written(error: duckdb.Error) -> WarehouseWriteError:
    """DuckDB's report of a failed write, with what to do."""
    return WarehouseWriteError(
        f"the database could not be written ({str(error).splitlines()[0]}). Make room on the disk, or raise "
        "ingest.memory_limit, and run it again: what was complete before is kept, the rest is taken in then"
    )


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> Iterator[str]:
    connection.register(ROWS, frame.to_arrow())
    try:
        yield ROWS
    finally:
        connection.unregister(ROWS)


def _run_with(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame, statement: str) -> None:
    """Run a statement that reads a frame as ``ROWS``: a registered frame would be held until its transaction ends."""
    connection.from_arrow(frame.to_arrow()).query(ROWS, statement)


def _each(frames: pl.DataFrame | Iterable[pl.DataFrame]) -> Iterable[pl.DataFrame]:
    return [frames] if isinstance(frames, pl.DataFrame) else frames


def _fill(connection: duckdb.DuckDBPyConnection, create: str, name: str, frames: Iterable[pl.DataFrame]) -> None:
    """Make a table of the first frame, and insert the others; one after another in memory."""
    statement = made = f"{create} as"
    for frame in frames:
        _run_with(connection, frame, f"{statement} select * from {ROWS}")
        statement = f"insert into {name}"
    if statement is made:
        raise InputError("there must be a frame to write", place=name)


def _compare_days(connection: duckdb.DuckDBPyConnection, name: str, frames: Iterable[pl.DataFrame]) -> None:
    """Make ``changed_days``: those whose rows, in any order, differ between a table and frames."""
    digest = "select day, count(*) as rows, bit_xor(hash(t)) as digest from {} as t group by day"
    connection.execute("create or replace temp table new_days (day date, rows bigint, digest ubigint)")
    for frame in frames:
        _run_with(connection, frame, f"insert into new_days {digest.format(ROWS)}")
    connection.execute(
        f"create or replace temp table changed_days as select coalesce(old.day, new.day) as day "
        f"from ({digest.format(name)}) as old full join "
        f"(select day, sum(rows) as rows, bit_xor(digest) as digest from new_days group by day) as new "
        f"on old.day = new.day "
        f"where old.rows is distinct from new.rows or old.digest is distinct from new.digest"
    )
    connection.execute("drop table new_days")


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _create_schema(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    schema = table.rpartition(".")[0]
    if schema:
        connection.execute(f'create schema if not exists "{schema}"')


def _same_columns(connection: duckdb.DuckDBPyConnection, table: str, view: str) -> bool:
    """Whether ``schema.name`` exists and has the view's columns and types."""
    schema, _, name = table.rpartition(".")
    query = (
        "select column_name, data_type from information_schema.columns where table_schema = ? and table_name = ? "
        "order by ordinal_position"
    )
    old = connection.execute(query, [schema or "main", name]).fetchall()
    return old == connection.execute(f"select column_name, column_type from (describe {view})").fetchall()


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


def _holder(message: str) -> str | None:
    """Who holds the lock, from DuckDB's message; None when the error is about something else."""
    if "different configuration" in message:
        return "another connection of this process"
    if "lock" not in message.lower():
        return None
    holder = re.search(r"held in (.+? \(PID \d+\))", message)
    return holder.group(1) if holder else "another process"
