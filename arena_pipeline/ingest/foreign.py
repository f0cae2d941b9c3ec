"""Open a foreign file for a table of the contract: its adapter's query in place of a plain scan."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import duckdb

from arena_pipeline.ingest.adapters import ADAPTERS, Adapter
from arena_pipeline.ingest.adapters.look import Look
from arena_pipeline.ingest.contract import NUMERIC, Table
from arena_pipeline.ingest.readers import LogFile, form_of, name, text, unreadable
from arena_pipeline.ingest.sniffing import adorned, decimal_mark
from arena_pipeline.settings import Scalar, Source, TableName
from engine.errors import InputError, SettingsError, nearest


def open_foreign(
    connection: duckdb.DuckDBPyConnection, path: Path, source: Source, table: TableName, forms: tuple[Table, ...],
    label: str,
) -> LogFile:  # fmt: skip
    """Look at a foreign file and decide how its rows become rows of a table.

    Raises:
        InputError: unreadable, not a file of this adapter, or a required column has no source.
        SettingsError: the adapter has no such table, or a constant names no column.
    """
    adapter = ADAPTERS[source.adapter]
    look = adapter.look(connection, path, source)
    query = _with_constants(connection, look, _query(adapter, table, look, source), source, forms)
    types = _types(connection, look, query)
    names = {header: header for header in types if header != "source_row"}
    form = form_of(path, names, forms, f"set it for all rows: sources.{table}.constants = {{ ... }}")
    return LogFile(
        path=path,
        label=label,
        format=look.format,
        table=form,
        names=names,
        types=types,
        scan=f"({query})",
        decimal=source.decimal or _decimal(look, source, form),
        adorned=adorned(look.sample, _numeric(source, form)),
        warning="",
        numbered=True,
        private=adapter.private,
        header_lines=0 if source.adapter == "access_log" else 1,
        alias_source=source.alias_source or source.adapter,
    )


def _query(adapter: Adapter, table: TableName, look: Look, source: Source) -> str:
    if table not in adapter.tables:
        raise SettingsError(
            f"adapter {adapter.name} has no rows for {table}", place=f"arena.toml, sources.{table}",
            remedy=f"It has: {', '.join(adapter.tables)}",
        )  # fmt: skip
    mapping = adapter.mapping(table, look)
    if mapping is None:
        needs = adapter.tables[table][0].needs
        missing = [" or ".join(alternatives) for alternatives in needs if not look.has(*alternatives)]
        found = ", ".join(list(look.names.values())[:30])
        raise InputError(
            f"file must be {adapter.title}; for {table} it lacks {', '.join(missing)}",
            place=str(look.path),
            remedy=f"Choose another adapter, or map the columns (adapter = 'mapped'). The file has: {found}",
        )
    return mapping.query(look, source)


def _with_constants(
    connection: duckdb.DuckDBPyConnection, look: Look, query: str, source: Source, forms: tuple[Table, ...]
) -> str:
    """Constants fill what the rows do not say."""
    if not source.constants:
        return query
    known = [column.header for form in forms for column in form.columns]
    given = _types(connection, look, query)
    kept, added = [], []
    for header, value in source.constants.items():
        if header not in known:
            raise SettingsError(
                "constant must be a column of the table", value=header, place="arena.toml, constants",
                remedy=nearest(header, known) or f"Known: {', '.join(known)}",
            )  # fmt: skip
        literal = text(_written(value))
        if header in given:
            kept.append(f"coalesce(cast({name(header)} as varchar), {literal}) as {name(header)}")
        else:
            added.append(f"{literal} as {name(header)}")
    replaced = f" replace ({', '.join(kept)})" if kept else ""
    return f"select *{replaced}{''.join(f', {column}' for column in added)} from ({query})"


def _written(value: Scalar | date | datetime) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _types(connection: duckdb.DuckDBPyConnection, look: Look, query: str) -> dict[str, str]:
    try:
        return {str(row[0]): str(row[1]) for row in connection.execute(f"describe {query}").fetchall()}
    except duckdb.Error as error:
        raise unreadable(look.path, look.format, error) from error


def _decimal(look: Look, source: Source, form: Table) -> Literal[".", ","]:
    """Only of files by a map of columns: the other adapters know how their format writes numbers."""
    if source.adapter != "mapped":
        return "."
    return decimal_mark(look.sample, _numeric(source, form))


def _numeric(source: Source, form: Table) -> list[str]:
    """Names, as in the files, of the columns that hold numbers."""
    return [source.columns.get(column.header, column.header) for column in form.columns if column.kind in NUMERIC]
