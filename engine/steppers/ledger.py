"""The reference run with a memory: every day's state, and for each review why it ordered what it did."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from engine import rules
from engine.models import InventoryPosition, OrderableOffer, PurchaseOrder
from engine.plan import Plan, Rule
from engine.scenario import Scenario
from engine.schema import MICRO
from engine.steppers.reference import Proposal, ReferenceRun
from engine.totals import RunTotals

FLOWS = ("adjusted", "shrunk", "received", "late", "expired", "sold", "lost", "ordered")


@dataclass(frozen=True)
class OfferConsidered:
    """One price-break row at one review.

    Attributes:
        rounding: which rule set the quantity: ``need``, ``minimum or break``, ``multiple``.
        landed_cost: per unit, minor units, what the extra stock costs to carry included; None where it did not compete.
        outcome: ``chosen``, ``dearer``, or why it did not compete.
    """

    supplier: str
    quantity: int
    rounding: str
    unit_cost: int
    landed_cost: float | None
    outcome: str


@dataclass(frozen=True)
class Review:
    """One review at or below the reorder point.

    Attributes:
        trigger: reorder point; ``level``: order-up-to level, or reorder point where a fixed quantity is ordered.
        need: units wanted; ``offers``: all that were looked at.
        proposed: units of the chosen offer, before limits on money and suppliers' minimum order values.
        order: what was placed, None when no offer would do or the limits left nothing.
    """

    sku: int
    day: int
    position: InventoryPosition
    trigger: int
    level: int
    need: int
    offers: tuple[OfferConsidered, ...]
    proposed: int
    order: PurchaseOrder | None


@dataclass(frozen=True)
class Ledger:
    """All that happened.

    Attributes:
        days: one row per (sku, day): flows of the day, and stock, order and value at its close.
        reviews: in order of time.
        totals: as any run's.
    """

    days: pl.DataFrame
    reviews: tuple[Review, ...]
    totals: RunTotals


class LedgerRun(ReferenceRun):
    """Writes down what ``ReferenceRun`` does; decides nothing itself."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        super().__init__(scenario, plan)
        self.reviews: list[Review] = []
        self.frames: list[pl.DataFrame] = []
        self.reviewed: dict[int, int] = {}  # today's review of each SKU

    def tick(self, day: int) -> None:
        """One day, its flows noted."""
        columns = self.totals.columns
        self.reviewed.clear()
        before = {name: columns[name].all.copy() for name in FLOWS}
        super().tick(day)
        state = self.state
        skus = len(self.scenario.axes.items)
        flows = {name: columns[name].all - before[name] for name in FLOWS}
        closing = {
            "on_hand": state.on_hand.all.copy(),
            "on_order": state.on_order.all.copy(),
            "waiting": state.waiting.all.copy(),
            "value": state.value.all.copy(),
        }
        self.frames.append(pl.DataFrame({"sku": range(skus), "day": [day] * skus} | flows | closing))

    def _review_sku(self, sku: int, day: int) -> Proposal | None:
        state, levels = self.state, self.levels
        position = InventoryPosition(
            sku=sku,
            day=day,
            on_hand=state.on_hand.at[sku],
            on_order=state.on_order.at[sku],
            waiting=state.waiting.at[sku],
        )
        need = levels.need(position)
        offers = self.state.offers[sku]
        best = self._best_offer(position, need) if need > 0 else None
        considered = tuple(self._consider(offer, position, need, best) for offer in offers) if need > 0 else ()
        proposal = super()._review_sku(sku, day)
        is_lot = levels.order_quantity.at[sku] > 0 or isinstance(self.plan, Rule)
        level = levels.reorder_point.at[sku] if is_lot else levels.order_up_to.at[sku]
        trigger = levels.reorder_point.at[sku]
        proposed = proposal.quantity if proposal is not None else 0
        self.reviewed[sku] = len(self.reviews)
        self.reviews.append(Review(sku, day, position, trigger, level, need, considered, proposed, None))
        return proposal

    def _place(self, order: PurchaseOrder) -> None:
        review = self.reviewed.get(order.sku)
        if review is not None:
            self.reviews[review] = replace(self.reviews[review], order=order)
        super()._place(order)

    def _consider(
        self, offer: OrderableOffer, position: InventoryPosition, need: int, best: tuple[OrderableOffer, int] | None
    ) -> OfferConsidered:
        quantity = rules.rounded_quantity(need, offer.smallest_quantity, offer.multiple)
        covered = max(need, offer.smallest_quantity)
        rounding = "multiple" if quantity > covered else "minimum or break" if covered > need else "need"
        outcome = self._why_not(offer, position, need, quantity)
        cost = None
        if outcome is None:
            carry = self.levels.carry_u6.at[offer.sku]
            cost = rules.landed_cost_u6(quantity, offer.unit_cost, offer.line_cost, carry) / MICRO
            outcome = "chosen" if best is not None and best[0] is offer else "dearer"
        supplier = self.scenario.suppliers.names[offer.supplier]
        return OfferConsidered(supplier, quantity, rounding, offer.unit_cost, cost, outcome)

    def _why_not(self, offer: OrderableOffer, position: InventoryPosition, need: int, quantity: int) -> str | None:
        day, levels = position.day, self.levels
        if self.scenario.suppliers.next_order_day[offer.supplier, day] != day:
            return "supplier takes no orders today"
        if not offer.valid_from <= day < offer.valid_until:
            return "offer not valid today"
        if offer.lead_time > levels.lead_time.at[offer.sku]:
            return f"slower than the {levels.lead_time.at[offer.sku]} days planned"
        if rules.is_refused(quantity, need, position.position, levels.max_position.at[offer.sku]):
            return "minimum or multiple exceeds the longest cover"
        return None


def run_with_ledger(scenario: Scenario, plan: Plan) -> Ledger:
    """Replay and remember; meant for few SKUs (see ``engine.scenario.subset``)."""
    run = LedgerRun(scenario, plan)
    totals = run.run()
    return Ledger(pl.concat(run.frames).sort("sku", "day"), tuple(run.reviews), totals)
