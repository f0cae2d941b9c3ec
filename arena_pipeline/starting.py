"""A new workspace: a commented `arena.toml` for a folder of files, and Dagster's settings beside it.

What belongs here: the text of the file. What does not: guessing what the files are (`ingest.guessing`).
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from arena_pipeline.ingest.guessing import Guess, Guesses
from arena_pipeline.ingest.previewing import NEEDS, Preview, TableView, log_files, preview, source_of
from arena_pipeline.ingest.run import Progress
from arena_pipeline.settings import FILE_NAME, TableName
from engine.demand.stock import CARRIED_DAYS
from engine.errors import InputError

HEAD = """\
# Made by `arena init`. A workspace is a folder with this file; every path below is relative to it.
# `arena validate` checks it and all files and changes nothing; then `arena run`, `arena ui`.

[shop]
name = {name}
currency = {currency}            # {currency_note}; rows in another currency are set aside
minor_units = {minor_units}                # decimals of the currency: cents are 2, yen 0
time_zone = {time_zone}         # {zone_note}: days are split at its midnight
prices_include_vat = false      # check this: true where prices are with tax, as in most European shops
vat_rate = 0.0                  # such as 0.19; taken out of all prices on the way in

# One entry per log table: globs, and how foreign files are mapped (docs/adapters.md).
[sources]
"""
TAIL = """\

[ingest]
max_quarantine_share = {share}     # rows of a table that may be set aside before the run stops
memory_limit = "2GB"            # of DuckDB; beyond it, it works on disk

[costs]                         # assumptions: rates per year, order and line cost in minor units (cents)
holding_rate = 0.10             # storage, insurance, wear: share of the stock's value
capital_rate = 0.12             # what the money could earn elsewhere
order_cost = 500                # of one purchase order
line_cost = 50                  # of one line on it
salvage_share = 0.30            # what is left of the cost of stock that does not sell

[supply]                        # assumed where the files do not say it; told beside the results
assume_offers = {assume_offers}          # items without an offer (supplier, cost, lead time) get one
cost_share = 0.5                # unit cost as a share of the price, where no cost is known
lead_time_days = 14             # from order to delivery

[window]                        # {days} days of order lines
warm_up_days = {warm_up}               # replayed, not scored
fold_days = {fold}
replan_days = 7                 # levels are set anew this often

[strategies.continuous_review]          # a list tries each value; every combination is one parameter set
target = [0.90, 0.95, 0.98]

[strategies.periodic_order_up_to]
target = [0.90, 0.95, 0.98]
review_period = 7

[strategies.min_max]
target = [0.90, 0.95, 0.98]
review_period = 7

[strategies.newsvendor]
safety_multiplier = [0.75, 1.0, 1.25]
review_period = 7

[strategies.base_stock]
safety_multiplier = [0.75, 1.0, 1.25]

[strategies.abc_xyz]
target = [0.90, 0.95, 0.98]

[strategies.budget_constrained]
budget_share = [0.5, 0.75, 1.0]

[strategies.naive_min_max]
review_period = 7

[run]
max_unknown_stock_share = {unknown}   # SKU-days without known stock before a run stops

