"""Exchange rates that the user gives: constants of the settings, and a file of rates by date. Never fetched."""

import csv
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from arena_pipeline.settings import Settings
from engine.errors import InputError

ALWAYS = "0001-01-01"
Rate = tuple[str, str, str]


def rates_of(settings: Settings) -> tuple[Rate, ...]:
    """(currency, first day, rate) sorted; a constant holds until the first date of the file.

    Raises:
        InputError: the file cannot be read, or one of its rows is no rate; names the row.
    """
    shop = settings.shop
    rates = [(code.upper(), ALWAYS, f"{Decimal(repr(rate)):f}") for code, rate in shop.exchange_rates.items()]
    if shop.exchange_rate_file:
        rates += _from_file(settings.workspace / shop.exchange_rate_file)
    return tuple(sorted(rates))


def _from_file(path: Path) -> list[Rate]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        remedy = "Give a CSV file with the columns date, currency, rate"
        raise InputError(f"exchange rates must be readable ({error})", place=str(path), remedy=remedy) from error
    return [_rate(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1)]


def _rate(row: dict[str, str], place: str) -> Rate:
    try:
        code, day, rate = row["currency"].strip().upper(), date.fromisoformat(row["date"].strip()), Decimal(row["rate"])
    except (KeyError, AttributeError, ValueError, InvalidOperation) as error:
        remedy = "Write rows such as 2024-01-31,USD,0.79 below the header date,currency,rate"
        raise InputError("row must be date, currency and rate", value=str(row), place=place, remedy=remedy) from error
    if not rate.is_finite() or not 0 < rate < 1_000_000 or len(code) != 3:
        raise InputError("rate must be above 0, currency three letters", value=str(row), place=place)
    return code, day.isoformat(), f"{rate:f}"
