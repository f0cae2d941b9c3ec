"""The scenario and the plan as the kernel reads them: named tuples of arrays, no objects."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.plan import NEVER_ORDER, Levels, Orders
from engine.scenario import Scenario
from engine.totals import FIELDS, RunTotals

IntArray = NDArray[np.int64]


class World(NamedTuple):
    """What is the same for every plan; shapes as in ``engine.scenario``."""

    category: IntArray
    listed_from: IntArray
    listed_until: IntArray
    shelf_life: IntArray
    waiting_share_u6: IntArray
    opening_on_hand: IntArray
    opening_value: IntArray
    next_order_day: IntArray
    prepayment_u6: IntArray
    terms_days: IntArray
    offer_first: IntArray
    offer_supplier: IntArray
    offer_smallest: IntArray
    offer_multiple: IntArray
    offer_unit_cost: IntArray
    offer_line_cost: IntArray
    offer_lead_time: IntArray
    offer_distribution: IntArray
    offer_valid_from: IntArray
    offer_valid_until: IntArray
    quantiles: IntArray
    draws: IntArray
    arrival_day: IntArray
    demand_first: IntArray
    demand_day: IntArray
    demand_quantity: IntArray
    demand_price: IntArray
    adjustment_first: IntArray
    adjustment_day: IntArray
    adjustment_quantity: IntArray
    adjustment_cost: IntArray
    views_before: NDArray[np.int32]  # (S, T + 1) views on all days before; (0, 0) where no page view is known
    part_ends: IntArray


class PlanTable(NamedTuple):
    """Levels by date (D, S), or (1, S) where they never change, or none; explicit and opening orders by SKU."""

    level_days: IntArray
    reorder_point: IntArray
    order_up_to: IntArray
    order_quantity: IntArray
    review_period: IntArray
    carry_u6: IntArray
    supplier: IntArray
    lead_time: IntArray
    max_position: IntArray
    priority_u6: IntArray
    order_first: IntArray
    order_day: IntArray
    order_arrives: IntArray
    order_units: IntArray
    order_cost: IntArray
    order_line_cost: IntArray
    order_supplier: IntArray
    opening_first: IntArray
    opening_day: IntArray
    opening_arrives: IntArray
    opening_units: IntArray
    opening_cost: IntArray
    opening_supplier: IntArray


class Output(NamedTuple):
    """Where the kernel writes; curves hold day-to-day changes until they are summed up."""

    rows: IntArray
    inventory_value: IntArray
    on_order_value: IntArray
    stockouts: IntArray
    supplier_lines: IntArray


def _writable(array: NDArray[Any]) -> NDArray[Any]:
    """Contiguous and writable: Numba compiles another kernel for read-only arrays."""
    array = np.ascontiguousarray(array)
    return array if array.flags.writeable else array.copy()


@lru_cache(maxsize=2)
def world_table(scenario: Scenario) -> World:
    """Arrays of a scenario, contiguous; kept, because every run of a sweep reads the same."""
    catalogue, suppliers, offers = scenario.catalogue, scenario.suppliers, scenario.offers
    times, demand, adjustments = scenario.lead_times, scenario.demand, scenario.adjustments
    arrays = (
        catalogue.category, catalogue.listed_from, catalogue.listed_until, catalogue.shelf_life,
        catalogue.waiting_share_u6, catalogue.opening_on_hand, catalogue.opening_value,
        suppliers.next_order_day, suppliers.prepayment_u6, suppliers.terms_days,
        offers.first_row, offers.supplier, offers.smallest_quantity, offers.multiple, offers.unit_cost,
        offers.line_cost, offers.lead_time, offers.distribution, offers.valid_from, offers.valid_until,
        times.quantiles, times.draws, times.arrival_day,
        demand.first_row, demand.day, demand.quantity, demand.amount,
        adjustments.first_row, adjustments.day, adjustments.quantity, adjustments.amount,
        _views_before(scenario.views), scenario.part_ends,
    )  # fmt: skip
    return World._make(_writable(array) for array in arrays)


def _views_before(views: NDArray[np.int32]) -> NDArray[np.int32]:
    """(S, T + 1) running sums of the views (S, T); the scenario's checks keep them below 2^31."""
    if not views.any():
        return np.zeros((0, 0), np.int32)
    before = np.zeros((views.shape[0], views.shape[1] + 1), np.int32)
    np.cumsum(views, axis=1, out=before[:, 1:])
    return before


