"""Files as SQL: what DuckDB reads a file with, and under which names and types its columns arrive.

Text files arrive as text throughout, so that a value that does not fit spoils its row and not the file.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import duckdb

from arena_pipeline.ingest.contract import NUMERIC, Column, Table
from arena_pipeline.ingest.sniffing import (
    SAVE_AS_UTF8,
    Format,
    TextSample,
    adorned,
    decimal_mark,
    format_of,
    sample_csv,
    sample_ndjson,
)
from arena_pipeline.settings import Source
from engine.errors import InputError, nearest

REJECTS, REJECT_SCANS = "ingest_rejects", "ingest_reject_scans"
_KEEP_REJECTS = f"store_rejects = true, rejects_table = '{REJECTS}', rejects_scan = '{REJECT_SCANS}'"


@dataclass(frozen=True)
class LogFile:
    """A file, the table it belongs to, and how to read it.

    Attributes:
        path: the file.
        label: the path as shown, relative to the workspace where it lies below it.
        format: CSV (also TSV), NDJSON or Parquet.
        table: the table that its columns fit.
        names: contract name of a header column to the name as written in the file, in the file's order.
        types: DuckDB type per contract name; VARCHAR throughout in text files.
        scan: the FROM clause.
        decimal: decimal mark of its numbers.
        warning: columns that are ignored, or an empty text.
        numbered: the scan gives `source_row`, a row's number in the file.
        private: text of rows that cannot be read may hold customer fields and is not kept.
        header_lines: lines before the first row.
        adorned: its numbers carry currencies or separators of thousands.
        alias_source: under which name `item_aliases` know the log.
    """

    path: Path
    label: str
    format: Format
    table: Table
    names: dict[str, str]
    types: dict[str, str]
    scan: str
    decimal: Literal[".", ","]
    warning: str
    numbered: bool = False
    private: bool = False
    header_lines: int = 1
    alias_source: str = ""
    adorned: bool = False


def open_log(
    connection: duckdb.DuckDBPyConnection, path: Path, source: Source, forms: tuple[Table, ...], label: str
) -> LogFile:
    """Look at a file's start and decide how to read it, and which of the table's forms it is.

    Raises:
        InputError: unreadable, repeated header names, required columns missing or misspelt.
    """
    kind = format_of(path)
    if kind == "parquet":
        written = parquet_types(connection, path)
        sample = TextSample(tuple(written), ())
    else:
        sample = sample_csv(path, source) if kind == "csv" else sample_ndjson(path, source)
        written = dict.fromkeys(sample.header, "VARCHAR")
    names = _contract_names(path, sample.header)
    table = form_of(path, names, forms)
    numeric = [names[name] for column in table.columns if column.kind in NUMERIC and (name := column.found_in(names))]
    return LogFile(
        path=path,
        label=label,
        format=kind,
        table=table,
        names=names,
        types={name: written[raw] for name, raw in names.items()},
        scan=_scan(path, kind, sample),
        decimal=source.decimal or decimal_mark(sample.rows, numeric),
        warning=_ignored(label, table, names),
        adorned=adorned(sample.rows, numeric),
        alias_source=source.alias_source or "canonical",
    )


def read_from(log: LogFile, copy: Path) -> LogFile:
    """The same file, read from a copy of it."""
    return replace(log, scan=log.scan.replace(_literal(log.path), _literal(copy)))


def unreadable(path: Path, kind: Format, error: duckdb.Error) -> InputError:
    """DuckDB's refusal of a file, in the arena's words."""
    lines = str(error).splitlines()
    if "latin-1 encoded" in lines[0]:
        return InputError("text must be Latin-1, as the source says, or UTF-8", place=str(path), remedy=SAVE_AS_UTF8)
    return InputError(
        f"file must be readable as {kind.upper()} ({lines[0]})",
        place=str(path),
        remedy="Export or copy it again; a file that is still being written is complete only under its final name",
    )


def _contract_names(path: Path, header: tuple[str, ...]) -> dict[str, str]:
    """Contract spelling (lower case, underscores) to the header's own; case and blanks in a header do not matter."""
    names: dict[str, str] = {}
    for written in header:
        name = "_".join(written.lower().replace("-", " ").replace("_", " ").split())
        if name in names:
            remedy = "Remove or rename one of the two columns"
            raise InputError("header must not repeat a column", value=written, place=str(path), remedy=remedy)
        names[name] = written
    return names


