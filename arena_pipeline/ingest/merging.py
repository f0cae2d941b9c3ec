"""From `staged` into the table: nothing counted twice.

Rows whose keys are unique in the file and new to the table (told by a 64-bit hash) go straight in. Only where hashes
meet are rows compared in full, and the contract's preference says which one stays. That order is total and knows
nothing of when a file arrived, so tables do not depend on it.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from arena_pipeline.ingest.contract import Key, Table
from arena_pipeline.ingest.manifest import ManifestRow
from arena_pipeline.ingest.precedence import rank_files
from arena_pipeline.ingest.staging import STAGED

MEETING, EQUALS, SETTLED = "temp.meeting", "temp.equals", "temp.settled"
_FITS = "rule_index is null"
_OUTDONE = f"from {SETTLED} where taken and outdone is not null"


@dataclass(frozen=True)
class Merged:
    """Rows of one file by what became of them.

    Attributes:
        new: inserted with a key that the table did not have.
        replaced: inserted in place of a stored row with the same key.
        late: of the inserted ones, those of a day before the newest day stored before.
        days: days of the inserted ones.
        yielding: rows that say something else than the row of another file, which counts because of its name.
        example: one of them: its key, and that file.
    """

    new: int
    replaced: int
    late: int
    days: frozenset[date] = frozenset()
    yielding: int = 0
    example: tuple[str, str] = ("", "")


def merge(connection: duckdb.DuckDBPyConnection, table: Table, file: ManifestRow) -> Merged:
    """Insert the rows that fit and are not there yet; delete stored rows that a better version replaces."""
    for leftover in (MEETING, EQUALS, SETTLED):
        connection.execute(f"drop table if exists {leftover}")
    stored_rows = _stored_rows(connection, table)
    newest = _newest_day(connection, table) if table.has_day else None
    taken, replaced, yielding, example = _FITS, 0, 0, ("", "")
    settled = _find_meeting(connection, table, stored_rows)
    if settled:
        counts_before_others = rank_files(connection, table, file)
        _set_equals_apart(connection, table, "" if counts_before_others else stored_rows)
        _settle(connection, table, file.file_id, stored_rows)
        skipped = f"select id from {SETTLED} where origin = 1 and not taken union all select id from {EQUALS}"
        taken = f"{_FITS} and id not in ({skipped})"
        replaced = _count(connection, f"{SETTLED} where taken and outdone is not null")
        yielding, example = _yielding(connection, table)
    days = _days(connection, taken) if table.has_day else {}
    late = sum(rows for day, rows in days.items() if newest is not None and day < newest)
    if settled:
        _hand_over(connection, table, file.file_id)
    if replaced:
        connection.execute(f"delete from logs.{table.name} where rowid in (select outdone {_OUTDONE})")
    inserted = _insert(connection, table, file.file_id, taken, numbered=settled and table.key.keeps_number)
    return Merged(inserted - replaced, replaced, late, frozenset(days), yielding, example)


def _insert(connection: duckdb.DuckDBPyConnection, table: Table, file_id: int, taken: str, *, numbered: bool) -> int:
    rows, number = STAGED, "1" if table.key.keeps_number else ""
    if numbered:
        rows = f"{STAGED} left join (select id, repeat from {SETTLED} where origin = 1) using (id)"
        number = "coalesce(repeat, 1)"
    kept = f"{file_id}, row_number{f', {number}' if number else ''}"
    # In the order of the file, groups of rows would be as uneven as the reader's pieces, and written again at the end.
    connection.execute("set preserve_insertion_order = false")
    inserted = connection.execute(
        f"insert into logs.{table.name} ({_columns(table)}, {', '.join(table.kept)}) "
        f"select {_columns(table)}, {kept} from {rows} where {taken}"
    ).fetchone()
    return int(inserted[0]) if inserted else 0


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
    """Rows that occur once in the file and, in all columns, in the table: most of an overlapping file.

    Only of a file that counts after all others: else the stored row would have to be handed over to it.
    """
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
    """Compare the other rows whose hashes meet.

    The table `settled` has the rows by origin (0 stored, 1 of the file) with `repeat`, their number among equals;
    `outdone`, the stored row of the same key; `taken`, whether a row of the file counts and says something new;
    `equal`, whether it counts and says what the stored row says; and `yields`, see ``Merged``.
    """
    met = f"{_hashed(table)} in (select hashed from {MEETING})"
    columns = _columns(table)
    number = ", repeat_number" if table.key.keeps_number else ""
    unnumbered = ", null as repeat_number" if table.key.keeps_number else ""
    new = f"select 1 as origin, id, {file_id} as file_id, row_number{unnumbered}, {columns} from {STAGED}"
    both = f"{new} where {_FITS} and {met}"
    if stored_rows:
        both += f" union all select 0, rowid, file_id, row_number{number}, {columns} from {stored_rows} and {met}"
    same = ", ".join((*table.key.columns, "repeat"))
    told = f"partition by {same} {_ordered(table.key.prefer)}"
    total = f"partition by {same} {_ordered((*_order(table.key), 'origin'))}"
    counts, differs = "place = 1 and origin = 1", "content is distinct from old_content"
    connection.execute(
        f"create temp table settled as select origin, id, row_number, repeat, outdone, file_of_best, "
        f"{counts} and {differs} as taken, {counts} and not {differs} as equal, "
        f"origin = 1 and tied = 1 and origin_of_best = 0 and content is distinct from best as yields from ("
        f"select *, row_number() over total as place, rank() over told as tied, "
        f"first_value(content) over total as best, first_value(origin) over total as origin_of_best, "
        f"first_value(file_id) over total as file_of_best, "
        f"max(case when origin = 0 then id end) over (partition by {same}) as outdone, "
        f"max(case when origin = 0 then content end) over (partition by {same}) as old_content "
        f"from (select *, row({columns}) as content, {_repeat(table.key)} as repeat "
        f"from ({both}) join temp.file_ranks using (file_id)) window told as ({told}), total as ({total}))"
    )


def _hand_over(connection: duckdb.DuckDBPyConnection, table: Table, file_id: int) -> None:
    """Stored rows that this file says again, and better: they are its rows from now on."""
    number = ", repeat_number = s.repeat" if table.key.keeps_number else ""
    connection.execute(
        f"update logs.{table.name} set file_id = {file_id}, row_number = s.row_number{number} "
        f"from {SETTLED} s where s.equal and logs.{table.name}.rowid = s.outdone"
    )


def _yielding(connection: duckdb.DuckDBPyConnection, table: Table) -> tuple[int, tuple[str, str]]:
    """Number of rows that give way to another file because of its name; key and file of the first of them."""
    if not table.key.last_counts:
        return 0, ("", "")
    key = f"concat_ws(' / ', {', '.join(name for name in table.key.columns if name in table.stored)})"
    found = connection.execute(
        f"select count(*) over (), {key}, path from {SETTLED} s join {STAGED} using (id) "
        f"join (select file_id, path from logs.manifest where table_name = ?) files on files.file_id = file_of_best "
        f"where s.yields order by s.row_number limit 1",
        [table.name],
    ).fetchone()
    return (int(found[0]), (str(found[1]), str(found[2]))) if found else (0, ("", ""))


def _columns(table: Table) -> str:
    return ", ".join(f'"{column}"' for column in table.stored)


def _hashed(table: Table) -> str:
    return f"hash({', '.join(table.key.told_by or table.key.columns)})"


def _order(key: Key) -> tuple[str, ...]:
    """SQL order in which the first of the rows of one key stays."""
    by_file = ("file_rank desc", "row_number desc") if key.last_counts else ("file_rank", "row_number")
    return (*key.prefer, *by_file)


def _ordered(columns: tuple[str, ...]) -> str:
    return f"order by {', '.join(columns)}" if columns else ""


def _repeat(key: Key) -> str:
    """Number of a row among its equals: 1 unless equal rows of one file are different things.

    Rows of one key that are the same whatever number they have are numbered in the order in which they are preferred:
    the n-th of what is stored is the best n-th of all files then. Others keep the number that they have in their file.
    """
    if not key.repeats_when:
        return "1"
    within = [f"case when origin = 1 then {column} end" for column in key.repeats_within]
    equals = ", ".join(("origin", *key.columns, *within))
    order = ", ".join(("file_id", "row_number") if key.keeps_number else _order(key))
    number = f"row_number() over (partition by {equals} order by {order})"
    stored = f"coalesce(repeat_number, {number})" if key.keeps_number else number
    return f"case when {key.repeats_when} then {stored} else 1 end"


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = connection.execute(f"select count(*) from {rows}").fetchone()
    return int(found[0]) if found else 0