def _unrepeated(levels: IntArray) -> IntArray:
    """One row where all dates have the same levels: what the kernel reads then stays in the cache."""
    if len(levels) < 2 or levels.strides[0] == 0:
        return levels[:1]
    is_constant = all(np.array_equal(levels[0], later) for later in levels[:0:-1])
    return levels[:1] if is_constant else levels


def _first_rows(sku: IntArray, skus: int) -> IntArray:
    return np.searchsorted(sku, np.arange(skus + 1)).astype(np.int64)


def plan_table(scenario: Scenario, plan: Levels | Orders) -> PlanTable:
    """Arrays of a plan and of the opening orders."""
    skus, opening = len(scenario.axes.items), scenario.opening_orders
    nothing = np.zeros(0, np.int64)
    if isinstance(plan, Levels):
        levels = (plan.days, *(_unrepeated(matrix) for matrix in plan.matrices().values()))
        orders = (np.zeros(skus + 1, np.int64), *([nothing] * 6))
    else:
        none = np.full((1, skus), NEVER_ORDER, np.int64)
        levels = (np.zeros(1, np.int64), none, *([np.ones((1, skus), np.int64)] * 8))
        orders = (
            _first_rows(plan.sku, skus), plan.ordered_on, plan.arrives_on, plan.quantity, plan.unit_cost,
            plan.line_cost, plan.supplier,
        )  # fmt: skip
    before = (
        _first_rows(opening.sku, skus), opening.ordered_on, opening.arrives_on, opening.quantity,
        opening.unit_cost, opening.supplier,
    )  # fmt: skip
    return PlanTable._make(_writable(array) for array in (*levels, *orders, *before))


def empty_output(scenario: Scenario) -> Output:
    """Zeroed output; curves have one day more, into which changes at the horizon fall."""
    skus, days = scenario.axes.shape
    categories, suppliers = len(scenario.catalogue.category_names), len(scenario.suppliers.names)
    rows = np.zeros((skus, scenario.parts, len(FIELDS)), np.int64)
    inventory, on_order, stockouts = (np.zeros((categories, days + 1), np.int64) for _ in range(3))
    return Output(rows, inventory, on_order, stockouts, np.zeros((suppliers, days), np.int64))


def totals_of(output: Output) -> RunTotals:
    """Sum the changes up to curves."""
    inventory, on_order, stockouts = (
        np.ascontiguousarray(np.cumsum(changes, axis=1)[:, :-1])
        for changes in (output.inventory_value, output.on_order_value, output.stockouts)
    )
    return RunTotals(output.rows, inventory, on_order, stockouts, output.supplier_lines)


def pending_capacity(scenario: Scenario, plan: Levels | Orders) -> int:
    """Orders one SKU can have open at once: one a day over the longest lead time, plus those placed outright."""
    times, days = scenario.lead_times, scenario.axes.days
    longest = int(times.quantiles.max(initial=1))
    gap = int(np.max(times.arrival_day[: days + longest + 1] - np.arange(len(times.arrival_day[: days + longest + 1]))))
    outright = np.bincount(scenario.opening_orders.sku, minlength=1).max(initial=0)
    if isinstance(plan, Orders):
        outright += np.bincount(plan.sku, minlength=1).max(initial=0)
    return _power_of_two(int(longest + gap + outright + 2))


def lot_capacity(scenario: Scenario) -> int:
    """Lots one SKU can have alive at once: one a receipt day over the shelf life, and two events on one day."""
    return _power_of_two(int(2 * (scenario.catalogue.shelf_life.max(initial=0) + 2)))


def _power_of_two(least: int) -> int:
    """Least power of two that is large enough: rings wrap by a mask."""
    return 1 << (least - 1).bit_length()