def form_of(path: Path, names: dict[str, str], forms: tuple[Table, ...], otherwise: str = "") -> Table:
    """The first form whose required columns are there; else an error about the form that fits best.

    `otherwise` is what can be done about a missing column beside renaming one.
    """
    table = min(forms, key=lambda form: (bool(form.missing(names)), -_shared(form, names)))
    missing = table.missing(names)
    if missing:
        known = {column.header for column in table.columns}
        guess = nearest(missing[0], [name for name in names if name not in known])
        found = otherwise or f"The header has: {', '.join(names.values())}"
        raise InputError(
            f"table {table.name} needs column {missing[0]!r}",
            place=str(path),
            remedy=f"{guess} Rename it in the export. {found}" if guess else found,
        )
    return table


def _shared(form: Table, names: dict[str, str]) -> int:
    return sum(bool(column.found_in(names)) for column in form.columns)


def _ignored(label: str, table: Table, names: dict[str, str]) -> str:
    known = {column.found_in(names) for column in table.columns}
    free = [column.header for column in table.columns if not column.found_in(names)]
    unknown = [f"{raw!r} {nearest(name, free)}".rstrip() for name, raw in names.items() if name not in known]
    return f"{label}: columns ignored, unknown to {table.name}: {', '.join(unknown)}" if unknown else ""


def parquet_types(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Columns of a Parquet file and their DuckDB types."""
    try:
        described = connection.execute(f"describe select * from read_parquet({_literal(path)})").fetchall()
    except duckdb.Error as error:
        raise unreadable(path, "parquet", error) from error
    return {str(name): str(sql_type) for name, sql_type, *_ in described}


def _scan(path: Path, kind: Format, sample: TextSample) -> str:
    columns = dict.fromkeys(sample.header, "VARCHAR")
    if kind == "parquet":
        return parquet_scan(path)
    return json_scan(path, columns) if kind == "ndjson" else csv_scan(path, sample, columns)


def parquet_scan(path: Path, numbered: bool = False) -> str:
    """FROM clause of a Parquet file, with `file_row_number` (0 is the first) on request."""
    options = ", file_row_number = true" if numbered else ""
    return f"read_parquet({_literal(path)}{options})"


def json_scan(path: Path, columns: dict[str, str]) -> str:
    """FROM clause of a file with one JSON object per line; other keys are not parsed."""
    options = f"format = 'newline_delimited', columns = {{{_struct(columns)}}}, ignore_errors = true"
    return f"read_json({_literal(path)}, {options})"


def csv_scan(path: Path, sample: TextSample, columns: dict[str, str]) -> str:
    """FROM clause of a CSV file; rows that cannot be split go to the table of rejects."""
    quotes = """quote = '"', escape = '"'"""
    return (
        f"read_csv({_literal(path)}, auto_detect = false, header = true, delim = {text(sample.delimiter)}, {quotes}, "
        f"encoding = {text(sample.encoding)}, columns = {{{_struct(columns)}}}, {_KEEP_REJECTS})"
    )


def line_scan(path: Path, encoding: str) -> str:
    """FROM clause of a text file, its lines as column `line`."""
    return (
        f"read_csv({_literal(path)}, auto_detect = false, header = false, delim = e'\\x01', quote = '', escape = '', "
        f"encoding = {text(encoding)}, columns = {{'line': 'VARCHAR'}}, {_KEEP_REJECTS})"
    )


def _struct(columns: dict[str, str]) -> str:
    return ", ".join(f"{text(name)}: {text(sql_type)}" for name, sql_type in columns.items())


def text(value: str) -> str:
    """An SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """An SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    """A path as an SQL literal; DuckDB reads paths as globs, so glob characters are wrapped."""
    return text("".join(f"[{character}]" if character in "*?[" else character for character in str(path)))


def column_of(table: Table, column_name: str) -> Column:
    """The column of that stored name."""
    return next(column for column in table.columns if column.name == column_name)
