"""What could have been: a feasible policy that knows the future, and a profit that no policy can exceed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine import rules
from engine.optimisation.profitable_lots import most_profit
from engine.optimisation.wagner_whitin import sparse_lots
from engine.plan import Orders
from engine.scenario import DayTable, OfferTable, OpeningOrders, Scenario
from engine.schema import DAYS_PER_YEAR, MICRO
from engine.scorecard.card import groupings
from engine.scorecard.sums import scored_window
from engine.settings import CostRates

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

ORDER_COLUMNS = ("sku", "ordered_on", "arrives_on", "quantity", "unit_cost", "line_cost", "supplier")


@dataclass(frozen=True)
class Delivery:
    """When goods can arrive: by offer distribution and supplier.

    Attributes:
        arrival: day of arrival of an order placed each day, -1 where the supplier takes none.
        latest_order: last day to order so that goods are there by each day, -1 where none is.
    """

    arrival: IntArray
    latest_order: IntArray


def _deliveries(scenario: Scenario) -> dict[tuple[int, int], Delivery]:
    times, days = scenario.lead_times, scenario.axes.days
    pairs = {(int(v), int(n)) for v, n in zip(scenario.offers.supplier, scenario.offers.distribution, strict=True)}
    today = np.arange(days)
    result = {}
    for supplier, distribution in sorted(pairs):
        lead_time = times.quantiles[distribution, times.draws[supplier]]
        is_open = scenario.suppliers.next_order_day[supplier] == today
        arrival = np.where(is_open, times.arrival_day[np.minimum(today + lead_time, len(times.arrival_day) - 1)], -1)
        latest = np.full(days, -1, np.int64)
        usable = is_open & (arrival < days)
        np.maximum.at(latest, arrival[usable], today[usable])
        result[supplier, distribution] = Delivery(arrival, np.maximum.accumulate(latest))
    return result


def hindsight_orders(scenario: Scenario, actual: Orders, rates: CostRates) -> Orders:
    """Just-in-time lots against the known demand, within offers, minimums, order days and the real lead times.

    Lots are Wagner-Whitin's on what opening stock and open orders leave unserved; each is ordered on the last day
    that still brings it in time, from the offer that costs least, where its margin pays for it.
    """
    unserved = _unserved(scenario)
    costs = _lot_costs(scenario, actual, rates)
    _, lot = sparse_lots(unserved.first_row, unserved.day, unserved.quantity, *costs)
    deliveries = _deliveries(scenario)
    rows: list[tuple[int, ...]] = []
    for sku in np.flatnonzero(np.diff(unserved.first_row)).tolist():
        rows += _lots_of(scenario, unserved, lot, deliveries, sku)
    table = np.array(rows, np.int64).reshape(-1, len(ORDER_COLUMNS))
    order = np.lexsort((table[:, 2], table[:, 1], table[:, 0]))
    return Orders(**{name: table[order, column].copy() for column, name in enumerate(ORDER_COLUMNS)})


def _lot_costs(scenario: Scenario, actual: Orders, rates: CostRates) -> tuple[FloatArray, FloatArray]:
    """Least fixed cost of a lot, the line cost only, and holding cost per unit and day, (S,) each; minor units."""
    least = _least(scenario, (scenario.offers, actual), "line_cost")
    line_cost = np.where(np.isfinite(least), least, float(rates.line_cost))
    return line_cost, lowest_costs(scenario, actual) * (rates.carrying_rate / DAYS_PER_YEAR)


def _least(scenario: Scenario, tables: tuple[OfferTable | Orders | OpeningOrders, ...], column: str) -> FloatArray:
    """Least value of a column per SKU, (S,); infinite where no table has the SKU."""
    least = np.full(len(scenario.axes.items), np.inf)
    for table in tables:
        np.minimum.at(least, table.sku, getattr(table, column).astype(np.float64))
    return least


def lowest_costs(scenario: Scenario, actual: Orders) -> FloatArray:
    """Least unit cost at which a SKU's stock can ever have come in, (S,) minor units; 0 where none is known."""
    catalogue = scenario.catalogue
    cost = _least(scenario, (scenario.offers, scenario.opening_orders, actual), "unit_cost")
    found = scenario.adjustments.quantity > 0
    np.minimum.at(cost, scenario.adjustments.sku[found], scenario.adjustments.amount[found].astype(np.float64))
    opening = catalogue.opening_value / np.maximum(catalogue.opening_on_hand, 1)
    cost = np.where(catalogue.opening_on_hand > 0, np.minimum(cost, opening), cost)
    return np.where(np.isfinite(cost), cost, 0.0)


