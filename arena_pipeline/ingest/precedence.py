"""Which of two files counts where they disagree about the same thing: the one whose name comes last.

Names of exports carry dates and numbers; when a file arrived says nothing about its rows. Names are compared without
their suffix, runs of digits by their value (``products-9`` before ``products-10``); of equal names the folder decides,
in the same way. A file that was changed under its name follows its former content.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePath

import duckdb

from arena_pipeline.ingest.contract import Key, Table
from arena_pipeline.ingest.manifest import ManifestRow
from arena_pipeline.ingest.sniffing import SUFFIXES

Natural = tuple[str | int, ...]
Place = tuple[Natural, str, Natural, str]


@lru_cache(maxsize=1 << 14)
def place_of(label: str) -> Place:
    """Sort key of a file by its path as shown."""
    path = PurePath(label)
    folder = path.parent.as_posix()
    return _natural(_stem(path)), path.name, _natural(folder), folder


def _stem(path: PurePath) -> str:
    if path.suffix.lower() == ".gz":
        path = path.with_suffix("")
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def _natural(text: str) -> Natural:
    parts = re.split(r"([0-9]+)", text.casefold())
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts))


def next_version(label: str, files: Iterable[ManifestRow]) -> int:
    """The number of a new content under a name: 1 for the first."""
    return 1 + max((file.version for file in files if file.path == label), default=0)


def moved(row: ManifestRow, label: str, key: Key, files: Iterable[ManifestRow]) -> ManifestRow:
    """The manifest row of a known content that is found under `label`.

    A content counts under the last of the names that it was ever found under (the first, where the first name counts);
    one that is put back under its name, in place of a changed one, is the newest there.
    """
    others = [file for file in files if file.file_id != row.file_id]
    if label == row.path:
        newest = next_version(label, others)
        return replace(row, version=newest) if newest > row.version else row
    later = place_of(label) > place_of(row.path)
    return replace(row, path=label, version=next_version(label, others)) if later is key.last_counts else row


def overtakes(before: ManifestRow, now: ManifestRow, files: Iterable[ManifestRow]) -> bool:
    """Whether the order of the files changes when a row of the manifest does."""
    others = [_order(file) for file in files if file.file_id != before.file_id]
    return sum(other < _order(before) for other in others) != sum(other < _order(now) for other in others)


def _order(row: ManifestRow) -> tuple[Place, int]:
    return place_of(row.path), row.version


def rank_files(connection: duckdb.DuckDBPyConnection, table: Table, file: ManifestRow) -> bool:
    """Write the table `file_ranks` (file_id, file_rank) of all files of a table and this one.

    Returns:
        Whether this file counts before another one.
    """
    known = "select file_id, path, version from logs.manifest where table_name = ? and file_id <> ?"
    rows = connection.execute(known, [table.name, file.file_id]).fetchall()
    others = [replace(file, file_id=number, path=path, version=version) for number, path, version in rows]
    ordered = sorted([*others, file], key=_order)
    ids = [each.file_id for each in ordered]
    connection.execute(
        "create or replace temp table file_ranks as select unnest(?::integer[]) as file_id, "
        "unnest(range(len(?::integer[]))) as file_rank",
        [ids, ids],
    )
    return ordered[0 if table.key.last_counts else -1].file_id != file.file_id
