"""The specification: one tick = one day, over all SKUs, on domain objects.

The order of events in ``ReferenceRun.tick`` is the contract of DESIGN 1.2; the arithmetic is in ``engine.rules``.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from engine import rules
from engine.models import InventoryPosition, OrderableOffer, PurchaseOrder
from engine.plan import Orders, Plan
from engine.scenario import DayRows, OpeningOrders, Scenario
from engine.steppers.coupling import Purse, Wanted, share_out
from engine.steppers.levels import LevelsInForce
from engine.steppers.state import OpenTotals, SystemState
from engine.totals import RunTotals

NO_ROWS: DayRows = ([], [], [])
Observer = Callable[[int, SystemState], None]


class Proposal(NamedTuple):
    """What one SKU would order today.

    Attributes:
        offer, quantity: chosen at the review; ``rank``: see ``rules.order_rank``.
        most: units that the longest cover allows.
    """

    offer: OrderableOffer
    quantity: int
    rank: int
    most: int

    @property
    def row(self) -> tuple[int, ...]:
        """As a row of ``Wanted``."""
        offer = self.offer
        return (
            offer.sku, offer.supplier, offer.unit_cost, self.quantity, offer.smallest_quantity, offer.multiple,
            self.most, self.rank,
        )  # fmt: skip


class ReferenceRun:
    """One run of one plan through a scenario."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        self.scenario, self.plan = scenario, plan
        self.state = SystemState(scenario)
        self.totals = OpenTotals(scenario)
        self.part = self.placed = 0
        self.demand = scenario.demand.partition_by_day()  # Invariant 2
        self.adjustments = scenario.adjustments.partition_by_day()
        self.explicit = _orders_by_day(plan) if isinstance(plan, Orders) else {}
        self.levels = LevelsInForce(scenario, plan)
        self.purse = Purse(scenario, plan) if Purse.is_needed(scenario, plan) else None
        for order in _purchase_orders(scenario.opening_orders):
            self._expect(order)

    def run(self, observe: Observer | None = None) -> RunTotals:
        """Tick through all days; ``observe`` is called at the close of each."""
        for day in range(self.scenario.axes.days):
            self.tick(day)
            if observe is not None:
                observe(day, self.state)
            if day + 1 == self.scenario.part_ends[self.part]:
                self.totals.close_part(self.part, self.state)
                self.part += 1
        return self.totals.finish()

    def tick(self, day: int) -> None:
        """One day, in the order of the contract."""
        self.adjust(day)
        self.receive(day)
        self.expire(day)
        self.serve(day)
        self.accrue(day)
        self.review(day)
        self.close(day)

    def adjust(self, day: int) -> None:
        """Exogenous adjustments apply; removals are capped at the stock and written off."""
        total, state = self.totals.columns, self.state
        for sku, quantity, unit_cost in zip(*self.adjustments.get(day, NO_ROWS), strict=True):
            if quantity > 0:
                state.add(sku, day, quantity, quantity * unit_cost)
                total["adjusted"].at[sku] += quantity
                total["adjusted_value"].at[sku] += quantity * unit_cost
            else:
                removed = min(-quantity, state.on_hand.at[sku])
                total["shrunk"].at[sku] += removed
                total["write_offs"].at[sku] += state.take(sku, removed)

    def receive(self, day: int) -> None:
        """Due orders go on hand in order of placement and fill waiting demand first."""
        pending, due = self.state.pending, 0
        while due < len(pending) and pending[due][0] <= day:
            self._put_away(pending[due][2], day)
            due += 1
        for _, _, order in pending[:due]:
            self._fill_waiting(order.sku)
        del pending[:due]  # Invariant 3: taken from the front

    def expire(self, day: int) -> None:
        """Stock past its shelf life is written off, oldest lot first."""
        total, state = self.totals.columns, self.state
        for sku in state.expiries.pop(day, ()):
            units = state.expire_lots(sku, day)
            total["expired"].at[sku] += units
            total["write_offs"].at[sku] += state.take(sku, units)

    def serve(self, day: int) -> None:
        """Sell what is on hand; the rest is lost, or waits."""
        skus, quantities, prices = self.demand.get(day, NO_ROWS)
        for sku, demand, price in zip(skus, quantities, prices, strict=True):
            self._serve_sku(sku, day, demand, price)

    def accrue(self, day: int) -> None:
        """Holding on the closing value, stock-out days, and views of a day without demand on an empty shelf."""
        total, state = self.totals.columns, self.state
        total["value_days"].all += state.value.all
        total["unit_days"].all += state.on_hand.all
        empty = state.on_hand.all == 0
        out = empty & self._listed(day)
        total["stockout_days"].all += out
        categories = len(self.scenario.catalogue.category_names)
        self.totals.stockouts[:, day] = np.bincount(self.scenario.catalogue.category[out], minlength=categories)
        empty[self.demand.get(day, NO_ROWS)[0]] = False
        total["views_out"].all += np.where(empty, self.scenario.views[:, day], 0)

    def review(self, day: int) -> None:
        """Order for SKUs that are due and at or below their reorder point, or as the plan says outright."""
        for order in self.explicit.get(day, ()):
            self._place(order)
        due = self.levels.due(day, self._listed(day), self.state).tolist()
        proposals = [proposal for sku in due if (proposal := self._review_sku(sku, day)) is not None]
        for proposal in self._afforded(proposals, day) if self.purse else proposals:
            self._place(self._order_from(proposal.offer, day, proposal.quantity))

    def close(self, day: int) -> None:
        """Book the day: value on order, and the catalogue's curves."""
        self.totals.columns["on_order_value_days"].all += self.state.on_order_value.all
        self.totals.inventory_value[:, day] = self.state.category_value
        self.totals.on_order_value[:, day] = self.state.category_on_order

    def _listed(self, day: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        catalogue = self.scenario.catalogue
        return (catalogue.listed_from <= day) & (day < catalogue.listed_until)

    def _put_away(self, order: PurchaseOrder, day: int) -> None:
        total, state, sku = self.totals.columns, self.state, order.sku
        cost = order.quantity * order.unit_cost
        state.add(sku, day, order.quantity, cost)
        state.on_order.at[sku] -= order.quantity
        state.on_order_value.at[sku] -= cost
        state.category_on_order[state.category[sku]] -= cost
        state.open_capital -= cost
        total["received"].at[sku] += order.quantity
        total["spend"].at[sku] += cost
        if state.cycle_open.at[sku] and state.cycle_demand.at[sku]:
            total["cycles"].at[sku] += 1
            total["short_cycles"].at[sku] += state.cycle_lost.at[sku]
        state.cycle_open.at[sku] = 1
        state.cycle_demand.at[sku] = state.cycle_lost.at[sku] = 0

    def _fill_waiting(self, sku: int) -> None:
        total, state = self.totals.columns, self.state
        waiting = state.waiting.at[sku]
        filled = rules.served(state.on_hand.at[sku], waiting)
        if filled == 0:
            return
        revenue = rules.cost_share(state.waiting_revenue.at[sku], filled, waiting)
        state.waiting.at[sku] -= filled
        state.waiting_revenue.at[sku] -= revenue
        total["late"].at[sku] += filled
        total["revenue"].at[sku] += revenue
        total["cost_of_goods_sold"].at[sku] += state.take(sku, filled)

    def _serve_sku(self, sku: int, day: int, demand: int, price: int) -> None:
        total, state = self.totals.columns, self.state
        on_hand = state.on_hand.at[sku]
        sold = rules.served(on_hand, demand)
        state.cycle_demand.at[sku] = 1
        if sold:
            total["sold"].at[sku] += sold
            total["revenue"].at[sku] += sold * price
            total["cost_of_goods_sold"].at[sku] += state.take(sku, sold)
            state.last_sale_day.at[sku] = day
        unserved = demand - sold
        if unserved:
            waits = rules.share_of(unserved, int(self.scenario.catalogue.waiting_share_u6[sku]))
            state.cycle_lost.at[sku] = 1
            state.waiting.at[sku] += waits
            state.waiting_revenue.at[sku] += waits * price
            total["lost"].at[sku] += unserved
            total["waited"].at[sku] += waits
            total["lost_revenue"].at[sku] += (unserved - waits) * price
            views = int(self.scenario.views[sku, day])
            total["views_out"].at[sku] += rules.views_on_empty_shelf(views, demand, unserved, on_hand)

    def _review_sku(self, sku: int, day: int) -> Proposal | None:
        """What the SKU would order today."""
        state = self.state
        position = InventoryPosition.model_construct(
            sku=sku,
            day=day,
            on_hand=state.on_hand.at[sku],
            on_order=state.on_order.at[sku],
            waiting=state.waiting.at[sku],
        )
        need = self.levels.need(position)
        chosen = self._best_offer(position, need) if need > 0 else None
        if chosen is None:
            return None
        levels = self.levels
        rank = rules.order_rank(levels.priority_u6.at[sku], need, position.position)
        return Proposal(*chosen, rank, levels.max_position.at[sku] - position.position)

    def _afforded(self, proposals: list[Proposal], day: int) -> list[Proposal]:
        """What limits on money and suppliers' minimum order values leave of the day's proposals."""
        if not proposals or self.purse is None:
            return proposals
        wanted = Wanted(*np.array([proposal.row for proposal in proposals], np.int64).T)
        room = self.purse.room(day, self.state.open_capital)
        granted = share_out(wanted, self.scenario.limits, room)
        self.purse.spend(int((granted * wanted.unit_cost).sum()))
        pairs = zip(proposals, granted.tolist(), strict=True)
        return [proposal._replace(quantity=quantity) for proposal, quantity in pairs if quantity > 0]

    def _best_offer(self, position: InventoryPosition, need: int) -> tuple[OrderableOffer, int] | None:
        """Offer and quantity of least landed cost among those open, valid, fast enough and within cover."""
        sku, day, levels = position.sku, position.day, self.levels
        best: tuple[OrderableOffer, int] | None = None
        best_cost = 0
        for offer in self.state.offers[sku]:
            if not self._may_order(offer, day):
                continue
            quantity = rules.rounded_quantity(need, offer.smallest_quantity, offer.multiple)
            if rules.is_refused(quantity, need, position.position, levels.max_position.at[sku]):
                continue
            cost = rules.landed_cost_u6(quantity, offer.unit_cost, offer.line_cost, levels.carry_u6.at[sku])
            if best is None or rules.is_better_offer(
                cost, offer.lead_time, quantity, best_cost, best[0].lead_time, best[1]
            ):
                best, best_cost = (offer, quantity), cost
        return best

    def _may_order(self, offer: OrderableOffer, day: int) -> bool:
        is_open = self.scenario.suppliers.next_order_day[offer.supplier, day] == day
        is_fast = offer.lead_time <= self.levels.lead_time.at[offer.sku]
        return bool(is_open and is_fast and offer.valid_from <= day < offer.valid_until)

    def _order_from(self, offer: OrderableOffer, day: int, quantity: int) -> PurchaseOrder:
        times = self.scenario.lead_times
        rank = times.draws[offer.supplier, day]
        lead_time = int(times.quantiles[self.scenario.offers.distribution[offer.row], rank])
        return PurchaseOrder.model_construct(
            sku=offer.sku,
            supplier=offer.supplier,
            ordered_on=day,
            arrives_on=int(times.arrival_day[day + lead_time]),
            quantity=quantity,
            unit_cost=offer.unit_cost,
            line_cost=offer.line_cost,
        )

    def _place(self, order: PurchaseOrder) -> None:
        total = self.totals.columns
        total["ordered"].at[order.sku] += order.quantity
        total["lines"].at[order.sku] += 1
        total["line_costs"].at[order.sku] += order.line_cost
        if order.supplier >= 0:
            self.totals.supplier_lines[order.supplier, order.ordered_on] += 1
        self._expect(order)

    def _expect(self, order: PurchaseOrder) -> None:
        """Enter an order into the pipeline and its capital into the parts it touches."""
        state, sku = self.state, order.sku
        cost = order.quantity * order.unit_cost
        self.placed += 1
        insort(state.pending, (order.arrives_on, self.placed, order))
        state.on_order.at[sku] += order.quantity
        state.on_order_value.at[sku] += cost
        state.category_on_order[state.category[sku]] += cost
        state.open_capital += cost
        if order.supplier >= 0:
            self._book_payable(order, cost)

    def _book_payable(self, order: PurchaseOrder, cost: int) -> None:
        suppliers = self.scenario.suppliers
        prepaid = rules.share_of(cost, int(suppliers.prepayment_u6[order.supplier]))
        terms = int(suppliers.terms_days[order.supplier])
        if prepaid == 0 and terms == 0:
            return
        for part in range(self.part, self.scenario.parts):
            first, last = self.scenario.part_bounds(part)
            self.totals.payable[order.sku, part] += rules.payable_value_days(
                cost, prepaid, order.ordered_on, order.arrives_on, terms, first, last
            )


def _purchase_orders(table: Orders | OpeningOrders) -> Iterator[PurchaseOrder]:
    names = ("sku", "supplier", "ordered_on", "arrives_on", "quantity", "unit_cost", "line_cost")
    for values in zip(*(getattr(table, name).tolist() for name in names), strict=True):
        yield PurchaseOrder.model_construct(**dict(zip(names, values, strict=True)))


def _orders_by_day(orders: Orders) -> dict[int, list[PurchaseOrder]]:
    by_day: dict[int, list[PurchaseOrder]] = {}
    for order in _purchase_orders(orders):
        by_day.setdefault(order.ordered_on, []).append(order)
    return by_day


def run_reference(scenario: Scenario, plan: Plan, observe: Observer | None = None) -> RunTotals:
    """Replay a plan day by day.

    Args:
        scenario: the frozen world.
        plan: levels, explicit orders, or a rule in plain Python.
        observe: called with (day, state) at the close of each day.

    Returns:
        Integer totals; see ``RunTotals``.
    """
    return ReferenceRun(scenario, plan).run(observe)
