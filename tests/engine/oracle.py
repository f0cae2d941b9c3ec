"""The contract of DESIGN 1.2 once more: one SKU at a time, day by day, slow and obvious; shares no engine code.

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
        orders += SkuRun(scenario, plan, sku, {name: values[sku] for name, values in columns.items()}).run()
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


class SkuRun:
    """One SKU through all days; ``book`` has a row of days per column of the ledger."""

    def __init__(self, scenario, plan, sku, book):
        world = scenario.catalogue
        self.scenario, self.plan, self.sku, self.book = scenario, plan, sku, book
        self.life, self.share = int(world.shelf_life[sku]), int(world.waiting_share_u6[sku])
        self.listed = range(int(world.listed_from[sku]), int(world.listed_until[sku]))
        self.demand, self.adjustments = _rows(scenario.demand, sku), _rows(scenario.adjustments, sku)
        self.explicit = [] if isinstance(plan, Levels) else _lines(plan, sku)
        self.shelf, self.waiting, self.cycle, self.placed = Shelf(0), [], None, []
        self.shelf.put(0, int(world.opening_on_hand[sku]), int(world.opening_value[sku]), self.life)
        self.pipeline = _lines(scenario.opening_orders, sku)
        for order in self.pipeline:
            _pay(scenario, order, book)

    def run(self):
        for day in range(self.scenario.axes.days):
            self.adjust(day)
            self.receive(day)
            self.expire(day)
            self.serve(day)
            self.review(day)
            self.close(day)
        return self.placed

    def adjust(self, day):
        for units, cost in self.adjustments.get(day, []):
            if units > 0:
                self.shelf.put(day, units, units * cost, self.life)
                self.book["adjusted"][day] += units
                self.book["adjusted_value"][day] += units * cost
            else:
                gone = min(-units, self.shelf.on_hand)
                self.book["shrunk"][day] += gone
                self.book["write_offs"][day] += self.shelf.take(gone)

    def receive(self, day):
        due = [order for order in self.pipeline if order["arrives_on"] <= day]
        self.pipeline = [order for order in self.pipeline if order["arrives_on"] > day]
        for order in due:
            cost = order["quantity"] * order["unit_cost"]
            self.shelf.put(day, order["quantity"], cost, self.life)
            self.book["received"][day] += order["quantity"]
            self.book["spend"][day] += cost
        if due:
            if self.cycle and self.cycle["demand"]:
                self.book["cycles"][day] += 1
                self.book["short_cycles"][day] += self.cycle["lost"]
            self.cycle = {"demand": 0, "lost": 0}
            self.fill_waiting(day)

    def fill_waiting(self, day):
        asked, money = sum(units for units, _ in self.waiting), sum(amount for _, amount in self.waiting)
        if not asked:
            return
        filled = min(asked, self.shelf.on_hand)
        paid = money * filled // asked
        self.waiting = [(asked - filled, money - paid)] if asked > filled else []
        self.book["late"][day] += filled
        self.book["revenue"][day] += paid
        self.book["cost_of_goods_sold"][day] += self.shelf.take(filled)

    def expire(self, day):
        old = sum(units for end, units in self.shelf.lots if end <= day)
        self.book["expired"][day] += old
        self.book["write_offs"][day] += self.shelf.take(old)

    def serve(self, day):
        views = int(self.scenario.views[self.sku, day])
        for wanted, price in self.demand.get(day, []):
            sold = min(wanted, self.shelf.on_hand)
            lost = wanted - sold
            waits = lost * self.share // 1_000_000
            if waits:
                self.waiting.append((waits, waits * price))
            booked = {
                "demanded": wanted, "sold": sold, "lost": lost, "waited": waits, "revenue": sold * price,
                "lost_revenue": (lost - waits) * price, "cost_of_goods_sold": self.shelf.take(sold),
                "views_out": views * lost // wanted,
            }  # fmt: skip
            for name, value in booked.items():
                self.book[name][day] += value
            if self.cycle:
                self.cycle = {"demand": 1, "lost": int(self.cycle["lost"] or lost > 0)}
        if self.shelf.on_hand == 0:
            self.book["stockout_days"][day] += day in self.listed
            self.book["views_out"][day] += views * (day not in self.demand)

    def review(self, day):
        new = [order for order in self.explicit if order["ordered_on"] == day]
        if isinstance(self.plan, Levels) and day in self.listed:
            on_order = sum(order["quantity"] for order in self.pipeline)
            position = self.shelf.on_hand + on_order - sum(units for units, _ in self.waiting)
            order = _decide(self.scenario, self.plan, self.sku, day, position)
            new += [order] if order else []
        for order in new:
            self.pipeline.append(order)
            self.book["ordered"][day] += order["quantity"]
            self.book["lines"][day] += 1
            self.book["line_costs"][day] += order["line_cost"]
            _pay(self.scenario, order, self.book)
        self.placed += new

    def close(self, day):
        self.book["on_hand"][day], self.book["value"][day] = self.shelf.on_hand, self.shelf.value
        self.book["on_order_value"][day] = sum(order["quantity"] * order["unit_cost"] for order in self.pipeline)
        self.book["waiting"][day] = sum(units for units, _ in self.waiting)


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
