"""Rows that do not fit: set aside with a reason, and the share of them that a run may live with."""

from collections.abc import Iterable

import duckdb

from arena_pipeline.ingest.readers import LogFile, text
from arena_pipeline.ingest.rules import as_values
from arena_pipeline.ingest.staging import REJECTED, STAGED, Stage
from engine.errors import InputError

_REJECT_REMEDY = "Quote texts that contain the delimiter, a quote or a line break, and save the file as UTF-8"


def set_aside(connection: duckdb.DuckDBPyConnection, log: LogFile, staged: Stage, file_id: int) -> int:
    """Write the broken rows of the staged file to `logs.quarantine`, in place of earlier ones; their number."""
    connection.execute("delete from logs.quarantine where file_id = ?", [file_id])
    place = f"{text(log.label)} as file, row_number, {text(log.table.name)} as table_name"
    written = connection.execute(
        f"insert into logs.quarantine select {place}, rule, shown, remedy, {file_id} from {STAGED} "
        f"join {as_values(staged.rules)} using (rule_index) order by row_number"
    ).fetchone()
    if staged.rejected:
        connection.execute(
            f"insert into logs.quarantine select {place}, case error_type "
            f"when 'INVALID ENCODING' then 'text must be UTF-8 (or set the encoding of the source)' "
            f"else 'row must split into the columns of the header' end, shown, {text(_REJECT_REMEDY)}, {file_id} "
            f"from {REJECTED} order by row_number"
        )
    return (int(written[0]) if written else 0) + staged.rejected


def check_share(connection: duckdb.DuckDBPyConnection, source: str, file_ids: Iterable[int], limit: float) -> None:
    """Stop when too many rows of a table's present files do not fit.

    Raises:
        InputError: more than `limit` of the rows read; lists the most frequent rules, each with an example.
    """
    ids = list(file_ids)
    counted = "select coalesce(sum(rows_read), 0), coalesce(sum(rows_quarantined), 0) from logs.manifest"
    found = connection.execute(f"{counted} where list_contains(?, file_id)", [ids]).fetchone()
    read, aside = (int(found[0]), int(found[1])) if found else (0, 0)
    if aside <= limit * read:
        return
    raise InputError(
        f"at most {limit:.1%} of the rows of {source} may be set aside (ingest.max_quarantine_share), "
        f"{aside:,} of {read:,} do not fit",
        place=source,
        remedy="Most frequent: " + "; ".join(_examples(connection, ids)),
    )


def _examples(connection: duckdb.DuckDBPyConnection, file_ids: list[int]) -> list[str]:
    rows = connection.execute(
        "select rule, count(*), arg_min(file, (file_id, row_number)), arg_min(row_number, (file_id, row_number)), "
        "arg_min(coalesce(value, ''), (file_id, row_number)), any_value(remedy) from logs.quarantine "
        "where list_contains(?, file_id) group by rule order by 2 desc, 1 limit 5",
        [file_ids],
    ).fetchall()
    return [
        f"{rule} ({count:,} rows, such as {file} row {row}{f': {value!r}' if value else ''}). {remedy}"
        for rule, count, file, row, value, remedy in rows
    ]