def _unserved(scenario: Scenario) -> DayTable:
    """Demand that opening stock, open orders and adjustments leave over, if nothing is ordered."""
    demand, listed = scenario.demand, scenario.catalogue
    flows = _exogenous_flows(scenario)
    keep = np.zeros(len(demand.sku), np.int64)
    for item in range(len(scenario.axes.items)):
        on_hand, flow = int(listed.opening_on_hand[item]), flows.get(item, [])
        position = 0
        for row in range(int(demand.first_row[item]), int(demand.first_row[item + 1])):
            while position < len(flow) and flow[position][0] <= demand.day[row]:
                on_hand = max(on_hand + flow[position][1], 0)
                position += 1
            sold = rules.served(on_hand, int(demand.quantity[row]))
            on_hand -= sold
            keep[row] = demand.quantity[row] - sold
    some = keep > 0
    sku = demand.sku[some]
    first_row = np.searchsorted(sku, np.arange(len(scenario.axes.items) + 1)).astype(np.int64)
    return DayTable(first_row, sku, demand.day[some], keep[some], demand.amount[some])


def _exogenous_flows(scenario: Scenario) -> dict[int, list[tuple[int, int]]]:
    """(day, units) of adjustments and opening orders by SKU, in time order."""
    flows: dict[int, list[tuple[int, int]]] = {}
    tables = (
        (scenario.adjustments.sku, scenario.adjustments.day, scenario.adjustments.quantity),
        (scenario.opening_orders.sku, scenario.opening_orders.arrives_on, scenario.opening_orders.quantity),
    )
    for sku, day, quantity in tables:
        for key, when, units in zip(sku.tolist(), day.tolist(), quantity.tolist(), strict=True):
            flows.setdefault(key, []).append((when, units))
    return {key: sorted(rows) for key, rows in flows.items()}


def _lots_of(
    scenario: Scenario, unserved: DayTable, lot: IntArray, deliveries: dict[tuple[int, int], Delivery], sku: int
) -> list[tuple[int, ...]]:
    """Orders for one SKU; what a minimum forces beyond a lot serves the next ones."""
    first, last = int(unserved.first_row[sku]), int(unserved.first_row[sku + 1])
    left_over, placed = 0, []
    row = first
    while row < last:
        end = row
        while end < last and lot[end] == row:
            end += 1
        units = int(unserved.quantity[row:end].sum())
        later = int(unserved.quantity[end:last].sum())
        need = units - left_over
        left_over = max(-need, 0)
        if need > 0:
            price = int((unserved.quantity[row:end] * unserved.amount[row:end]).sum()) // units
            best = _cheapest(scenario, deliveries, sku, int(unserved.day[row]), need, later, price)
            if best is not None:
                placed.append(best)
                left_over = best[3] - need
        row = end
    return placed


def _cheapest(
    scenario: Scenario,
    deliveries: dict[tuple[int, int], Delivery],
    sku: int,
    due: int,
    need: int,
    later: int,
    price: int,
) -> tuple[int, ...] | None:
    """Order of least cost that arrives by ``due`` and pays; units beyond later demand count at salvage value."""
    offers, catalogue = scenario.offers, scenario.catalogue
    best, best_gain = None, 0
    for row in range(int(offers.first_row[sku]), int(offers.first_row[sku + 1])):
        supplier = int(offers.supplier[row])
        delivery = deliveries[supplier, int(offers.distribution[row])]
        day = int(delivery.latest_order[due])
        listed = catalogue.listed_from[sku] <= day < catalogue.listed_until[sku]
        if day < 0 or not listed or not offers.valid_from[row] <= day < offers.valid_until[row]:
            continue
        unit_cost, line_cost = int(offers.unit_cost[row]), int(offers.line_cost[row])
        quantity = int(rules.rounded_quantity(need, int(offers.smallest_quantity[row]), int(offers.multiple[row])))
        useful = min(quantity - need, later)
        wasted = quantity - need - useful
        value = need * price + useful * unit_cost + wasted * int(catalogue.salvage_value[sku])
        gain = value - quantity * unit_cost - line_cost
        if gain > best_gain:
            arrives = int(delivery.arrival[day])
            best, best_gain = (sku, day, arrives, quantity, unit_cost, line_cost, supplier), gain
    return best


def upper_bound_profit(scenario: Scenario, actual: Orders, rates: CostRates, warm_up_days: int) -> FloatArray:
    """Economic profit per SKU over the scored window that no policy can exceed, (S,) minor units.

    Demand is served where that pays, at the least cost at which stock ever came in; lots are Wagner-Whitin's with
    the least line cost only, and arrive on the day they are needed. Stock left by the warm-up, orders placed in
    it, found units and open orders come without a line; suppliers' credit counts in full, also on what was sold shortly
    before the window; moving-average cost is rounded down once per sale.
    """
    window, demand = scored_window(scenario, warm_up_days), scenario.demand
    cost, credit, terms = lowest_costs(scenario, actual), *_largest_credit(scenario, actual, rates)
    scored = demand.day >= window.first
    sku, day, quantity = demand.sku[scored], demand.day[scored], demand.quantity[scored]
    gain = quantity * (demand.amount[scored] - (cost - credit)[sku]) + 1.0
    fixed_cost, holding_cost = _lot_costs(scenario, actual, rates)
    rows = (np.searchsorted(sku, np.arange(len(cost) + 1)).astype(np.int64), day, gain, quantity * holding_cost[sku])
    paid_before = day < window.first + _longest_lead_time(scenario, actual)[sku]
    line_cost = np.where(paid_before, 0.0, fixed_cost[sku])
    paid = most_profit(*rows, line_cost) + fixed_cost * _free_lots(scenario)
    free = most_profit(*rows, np.zeros_like(line_cost))
    waited = _waiting_before(scenario, cost - credit, window.first)
    return np.minimum(paid, free) + waited + _credit_before(scenario, credit, terms, window.first)


