"""What rows need other tables for: items under the names of other systems, prices in other currencies.

Works on the rows of one file, after they are typed and before they are merged.
"""

from collections.abc import Container

import duckdb

from arena_pipeline.ingest.casts import Convention
from arena_pipeline.ingest.contract import ALIASED, CONTRACT
from arena_pipeline.ingest.manifest import ManifestRow, forget_files
from arena_pipeline.ingest.readers import LogFile, text
from arena_pipeline.ingest.rules import UNKNOWN_ITEM
from arena_pipeline.settings import Source, TableName
from arena_pipeline.warehouse import transaction

ALIASES = "temp.known_aliases"
_SAID = (
    "select lower(source) as source, source_item_id, item_id from logs.item_aliases "
    "where source <> '*' or source_item_id not in (select item_id from logs.products)"
)


def look_up_items(connection: duckdb.DuckDBPyConnection, rows: str, log: LogFile, unknown: int) -> None:
    """Map items by the aliases of the row's source; mark the rows whose item is not in products.

    The most particular alias counts: of the row's own `source`, then of the log (its adapter, or ``alias_source``), of
    the table, of ``*``. The first three are said of this source and hold whatever products says; ``*`` helps only
    items that products lacks.
    """
    fits = "rule_index is null"
    if log.table.name in ALIASED and _count(connection, "logs.item_aliases"):
        _apply_aliases(connection, rows, log)
    fits_not = f"{fits} and item_id not in (select item_id from logs.products)"
    if _count(connection, f"{rows} where {fits_not}"):
        connection.execute(f"update {rows} set rule_index = {unknown}, shown = item_id where {fits_not}")


def _apply_aliases(connection: duckdb.DuckDBPyConnection, rows: str, log: LogFile) -> None:
    named = {log.alias_source.lower(): 1, log.table.name.removesuffix("_daily"): 2, "*": 3}
    ranks = ", ".join(f"({text(source)}, {rank})" for source, rank in named.items())
    known = "select lower(source) as source, source_item_id, item_id as known_id from logs.item_aliases"
    general = (
        f"select r.rowid as id, rank, known_id, r.item_id in (select item_id from logs.products) as is_product "
        f"from {rows} r join ({known}) a on r.item_id = a.source_item_id "
        f"join (values {ranks}) ranks (source, rank) on ranks.source = a.source where r.rule_index is null"
    )
    own = (
        f"select r.rowid as id, 0 as rank, known_id, false as is_product from {rows} r join ({known}) a "
        f"on r.item_id = a.source_item_id and lower(r.source) = a.source where r.rule_index is null"
    )
    both = f"{general} union all {own}" if "source" in log.table.stored else general
    connection.execute(f"drop table if exists {ALIASES}")
    connection.execute(
        f"create temp table known_aliases as select id, arg_min(known_id, rank) as known_id from ({both}) "
        f"where rank < 3 or not is_product group by id"
    )
    connection.execute(
        f"update {rows} set item_id = known_id from {ALIASES} aliases "
        f"where {rows.rpartition('.')[2]}.rowid = aliases.id"
    )
    connection.execute(f"drop table {ALIASES}")


def forget_renamed(
    connection: duckdb.DuckDBPyConnection,
    table: TableName,
    source: Source,
    known: dict[str, ManifestRow],
    present: Container[str],
) -> list[str]:
    """Rows are stored under the items that they had when they were read; where aliases say otherwise now, read anew.

    Files of the table that are present (by digest) are forgotten then, rows and all, and taken out of `known`.

    Returns:
        What to say about files that are not there to be read again.
    """
    if table not in ALIASED:
        return []
    connection.execute(
        f"create or replace temp table renamed as select source, coalesce(old.item_id, source_item_id) as borne, "
        f"old.item_id is not null as mapped "
        f"from (select source, source_item_id, item_id from logs.aliases_applied where table_name = ?) old "
        f"full join ({_SAID}) new using (source, source_item_id) where old.item_id is distinct from new.item_id",
        [table],
    )
    if not _count(connection, "temp.renamed"):
        return []
    gone = [digest for digest in known if digest in present] if known and _borne(connection, table, source) else []
    absent = len(known) - len(gone) if gone else 0
    with transaction(connection):
        forget_files(connection, [known.pop(digest) for digest in gone])
        connection.execute("delete from logs.aliases_applied where table_name = ?", [table])
        connection.execute(f"insert into logs.aliases_applied select ?, * from ({_SAID})", [table])
    kept = (
        f"item_aliases changed; rows of {absent} files that are not there any more keep the items they were read with"
    )
    return [kept] if absent else []


def _borne(connection: duckdb.DuckDBPyConnection, table: TableName, source: Source) -> bool:
    """Whether stored rows, or rows set aside, bear an item that another alias stands for than when they were read."""
    forms = CONTRACT[table]
    if not any("source" in form.stored for form in forms):  # rows do not say where they come from
        mine = ["*", table, (source.alias_source or source.adapter).lower()]
        connection.execute("delete from temp.renamed where not list_contains(?, source)", [mine])
    names = ", ".join(text(form.name) for form in forms)
    rows = [f"logs.{form.name} where item_id in (select borne from temp.renamed)" for form in forms]
    rows.append(
        f"logs.quarantine where table_name in ({names}) and rule = {text(UNKNOWN_ITEM)} "
        "and value in (select borne from temp.renamed where mapped)"
    )
    return any(connection.execute(f"select 1 from {each} limit 1").fetchone() for each in rows)


def convert_prices(connection: duckdb.DuckDBPyConnection, rows: str, convention: Convention, unknown: int) -> None:
    """Prices of other currencies at the rate of the day, halves to the even unit; mark rows without a rate."""
    foreign = f"rule_index is null and currency is not null and upper(currency) <> {text(convention.currency)}"
    if not _count(connection, f"{rows} where {foreign}"):
        return
    if convention.rates:
        values = ", ".join(f"({text(code)}, date {text(day)}, {rate})" for code, day, rate in convention.rates)
        rates = f"(values {values}) rates (code, first_day, rate)"
        connection.execute(
            f"create or replace temp table converted as select r.rowid as id, rates.rate from (select rowid, day, "
            f"upper(currency) as code from {rows} where {foreign}) r asof join {rates} "
            f"on r.code = rates.code and r.day >= rates.first_day"
        )
        short = rows.rpartition(".")[2]
        connection.execute(
            f"update {rows} set price = cast(round_even(price * cast(rate as decimal(18, 9)), 0) as bigint), "
            f"currency = {text(convention.currency)} from temp.converted where {short}.rowid = converted.id"
        )
        connection.execute("drop table temp.converted")
    connection.execute(f"update {rows} set rule_index = {unknown}, shown = currency where {foreign}")


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = connection.execute(f"select count(*) from {rows}").fetchone()
    return int(found[0]) if found else 0
