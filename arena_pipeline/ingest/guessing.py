"""Which adapter a file is of, and of which tables it has rows: a guess from its header and first rows.

Nothing is written. What belongs here: looking and choosing. What does not: reading files whole (`previewing`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from arena_pipeline.ingest.adapters import ADAPTERS
from arena_pipeline.ingest.adapters.access_log import LINE
from arena_pipeline.ingest.adapters.look import Look, look_at, plain_name
from arena_pipeline.ingest.contract import CONTRACT, Kind, Table
from arena_pipeline.ingest.sniffing import SUFFIXES, first_text, is_utf8
from arena_pipeline.settings import AdapterName, Source, TableName
from arena_pipeline.warehouse import OFFLINE
from engine.errors import InputError

PREFERRED: dict[str, tuple[AdapterName, ...]] = {
    "page_views": ("canonical", "ga4", "access_log", "retailrocket", "mapped"),
    "conversions": ("canonical", "shopify", "woocommerce", "retailrocket", "freshretailnet", "mapped", "ga4"),
}
"""Best first; tables that are not named follow the last of these."""
OTHERS: tuple[AdapterName, ...] = (
    "canonical", "shopify", "woocommerce", "mapped", "freshretailnet", "retailrocket", "ga4",
)  # fmt: skip
FOREIGN: tuple[AdapterName, ...] = ("ga4", "shopify", "woocommerce", "retailrocket", "freshretailnet")
ITEM_PATHS = (r"/products?/([^/?#]+)", r"/(?:p|item|items|artikel|produkt|shop)/([^/?#]+)")
SYNONYMS: dict[str, tuple[str, ...]] = {
    "item_id": ("sku", "item", "item_no", "item_code", "product_id", "product_code", "stockcode", "stock_code",
                "article", "article_no", "article_number", "artikel", "artikelnr", "artikelnummer", "variant_sku",
                "product"),
    "transaction_id": ("order_id", "order", "order_no", "order_number", "invoice", "invoice_no", "invoiceno", "receipt",
                       "receipt_no", "beleg", "belegnr", "bestellnummer", "auftrag", "rechnung"),
    "event_timestamp": ("timestamp", "datetime", "date_time", "order_date", "invoicedate", "invoice_date", "created_at",
                        "date", "datum", "time", "sold_at", "bestelldatum"),
    "quantity": ("qty", "units", "menge", "anzahl", "quantity_sold", "units_sold", "pieces"),
    "price": ("unit_price", "unitprice", "preis", "einzelpreis", "price_each", "retail_price", "vk", "sales_price"),
    "currency": ("waehrung", "currency_code"),
    "line_number": ("line", "line_no", "position", "pos"),
    "snapshot_date": ("date", "datum", "day", "as_of", "stock_date", "stichtag", "timestamp"),
    "quantity_on_hand": ("stock", "on_hand", "stock_on_hand", "inventory", "available", "bestand", "qty_on_hand",
                         "qoh"),
    "location_id": ("location", "warehouse", "store", "lager", "filiale"),
    "item_name": ("name", "title", "description", "product_name", "bezeichnung", "artikelbezeichnung"),
    "item_category": ("category", "product_category", "kategorie", "warengruppe", "product_type"),
    "unit_cost": ("cost", "cost_price", "purchase_price", "einkaufspreis", "ek", "cost_per_item"),
    "supplier_id": ("supplier", "vendor", "lieferant", "supplier_name"),
    "lead_time_days": ("lead_time", "leadtime", "lieferzeit"),
    "order_number": ("po_number", "purchase_order", "po", "order_no"),
    "order_date": ("ordered_on", "ordered", "date_ordered"),
    "order_quantity": ("quantity", "qty", "ordered_quantity", "menge"),
    "received_date": ("received", "received_on", "delivery_date", "delivered_on"),
    "date": ("day", "datum"),
    "views": ("page_views", "pageviews", "visits", "hits"),
}  # fmt: skip
REMEDIES: dict[str, str] = {
    ".zip": "it is packed: unpack it",
    ".7z": "it is packed: unpack it",
    ".rar": "it is packed: unpack it",
    ".tar": "it is packed: unpack it",
    ".tgz": "it is packed: unpack it",
    ".xlsx": "it is a workbook: save each sheet as CSV",
    ".xls": "it is a workbook: save each sheet as CSV",
    ".ods": "it is a workbook: save each sheet as CSV",
}
"""What to do with files of a kind that is not read."""
LINES_AS_PRODUCTS: dict[AdapterName, dict[str, tuple[str, ...]]] = {
    "canonical": {"item_id": ("item_id",), "price": ("price",)},
    "shopify": {"item_id": ("lineitem_sku",), "item_name": ("lineitem_name",), "price": ("lineitem_price",)},
    "woocommerce": {
        "item_id": ("item_sku", "sku"),
        "item_name": ("item_name",),
        "price": ("item_cost", "item_price"),
    },
}
"""Where order lines say what was sold, for shops that bring no catalogue."""
FORMATS = (
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%Y%m%d", "%d-%m-%Y", "%d %b %Y",
)  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """What a file seems to be.

    Attributes:
        path: the file.
        table: whose rows it has.
        adapter: how they are mapped.
        rank: of several mappings of one adapter to the table, 0 is best.
        options: further keys of the source: columns, date_format, item_pattern, constants.
        doubts: what a person should check.
    """

    path: Path
    table: TableName
    adapter: AdapterName
    rank: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guesses:
    """All files of a folder: the guesses that are used, those that others are preferred to, and unknown files."""

    chosen: dict[TableName, tuple[Guess, ...]]
    others: tuple[Guess, ...]
    unknown: tuple[tuple[Path, str], ...]

    @property
    def doubts(self) -> tuple[str, ...]:
        """What to check, each once."""
        found = (doubt for guesses in self.chosen.values() for guess in guesses for doubt in guess.doubts)
        return tuple(dict.fromkeys(found))


def guess_files(paths: Iterable[Path]) -> Guesses:
    """Guess every file, and choose one adapter per table."""
    found: list[Guess] = []
    unknown: list[tuple[Path, str]] = []
    with duckdb.connect(config=OFFLINE) as connection:
        for path in paths:
            try:
                guesses = guess_file(connection, path)
                remedy = REMEDIES.get(path.suffix.lower(), "its header fits no table and no adapter")
                unknown += [] if guesses else [(path, remedy)]
            except (InputError, OSError) as error:
                guesses = []
                unknown.append((path, f"{error.rule}. {error.remedy}" if isinstance(error, InputError) else str(error)))
            found += guesses
        lines = _best("conversions", found)
        if not any(guess.table == "products" for guess in found):
            found += [made for guess in lines if (made := _catalogue(connection, guess))]
    chosen = {table: best for table in CONTRACT if (best := _best(table, found))}
    used = {id(guess) for guesses in chosen.values() for guess in guesses}
    return Guesses(chosen, tuple(guess for guess in found if id(guess) not in used), tuple(unknown))


def _best(table: TableName, found: Sequence[Guess]) -> tuple[Guess, ...]:
    """All files of the best adapter (and its best mapping) that read alike."""
    order = PREFERRED.get(table, OTHERS)
    mine = [guess for guess in found if guess.table == table and guess.adapter in order]
    if not mine:
        return ()
    first = min(mine, key=lambda guess: (order.index(guess.adapter), guess.rank, guess.path))
    alike = (first.adapter, first.rank, first.options)
    return tuple(guess for guess in mine if (guess.adapter, guess.rank, guess.options) == alike)


def guess_file(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Guess]:
    """All tables that a file may have rows of, one adapter for the file."""
    if path.suffix.lower() in REMEDIES:
        return []
    if not any(suffix.lower() in SUFFIXES for suffix in path.suffixes):
        return _access_log(path)
    if not is_utf8(path):
        doubt = f"{path.name} is not UTF-8: it is read as Latin-1, look at its letters beyond English"
        return [
            replace(guess, options=guess.options | {"encoding": "latin-1"}, doubts=(*guess.doubts, doubt))
            for guess in _guesses(path, look_at(connection, path, Source(files=("*",), encoding="latin-1")))
        ]
    return _guesses(path, look_at(connection, path, Source(files=("*",))))


def _guesses(path: Path, look: Look) -> list[Guess]:
    canonical = _canonical(look)
    if canonical:
        return [Guess(path, canonical, "canonical")]
    for name in FOREIGN:
        guesses = _foreign(look, name)
        if guesses:
            return guesses
    return _access_log(path) or _mapped(look)


def _catalogue(connection: duckdb.DuckDBPyConnection, lines: Guess) -> Guess | None:
    """The items that order lines name, as products; None where they say no item or no price."""
    look = look_at(connection, lines.path, Source(files=("*",), encoding=lines.options.get("encoding")))
    known = LINES_AS_PRODUCTS.get(lines.adapter, {})
    if lines.adapter == "mapped":
        named = {"item_id": "item_id", "item_name": "item_name", "price": "price"} | lines.options["columns"]
        known = {header: (plain_name(written),) for header, written in named.items()}
    wanted = {header: known[header] for header in ("item_id", "item_name", "price") if header in known}
    columns = {
        header: look.names[plain]
        for header, alternatives in wanted.items()
        if (plain := next((name for name in alternatives if name in look.names), None))
    }
    if not {"item_id", "price"} <= set(columns):
        return None
    kept = {key: value for key, value in lines.options.items() if key in {"encoding", "delimiter", "decimal"}}
    doubt = "there is no catalogue: items and prices are those of the order lines; bring one for names and costs"
    return Guess(lines.path, "products", "mapped", 0, {"columns": columns, **kept}, (doubt,))


def _canonical(look: Look) -> TableName | None:
    """The table whose required columns are there, most columns shared; the folder's name decides between equals."""
    fits = [
        (len(shared), look.path.parent.name == table, table)
        for table, forms in CONTRACT.items()
        for form in forms
        if not form.missing(look.names) and (shared := [c for c in form.columns if c.found_in(look.names)])
    ]
    return max(fits)[2] if fits else None


