"""One file as a temporary table: values typed, broken rows marked, items looked up.

The table `staged` has the stored columns, `id`, `row_number` (1 = first row after the header; blank lines of a CSV are
not counted), `rule_index` (NULL for a row that fits) and `shown` (the value that breaks the rule).
"""

from dataclasses import dataclass

import duckdb

from arena_pipeline.ingest.casts import Convention, raw_name, raw_value, typed
from arena_pipeline.ingest.line_ends import with_one_line_end
from arena_pipeline.ingest.lookups import convert_prices, look_up_items
from arena_pipeline.ingest.readers import REJECT_SCANS, REJECTS, LogFile, name, read_from, unreadable
from arena_pipeline.ingest.rules import (
    ANY_CURRENCY,
    UNKNOWN_ITEM,
    UNKNOWN_ITEM_REMEDY,
    UNKNOWN_RATE,
    UNKNOWN_RATE_REMEDY,
    Rule,
    first_broken,
    rules_of,
    shown_value,
)
from arena_pipeline.warehouse import is_write_failure, not_written
from engine.errors import InputError

STAGED, READ, REJECTED = "temp.staged", "temp.read_rows", "temp.rejected"


@dataclass(frozen=True)
class Stage:
    """What was read from one file.

    Attributes:
        rules: rules by index; the last ones are those that need other tables.
        rows_read: all data rows, those that could not be split into columns included.
        rejected: rows of the latter kind.
    """

    rules: list[Rule]
    rows_read: int
    rejected: int


def stage(connection: duckdb.DuckDBPyConnection, log: LogFile, convention: Convention) -> Stage:
    """Read a file into `staged`.

    Raises:
        InputError: DuckDB cannot read the file at all, or a quote swallows the rows after it.
    """
    rules = rules_of(log)
    try:
        _read(connection, log, rules, convention)
    except InputError as error:
        if log.format != "csv" or not isinstance(error.__cause__, duckdb.InvalidInputException):
            raise
        with with_one_line_end(log.path) as copy:
            if copy is None:
                raise
            _read(connection, read_from(log, copy), rules, convention)
    if "visitor_id" in log.table.stored:
        connection.execute(f"delete from {READ} where visitor_id in (from privacy.forgotten)")
    rejected = _collect_rejects(connection, log) if log.format == "csv" else 0
    _number_rows(connection, rejected, "source_row" if log.numbered else "rowid + 1")
    if log.table.knows_items:
        look_up_items(connection, READ, log, len(rules))
    rules.append(Rule(UNKNOWN_ITEM, "", "", UNKNOWN_ITEM_REMEDY))
    if log.table.name == "conversions" and "currency" in log.names and convention.currency != ANY_CURRENCY:
        convert_prices(connection, READ, convention, len(rules))
    rules.append(Rule(UNKNOWN_RATE, "", "", UNKNOWN_RATE_REMEDY))
    return Stage(rules, _count(connection, READ) + rejected, rejected)


def _read(connection: duckdb.DuckDBPyConnection, log: LogFile, rules: list[Rule], convention: Convention) -> None:
    """Fill `read_rows`; see `stage`."""
    clear(connection)
    connection.execute("set preserve_insertion_order = true")
    try:
        connection.execute(f"create temp table read_rows as {_typed_rows(log, rules, convention)}")
    except duckdb.Error as error:
        if is_write_failure(error):
            raise not_written(error) from error
        raise unreadable(log.path, log.format, error) from error


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove the temporary tables of the file before."""
    connection.execute(f"drop view if exists {STAGED}")
    for table in (READ, REJECTED, "temp.staged_rows", f"temp.{REJECTS}", f"temp.{REJECT_SCANS}"):
        connection.execute(f"drop table if exists {table}")


def _typed_rows(log: LogFile, rules: list[Rule], convention: Convention) -> str:
    """Query of a file's rows: stored columns, `rule_index`, `shown`; in the file's order."""
    table = log.table
    present = [(column, header) for column in table.columns if (header := column.found_in(log.names))]
    numbered = ", source_row" if log.numbered else ""
    raw = ", ".join(
        f"{raw_value(log.names[header], log.types[header])} as {raw_name(column)}" for column, header in present
    )
    values = ", ".join(f'{typed(column, log, convention)} as "{column.name}"' for column in table.columns)
    stored = ", ".join(f'{column.stored or name(column.name)} as "{column.name}"' for column in table.columns)
    derived = "".join(f', {sql} as "{derived}"' for derived, (_, sql) in table.derived.items())
    return (
        f"select {stored}{derived}{numbered}, rule_index, {shown_value(rules, 'rule_index')} as shown from ("
        f"select *, {first_broken(rules)} as rule_index from (select *, {values} from ("
        f"select {raw}{numbered} from {log.scan})))"
    )


def _collect_rejects(connection: duckdb.DuckDBPyConnection, log: LogFile) -> int:
    """Rows that DuckDB could not split into columns, as `rejected`; their number."""
    shown = "null" if log.private else "left(trim(any_value(csv_line), e'\\r\\n'), 200)"
    connection.execute(
        f"create temp table rejected as select line - {log.header_lines} as row_number, "
        f"any_value(error_type) as error_type, any_value(error_message) as message, {shown} as shown, "
        f"bool_or(error_type = 'UNQUOTED VALUE' and contains(trim(csv_line, e'\\r\\n'), e'\\n')) as swallows "
        f"from {REJECTS} group by line"
    )
    swallowed = connection.execute(f"select min(row_number) from {REJECTED} where swallows").fetchone()
    if swallowed and swallowed[0] is not None:
        raise InputError(
            "a quote must be closed within its row",
            place=f"{log.path}, row {swallowed[0]}",
            remedy='Write a quote inside a text as "" and close the text; the rows after it cannot be told apart',
        )
    return _count(connection, REJECTED)


def _number_rows(connection: duckdb.DuckDBPyConnection, rejected: int, number: str) -> None:
    """Make `staged`: the rows read, with their numbers in the file (rejected rows count)."""
    if not rejected:
        connection.execute(f"create temp view staged as select rowid as id, {number} as row_number, * from {READ}")
        return
    connection.execute(
        f"create temp view staged as select numbered.*, numbered.rank + coalesce(gap.shift, 0) as row_number from ("
        f"select rowid as id, {number} as rank, * from {READ}) numbered asof left join ("
        f"select row_number - place + 1 as rank, max(place) as shift from ("
        f"select row_number, row_number() over (order by row_number) as place from {REJECTED}) group by 1"
        f") gap on numbered.rank >= gap.rank"
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