def _waiting_before(scenario: Scenario, unit_cost: FloatArray, first: int) -> FloatArray:
    """Gain from demand that may have waited since before the window, (S,) minor units."""
    demand = scenario.demand
    before = demand.day < first
    sku = demand.sku[before]
    waits = rules.share_of(demand.quantity[before], scenario.catalogue.waiting_share_u6[sku])
    gain = np.where(waits > 0, waits * (demand.amount[before] - unit_cost[sku]) + 1.0, 0.0)
    return _summed(sku, np.maximum(gain, 0.0), len(unit_cost))


def _summed(sku: IntArray, values: FloatArray, skus: int) -> FloatArray:
    sums = np.zeros(skus)
    np.add.at(sums, sku, values)
    return sums


def _free_lots(scenario: Scenario) -> IntArray:
    """Lots that come without an order line: opening stock, open orders, found units; (S,)."""
    skus = len(scenario.axes.items)
    found = scenario.adjustments.sku[scenario.adjustments.quantity > 0]
    return 1 + np.bincount(found, minlength=skus) + np.bincount(scenario.opening_orders.sku, minlength=skus)


def _longest_lead_time(scenario: Scenario, actual: Orders) -> IntArray:
    """Longest time an order of each SKU can take, days, (S,)."""
    longest = np.zeros(len(scenario.axes.items), np.int64)
    times = scenario.lead_times
    gap = int((times.arrival_day - np.arange(len(times.arrival_day))).max(initial=0))
    slowest = times.quantiles.max(axis=1, initial=0)[scenario.offers.distribution] + gap
    np.maximum.at(longest, scenario.offers.sku, slowest)
    np.maximum.at(longest, actual.sku, actual.arrives_on - actual.ordered_on)
    return longest


def _largest_credit(scenario: Scenario, actual: Orders, rates: CostRates) -> tuple[FloatArray, IntArray]:
    """Capital cost that payment terms can save per unit sold, minor units, and the longest terms, days; (S,) each."""
    suppliers, skus = scenario.suppliers, len(scenario.axes.items)
    credit, longest = np.zeros(skus), np.zeros(skus, np.int64)
    for table in (scenario.offers, scenario.opening_orders, actual):
        known = table.supplier >= 0
        sku, supplier = table.sku[known], table.supplier[known]
        terms = suppliers.terms_days[supplier]
        unpaid = terms * (1 - suppliers.prepayment_u6[supplier] / MICRO)
        np.maximum.at(credit, sku, table.unit_cost[known] * unpaid * (rates.capital_rate / DAYS_PER_YEAR))
        np.maximum.at(longest, sku, terms)
    return credit, longest


def _credit_before(scenario: Scenario, credit: FloatArray, terms: IntArray, first: int) -> FloatArray:
    """Credit that may still run in the window on units that left the shelf before it, (S,) minor units."""
    total = np.zeros(len(credit))
    for table in (scenario.demand, scenario.adjustments):
        recent = (table.day < first) & (table.day >= first - terms[table.sku])
        sku = table.sku[recent]
        total += _summed(sku, np.abs(table.quantity[recent]) * credit[sku], len(credit))
    return total


def upper_bound_scores(
    scenario: Scenario, actual: Orders, rates: CostRates, warm_up_days: int, cells: IntArray, minor_per_major: int
) -> pl.DataFrame:
    """The bound by group, laid out as scores; figures other than economic profit have no bound and are absent."""
    profit = upper_bound_profit(scenario, actual, rates, warm_up_days)
    frames = []
    for grouping in groupings(scenario, cells):
        member = grouping.group >= 0
        sums = np.zeros(len(grouping.names))
        np.add.at(sums, grouping.group[member], profit[member])
        count = len(grouping.names)
        frames.append(
            pl.DataFrame(
                {
                    "strategy": ["upper_bound"] * count,
                    "parameters": ["default"] * count,
                    "kind": ["bound"] * count,
                    "level": [grouping.level] * count,
                    "name": list(grouping.names),
                    "economic_profit": sums / minor_per_major,
                }
            )
        )
    return pl.concat(frames)