def _foreign(look: Look, name: AdapterName) -> list[Guess]:
    guesses = []
    for table, mappings in ADAPTERS[name].tables.items():
        rank = next((rank for rank, mapping in enumerate(mappings) if mapping.fits(look)), None)
        if rank is None:
            continue
        options: dict[str, Any] = {}
        doubts: tuple[str, ...] = ()
        if table == "products" and "price" not in mappings[rank].gives:
            options = {"constants": {"price": 1.0}}
            doubts = (f"{name} logs no prices: sources.products.constants.price = 1.0 is made up",)
        if table == "stock_snapshots" and "snapshot_date" in mappings[rank].gives and _undated(look, name):
            day = datetime.fromtimestamp(look.path.stat().st_mtime).date()  # noqa: DTZ006 - the machine's own day
            options = {"constants": {"snapshot_date": day}}
            doubts = (f"{look.path.name} does not say its day: {day} is the day the file was written",)
        if name == "woocommerce" and table == "conversions":
            options, doubts = _dates(look, ["order_date", "date", "date_created"])
        guesses.append(Guess(look.path, table, name, rank, options, doubts))
    return guesses


def _undated(look: Look, name: AdapterName) -> bool:
    return name in {"shopify", "woocommerce"} and look.day is None


def _access_log(path: Path) -> list[Guess]:
    lines = [line for line in first_text(path).splitlines()[:200] if line.strip()]
    paths = [found[4] for line in lines if (found := re.match(LINE, line))]
    if not lines or len(paths) < 0.8 * len(lines):
        return []
    counts = {pattern: sum(bool(re.search(pattern, seen)) for seen in paths) for pattern in ITEM_PATHS}
    pattern = max(ITEM_PATHS, key=lambda tried: counts[tried])
    doubt = (
        f"item_pattern {pattern} matches {counts[pattern]} of the first {len(paths)} requests: is that a product page?"
    )
    return [Guess(path, "page_views", "access_log", 0, {"item_pattern": pattern}, (doubt,))]


