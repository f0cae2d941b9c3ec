"""What an adapter is: for each table of the contract, a query that maps a foreign file's rows to its columns.

A file's contents reach SQL only as values: names are quoted, patterns and constants are literals made by `text`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from arena_pipeline.ingest.adapters.look import Look, look_at
from arena_pipeline.settings import AdapterName, Source, TableName

Looking = Callable[[duckdb.DuckDBPyConnection, Path, Source], Look]


@dataclass(frozen=True)
class Mapping:
    """Rows of one table in one kind of file.

    Attributes:
        needs: plain column names; of each tuple of alternatives one must be there.
        query: SQL whose columns are headers of the contract, and `source_row`.
        gives: the contract's columns it fills, for the documentation and for what is still needed.
    """

    needs: tuple[tuple[str, ...], ...]
    query: Callable[[Look, Source], str]
    gives: tuple[str, ...]

    def fits(self, look: Look) -> bool:
        """Whether a file has what the mapping needs."""
        return all(look.has(*alternatives) for alternatives in self.needs)


@dataclass(frozen=True)
class Adapter:
    """One kind of foreign log.

    Attributes:
        name: as in ``arena.toml``.
        title: for people.
        tables: mappings per table; of several the first that fits a file counts.
        look: how its files are looked at.
        private: its files hold customer fields: text of rows that cannot be read is never stored.
    """

    name: AdapterName
    title: str
    tables: dict[TableName, tuple[Mapping, ...]]
    look: Looking = look_at
    private: bool = True

    def mapping(self, table: TableName, look: Look) -> Mapping | None:
        """The mapping of a file's rows to a table; None where the file has none."""
        return next((mapping for mapping in self.tables.get(table, ()) if mapping.fits(look)), None)
