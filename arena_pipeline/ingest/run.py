"""The ingest: every new file in one transaction, in the order in which tables name each other."""

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import duckdb

from arena_pipeline.ingest.arrival import Content, arrived, content_stamp
from arena_pipeline.ingest.casts import Convention
from arena_pipeline.ingest.contract import CONTRACT
from arena_pipeline.ingest.foreign import open_foreign
from arena_pipeline.ingest.lookups import forget_renamed
from arena_pipeline.ingest.manifest import (
    ManifestRow,
    check_conventions,
    check_rates,
    check_reading,
    create_tables,
    curable_files,
    keep_rates,
    known_files,
    next_file_id,
    record,
)
from arena_pipeline.ingest.merging import merge
from arena_pipeline.ingest.precedence import moved, next_version, overtakes, place_of
from arena_pipeline.ingest.privacy import salt_of
from arena_pipeline.ingest.quarantine import check_share, set_aside
from arena_pipeline.ingest.rates import rates_of
from arena_pipeline.ingest.readers import LogFile, open_log
from arena_pipeline.ingest.report import FileReport, IngestReport
from arena_pipeline.ingest.staging import clear, stage
from arena_pipeline.settings import Settings, Source, TableName
from arena_pipeline.warehouse import Warehouse, transaction
from engine.errors import InputError, nearest

Progress = Callable[[str], None]


def ingest(
    settings: Settings,
    warehouse: Warehouse,
    progress: Progress | None = None,
    tables: Collection[TableName] | None = None,
    *,
    rebuild: bool = False,
) -> IngestReport:
    """Take in all files that the sources name and that are not known yet.

    Args:
        settings: sources, conventions of the shop, limits.
        warehouse: the database.
        progress: called with one line per file.
        tables: only these; `products` must have been ingested before tables that name items. Default: all.
        rebuild: forget everything ingested so far first.

    Raises:
        InputError: a file cannot be read or its header does not fit (it changes nothing; files before it stay), too
            many rows of a table do not fit, or a table that the arena cannot do without is empty.
    """
    started = time.perf_counter()
    convention = _convention(settings)
    _prepare(warehouse, convention, rebuild=rebuild)
    files: list[FileReport] = []
    warnings: list[str] = []
    for source in _chosen(tables):
        paths = settings.files_of(source)
        if source in settings.sources and not paths:
            warnings.append(f"sources.{source}: no file matches {', '.join(settings.sources[source].files)}")
        if paths:
            reports, ignored = _ingest_table(settings, warehouse, convention, source, progress or _silent)
            files += reports
            warnings += ignored
        warnings += _check_not_empty(settings, warehouse, source)
    return IngestReport(tuple(files), _rows_stored(warehouse), tuple(warnings), time.perf_counter() - started)


def _ingest_table(
    settings: Settings, warehouse: Warehouse, convention: Convention, source: TableName, progress: Progress
) -> tuple[list[FileReport], list[str]]:
    """All files of one table; the database is open only while there is something to write."""
    limits = settings.ingest
    contents, notes = arrived(settings.files_of(source), limits.still_seconds, limits.max_expansion)
    reports: list[FileReport] = []
    warnings: list[str] = []
    with warehouse.connect() as connection:
        known = known_files(connection, source)
        check_reading(connection, source, settings.sources[source].reading, known=bool(known))
        notes += forget_renamed(connection, source, settings.sources[source], known, {each.digest for each in contents})
        curable = curable_files(connection, [row.file_id for row in known.values()], convention)
        present: set[int] = set()
        for content in sorted(contents, key=lambda each: place_of(settings.label(each.path))):
            label = settings.label(content.path)
            row, read = _row_of(connection, source, known, content, label)
            if not read and (row.file_id in present or row.file_id not in curable):
                present.add(row.file_id)
                reports.append(FileReport(label, row.table_name, known=True))
                continue
            try:
                log = _open(connection, content.path, settings.sources[source], source, label)
                report, written = _ingest_file(connection, log, convention, content, row)
            except (FileNotFoundError, InputError):
                if content.path.exists():
                    raise
                notes.append(f"{label} vanished while it was read; nothing of it was kept")
                continue
            known[content.digest] = written
            present.add(written.file_id)
            reports.append(report)
            warnings += [log.warning] if log.warning else []
            notes += [report.disagreement] if report.disagreement else []
            progress(f"{log.table.name}: {report.told}")
        if source == "conversions":
            keep_rates(connection, convention)
        check_share(connection, source, present, settings.ingest.max_quarantine_share)
    return reports, [*warnings[:1], *(f"{source}: {note}" for note in notes)]


