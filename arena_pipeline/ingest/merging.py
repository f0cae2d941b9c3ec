"""From `staged` into the table: nothing counted twice.

Rows whose keys are unique in the file and new to the table (told by a 64-bit hash) go straight in. Only where hashes
meet are keys compared in full, and the contract's preference says which row stays.
"""

from dataclasses import dataclass

import duckdb

from arena_pipeline.ingest.contract import Key, Table
from arena_pipeline.ingest.staging import STAGED

MEETING, SETTLED = "temp.meeting", "temp.settled"
_FITS = "rule_index is null"


@dataclass(frozen=True)
class Merged:
    """Rows of one file by what became of them.

    Attributes:
        new: inserted with a key that the table did not have.
        replaced: inserted in place of a stored row with the same key.
        late: of the inserted ones, those of a day before the newest day stored before.
    """

    new: int
    replaced: int
    late: int


def merge(connection: duckdb.DuckDBPyConnection, table: Table, file_id: int) -> Merged:
    """Insert the rows that fit and are not there yet; delete stored rows that a better version replaces."""
    taken = _FITS
    replaced = 0
    for leftover in (MEETING, SETTLED):
        connection.execute(f"drop table if exists {leftover}")
    stored_rows = _stored_rows(connection, table)
    if _find_meeting(connection, table, stored_rows):
        _settle(connection, table, file_id, stored_rows)
        taken = f"{_FITS} and id not in (select id from {SETTLED} where origin = 1 and not taken)"
        replaced = _count(connection, f"{SETTLED} where taken and outdone is not null")
    newest = f"(select max(day) from logs.{table.name})"
    late = _count(connection, f"{STAGED} where {taken} and day < {newest}") if table.has_day else 0
    if replaced:
        outdone = f"select outdone from {SETTLED} where taken and outdone is not null"
        connection.execute(f"delete from logs.{table.name} where rowid in ({outdone})")
    columns = ", ".join(f'"{column}"' for column in table.stored)
    inserted = connection.execute(
        f"insert into logs.{table.name} ({columns}, file_id, row_number) "
        f"select {columns}, {file_id}, row_number from {STAGED} where {taken}"
    ).fetchone()
    return Merged(int(inserted[0]) - replaced if inserted else 0, replaced, late)


def _stored_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """FROM clause of the stored rows that can share a key with the file's; empty when there are none."""
    condition = "true"
    if table.key.within_day:
        days = connection.execute(f"select min(day), max(day) from {STAGED} where {_FITS}").fetchone()
        if not days or days[0] is None:
            return ""
        condition = f"day between '{days[0]}' and '{days[1]}'"
    rows = f"logs.{table.name} where {condition}"
    return rows if connection.execute(f"select 1 from {rows} limit 1").fetchone() else ""


def _find_meeting(connection: duckdb.DuckDBPyConnection, table: Table, stored_rows: str) -> bool:
    """Hashes of keys that occur twice in the file, or in the file and in the table; whether there are any."""
    hashed = f"hash({', '.join(table.key.told_by or table.key.columns)})"
    new = f"select {hashed} as hashed from {STAGED} where {_FITS}"
    stored = (
        f"union select hashed from ({new}) where hashed in (select {hashed} from {stored_rows})" if stored_rows else ""
    )
    twice = f"select hashed from ({new}) group by hashed having count(*) > 1"
    connection.execute(f"create temp table meeting as {twice} {stored}")
    return _count(connection, MEETING) > 0


def _settle(connection: duckdb.DuckDBPyConnection, table: Table, file_id: int, stored_rows: str) -> None:
    """Compare the rows whose hashes meet: `settled` says of each whether it is taken and which stored row it outdoes.

    The origin is 0 for stored rows, 1 for the file's. A row that says nothing new does not replace its equal.
    """
    hashed = f"hash({', '.join(table.key.told_by or table.key.columns)}) in (select hashed from {MEETING})"
    columns = ", ".join(f'"{column}"' for column in table.stored)
    new = (
        f"select 1 as origin, id, {file_id} as file_id, row_number, {columns} from {STAGED} where {_FITS} and {hashed}"
    )
    old = f"select 0 as origin, rowid as id, file_id, row_number, {columns} from {stored_rows} and {hashed}"
    both = f"{old} union all {new}" if stored_rows else new
    same = ", ".join((*table.key.columns, "repeat"))
    connection.execute(
        f"create temp table settled as "
        f"select origin, id, outdone, place = 1 and origin = 1 and content is distinct from old_content as taken from ("
        f"select origin, id, content, row_number() over (partition by {same} order by {_order(table.key)}) as place, "
        f"max(case when origin = 0 then id end) over (partition by {same}) as outdone, "
        f"max(case when origin = 0 then content end) over (partition by {same}) as old_content "
        f"from (select *, row({columns}) as content, {_repeat(table.key)} as repeat from ({both})))"
    )


def _order(key: Key) -> str:
    return ", ".join((*key.prefer, "origin", "file_id", "row_number"))


def _repeat(key: Key) -> str:
    """Number of a row among its equals: 1 unless equal rows of one file are different things."""
    if not key.repeats_when:
        return "1"
    within = [f"case when origin = 1 then {column} end" for column in key.repeats_within]
    equals = ", ".join(("origin", *key.columns, *within))
    order = ", ".join((*key.repeats_within, "file_id", "row_number"))
    numbered = f"row_number() over (partition by {equals} order by {order})"
    return f"case when {key.repeats_when} then {numbered} else 1 end"


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = connection.execute(f"select count(*) from {rows}").fetchone()
    return int(found[0]) if found else 0
