"""Codes of the demand tables: state of stock, kind of censoring, method of recovery, flags of a day."""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np
import polars as pl
from numpy.typing import NDArray

FULL_SHARE = 0.9999
"""From this in-stock share on, a day counts as fully in stock."""

NO_SHARE = 1e-9
"""Up to this in-stock share, a day counts as fully out of stock."""


class StockState(IntEnum):
    """How the stock of a day is known."""

    OBSERVED = 0  # a snapshot closes the day
    RECONSTRUCTED = 1  # carried from a snapshot by receipts and sales
    INFERRED = 2  # no record: a run without sales, although visitors came, says out of stock
    UNKNOWN = 3  # no record: taken as in stock, nothing is recovered


class Censored(IntEnum):
    """Whether a stock-out hid demand on a day."""

    NONE = 0
    PARTIAL = 1
    FULL = 2


class Method(IntEnum):
    """How demand of a day was recovered, best first."""

    OBSERVED = 0  # in stock all day: sales are demand
    VIEWS_EB = 1  # page views times the item's own conversion, shrunk to its category
    VIEWS_CATEGORY = 2  # page views times the category's conversion: the item has no orders of its own
    EXPOSURE_EB = 3  # no page views: the item's rate per in-stock day, shrunk to its category
    NONE = 4  # stock unknown or possibly delisted: units sold only


class DayFlag(IntFlag):
    """What was odd about an SKU-day."""

    NOT_LISTED = 1
    REPAIRED_STOCK = 2  # more was sold than the record had
    NEGATIVE_STOCK = 4
    POSSIBLY_DELISTED = 8  # within a long out-of-stock spell without any purchase order (retrospective)
    LONG_OUT_SO_FAR = 16  # the same, as far as it was known that day
    BEFORE_FIRST_SNAPSHOT = 32  # stock reconstructed backward: not known on that day
    LISTED_PRICE = 64  # price seen on a page view or carried from one; else from order lines or the product
    VIEWS_NOT_LOGGED = 128  # no page view of any item that day
    DUPLICATED = 256  # repeated rows were removed
    BOT_VIEWS = 512  # views of bots were removed
    OUTSIDE_LISTING = 1024  # sold although not listed by the product's dates


def enum_of(codes: type[IntEnum]) -> pl.Enum:
    """Polars type with the codes' names in lower case, in the order of their values."""
    return pl.Enum([code.name.lower() for code in codes])


def enum_series(name: str, values: NDArray[np.integer], codes: type[IntEnum]) -> pl.Series:
    """Turn an array of codes into an Enum column."""
    return pl.Series(name, values, dtype=pl.UInt8).cat.to(enum_of(codes))
