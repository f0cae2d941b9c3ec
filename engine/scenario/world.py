"""The frozen world of a backtest: everything that is the same for every strategy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.scenario.offers import OfferTable
from engine.schema import Axes

IntArray = NDArray[np.int64]
DayRows = tuple[list[int], list[int], list[int]]  # (sku, quantity, amount)


@dataclass(frozen=True)
class Catalogue:
    """Facts per SKU; every array is (S,) int64.

    Attributes:
        category: index into ``category_names``.
        category_names: sorted.
        primary_supplier: supplier of the cheapest offer, -1 where there is none.
        listed_from, listed_until: day indices, half open; outside, nothing is ordered and no stock-out counted.
        shelf_life: days a unit stays saleable, 0: for ever.
        salvage_value: what a unit of excess stock still fetches, minor units.
        replacement_cost: landed unit cost for lost margin, minor units.
        waiting_share_u6: part of unserved demand that waits; the same for every strategy.
        opening_on_hand, opening_value: at the start of day 0, units and minor units.
        min_stock, max_stock: owner's bounds on levels, units; ``do_not_order``: 0 or 1.
        key: keyed-random identity of the SKU (uint64).
    """

    category: IntArray
    category_names: tuple[str, ...]
    primary_supplier: IntArray
    listed_from: IntArray
    listed_until: IntArray
    shelf_life: IntArray
    salvage_value: IntArray
    replacement_cost: IntArray
    waiting_share_u6: IntArray
    opening_on_hand: IntArray
    opening_value: IntArray
    min_stock: IntArray
    max_stock: IntArray
    do_not_order: IntArray
    key: NDArray[np.uint64]


@dataclass(frozen=True)
class SupplierTable:
    """Facts per supplier; arrays are (V,) int64 but for the calendar.

    Attributes:
        names: supplier ids, sorted.
        next_order_day: (V, T) first order day on or after each day, ``rules.NEVER`` where there is none.
        order_cost: per purchase order, minor units.
        prepayment_u6: share paid at order, micro.
        terms_days: days from arrival to payment of the rest.
    """

    names: tuple[str, ...]
    next_order_day: IntArray
    order_cost: IntArray
    prepayment_u6: IntArray
    terms_days: IntArray


@dataclass(frozen=True)
class LeadTimes:
    """Keyed lead times: every strategy that orders from a supplier on a day meets the same luck.

    Attributes:
        quantiles: (N, K) int64 lead time in days at K equally likely ranks of each distribution, >= 1.
        draws: (V, T) int64 rank drawn for each supplier and order day, 0..K - 1.
        arrival_day: (T + longest + 1,) first day on or after each day on which the shop receives goods.
    """

    quantiles: IntArray
    draws: IntArray
    arrival_day: IntArray


@dataclass(frozen=True)
class DayTable:
    """Sparse rows sorted by (sku, day), at most one per pair; arrays are (N,) int64.

    Attributes:
        first_row: (S + 1,) rows of SKU s are ``first_row[s]:first_row[s + 1]``.
        amount: unit price of a demand row, unit cost of an adjustment; minor units.
    """

    first_row: IntArray
    sku: IntArray
    day: IntArray
    quantity: IntArray
    amount: IntArray

    def partition_by_day(self) -> dict[int, DayRows]:
        """(sku, quantity, amount) lists of each day that has rows, by one ``partition_by``. # Invariant 2."""
        frame = pl.DataFrame({"day": self.day, "sku": self.sku, "quantity": self.quantity, "amount": self.amount})
        parts = frame.partition_by("day", as_dict=True, maintain_order=True, include_key=False)
        return {
            int(key[0]): (part["sku"].to_list(), part["quantity"].to_list(), part["amount"].to_list())
            for key, part in parts.items()
        }


@dataclass(frozen=True)
class OpeningOrders:
    """Purchase orders open at the start of day 0, sorted by (sku, arrives_on); arrays are (N,) int64."""

    sku: IntArray
    supplier: IntArray
    ordered_on: IntArray
    arrives_on: IntArray
    quantity: IntArray
    unit_cost: IntArray
    line_cost: IntArray


NO_LIMIT = 1 << 60
"""Money that never runs out, minor units."""


@dataclass(frozen=True)
class Limits:
    """What couples the orders of one day; the same for every strategy that decides by levels.

    Attributes:
        supplier_minimum: (V,) least value of one purchase order, minor units; 0: none.
        tops_up: orders below it are raised where cover allows, and wait otherwise; False: they wait.
        open_capital: value on hand and on order beyond which nothing is ordered, minor units.
        weekly_spend: value that may be ordered from a Monday to the Sunday after it, minor units.
    """

    supplier_minimum: IntArray
    tops_up: bool = False
    open_capital: int = NO_LIMIT
    weekly_spend: int = NO_LIMIT

    @property
    def couples(self) -> bool:
        """Whether any limit is set."""
        return min(self.open_capital, self.weekly_spend) < NO_LIMIT or bool(np.any(self.supplier_minimum > 0))


@dataclass(frozen=True, eq=False)
class Scenario:
    """The world strategies compete in.

    Attributes:
        part_ends: (P,) day indices at which the window's parts end, ascending, the last equals T. Part 0 is the
            warm-up when the window has one.
        views: (S, T) int32 page views per day.
        demand: integer replay demand with the unit price of the day.
        adjustments: resaleable returns, shrinkage (negative), launch receipts, with unit cost.
        limits: on money, over all SKUs.
        seed: of the keyed lead times.
    """

    axes: Axes
    catalogue: Catalogue
    suppliers: SupplierTable
    offers: OfferTable
    lead_times: LeadTimes
    demand: DayTable
    views: NDArray[np.int32]
    adjustments: DayTable
    opening_orders: OpeningOrders
    part_ends: IntArray
    limits: Limits
    seed: int

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything in the world: equal hash, equal results."""
        sha = hashlib.sha256()
        _feed(sha, self)
        return sha.hexdigest()

    @cached_property
    def dearest_unit_cost(self) -> IntArray:
        """Highest unit cost of each SKU's offers, (S,) minor units; 0 without offers."""
        dearest = np.zeros(len(self.axes.items), np.int64)
        np.maximum.at(dearest, self.offers.sku, self.offers.unit_cost)
        return dearest

    @property
    def parts(self) -> int:
        """Number of window parts P."""
        return len(self.part_ends)

    def part_bounds(self, part: int) -> tuple[int, int]:
        """First day and end (exclusive) of a window part."""
        return (int(self.part_ends[part - 1]) if part else 0), int(self.part_ends[part])


def _feed(sha: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        sha.update(f"{value.dtype}{value.shape}".encode())
        sha.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            sha.update(field.name.encode())
            _feed(sha, getattr(value, field.name))
    else:
        sha.update(repr(value).encode())