[paths]
var = "var"                     # database, results and Dagster's state
allow_outside = {outside}           # whether files may lie outside this folder
"""


def start(folder: Path, files: Path | None, tell: Progress | None = None, **shop: Any) -> tuple[Path, Preview | None]:
    """Make a workspace.

    Args:
        folder: where; made if it is missing.
        files: folder of log files; default: the workspace itself, if it holds any.
        tell: called with a line about every table that is read.
        shop: name, currency, time_zone where they are known.

    Returns:
        The path of ``arena.toml``, and what the files were understood as.

    Raises:
        InputError: there is an ``arena.toml`` already, the folder of files is missing, or none of them is understood.
    """
    shop = {key: value.upper() if key == "currency" and value else value for key, value in shop.items()}
    path = folder / FILE_NAME
    if path.exists():
        raise InputError(f"{FILE_NAME} must not exist yet", place=str(path), remedy="Edit it, or choose another folder")
    logs = (files or folder).resolve()
    found = None
    if files is not None or (folder.is_dir() and log_files(folder)):
        known = {key: value for key, value in shop.items() if value is not None}
        found = preview(logs, tell, **known)
        if not found.tables:
            reasons = "; ".join(f"{file.name}: {why}" for file, why in found.guesses.unknown)
            raise InputError("a file must be understood", place=str(logs), remedy=reasons)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(content(folder.resolve(), logs, found, shop), encoding="utf-8")
    if not (folder / "dagster.yaml").exists():
        (folder / "dagster.yaml").write_text(_template("dagster.yaml"), encoding="utf-8")
    return path, found


def content(folder: Path, logs: Path, found: Preview | None, shop: dict[str, Any]) -> str:
    """Text of ``arena.toml``."""
    tables = {view.table: view for view in found.tables if view.rows} if found else {}
    zone, zone_note = (shop["time_zone"], "as given") if shop.get("time_zone") else _own_zone()
    currency = (found.currency if found else shop.get("currency")) or "EUR"
    told = "as given" if shop.get("currency") else "as in the order lines" if found and found.currency else "check this"
    items, offered = (tables[name].items if name in tables else 0 for name in ("products", "supplier_offers"))
    assume = offered < items
    lines = tables.get("conversions")
    days = (lines.last - lines.first).days + 1 if lines and lines.first and lines.last else 365
    share = max([0.05, *(1 - view.fitting_share for view in tables.values())])
    head = HEAD.format(
        name=_toml(shop.get("name") or folder.name),
        currency=_toml(currency),
        currency_note=told,
        minor_units=0 if currency in {"JPY", "KRW", "VND", "CLP", "ISK"} else 2,
        time_zone=_toml(zone),
        zone_note=zone_note,
    )
    tail = TAIL.format(
        share=f"{math.ceil(share * 100) / 100:.2f}",
        assume_offers=_toml(assume),
        days=days,
        warm_up=min(84, days // 3),
        fold=min(28, max(days // 4, 1)),
        unknown="0.50" if _stock_is_known(tables, days) else "1.00",
        outside=_toml(not logs.is_relative_to(folder)),
    )
    return head + "\n".join(_sources(folder, found)) + "\n" + tail


def _stock_is_known(tables: Mapping[str, TableView], days: int) -> bool:
    """Whether receipts, or records often enough, tell the stock of most days."""
    records = tables["stock_snapshots"].days if "stock_snapshots" in tables else 0
    return records > 0 and ("purchase_orders" in tables or records * CARRIED_DAYS >= days)


def _sources(folder: Path, found: Preview | None) -> list[str]:
    """Entries of tables with files, their doubts above them; tables without as comments."""
    guesses = found.guesses if found else Guesses({}, (), ())
    lines: list[str] = []
    for table, chosen in guesses.chosen.items():
        lines += [f"# check: {doubt}" for guess in chosen[:1] for doubt in guess.doubts]
        lines.append(entry(table, chosen, globs([guess.path for guess in chosen], folder)))
    for table, why in NEEDS.items():
        if table not in guesses.chosen:
            lines += [f"# missing, {why}", f'# {table} = ["logs/{table}/*"]']
    for table, adapter in dict.fromkeys((guess.table, guess.adapter) for guess in guesses.others):
        lines.append(f"# not used, another log is preferred: {table} from adapter {adapter}")
    lines += [f"# not understood: {_shown(path, folder)}" for path, _ in guesses.unknown]
    return lines


def entry(table: TableName, chosen: Sequence[Guess], files: list[str]) -> str:
    """One line of ``[sources]``."""
    if chosen[0].adapter == "canonical" and not chosen[0].options:
        return f"{table} = {_toml(files)}"
    parts = ", ".join(f"{key} = {_toml(value)}" for key, value in source_of(tuple(chosen), files).items() if value)
    return f"{table} = {{ {parts} }}"


def globs(paths: Sequence[Path], folder: Path) -> list[str]:
    """Few patterns that name exactly these files now, and later ones of the same name but for its digits."""
    patterns: dict[str, None] = {}
    for path in paths:
        stem, suffixes = path.name.partition(".")[::2]
        wide = path.with_name(f"{re.sub(r'[-_. ]?[0-9]+([-_.]?[0-9]+)*', '*', stem).rstrip('*')}*.{suffixes}")
        alike = {found for found in path.parent.glob(wide.name) if found.is_file()}
        chosen = wide if suffixes and alike <= set(paths) else path
        patterns[_shown(chosen, folder)] = None
    return list(patterns)


def _shown(path: Path, folder: Path) -> str:
    absolute = path.resolve() if "*" not in path.name else path.parent.resolve() / path.name
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else absolute.as_posix()


def _toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(str(key))} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    text = "".join(_escaped(character) for character in str(value))
    return f'"{text}"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    return f"\\u{ord(character):04x}" if ord(character) < 32 or ord(character) == 127 else character


def _own_zone() -> tuple[str, str]:
    """The time zone of this machine."""
    named = os.environ.get("TZ", "")
    linked = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    for zone in (named, linked):
        if zone in available_timezones():
            return zone, "of this machine, check this"
    return "UTC", "check this"


def _template(name: str) -> str:
    return resources.files("arena_pipeline").joinpath("templates", name).read_text(encoding="utf-8")
