"""What has been ingested: the schema of the logs, the manifest by content hash, and what was set aside.

A file is known by the SHA-256 of its bytes: the same content changes nothing, under whatever name.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import duckdb

from arena_pipeline.ingest.casts import Convention
from arena_pipeline.ingest.contract import CONTRACT
from arena_pipeline.ingest.privacy import create_forgotten
from arena_pipeline.ingest.rules import UNKNOWN_ITEM, UNKNOWN_RATE
from arena_pipeline.settings import TableName
from engine.errors import InputError


@dataclass(frozen=True)
class ManifestRow:
    """One accepted file; the counts add up: read = new + duplicate + quarantined.

    `path` is the name that it counts under (`precedence`), `version` numbers the contents that were found under it.
    """

    file_id: int
    content_sha256: str
    path: str
    table_name: str
    rows_read: int = 0
    rows_new: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    rows_late: int = 0
    version: int = 1


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make schema `logs` with all tables, where they are missing."""
    create_forgotten(connection)
    connection.execute("create schema if not exists logs")
    for forms in CONTRACT.values():
        for table in forms:
            columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in table.stored.items())
            kept = ", ".join(f"{name} {sql_type}" for name, sql_type in table.kept.items())
            connection.execute(f"create table if not exists logs.{table.name} ({columns}, {kept})")
            for name, sql_type in (
                table.stored | table.kept
            ).items():  # of a database made before the contract had the column
                connection.execute(f'alter table logs.{table.name} add column if not exists "{name}" {sql_type}')
    connection.execute(
        "create table if not exists logs.manifest (file_id integer, content_sha256 varchar, path varchar, "
        "table_name varchar, rows_read bigint, rows_new bigint, rows_duplicate bigint, rows_quarantined bigint, "
        "rows_late bigint, version integer)"
    )
    connection.execute("alter table logs.manifest add column if not exists version integer default 1")
    connection.execute(
        "create table if not exists logs.quarantine (file varchar, row_number bigint, table_name varchar, "
        "rule varchar, value varchar, remedy varchar, file_id integer)"
    )
    connection.execute(
        "create table if not exists logs.aliases_applied (table_name varchar, source varchar, source_item_id varchar, "
        "item_id varchar)"
    )
    connection.execute("create table if not exists logs.conventions (name varchar, value varchar)")


def check_conventions(connection: duckdb.DuckDBPyConnection, convention: Convention) -> None:
    """Rows of one database are read under one convention: money, tax, time zone and the secret of the hashes.

    Raises:
        InputError: the settings changed since the first ingest; names the first of them that did.
    """
    now = {
        "shop.time_zone": convention.time_zone,
        "shop.minor_units": str(convention.minor_units),
        "shop.currency": convention.currency,
        "VAT contained in prices, in basis points (shop.prices_include_vat, shop.vat_rate)": str(
            convention.vat_basis_points
        ),
        "the secret of the visitor hashes (var/visitor_salt)": hashlib.sha256(convention.salt.encode()).hexdigest()[
            :12
        ],
    }
    before = dict(connection.execute("select name, value from logs.conventions").fetchall())
    if not before:
        connection.executemany("insert into logs.conventions values (?, ?)", [list(pair) for pair in now.items()])
    for name, value in now.items():
        if before and before.get(name) != value:
            raise InputError(
                f"{name} must stay what the stored rows were read with ({before.get(name)})",
                value=value,
                remedy="Set it back, or ingest everything anew (`arena ingest --rebuild`)",
            )


def check_reading(connection: duckdb.DuckDBPyConnection, source: TableName, reading: str, *, known: bool) -> None:
    """Rows of one table are read in one way: adapter, map of columns, constants, marks.

    Args:
        connection: the database.
        source: the table.
        reading: ``Source.reading`` as configured now.
        known: whether files of the table were accepted already; until then a changed reading is taken over.

    Raises:
        InputError: files accepted before were read otherwise.
    """
    name = f"sources.{source}"
    found = connection.execute("select value from logs.conventions where name = ?", [name]).fetchone()
    before = str(found[0]) if found else "{}"
    if before == reading:
        return
    if known:
        raise InputError(
            f"{name} must be read as before ({before})",
            value=reading,
            remedy="Set it back, or ingest everything anew (`arena ingest --rebuild`)",
        )
    connection.execute("delete from logs.conventions where name = ?", [name])
    connection.execute("insert into logs.conventions values (?, ?)", [name, reading])


