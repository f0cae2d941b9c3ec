"""Purchase orders as they are placed, and the goods that arrive from them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from arena_pipeline.demo import keyed
from arena_pipeline.demo.catalogue import Catalogue, receiving_days
from arena_pipeline.demo.keyed import Flags, Ints
from arena_pipeline.demo.order_lines import DAYS
from arena_pipeline.demo.suppliers import Offers, Suppliers

LATE_SHARE = 0.06
SHORT_SHARE = 0.035
BEFORE_DAYS = 400
AFTER_DAYS = 400


@dataclass(frozen=True)
class Setting:
    """The shop that buys: items, suppliers, offers, opening days, seed.

    Attributes:
        is_open: days on which the shop sells and orders; shape (T,).
    """

    catalogue: Catalogue
    suppliers: Suppliers
    first: Offers
    second: Offers
    is_open: Flags
    seed: int


class OrderBook:
    """Open and past purchase order lines."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.on_order = np.zeros(len(setting.catalogue.keys), dtype=np.int64)
        self._arrivals: dict[int, list[tuple[Ints, Ints, Ints]]] = {}
        self._lines: list[pl.DataFrame] = []
        # Days outside the window receive from Monday to Friday.
        weekday = (np.arange(-BEFORE_DAYS, DAYS + AFTER_DAYS) + setting.catalogue.axes.weekday(0)) % 7
        receiving = weekday < 5
        receiving[BEFORE_DAYS : BEFORE_DAYS + DAYS] = receiving_days(setting.is_open)
        self._receiving = np.flatnonzero(receiving) - BEFORE_DAYS

    def next_receiving(self, day: Ints) -> Ints:
        """First day from ``day`` on at which goods can arrive."""
        return self._receiving[np.searchsorted(self._receiving, day)]

    def place(self, placed: Ints, sku: Ints, second: Flags, quantity: Ints) -> None:
        """Book order lines whose lead times are drawn; lines that arrived before the window are left out.

        Args:
            placed: order day of each line; shape (n,).
            sku: item index, at most one line per item.
            second: whether the second offer is used.
            quantity: units ordered.
        """
        seed, keys = self.setting.seed, self.setting.catalogue.keys[sku]
        short = keyed.uniform(seed, "short delivery", keys, placed + BEFORE_DAYS)
        share = np.where(short < SHORT_SHARE, 0.5 + 0.45 * short / SHORT_SHARE, 1.0)
        received = np.maximum((quantity * share).astype(np.int64), 1)
        supplier = self._supplier(sku, second)
        arrives = self._arrival(placed, supplier)
        keep = arrives >= 0
        expected = self.next_receiving(placed + self._lead(supplier))
        numbers = [column[keep] for column in (quantity, expected, arrives, received)]
        self._book(placed[keep], sku[keep], second[keep], *numbers)

    def place_launch(self, arrives: Ints, sku: Ints, quantity: Ints) -> None:
        """Book launch stock: ordered in time, arriving complete on its listing day as agreed."""
        second = np.zeros(len(sku), dtype=np.bool_)
        supplier = self._supplier(sku, second)
        latest = arrives - self._lead(supplier)
        weekday = (latest + self.setting.catalogue.axes.weekday(0)) % 7
        placed = latest - (weekday - self.setting.suppliers.review_weekday[supplier]) % 7
        self._book(placed, sku, second, quantity, arrives, arrives, quantity)

    def receive(self, day: int) -> Ints:
        """Units arriving on a day; shape (S,). A short delivery closes its line."""
        receipts = np.zeros_like(self.on_order)
        for sku, ordered, received in self._arrivals.pop(day, []):
            receipts[sku] += received
            self.on_order[sku] -= ordered
        return receipts

    def lines(self) -> pl.DataFrame:
        """All order lines by (order_day, supplier, sku); an order is all lines of one supplier and day."""
        lines = pl.concat(self._lines).sort("order_day", "supplier", "sku", "received_day")
        number = pl.struct("order_day", "supplier").rle_id().cast(pl.Int64) + 1
        return lines.with_columns(number=number)

    def _supplier(self, sku: Ints, second: Flags) -> Ints:
        return np.where(second, self.setting.second.supplier[sku], self.setting.first.supplier[sku])

    def _lead(self, supplier: Ints) -> Ints:
        return self.setting.suppliers.lead_mean[supplier].astype(np.int64)

    def _arrival(self, placed: Ints, supplier: Ints) -> Ints:
        """Arrival days: one delay per supplier and order day, sometimes far too late; lead time at least one day."""
        seed, suppliers = self.setting.seed, self.setting.suppliers
        key = (supplier, placed + BEFORE_DAYS)
        mean, spread = suppliers.lead_mean[supplier], suppliers.lead_std[supplier]
        late = keyed.uniform(seed, "late delivery", *key)
        extra = np.where(late < LATE_SHARE, mean * (0.3 + 0.7 * late / LATE_SHARE), 0.0)
        noise = np.clip(keyed.normal(seed, "lead time", *key), -2.0, 2.5)
        days = np.maximum(np.rint(mean + spread * noise + extra), 1).astype(np.int64)
        return self.next_receiving(placed + days)

    def _book(
        self, placed: Ints, sku: Ints, second: Flags, quantity: Ints, expected: Ints, arrives: Ints, received: Ints
    ) -> None:
        setting = self.setting
        supplier = self._supplier(sku, second)
        cost = np.where(second, setting.second.cost_at(sku, quantity), setting.first.cost_at(sku, quantity))
        self._lines.append(
            pl.DataFrame(
                {
                    "order_day": placed,
                    "supplier": supplier,
                    "sku": sku,
                    "second": second,
                    "order_quantity": quantity,
                    "expected_day": expected,
                    "received_day": arrives,
                    "received_quantity": received,
                    "unit_cost": cost,
                }
            )
        )
        self.on_order[sku] += quantity
        for day in np.unique(arrives).tolist():
            same = arrives == day
            self._arrivals.setdefault(day, []).append((sku[same], quantity[same], received[same]))
