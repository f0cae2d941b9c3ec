"""Logs too large for the memory, parted by items into temporary files.

What belongs here: the temporary folder, that it goes away, and rows in and out of it. What does not: what rows mean.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import polars as pl

from arena_pipeline.locking import try_lock
from arena_pipeline.warehouse import Warehouse, is_write_failure, not_written

PREFIX = "parted-"
LOCK = "in-use"
MOST_SECONDS_TO_LOCK = 60.0


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder that is gone afterwards; first removes those that killed runs have left."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{PREFIX}*"):
        if not _in_use(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(mkdtemp(prefix=PREFIX, dir=parent))
    try:
        with (folder / LOCK).open("wb") as lock:
            try_lock(lock.fileno())
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    """Whether a living process works in the folder: the system frees the lock of a killed one."""
    try:
        with (folder / LOCK).open("rb") as lock:
            return not try_lock(lock.fileno())
    except FileNotFoundError:  # killed before it made the lock, or about to make it
        return time.time() - folder.stat().st_mtime < MOST_SECONDS_TO_LOCK


@dataclass(frozen=True)
class PartedLogs:
    """Rows of log tables by part, 0 ... ``parts`` - 1, and as part ``parts`` the rows of items in none of them.

    Attributes:
        folder: holds ``<table>/part=<number>/*.parquet``.
        empty: each table without rows, for its columns.
        parts: number of parts.
    """

    folder: Path
    empty: Mapping[str, pl.DataFrame]
    parts: int

    @classmethod
    def of(
        cls, warehouse: Warehouse, queries: Mapping[str, str], part_of: pl.DataFrame, parts: int, folder: Path
    ) -> "PartedLogs":
        """Part the rows of queries, streamed by DuckDB within its memory limit.

        Args:
            warehouse: the database.
            queries: by table: a query whose rows have an ``item_id``.
            part_of: ``item_id, part``; an item may lie in several parts.
            parts: number of parts.
            folder: for the files.

        Raises:
            WarehouseWriteError: the disk is full.
        """
        with warehouse.connect(read_only=True) as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.register("part_of", part_of.to_arrow())
            for name, query in queries.items():
                _part(connection, query, folder / name, parts)
            empty = {name: connection.sql(f"{query} limit 0").pl() for name, query in queries.items()}
        return cls(folder, empty, parts)

    def rows(self, table: str, part: int) -> pl.DataFrame:
        """All rows of a part, in any order."""
        files = self._files(table, part)
        return pl.read_parquet(files, hive_partitioning=False) if files else self.empty[table]

    def height(self, table: str, part: int) -> int:
        """Number of rows of a part, which are not read."""
        return sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in self._files(table, part))

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows of all parts."""
        files = [file for part in range(self.parts) for file in self._files(table, part)]
        return pl.scan_parquet(files, hive_partitioning=False) if files else self.empty[table].lazy()

    def remove(self, table: str, part: int) -> None:
        """Delete the rows of a part."""
        for file in self._files(table, part):
            file.unlink()

    def _files(self, table: str, part: int) -> list[Path]:
        return sorted((self.folder / table / f"part={part}").glob("*.parquet"))


def _part(connection: duckdb.DuckDBPyConnection, query: str, folder: Path, others: int) -> None:
    rows = (
        f"select rows.*, coalesce(part_of.part, {others}) as part "
        f"from ({query}) as rows left join part_of on rows.item_id = part_of.item_id"
    )
    try:
        connection.execute(f"copy ({rows}) to '{folder}' (format parquet, compression lz4, partition_by (part))")
    except duckdb.Error as error:
        if is_write_failure(error):
            raise not_written(error) from error
        raise