def _row_of(
    connection: duckdb.DuckDBPyConnection,
    source: TableName,
    known: dict[str, ManifestRow],
    content: Content,
    label: str,
) -> tuple[ManifestRow, bool]:
    """The manifest row of a content under a name, as it will be, and whether the file must be read for it.

    A known content need not be read: unless, under a name that comes later, it now counts before other files.
    """
    before = known.get(content.digest)
    if before is None:
        row = ManifestRow(
            next_file_id(connection), content.digest, label, "", version=next_version(label, known.values())
        )
        return row, True
    row = moved(before, label, CONTRACT[source][0].key, known.values())
    if row == before or overtakes(before, row, known.values()):
        return row, row != before
    known[content.digest] = row
    record(connection, row)
    return row, False


def _open(connection: duckdb.DuckDBPyConnection, path: Path, source: Source, table: TableName, label: str) -> LogFile:
    forms = CONTRACT[table]
    if source.adapter == "canonical":
        return open_log(connection, path, source, forms, label)
    return open_foreign(connection, path, source, table, forms, label)


def _ingest_file(
    connection: duckdb.DuckDBPyConnection, log: LogFile, convention: Convention, content: Content, before: ManifestRow
) -> tuple[FileReport, ManifestRow]:
    """Rows, quarantine and manifest row of one file in one transaction (what is staged before it is temporary).

    `before` is the file's manifest row without what is read now. A file that is read again, because items became known
    or because it counts under a later name, has rows in it already.
    """
    started = time.perf_counter()
    staged = stage(connection, log, convention)
    _check_unchanged(log.path, content)
    with transaction(connection):
        merged = merge(connection, log.table, before)
        aside = set_aside(connection, log, staged, before.file_id)
        new = merged.new + merged.replaced + before.rows_new
        row = replace(
            before,
            table_name=log.table.name,
            rows_read=staged.rows_read,
            rows_new=new,
            rows_duplicate=staged.rows_read - aside - new,
            rows_quarantined=aside,
            rows_late=merged.late + before.rows_late,
        )
        record(connection, row)
    clear(connection)
    report = FileReport(
        path=log.label,
        table=log.table.name,
        rows_read=staged.rows_read,
        rows_new=merged.new,
        rows_replaced=merged.replaced,
        rows_duplicate=staged.rows_read - aside - merged.new - merged.replaced,
        rows_quarantined=aside,
        rows_late=merged.late,
        rows_yielding=merged.yielding,
        yields_to=merged.example,
        days=merged.days,
        seconds=time.perf_counter() - started,
    )
    return report, row


def forget_all(warehouse: Warehouse) -> None:
    """Remove everything ingested; the next ingest reads all files anew."""
    with warehouse.transaction() as connection:
        connection.execute("drop schema if exists logs cascade")


def _prepare(warehouse: Warehouse, convention: Convention, *, rebuild: bool) -> None:
    if rebuild:
        forget_all(warehouse)
    with warehouse.transaction() as connection:
        create_tables(connection)
        check_conventions(connection, convention)
        check_rates(connection, convention)


def _convention(settings: Settings) -> Convention:
    shop = settings.shop
    return Convention(
        shop.time_zone, shop.minor_units, shop.vat_basis_points, shop.currency, salt_of(settings.var),
        rates_of(settings),
    )  # fmt: skip


def _chosen(tables: Collection[TableName] | None) -> list[TableName]:
    """The tables to ingest, in the contract's order."""
    for table in tables or ():
        if table not in CONTRACT:
            raise InputError("table must be one of the contract", value=table, remedy=nearest(table, CONTRACT))
    return [table for table in CONTRACT if tables is None or table in tables]


def _check_not_empty(settings: Settings, warehouse: Warehouse, source: TableName) -> list[str]:
    """A table that the arena needs must have rows; a warning where it can do without and nothing is configured."""
    needed = next((table for table in CONTRACT[source] if table.needed_for), None)
    if needed is None or _rows_stored(warehouse)[source]:
        return []
    if needed.without and source not in settings.sources:
        return [f"no {source}: {needed.without}"]
    globs = ", ".join(settings.sources[source].files) if source in settings.sources else "nothing"
    raise InputError(
        f"table {source} must not be empty; it is needed for {needed.needed_for}",
        place=f"sources.{source}",
        remedy=f"It names {globs}: correct the globs, or export the log",
    )


def _rows_stored(warehouse: Warehouse) -> dict[str, int]:
    """Rows per table of the contract."""
    names = [table.name for forms in CONTRACT.values() for table in forms]
    counts = " union all ".join(f"select '{name}' as name, count(*) as rows from logs.{name}" for name in names)
    return dict(warehouse.read(counts).rows())


def _check_unchanged(path: Path, content: Content) -> None:
    try:
        unchanged = content_stamp(path) == content.stamp
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        remedy = "Move files into the folder when they are complete, then run the ingest again"
        raise InputError("file must not change while it is read", place=str(path), remedy=remedy)


def _silent(_line: str) -> None:
    pass