def _mapped(look: Look) -> list[Guess]:
    """The table for which most columns, and all required ones, are known under another name."""
    fits = []
    for table, forms in CONTRACT.items():
        for form in forms:
            columns = _columns(look, form)
            required = {column.header for column in form.columns if column.required}
            if required <= set(columns) and table not in {"item_aliases", "suppliers"}:
                fits.append((len(required), len(columns), table, columns, form))
    if not fits:
        return []
    _, _, table, columns, form = max(fits, key=lambda fit: fit[:2])
    moments = [columns[c.header] for c in form.columns if c.header in columns and c.kind.is_time]
    options, doubts = _dates(look, [plain_name(written) for written in moments])
    named = {header: written for header, written in columns.items() if plain_name(written) != header}
    told = ", ".join(f"{header} = {written!r}" for header, written in columns.items())
    doubt = f"{look.path.name} is taken for {table}, its columns for: {told}"
    return [Guess(look.path, table, "mapped", 0, {"columns": named, **options}, (doubt, *doubts))]


def _columns(look: Look, form: Table) -> dict[str, str]:
    """Contract columns to the file's own, each used once, required ones first."""
    free = dict(look.names)
    chosen: dict[str, str] = {}
    for column in sorted(form.columns, key=lambda column: not column.required):
        plain = next((name for name in (column.header, *SYNONYMS.get(column.header, ())) if name in free), None)
        if plain is not None and column.kind is not Kind.PERSON:
            chosen[column.header] = free.pop(plain)
    return chosen


def _dates(look: Look, columns: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The format of dates that are not ISO, and a doubt where days and months may be swapped."""
    written = [look.names[plain] for plain in columns if plain in look.names]
    values = list(dict.fromkeys(value.strip() for row in look.sample for title in written if (value := row.get(title))))
    if not values or all(re.match(r"\d{4}-\d\d-\d\d", value) for value in values):
        return {}, ()
    if all(re.fullmatch(r"\d{10}|\d{13}|\d{16}", value) for value in values):
        return {"date_format": {10: "unix", 13: "unix_ms", 16: "unix_us"}[len(values[0])]}, ()
    counts = {tried: sum(_parses(value, tried) for value in values) for tried in FORMATS}
    fits = [tried for tried in FORMATS if counts[tried] == max(counts.values())]
    if 2 * counts[fits[0]] < len(values):
        return {}, (f"dates such as {values[0]!r} are not understood: set date_format",)
    told = f"dates such as {values[0]} are read as {fits[0]}"
    doubt = (f"{told}; if they are {fits[-1]}, set date_format to that",) if len(fits) > 1 else ()
    return {"date_format": fits[0]}, doubt


def _parses(value: str, date_format: str) -> bool:
    try:
        datetime.strptime(value, date_format)  # noqa: DTZ007 - only whether it fits
    except ValueError:
        return False
    return True
