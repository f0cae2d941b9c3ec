"""From `staged` into the table: nothing counted twice.

Rows whose keys are unique in the file and new to the table (told by a 64-bit hash) go straight in. Only where hashes
meet are rows compared in full, and the contract's preference says which one stays.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from arena_pipeline.ingest.contract import Key, Table
from arena_pipeline.ingest.staging import STAGED

MEETING, EQUALS, SETTLED = "temp.meeting", "temp.equals", "temp.settled"
_FITS = "rule_index is null"


@dataclass(frozen=True)
class Merged:
    """Rows of one file by what became of them.

    Attributes:
        new: inserted with a key that the table did not have.
        replaced: inserted in place of a stored row with the same key.
        late: of the inserted ones, those of a day before the newest day stored before.
        days: days of the inserted ones.
    """

    new: int
    replaced: int
    late: int
    days: frozenset[date] = frozenset()


def merge(connection: duckdb.DuckDBPyConnection, table: Table, file_id: int) -> Merged:
    """Insert the rows that fit and are not there yet; delete stored rows that a better version replaces."""
    for leftover in (MEETING, EQUALS, SETTLED):
        connection.execute(f"drop table if exists {leftover}")
    stored_rows = _stored_rows(connection, table)
    newest = _newest_day(connection, table) if table.has_day else None
    taken, replaced = _FITS, 0
    if _find_meeting(connection, table, stored_rows):
        _set_equals_apart(connection, table, stored_rows)
        _settle(connection, table, file_id, stored_rows)
        skipped = f"select id from {SETTLED} where origin = 1 and not taken union all select id from {EQUALS}"
        taken = f"{_FITS} and id not in ({skipped})"
        replaced = _count(connection, f"{SETTLED} where taken and outdone is not null")
    days = _days(connection, taken) if table.has_day else {}
    late = sum(rows for day, rows in days.items() if newest is not None and day < newest)
    if replaced:
        outdone = f"select outdone from {SETTLED} where taken and outdone is not null"
        connection.execute(f"delete from logs.{table.name} where rowid in ({outdone})")
    inserted = connection.execute(
        f"insert into logs.{table.name} ({_columns(table)}, file_id, row_number) "
        f"select {_columns(table)}, {file_id}, row_number from {STAGED} where {taken}"
    ).fetchone()
    return Merged(int(inserted[0]) - replaced if inserted else 0, replaced, late, frozenset(days))


def _newest_day(connection: duckdb.DuckDBPyConnection, table: Table) -> date | None:
    """Newest day stored before this file."""
    found = connection.execute(f"select max(day) from logs.{table.name}").fetchone()
    return found[0] if found else None


def _days(connection: duckdb.DuckDBPyConnection, taken: str) -> dict[date, int]:
    """Rows to insert by day."""
    return dict(connection.execute(f"select day, count(*) from {STAGED} where {taken} group by day").fetchall())


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
    new = f"select {_hashed(table)} as hashed from {STAGED} where {_FITS}"
    twice = f"select hashed, true as twice from ({new}) group by hashed having count(*) > 1"
    connection.execute(f"create temp table meeting as {twice}")
    if stored_rows:
        stored = f"hashed in (select {_hashed(table)} from {stored_rows})"
        unseen = f"hashed not in (select hashed from {MEETING})"
        connection.execute(f"insert into {MEETING} select hashed, false from ({new}) where {stored} and {unseen}")
    return _count(connection, MEETING) > 0


def _set_equals_apart(connection: duckdb.DuckDBPyConnection, table: Table, stored_rows: str) -> None:
    """Rows that occur once in the file and, in all columns, in the table: most of an overlapping file."""
    if not stored_rows:
        connection.execute("create temp table equals (id bigint, hashed ubigint)")
        return
    met = f"in (select hashed from {MEETING} where not twice)"
    columns = f"{_hashed(table)} as hashed, {_columns(table)}"
    new = f"select id, {columns} from {STAGED} where {_FITS} and {_hashed(table)} {met}"
    old = f"select {columns} from {stored_rows} and {_hashed(table)} {met}"
    same = " and ".join(f'new."{column}" is not distinct from old."{column}"' for column in table.stored)
    connection.execute(
        f"create temp table equals as select id, new.hashed from ({new}) new semi join ({old}) old "
        f"on new.hashed = old.hashed and {same}"
    )
    connection.execute(f"delete from {MEETING} where hashed in (select hashed from {EQUALS})")


def _settle(connection: duckdb.DuckDBPyConnection, table: Table, file_id: int, stored_rows: str) -> None:
    """Compare the other rows whose hashes meet: `settled` says which are taken and which stored row each outdoes.

    The origin is 0 for stored rows, 1 for the file's. A row that says nothing new does not replace its equal.
    """
    met = f"{_hashed(table)} in (select hashed from {MEETING})"
    columns = _columns(table)
    new = f"select 1 as origin, id, {file_id} as file_id, row_number, {columns} from {STAGED} where {_FITS} and {met}"
    old = f"select 0 as origin, rowid as id, file_id, row_number, {columns} from {stored_rows} and {met}"
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


def _columns(table: Table) -> str:
    return ", ".join(f'"{column}"' for column in table.stored)


def _hashed(table: Table) -> str:
    return f"hash({', '.join(table.key.told_by or table.key.columns)})"


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
