"""What an adapter knows of a foreign file before it maps it: names, types, and the rows as a FROM clause.

Rows arrive as text where the format is text, each with its number in the file, `source_row` (1 = first data row).
"""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from arena_pipeline.ingest.readers import csv_scan, json_scan, name, parquet_scan, parquet_types, text
from arena_pipeline.ingest.sniffing import Format, TextSample, format_of, sample_csv, sample_ndjson
from arena_pipeline.settings import Source
from engine.errors import InputError

_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class Look:
    """A foreign file.

    Attributes:
        path: the file.
        format: CSV (also lines of text), NDJSON or Parquet.
        names: plain spelling (lower case, underscores) to the column's own name.
        types: DuckDB type per plain name.
        rows: FROM clause of all columns and `source_row`.
        sample: first rows, where the format is text.
        repeated: plain names that occur twice.
    """

    path: Path
    format: Format
    names: dict[str, str]
    types: dict[str, str]
    rows: str
    sample: tuple[dict[str, str], ...] = field(default=(), repr=False)
    repeated: frozenset[str] = frozenset()

    def has(self, *alternatives: str) -> bool:
        """Whether one of these columns is there."""
        return any(plain in self.names for plain in alternatives)

    def column(self, *alternatives: str) -> str:
        """SQL of the first of these columns that is there, as text without surrounding blanks; NULL when none is."""
        plain = next((plain for plain in alternatives if plain in self.names), None)
        if plain is None:
            return "cast(null as varchar)"
        if plain in self.repeated:
            remedy = "Remove or rename one of the two columns"
            raise InputError(
                "header must not repeat a column", value=self.names[plain], place=str(self.path), remedy=remedy
            )
        return f"nullif(trim(cast({name(self.names[plain])} as varchar)), '')"

    @property
    def day(self) -> date | None:
        """The date in the file's name, for exports that are of one day and do not say which."""
        found = _DAY_IN_NAME.search(self.path.name)
        try:
            return date(*map(int, found.groups())) if found else None
        except ValueError:
            return None


def plain_name(written: str) -> str:
    """Lower case, words joined by underscores, signs left out: ``Lineitem quantity`` is ``lineitem_quantity``."""
    return re.sub(r"[^a-z0-9]+", "_", written.strip().lower()).strip("_")


def look_at(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Look:
    """Look at a file with named columns.

    Raises:
        InputError: it is empty or cannot be read.
    """
    kind = format_of(path)
    if kind == "parquet":
        return parquet_look(connection, path)
    sample = sample_csv(path, source) if kind == "csv" else sample_ndjson(path, source)
    written = _distinct(sample.header)
    columns = dict.fromkeys(written, "VARCHAR")
    scan = csv_scan(path, sample, columns) if kind == "csv" else json_scan(path, columns)
    return make_look(path, kind, columns, scan, sample)


def parquet_look(connection: duckdb.DuckDBPyConnection, path: Path) -> Look:
    """Look at a Parquet file."""
    rows = f"(select * exclude (file_row_number), file_row_number + 1 as source_row from {parquet_scan(path, True)})"
    types = parquet_types(connection, path)
    names = {plain_name(written): written for written in types}
    return Look(path, "parquet", names, {plain_name(key): kind for key, kind in types.items()}, rows)


def make_look(path: Path, kind: Format, columns: dict[str, str], scan: str, sample: TextSample | None = None) -> Look:
    """A look at a text file whose columns are known."""
    plain = [plain_name(written) for written in (sample.header if sample else columns)]
    rows = f"(select *, row_number() over () as source_row from {scan})"
    names: dict[str, str] = {}
    for key, written in zip(plain, columns, strict=True):
        names.setdefault(key, written)
    return Look(
        path=path,
        format=kind,
        names=names,
        types={key: columns[written] for key, written in names.items()},
        rows=rows,
        sample=sample.rows if sample else (),
        repeated=frozenset(key for key in plain if plain.count(key) > 1),
    )


def _distinct(header: tuple[str, ...]) -> list[str]:
    """Header names, each once: DuckDB takes no repeated ones."""
    written: list[str] = []
    for place, title in enumerate(header):
        taken = {given.lower() for given in written} | {"source_row"}
        written.append(title if title and title.lower() not in taken else f"{title} ({place + 1})")
    return written


def moment(value: str, date_format: str | None) -> str:
    """SQL of a moment as ISO text; what cannot be read stays as it is and breaks the contract's rule.

    Args:
        value: SQL of the text in the file.
        date_format: strptime format; ``unix``, ``unix_ms`` or ``unix_us`` for counts since 1970 (UTC); None: ISO.
    """
    if date_format is None:
        return value
    if date_format.startswith("unix"):
        micros = {"unix": 1_000_000, "unix_ms": 1_000, "unix_us": 1}[date_format]
        read = f"timezone('UTC', try(make_timestamp(try_cast({value} as bigint) * {micros})))"
        read = f"try({read})"
    else:
        read = f"try_strptime({value}, {text(date_format)})"
    return f"coalesce(cast({read} as varchar), {value})"
