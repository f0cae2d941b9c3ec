"""The contract of DESIGN 1.2 once more: one SKU at a time, day by day, slow and obvious; shares no code with the engine.

Stock is a list of lots, the pipeline is a list that is searched, reviews and payments are found by walking through
the days. The result is a full ledger, from which totals and figures are summed again.
"""

from dataclasses import dataclass, field

import numpy as np

from engine.plan import Levels

FLOWS = (
    "demanded", "sold", "lost", "waited", "late", "revenue", "lost_revenue", "cost_of_goods_sold", "write_offs",
    "expired", "shrunk", "received", "spend", "adjusted", "adjusted_value", "ordered", "lines", "line_costs",
    "payable_value_days", "stockout_days", "views_out", "cycles", "short_cycles",
)  # fmt: skip
LEVELS_AT_CLOSE = ("on_hand", "value", "on_order_value", "waiting")


@dataclass
class Shelf:
    """Stock of one SKU: lots of (last day + 1, units), their common value at moving-average cost."""

    value: int
    lots: list = field(default_factory=list)

    @property
    def on_hand(self):
        return sum(units for _, units in self.lots)

    def put(self, day, units, cost, life):
        self.value += cost
        if units:
            self.lots.append([day + life if life else 10**9, units])

    def take(self, units):
        """Oldest first; the value that leaves is in proportion, rounded down, and all of it with the last unit."""
        cost = self.value * units // self.on_hand if units else 0
        self.value -= cost
        while units:
            taken = min(units, self.lots[0][1])
            self.lots[0][1] -= taken
            units -= taken
            if self.lots[0][1] == 0:
                self.lots.pop(0)
        return cost


@dataclass
class Ledger:
    """(S, T) array per flow and per closing level, and the orders placed: dicts, opening orders left out."""

    days: dict
    orders: list

    def __getitem__(self, name):
        return self.days[name]


def keep_ledger(scenario, plan) -> Ledger:
    skus, days = scenario.axes.shape
    columns = {name: np.zeros((skus, days), np.int64) for name in (*FLOWS, *LEVELS_AT_CLOSE)}
    orders = []
    for sku in range(skus):
        orders += _run_sku(scenario, plan, sku, {name: values[sku] for name, values in columns.items()})
    return Ledger(columns, orders)


def _rows(table, sku):
    found = {}
    for row in range(len(table.sku)):
        if table.sku[row] == sku:
            found.setdefault(int(table.day[row]), []).append((int(table.quantity[row]), int(table.amount[row])))
    return found


def _lines(table, sku):
    names = ("sku", "supplier", "ordered_on", "arrives_on", "quantity", "unit_cost", "line_cost")
    return [
        {name: int(getattr(table, name)[row]) for name in names}
        for row in range(len(table.sku))
        if table.sku[row] == sku
    ]


def _run_sku(scenario, plan, sku, book):
    world, days = scenario.catalogue, scenario.axes.days
    life, share = int(world.shelf_life[sku]), int(world.waiting_share_u6[sku])
    demand, adjustments = _rows(scenario.demand, sku), _rows(scenario.adjustments, sku)
    shelf, pipeline, waiting, placed = Shelf(0), [], [], []
    shelf.put(0, int(world.opening_on_hand[sku]), int(world.opening_value[sku]), life)
    explicit = [] if isinstance(plan, Levels) else _lines(plan, sku)
    cycle = None
    for order in _lines(scenario.opening_orders, sku):
        pipeline.append(order)
        _pay(scenario, order, book)
    for day in range(days):
        for units, cost in adjustments.get(day, []):
            if units > 0:
                shelf.put(day, units, units * cost, life)
                book["adjusted"][day] += units
                book["adjusted_value"][day] += units * cost
            else:
                gone = min(-units, shelf.on_hand)
                book["shrunk"][day] += gone
                book["write_offs"][day] += shelf.take(gone)
        due = [order for order in pipeline if order["arrives_on"] <= day]
        pipeline = [order for order in pipeline if order["arrives_on"] > day]
        for order in due:
            cost = order["quantity"] * order["unit_cost"]
            shelf.put(day, order["quantity"], cost, life)
            book["received"][day] += order["quantity"]
            book["spend"][day] += cost
            if cycle and cycle["demand"]:
                book["cycles"][day] += 1
                book["short_cycles"][day] += cycle["lost"]
            cycle = {"demand": 0, "lost": 0}
        if due and waiting:
            asked, money = sum(units for units, _ in waiting), sum(amount for _, amount in waiting)
            filled = min(asked, shelf.on_hand)
            paid = money * filled // asked
            waiting = [(asked - filled, money - paid)] if asked > filled else []
            book["late"][day] += filled
            book["revenue"][day] += paid
            book["cost_of_goods_sold"][day] += shelf.take(filled)
        old = sum(units for end, units in shelf.lots if end <= day)
        book["expired"][day] += old
        book["write_offs"][day] += shelf.take(old)
        for wanted, price in demand.get(day, []):
            on_hand = shelf.on_hand
            sold = min(wanted, on_hand)
            lost = wanted - sold
            waits = lost * share // 1_000_000
            if waits:
                waiting.append((waits, waits * price))
            book["demanded"][day] += wanted
            book["sold"][day] += sold
            book["lost"][day] += lost
            book["waited"][day] += waits
            book["revenue"][day] += sold * price
            book["lost_revenue"][day] += (lost - waits) * price
            book["cost_of_goods_sold"][day] += shelf.take(sold)
            book["views_out"][day] += int(scenario.views[sku, day]) * lost // wanted
            if cycle:
                cycle["demand"], cycle["lost"] = 1, int(cycle["lost"] or lost > 0)
        listed = world.listed_from[sku] <= day < world.listed_until[sku]
        empty = shelf.on_hand == 0
        book["stockout_days"][day] += int(empty and listed)
        if day not in demand and empty:
            book["views_out"][day] += int(scenario.views[sku, day])
        new = [order for order in explicit if order["ordered_on"] == day]
        if isinstance(plan, Levels) and listed:
            on_order = sum(order["quantity"] for order in pipeline)
            order = _decide(scenario, plan, sku, day, shelf.on_hand + on_order - sum(units for units, _ in waiting))
            new += [order] if order else []
        for order in new:
            pipeline.append(order)
            book["ordered"][day] += order["quantity"]
            book["lines"][day] += 1
            book["line_costs"][day] += order["line_cost"]
            _pay(scenario, order, book)
        placed += new
        book["on_hand"][day], book["value"][day] = shelf.on_hand, shelf.value
        book["on_order_value"][day] = sum(order["quantity"] * order["unit_cost"] for order in pipeline)
        book["waiting"][day] = sum(units for units, _ in waiting)
    return placed


