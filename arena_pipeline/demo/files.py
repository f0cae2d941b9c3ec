"""Writing tables as the files a shop would export: bytes depend on the rows only."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

Form = Literal["csv", "csv.gz", "parquet"]
ROW_GROUP = 250_000


@dataclass(frozen=True)
class LogWriter:
    """Writes one file after the other below ``root``.

    Attributes:
        root: folder of the shop.
        row_order: seed of the order of rows in the log files; ``None`` keeps the order of the tables.
    """

    root: Path
    row_order: int | None

    def logs(self, table: str, stem: str, frame: pl.DataFrame, form: Form) -> None:
        """Write one log file of a table."""
        if self.row_order is not None:
            frame = frame.sample(fraction=1.0, shuffle=True, seed=self.row_order)
        self._write(self.root / "logs" / table / f"{stem}.{form}", frame, form)

    def monthly(self, table: str, frame: pl.DataFrame, month: pl.Expr, forms: Iterable[Form]) -> None:
        """Write one log file per month, cycling through ``forms``.

        Args:
            table: folder and stem of the files.
            frame: rows of all months.
            month: expression for the month of a row, as ``YYYY-MM``.
            forms: file form of the first, second, ... month, repeated.
        """
        cycle = tuple(forms)
        parts = frame.with_columns(_month=month).partition_by("_month", as_dict=True, include_key=False)
        for number, key in enumerate(sorted(parts)):
            self.logs(table, f"{table}_{key[0]}", parts[key], cycle[number % len(cycle)])

    def truth(self, name: str, frame: pl.DataFrame) -> None:
        """Write one truth table."""
        self._write(self.root / "truth" / f"{name}.parquet", frame, "parquet")

    @staticmethod
    def _write(path: Path, frame: pl.DataFrame, form: Form) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "parquet":
            frame.rechunk().write_parquet(path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
            return
        text = frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S").encode()
        path.write_bytes(text if form == "csv" else gzip.compress(text, compresslevel=3, mtime=0))
