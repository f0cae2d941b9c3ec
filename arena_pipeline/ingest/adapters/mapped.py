"""Any other table with a header: columns are named in ``arena.toml``.

``columns = { item_id = "Artikelnr", … }`` says which of their columns is which of ours; columns that bear our names are
taken without being named. ``date_format`` reads dates that are not ISO, ``decimal`` and ``delimiter`` numbers and cells
where sniffing errs, ``constants`` give what the files do not say.
"""

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look, moment, plain_name
from arena_pipeline.ingest.contract import CONTRACT, Table
from arena_pipeline.ingest.readers import name
from arena_pipeline.settings import Source, TableName
from engine.errors import InputError, SettingsError, nearest


def query(table: TableName, look: Look, source: Source) -> str:
    """SQL of the columns that are named or bear the contract's names."""
    known = {column.header: column for form in CONTRACT[table] for column in form.columns}
    chosen = {header: header for header in known if look.has(header)}
    for header, written in source.columns.items():
        if header not in known:
            remedy = nearest(header, known) or f"Known: {', '.join(known)}"
            raise SettingsError(
                f"column must be one of table {table}", value=header, place=f"sources.{table}.columns", remedy=remedy
            )
        chosen[header] = plain_name(written)
    parts = []
    for header, plain in chosen.items():
        value = look.column(_found(look, plain, source.columns.get(header, header)))
        value = moment(value, source.date_format) if known[header].kind.is_time else value
        parts.append(f"{value} as {name(header)}")
    return f"select {', '.join([*parts, 'source_row'])} from {look.rows}"


def _found(look: Look, plain: str, written: str) -> str:
    if plain in look.names:
        return plain
    titles = list(look.names.values())
    remedy = nearest(written, titles) or f"The header has: {', '.join(titles)}"
    raise InputError("file must have the column that is mapped", value=written, place=str(look.path), remedy=remedy)


def _mapping(table: TableName, forms: tuple[Table, ...]) -> tuple[Mapping, ...]:
    given = tuple(dict.fromkeys(column.header for form in forms for column in form.columns))
    return (Mapping((), lambda look, source: query(table, look, source), given),)


MAPPED = Adapter(
    name="mapped",
    title="any table with a header, by a map of its columns",
    tables={table: _mapping(table, forms) for table, forms in CONTRACT.items()},
)