def is_open(scenario, supplier, day):
    return scenario.suppliers.next_order_day[supplier, day] == day


def _decide(scenario, levels, sku, day, position):
    in_force = [row for row, start in enumerate(levels.days) if start <= day]
    if not in_force:
        return None
    now = {name: int(matrix[in_force[-1], sku]) for name, matrix in levels.matrices().items()}
    if position > now["reorder_point"]:
        return None
    nominal = day - day % now["review_period"]
    open_days = [d for d in range(nominal, day + 1) if is_open(scenario, now["supplier"], d)]
    if open_days[:1] != [day]:
        return None
    if now["order_quantity"]:
        need = now["order_quantity"]
        while position + need <= now["reorder_point"]:
            need += now["order_quantity"]
    else:
        need = now["order_up_to"] - position
    return _cheapest(scenario, now, sku, day, position, need)


def _cheapest(scenario, now, sku, day, position, need):
    offers, found = scenario.offers, []
    for row in np.flatnonzero(offers.sku == sku).tolist():
        supplier, multiple = int(offers.supplier[row]), int(offers.multiple[row])
        units = max(need, int(offers.smallest_quantity[row]))
        while units % multiple:
            units += 1
        valid = offers.valid_from[row] <= day < offers.valid_until[row]
        slow = offers.lead_time[row] > now["lead_time"]
        forced = units > need and position + units > now["max_position"]
        if slow or forced or not valid or not is_open(scenario, supplier, day):
            continue
        cost = (units * int(offers.unit_cost[row]) + int(offers.line_cost[row])) * 1_000_000 // units
        cost += units * now["carry_u6"]
        found.append((cost, int(offers.lead_time[row]), -units, row))
    if not found:
        return None
    _, _, units, row = min(found)
    times, supplier = scenario.lead_times, int(offers.supplier[row])
    lead_time = int(times.quantiles[offers.distribution[row], times.draws[supplier, day]])
    return {
        "sku": sku, "supplier": supplier, "ordered_on": day, "arrives_on": int(times.arrival_day[day + lead_time]),
        "quantity": -units, "unit_cost": int(offers.unit_cost[row]), "line_cost": int(offers.line_cost[row]),
    }  # fmt: skip


def _pay(scenario, order, book):
    """Day by day: what is paid before the goods are there ties up capital, what is owed after that frees it."""
    if order["supplier"] < 0:
        return
    suppliers, days = scenario.suppliers, scenario.axes.days
    cost = order["quantity"] * order["unit_cost"]
    prepaid = cost * int(suppliers.prepayment_u6[order["supplier"]]) // 1_000_000
    arrives = order["arrives_on"]
    for day in range(max(order["ordered_on"], 0), min(arrives, days)):
        book["payable_value_days"][day] += prepaid
    for day in range(max(arrives, 0), min(arrives + int(suppliers.terms_days[order["supplier"]]), days)):
        book["payable_value_days"][day] -= cost - prepaid
