"""What assets need from outside: the workspace with its settings, database and results."""

from functools import lru_cache
from pathlib import Path

import dagster as dg
import polars as pl

from arena_pipeline.settings import FILE_NAME, Settings, load_settings
from arena_pipeline.store import Store, write_frame
from arena_pipeline.warehouse import Warehouse


@lru_cache(maxsize=4)
def _settings(workspace: str, _changed_at: int) -> Settings:
    return load_settings(Path(workspace))


class ArenaResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A workspace."""

    workspace: str

    @property
    def settings(self) -> Settings:
        """Typed content of ``arena.toml``, read again when the file changed."""
        return _settings(self.workspace, (Path(self.workspace) / FILE_NAME).stat().st_mtime_ns)

    @property
    def warehouse(self) -> Warehouse:
        """The DuckDB file."""
        ingest = self.settings.ingest
        return Warehouse(
            self.settings.warehouse_path,
            memory_limit=ingest.memory_limit,
            threads=ingest.threads,
            timeout_seconds=ingest.lock_timeout_seconds,
        )

    @property
    def store(self) -> Store:
        """Result files."""
        return Store.of(self.settings)

    def publish(self, name: str, frame: pl.DataFrame) -> None:
        """Write a table of results: as Parquet among the scorecards, and in the database as ``results.<name>``."""
        write_frame(self.store.scorecard(f"{name}.parquet"), frame)
        self.warehouse.replace_table(f"results.{name}", frame)
