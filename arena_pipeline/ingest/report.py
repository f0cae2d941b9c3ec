"""What an ingest did, per file and in all."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class FileReport:
    """One file of this run.

    Attributes:
        path: the file.
        table: the table its rows went to, or are in already.
        rows_read: data rows; 0 when the content was known.
        rows_new: rows with a key that the table did not have.
        rows_replaced: rows in place of an older version of the same key.
        rows_duplicate: rows that said nothing new.
        rows_quarantined: rows set aside.
        rows_late: inserted rows of a day before the newest day stored before this file.
        rows_yielding: rows that contradict another file, which counts because its name comes last.
        yields_to: key of one of these rows, and that file.
        days: days that got or changed rows.
        known: the content had been ingested before and nothing was read.
        seconds: wall clock of reading and writing.
    """

    path: str
    table: str
    rows_read: int = 0
    rows_new: int = 0
    rows_replaced: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    rows_late: int = 0
    rows_yielding: int = 0
    yields_to: tuple[str, str] = ("", "")
    days: frozenset[date] = frozenset()
    known: bool = False
    seconds: float = 0.0

    @property
    def told(self) -> str:
        """What was read, in one line."""
        replaced = f", {self.rows_replaced:,} in place of rows of other files" if self.rows_replaced else ""
        return f"{self.path}: {self.rows_new:,} new of {self.rows_read:,} rows{replaced}"

    @property
    def disagreement(self) -> str:
        """What is said when rows give way to a file whose name comes last; else empty."""
        if not self.rows_yielding:
            return ""
        key, file = self.yields_to
        rows = f"{self.rows_yielding:,} rows" if self.rows_yielding > 1 else "1 row"
        return f"{rows} of {self.path} (such as {key}) give way to {file}, whose name comes later"


@dataclass(frozen=True)
class IngestReport:
    """All files of a run, rows stored per table afterwards, and warnings."""

    files: tuple[FileReport, ...]
    rows_stored: dict[str, int]
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    totals: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        names = ("rows_read", "rows_new", "rows_replaced", "rows_duplicate", "rows_quarantined", "rows_late")
        object.__setattr__(self, "totals", {name: sum(getattr(file, name) for file in self.files) for name in names})

    @property
    def rows_per_second(self) -> float:
        """Rows read per second of the whole run; 0 when nothing was read."""
        return self.totals["rows_read"] / self.seconds if self.seconds > 0 else 0.0

    @property
    def days_touched(self) -> int:
        """Days that got or changed rows in any table."""
        return len(frozenset[date]().union(*(file.days for file in self.files)))

    @property
    def changed(self) -> bool:
        """Whether any table changed."""
        return self.totals["rows_new"] + self.totals["rows_replaced"] > 0

    def of_table(self, table: str) -> dict[str, int]:
        """Totals of one table."""
        chosen = [file for file in self.files if file.table == table]
        return {name: sum(getattr(file, name) for file in chosen) for name in self.totals}
