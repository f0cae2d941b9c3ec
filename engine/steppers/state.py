"""State of the reference run: what is on the shelf, on order and waiting, and the totals of the open window part."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine import rules
from engine.models import OrderableOffer, PurchaseOrder
from engine.scenario import Scenario
from engine.totals import FIELD_INDEX, FIELDS, RunTotals

IntArray = NDArray[np.int64]
Lot = tuple[int, int]  # (expires on, units received through it)


class Column:
    """(S,) integers, written one by one through a buffer of Python integers and read as a whole through NumPy."""

    __slots__ = ("all", "at")

    def __init__(self, values: IntArray) -> None:
        self.all = values
        self.at: memoryview[int] = memoryview(values)  # type: ignore[arg-type]


def zeros(size: int) -> Column:
    """A column of zeros."""
    return Column(np.zeros(size, np.int64))


class SystemState:
    """State per SKU; stock changes only through ``add`` and ``take``, so that value is never re-summed.

    ``offers`` is the scenario's own table, passed by reference. # Invariant 1
    """

    def __init__(self, scenario: Scenario) -> None:
        catalogue, size = scenario.catalogue, len(scenario.axes.items)
        self.scenario = scenario
        self.offers: tuple[tuple[OrderableOffer, ...], ...] = scenario.offers.by_sku
        self.category = catalogue.category.tolist()
        self.shelf_life = catalogue.shelf_life.tolist()
        self.on_hand = Column(catalogue.opening_on_hand.copy())
        self.value = Column(catalogue.opening_value.copy())
        self.on_order, self.on_order_value = zeros(size), zeros(size)
        self.waiting, self.waiting_revenue = zeros(size), zeros(size)
        self.received_through = Column(catalogue.opening_on_hand.copy())
        self.gone = zeros(size)
        self.cycle_open, self.cycle_demand, self.cycle_lost = zeros(size), zeros(size), zeros(size)
        self.last_sale_day = Column(np.full(size, -1, np.int64))
        self.lots: dict[int, deque[Lot]] = {}
        self.expiries: dict[int, list[int]] = {}
        self.pending: list[tuple[int, int, PurchaseOrder]] = []  # (arrives on, sequence, order) # Invariant 3
        self.category_value = _by_category(scenario, catalogue.opening_value)
        self.category_on_order = [0] * len(catalogue.category_names)
        self.open_capital = int(catalogue.opening_value.sum())  # on hand and on order, moved as they move
        for sku in np.flatnonzero((catalogue.shelf_life > 0) & (catalogue.opening_on_hand > 0)).tolist():
            self._open_lot(sku, 0)

    def add(self, sku: int, day: int, quantity: int, cost: int) -> None:
        """Put ``quantity`` units worth ``cost`` on the shelf. # Invariant 4."""
        self.on_hand.at[sku] += quantity
        self.value.at[sku] += cost
        self.category_value[self.category[sku]] += cost
        self.open_capital += cost
        if self.shelf_life[sku]:
            self.received_through.at[sku] += quantity
            self._open_lot(sku, day)

    def take(self, sku: int, quantity: int) -> int:
        """Take units off the shelf and return their moving-average cost. # Invariant 4."""
        cost = rules.cost_share(self.value.at[sku], quantity, self.on_hand.at[sku])
        self.on_hand.at[sku] -= quantity
        self.value.at[sku] -= cost
        self.category_value[self.category[sku]] -= cost
        self.open_capital -= cost
        self.gone.at[sku] += quantity
        return cost

    def expire_lots(self, sku: int, day: int) -> int:
        """Units of lots that end by ``day``, oldest first; the lots are closed."""
        lots, units = self.lots[sku], 0
        while lots and lots[0][0] <= day:
            units = rules.expired_units(lots.popleft()[1], self.gone.at[sku])
        return units

    def _open_lot(self, sku: int, day: int) -> None:
        expires_on = day + self.shelf_life[sku]
        self.lots.setdefault(sku, deque()).append((expires_on, self.received_through.at[sku]))
        self.expiries.setdefault(expires_on, []).append(sku)


def _by_category(scenario: Scenario, values: IntArray) -> list[int]:
    sums = np.zeros(len(scenario.catalogue.category_names), np.int64)
    np.add.at(sums, scenario.catalogue.category, values)
    return sums.tolist()


class OpenTotals:
    """Totals of the window part that is running, one column per field, and the finished parts."""

    def __init__(self, scenario: Scenario) -> None:
        size, days = scenario.axes.shape
        categories, suppliers = len(scenario.catalogue.category_names), len(scenario.suppliers.names)
        self.columns = {name: zeros(size) for name in FIELDS}
        self.rows = np.zeros((size, scenario.parts, len(FIELDS)), np.int64)
        self.payable = np.zeros((size, scenario.parts), np.int64)
        self.inventory_value = np.zeros((categories, days), np.int64)
        self.on_order_value = np.zeros((categories, days), np.int64)
        self.stockouts = np.zeros((categories, days), np.int64)
        self.supplier_lines = np.zeros((suppliers, days), np.int64)

    def close_part(self, part: int, state: SystemState) -> None:
        """Write the running part and start the next one."""
        ends = {
            "on_hand_end": state.on_hand,
            "value_end": state.value,
            "on_order_value_end": state.on_order_value,
            "waiting_end": state.waiting,
            "last_sale_day": state.last_sale_day,
        }
        for name, column in self.columns.items():
            self.rows[:, part, FIELD_INDEX[name]] = ends.get(name, column).all
            column.all[:] = 0

    def finish(self) -> RunTotals:
        """All parts as ``RunTotals``."""
        self.rows[:, :, FIELD_INDEX["payable_value_days"]] = self.payable
        return RunTotals(self.rows, self.inventory_value, self.on_order_value, self.stockouts, self.supplier_lines)
