"""What a plan would order now: the tick's own reviews of the coming days, from the stock that is really there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.plan import NEVER_ORDER, Levels
from engine.scenario import Catalogue, DayTable, LeadTimes, OfferTable, OpeningOrders, Scenario, SupplierTable
from engine.schema import Axes
from engine.steppers.ledger import LedgerRun, OfferConsidered, Review

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Supply:
    """Static tables that reach beyond the last day of the logs: offers, calendars and lead times of the coming days."""

    axes: Axes
    suppliers: SupplierTable
    offers: OfferTable
    lead_times: LeadTimes


@dataclass(frozen=True)
class Proposal:
    """What to do about one SKU.

    Attributes:
        on_hand, on_order: units now; ``review``: of the coming days at or below the reorder point, None without.
        reason: in words, money as shown to people.
    """

    sku: int
    on_hand: int
    on_order: int
    review: Review | None
    reason: str

    @property
    def quantity(self) -> int:
        """Units to order; 0 for none."""
        return self.review.order.quantity if self.review and self.review.order else 0

    @property
    def chosen(self) -> OfferConsidered | None:
        """The offer ordered from."""
        offers = self.review.offers if self.review else ()
        return next((offer for offer in offers if offer.outcome == "chosen"), None)


def world_from_today(
    scenario: Scenario, supply: Supply, stock: IntArray, orders: OpeningOrders, today: int
) -> Scenario:
    """The world of the coming days without any demand: what is listed now, what is there, what is on its way.

    Args:
        scenario: of the logs, which end before day ``today``.
        supply: tables on axes that go on beyond it.
        stock: (S,) units on hand at the start of today.
        orders: open purchase orders, arriving after the coming days or whenever: only the position counts.
        today: day index.
    """
    days, skus = supply.axes.days, len(supply.axes.items)
    catalogue: Catalogue = scenario.catalogue
    empty = np.zeros(0, np.int64)
    none = DayTable(np.zeros(skus + 1, np.int64), empty, empty, empty, empty)
    return Scenario(
        axes=supply.axes,
        catalogue=replace(
            catalogue,
            opening_on_hand=stock,
            opening_value=stock * catalogue.replacement_cost,
            shelf_life=np.zeros_like(catalogue.shelf_life),  # the age of real stock is not known
            listed_until=np.where(catalogue.listed_until >= today, days, catalogue.listed_until),
        ),
        suppliers=supply.suppliers,
        offers=supply.offers,
        lead_times=supply.lead_times,
        demand=none,
        views=np.zeros((skus, days), np.int32),
        adjustments=none,
        opening_orders=orders,
        part_ends=np.array([days], np.int64),
        seed=scenario.seed,
        limits=scenario.limits,
    )


def proposals(world: Scenario, levels: Levels, today: int, minor_per_major: int) -> list[Proposal]:
    """What each listed SKU's first review that orders would order from today to the end of the world's axes.

    The reference tick itself decides, with nothing sold in between.

    Args:
        world: see ``world_from_today``.
        levels: planned for today.
        minor_per_major: to show money.
    """
    run = LedgerRun(world, levels)
    on_order = run.state.on_order.all.copy()
    for day in range(today, world.axes.days):
        run.tick(day)
    first: dict[int, Review] = {}
    for review in sorted(run.reviews, key=lambda review: review.order is None):  # stable: by day within both
        if review.need > 0:
            first.setdefault(review.sku, review)
    listed = np.flatnonzero((world.catalogue.listed_from <= today) & (world.catalogue.listed_until > today))
    return [
        Proposal(
            sku=sku,
            on_hand=int(world.catalogue.opening_on_hand[sku]),
            on_order=int(on_order[sku]),
            review=first.get(sku),
            reason=_reason(world, levels, sku, int(on_order[sku]), first.get(sku), minor_per_major),
        )
        for sku in listed.tolist()
    ]


def _reason(world: Scenario, levels: Levels, sku: int, on_order: int, review: Review | None, minor: int) -> str:
    trigger = int(levels.reorder_point[0, sku])
    on_hand = int(world.catalogue.opening_on_hand[sku])
    position = f"position {on_hand + on_order} ({on_hand} on hand + {on_order} on order)"
    if trigger == NEVER_ORDER:
        return f"{position}: not to be ordered ({_why_never(world, sku)})"
    if review is None:
        if on_hand + on_order > trigger:
            return f"{position} is above the reorder point {trigger}"
        return f"{position} is not above the reorder point {trigger}, but no review falls in the coming days"
    head = f"{position} is not above the reorder point {trigger}; level {review.level}: need {review.need}"
    chosen = next((offer for offer in review.offers if offer.outcome == "chosen"), None)
    if chosen is None or review.order is None:
        why = sorted({offer.outcome for offer in review.offers if offer.outcome not in {"chosen", "dearer"}})
        if review.proposed:
            why = [f"{review.proposed} wait: a limit on money or the supplier's minimum order value"]
        return f"{head}; no order: {'; '.join(why) or 'no offer'}"
    return f"{head}; {_choice(chosen, review, minor)}"


def _why_never(world: Scenario, sku: int) -> str:
    if world.catalogue.do_not_order[sku]:
        return "do_not_order is set"
    first, last = world.offers.first_row[sku : sku + 2]
    return "no offer" if first == last else "stocking it does not pay, or no offer is valid"


def _choice(chosen: OfferConsidered, review: Review, minor: int) -> str:
    rounded = {
        "need": "as needed",
        "multiple": "rounded up to the multiple",
        "minimum or break": "raised to the minimum or price break",
    }
    if review.order is not None and review.order.quantity != review.proposed:
        limited = f"{review.order.quantity} instead of {review.proposed} by a limit on money or the supplier's minimum"
    else:
        limited = f"{chosen.quantity} ({rounded[chosen.rounding]})"
    rivals = sum(offer.outcome in {"chosen", "dearer"} for offer in review.offers)
    least = f", least landed cost of {rivals} offers" if rivals > 1 else ""
    return f"{limited} from {chosen.supplier} at {chosen.unit_cost / minor:,.2f}{least}"
