"""The gut-feel buyer: weeks of cover from past sales, with habits, lapses and a sense of Christmas.

Its constants were set once so that a tenth to a fifth of the listed SKU-days are out of stock, before any strategy ran.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from arena_pipeline.demo import keyed
from arena_pipeline.demo.catalogue import Catalogue
from arena_pipeline.demo.keyed import Flags, Floats, Ints
from arena_pipeline.demo.order_lines import FIRST_DAY
from arena_pipeline.demo.suppliers import Offers, Suppliers

FORGOTTEN_SUPPLIER = 0.08
FORGOTTEN_ITEM = 0.10
ENTHUSIASM = 0.04
TOP_UP_LIMIT = 2.5
ACCEPTED_MINIMUM_WEEKS = 40.0
COVER_WEEKS = 5.0
ALERT_WEEKS = 1.3


@dataclass(frozen=True)
class Proposal:
    """What the buyer orders on one day; arrays of shape (n,).

    Attributes:
        sku: item index.
        second: whether the second offer is taken.
        quantity: units.
    """

    sku: Ints
    second: Flags
    quantity: Ints


class Buyer:
    """Decides on orders from past sales and the stock record; holds habits that differ by item and stay."""

    def __init__(self, catalogue: Catalogue, suppliers: Suppliers, first: Offers, second: Offers, seed: int) -> None:
        self.catalogue, self.suppliers, self.first, self.second, self.seed = catalogue, suppliers, first, second, seed
        keys = catalogue.keys
        self.bias = keyed.lognormal(seed, "buyer bias", 0.22, keys)
        self.cover = COVER_WEEKS * keyed.lognormal(seed, "buyer cover", 0.45, keys)
        self.alert = ALERT_WEEKS * keyed.lognormal(seed, "buyer alert", 0.60, keys)
        self.season_sense = 0.75 + 0.5 * keyed.uniform(seed, "season sense", keys)
        self.is_christmas = catalogue.first_level == catalogue.first_levels.index("Christmas")
        self.lead_weeks = first.lead_mean / 7.0
        self.memory = np.zeros(len(keys))

    def opening_feel(self, early_weekly_units: Floats) -> Floats:
        """Weekly sales the buyer has in mind on day one: roughly right, differently wrong by item."""
        return early_weekly_units * keyed.lognormal(self.seed, "opening feel", 0.40, self.catalogue.keys)

    def propose(self, day: int, felt: Floats, on_hand: Ints, on_order: Ints) -> Proposal:
        """Go through the suppliers whose turn it is.

        Args:
            day: day index.
            felt: weekly sales from past sales; shape (S,).
            on_hand: closing stock; shape (S,).
            on_order: units on open orders; shape (S,).
        """
        rate = np.maximum(felt, 0.45 * self.memory) * self.bias * self._season(day)
        self.memory = np.maximum(self.memory * 0.99, felt)
        position = on_hand + on_order
        level = rate * (self.lead_weeks + self.alert)
        due = self._due(day) & (position <= np.floor(level))
        slow = level < 1.0
        due &= ~slow | (self._draw("slow", day) < 0.30)
        target = rate * (self.lead_weeks + self.alert + self.cover) * self._enthusiasm(day)
        need = np.maximum(target - position, 1.0)
        second = self._takes_second(day, due, need, on_hand)
        quantity = np.where(second, self.second.rounded(need), self.first.rounded(need))
        quantity = self._round_up_to_break(day, second, quantity)
        tolerable = quantity <= np.maximum(2 * need, ACCEPTED_MINIMUM_WEEKS * rate)
        due &= tolerable | (self._draw("large minimum", day) < 0.10)
        chosen = np.flatnonzero(due)
        return self._meet_minimum_value(Proposal(chosen, second[chosen], quantity[chosen]))

    def _draw(self, name: str, day: int) -> Floats:
        return keyed.uniform(self.seed, f"buyer {name}", self.catalogue.keys, day)

    def _due(self, day: int) -> Flags:
        """Items of the suppliers reviewed today, less those forgotten or known to end."""
        index = np.arange(len(self.suppliers.ids))
        forgotten = keyed.uniform(self.seed, "forgotten supplier", index, day) < FORGOTTEN_SUPPLIER
        turn = (self.suppliers.review_weekday == (FIRST_DAY.weekday() + day) % 7) & ~forgotten
        known = (day >= self.catalogue.listed_from) & (day < self.catalogue.announced)
        return turn[self.first.supplier] & known & (self._draw("forgotten item", day) >= FORGOTTEN_ITEM)

    def _season(self, day: int) -> Floats:
        """Factor on recent sales: Christmas is ordered in late summer and autumn, and wound down in time."""
        arrival = day + int(np.median(self.first.lead_mean))
        general, christmas = _season_feel(arrival)
        factor = np.where(self.is_christmas, christmas, general)
        return np.asarray(factor**self.season_sense, dtype=np.float64)

    def _enthusiasm(self, day: int) -> Floats:
        lapse = self._draw("enthusiasm", day)
        return np.where(lapse < ENTHUSIASM, 1.6 + 40.0 * lapse, 1.0)

    def _takes_second(self, day: int, due: Flags, need: Floats, on_hand: Ints) -> Flags:
        """The faster offer in an emergency, the cheaper one for large needs; not always thought of."""
        faster = self.second.lead_mean < self.first.lead_mean
        useful = np.where(faster, on_hand == 0, need >= self.second.minimum)
        takes_orders = self.suppliers.weekdays[self.second.supplier, (FIRST_DAY.weekday() + day) % 7]
        thought_of = self._draw("second offer", day) < 0.5
        return np.asarray(due & self.second.exists & useful & takes_orders & thought_of, dtype=np.bool_)

    def _round_up_to_break(self, day: int, second: Flags, quantity: Ints) -> Ints:
        """A price break within 20 % is often worth it to the buyer."""
        breaks = np.where(second[:, None], self.second.breaks, self.first.breaks)
        near = (breaks > quantity[:, None]) & (breaks <= quantity[:, None] * 1.2)
        step = np.where(near, breaks, 0).max(axis=1)
        step = -(-step // self.first.multiple) * self.first.multiple
        return np.where((step > 0) & (self._draw("break", day) < 0.6), step, quantity)

    def _meet_minimum_value(self, proposal: Proposal) -> Proposal:
        """Top up an order below the supplier's minimum value, or leave it for another week."""
        sku, second, quantity = proposal.sku, proposal.second, proposal.quantity
        supplier = np.where(second, self.second.supplier[sku], self.first.supplier[sku])
        cost = np.where(second, self.second.costs[sku, 0], self.first.costs[sku, 0])
        value = np.bincount(supplier, weights=quantity * cost, minlength=len(self.suppliers.ids))
        # The last price break may be a tenth or more cheaper: the shop tops up with that margin.
        missing = self.suppliers.min_order_value * 1.2 / np.maximum(value, 1.0)
        factor = np.maximum(missing, 1.0)[supplier]
        multiple = self.first.multiple[sku]
        topped = np.ceil(quantity * factor / multiple).astype(np.int64) * multiple
        stays = factor <= TOP_UP_LIMIT
        return Proposal(sku[stays], second[stays], np.where(factor > 1.0, topped, quantity)[stays])


def _season_feel(arrival_day: int) -> tuple[float, float]:
    """(general, Christmas) factors on recent sales for goods arriving around a day."""
    points = np.array(
        [
            (date(2010, 12, 1), 0.80, 0.60),
            (date(2010, 12, 15), 0.65, 0.10),
            (date(2011, 1, 10), 0.90, 0.05),
            (date(2011, 2, 1), 1.00, 0.20),
            (date(2011, 7, 15), 1.00, 0.80),
            (date(2011, 8, 20), 1.15, 2.50),
            (date(2011, 9, 20), 1.30, 3.00),
            (date(2011, 10, 20), 1.30, 2.00),
            (date(2011, 11, 10), 1.10, 1.10),
            (date(2011, 12, 1), 0.70, 0.40),
            (date(2011, 12, 20), 0.50, 0.05),
            (date(2012, 2, 1), 0.60, 0.05),
        ],
        dtype=object,
    )
    days = np.array([(point - FIRST_DAY).days for point in points[:, 0]], dtype=np.float64)
    general = np.interp(arrival_day, days, points[:, 1].astype(np.float64))
    return float(general), float(np.interp(arrival_day, days, points[:, 2].astype(np.float64)))