def known_files(connection: duckdb.DuckDBPyConnection, source: TableName) -> dict[str, ManifestRow]:
    """Accepted files of all forms of a table, by content hash."""
    forms = [table.name for table in CONTRACT[source]]
    rows = connection.execute("select * from logs.manifest where list_contains(?, table_name)", [forms]).fetchall()
    return {row[1]: ManifestRow(*row) for row in rows}


def next_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the next accepted file."""
    row = connection.execute("select coalesce(max(file_id), 0) + 1 from logs.manifest").fetchone()
    return int(row[0]) if row else 1


def record(connection: duckdb.DuckDBPyConnection, row: ManifestRow) -> None:
    """Write the manifest row of a file, in place of an older one of the same file."""
    connection.execute("delete from logs.manifest where file_id = ?", [row.file_id])
    connection.execute("insert into logs.manifest values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", list(astuple(row)))


def forget_files(connection: duckdb.DuckDBPyConnection, files: Iterable[ManifestRow]) -> None:
    """Remove files with their rows; those that are still there are read anew, by this ingest or the next."""
    for row in files:
        for table in (row.table_name, "manifest", "quarantine"):
            connection.execute(f"delete from logs.{table} where file_id = ?", [row.file_id])


def curable_files(connection: duckdb.DuckDBPyConnection, file_ids: Iterable[int], convention: Convention) -> set[int]:
    """Of these files, those with rows set aside whose item, or whose currency's rate of that day, is known by now.

    The day of a row that was set aside is not kept: files with a currency without rate are read again when rates were
    added since.
    """
    ids = list(file_ids)
    rows = connection.execute(
        "select distinct file_id from logs.quarantine where list_contains(?, file_id) and rule = ? and value in "
        "(select item_id from logs.products union select source_item_id from logs.item_aliases)",
        [ids, UNKNOWN_ITEM],
    ).fetchall()
    if _rates_added(connection, convention):
        codes = list({code for code, _, _ in convention.rates})
        rows += connection.execute(
            "select distinct file_id from logs.quarantine where list_contains(?, file_id) and rule = ? "
            "and list_contains(?, upper(value))",
            [ids, UNKNOWN_RATE, codes],
        ).fetchall()
    return {int(row[0]) for row in rows}


RATES = "shop.exchange_rates"


def _rates_before(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    found = connection.execute("select value from logs.conventions where name = ?", [RATES]).fetchone()
    return {(code, day, rate) for code, day, rate in json.loads(found[0])} if found else set()


def _rates_added(connection: duckdb.DuckDBPyConnection, convention: Convention) -> bool:
    return bool(set(convention.rates) - _rates_before(connection))


def check_rates(connection: duckdb.DuckDBPyConnection, convention: Convention) -> None:
    """Rates that rows were converted with must stay; further ones may be added.

    Raises:
        InputError: a rate was changed or taken away.
    """
    gone = sorted(_rates_before(connection) - set(convention.rates))
    if gone:
        code, day, rate = gone[0]
        raise InputError(
            f"the exchange rate of {code} from {day} on must stay what the stored rows were converted with ({rate})",
            place="arena.toml, shop.exchange_rates, shop.exchange_rate_file",
            remedy="Set it back, or ingest everything anew (`arena ingest --rebuild`)",
        )


def keep_rates(connection: duckdb.DuckDBPyConnection, convention: Convention) -> None:
    """Remember the rates, at the end of an ingest of order lines."""
    connection.execute("delete from logs.conventions where name = ?", [RATES])
    if convention.rates:
        connection.execute("insert into logs.conventions values (?, ?)", [RATES, json.dumps(convention.rates)])
