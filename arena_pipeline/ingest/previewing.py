"""What a file or folder would give if it were ingested: rows, days, items, match rate, and what is still needed.

Everything happens in a temporary folder; the files are read and nothing beside them is written.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from arena_pipeline.ingest.contract import CONTRACT
from arena_pipeline.ingest.guessing import Guess, Guesses, guess_files
from arena_pipeline.ingest.rules import ANY_CURRENCY, UNKNOWN_ITEM
from arena_pipeline.ingest.run import Progress, ingest
from arena_pipeline.settings import Settings, TableName, parse_settings
from arena_pipeline.warehouse import Warehouse
from engine.errors import InputError

ZONE = "UTC"
KNOWN_SHARE = 0.95
NEEDS: dict[TableName, str] = {
    "products": "a catalogue: without it no row's item is known",
    "conversions": "order lines: without them there is no demand",
    "stock_snapshots": "stock records, at least today's: without them orders are proposed as if shelves were empty "
    "and stock-outs are seen only as gaps in sales",
    "supplier_offers": "costs and lead times: until then they are assumed (supply.assume_offers)",
    "purchase_orders": "your own purchases: until then they are read off increases of the stock record, or a rule of "
    "thumb stands in for them",
    "page_views": "page views: without them lost demand is estimated from sales alone",
}
"""What each missing table costs, most needed first."""


@dataclass(frozen=True)
class TableView:
    """What one table would hold.

    Attributes:
        rows: accepted rows, of ``read``.
        days: distinct days with rows; 0 for tables without days.
        items: distinct items.
        match_rate: share of the rows that fit otherwise whose item is in the catalogue.
        aside: rows that do not fit.
        set_aside: (rule, rows, example, remedy) of rows that do not fit, most frequent first.
        error: why it cannot be read at all.
    """

    table: str
    adapter: str
    files: int
    read: int = 0
    rows: int = 0
    days: int = 0
    first: date | None = None
    last: date | None = None
    items: int = 0
    match_rate: float = 1.0
    aside: int = 0
    set_aside: tuple[tuple[str, int, str, str], ...] = ()
    error: str = ""

    @property
    def fitting_share(self) -> float:
        """Share of the rows read that are not set aside."""
        return 1 - self.aside / self.read if self.read else 1.0


@dataclass(frozen=True)
class Preview:
    """A folder as the arena would understand it."""

    guesses: Guesses
    tables: tuple[TableView, ...]
    currency: str | None

    @property
    def needs(self) -> list[str]:
        """What is missing, and what that costs."""
        filled = {view.table for view in self.tables if view.rows}
        return [f"{table}: {why}" for table, why in NEEDS.items() if table not in filled]

    @property
    def lacking(self) -> list[str]:
        """Tables without which nothing can be replayed, and that have no row."""
        filled = {view.table for view in self.tables if view.rows}
        return [table for table in ("products", "conversions") if table not in filled]

    @property
    def left_out(self) -> list[str]:
        """Files of systems that another one is preferred to, by table."""
        others: dict[tuple[str, str], int] = {}
        for guess in self.guesses.others:
            others[guess.table, guess.adapter] = others.get((guess.table, guess.adapter), 0) + 1
        used = {table: found[0].adapter for table, found in self.guesses.chosen.items()}
        return [
            f"{table} of {count:,} {adapter} file{'s' * (count > 1)}, as those of {used[table]} are taken"
            for (table, adapter), count in others.items()
            if table in used and adapter != used[table]
        ]

    @property
    def strangers(self) -> list[str]:
        """Tables whose items are mostly not those of the catalogue."""
        return [
            f"{view.table}: only {view.match_rate:.0%} of the rows name an item of products; map the others in "
            f"item_aliases (source '{view.adapter}')"
            for view in self.tables
            if view.match_rate < KNOWN_SHARE and "products" in self.guesses.chosen
        ]


def log_files(path: Path) -> list[Path]:
    """A file, or all files below a folder; hidden ones and those starting with '_' left out.

    Raises:
        InputError: there is nothing.
    """
    if not path.exists():
        raise InputError("file or folder must exist", value=str(path), remedy="Check the path")
    if path.is_file():
        return [path]
    found = (each for each in path.rglob("*") if each.is_file())
    kept = [each for each in found if not any(part[0] in "._" for part in each.relative_to(path).parts)]
    return sorted(each for each in kept if each.name not in {"arena.toml", "dagster.yaml"})


def preview(path: Path, tell: Progress | None = None, **shop: Any) -> Preview:
    """Guess and read a file or folder.

    Args:
        path: of the files.
        tell: called with a line about every table that is read.
        shop: settings of the shop that are known already.

    Raises:
        InputError: there is no file.
    """
    path = path.resolve()  # globs of the scratch settings are relative to the folder, not to where the user is
    files = log_files(path)
    if not files:
        raise InputError("folder must hold log files", value=str(path), remedy="Put your exports there, or name theirs")
    guesses = guess_files(files)
    folder = path if path.is_dir() else path.parent
    with _scratch() as scratch:
        settings = _settings(guesses, folder, scratch, shop)
        warehouse = Warehouse(settings.warehouse_path)
        tables = []
        for table, found in guesses.chosen.items():
            if tell:
                tell(f"reading {table}: {found[0].path.name}{f' and {len(found) - 1:,} more' * (len(found) > 1)} ...")
            tables.append(_view(settings, warehouse, table, found))
        currency = shop.get("currency") or _currency(warehouse)
    return Preview(guesses, tuple(tables), currency)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="arena-") as folder:
        yield Path(folder)


def source_of(guesses: tuple[Guess, ...], files: list[str]) -> dict[str, Any]:
    """The entry of ``[sources]``."""
    return {"files": files, "adapter": guesses[0].adapter, **guesses[0].options}


def _settings(guesses: Guesses, folder: Path, scratch: Path, shop: dict[str, Any]) -> Settings:
    sources = {table: source_of(found, [str(guess.path) for guess in found]) for table, found in guesses.chosen.items()}
    known = {"name": folder.name, "currency": ANY_CURRENCY, "time_zone": ZONE, "prices_include_vat": False}
    content = {
        "shop": known | shop,
        "sources": sources,
        "ingest": {"max_quarantine_share": 1.0, "still_seconds": 0},
        "paths": {"var": str(scratch), "allow_outside": True},
    }
    return parse_settings(content, folder)


def _currency(warehouse: Warehouse) -> str | None:
    """The most frequent currency of the order lines; None where none is told."""
    if not warehouse.has_table("logs.conversions"):
        return None
    rows = warehouse.read(
        "select upper(currency) from logs.conversions where regexp_full_match(currency, '[A-Za-z]{3}') "
        "group by 1 order by count(*) desc, 1 limit 1"
    ).rows()
    return str(rows[0][0]) if rows else None


def _view(settings: Settings, warehouse: Warehouse, table: TableName, found: tuple[Guess, ...]) -> TableView:
    view = TableView(table, found[0].adapter, len(found))
    try:
        ingest(settings, warehouse, tables=[table])
    except InputError as error:
        view = replace(view, error=str(error))
    if not warehouse.has_table("logs.manifest"):
        return view
    names = [form.name for form in CONTRACT[table]]
    total = "select coalesce(sum(rows_read), 0) from logs.manifest where list_contains(?, table_name)"
    read = int(warehouse.read(total, [names]).item())
    aside = _set_aside(warehouse, names)
    unknown = sum(rows for rule, rows, *_ in aside if rule == UNKNOWN_ITEM)
    total_aside = sum(rows for _, rows, *_ in aside)
    fits = read - total_aside + unknown
    rate = 1 - unknown / fits if fits else 1.0
    view = replace(view, read=read, aside=total_aside, set_aside=tuple(aside[:5]), match_rate=rate)
    form = max(CONTRACT[table], key=lambda form: _count(warehouse, f"logs.{form.name}"))
    item = "count(distinct item_id)" if "item_id" in form.stored else "0"
    day = "count(distinct day), min(day), max(day)" if form.has_day else "0, null, null"
    rows, items, days, first, last = warehouse.read(f"select count(*), {item}, {day} from logs.{form.name}").row(0)
    told = "" if rows or aside else view.error  # rows set aside say more than that none is left
    return replace(view, rows=rows, items=items, days=days, first=first, last=last, error=told)


def _set_aside(warehouse: Warehouse, names: list[str]) -> list[tuple[str, int, str, str]]:
    rows = warehouse.read(
        "select rule, count(*), arg_min(file || ' row ' || row_number || coalesce(': ' || value, ''), "
        "(file, row_number)), any_value(remedy) from logs.quarantine where list_contains(?, table_name) "
        "group by rule order by 2 desc, 1",
        [names],
    ).rows()
    return [(str(rule), int(count), str(example), str(remedy)) for rule, count, example, remedy in rows]


def _count(warehouse: Warehouse, table: str) -> int:
    return int(warehouse.read(f"select count(*) from {table}").item())
