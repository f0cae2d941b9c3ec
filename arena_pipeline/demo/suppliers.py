"""Suppliers and their offers, generated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arena_pipeline.demo import keyed
from arena_pipeline.demo.catalogue import Catalogue
from arena_pipeline.demo.keyed import Flags, Floats, Ints, Keys

PACK_SIZES = np.array([1, 2, 3, 4, 6, 10, 12, 24])
SUPPLIERS = 34
_REGIONS = ("uk", "eu", "overseas")
_REGION_OF = np.array([0] * 15 + [1] * 9 + [2] * 10)
SECOND_OFFER_SHARE = 0.34
NO_BREAK = 2**40


@dataclass(frozen=True)
class Suppliers:
    """Suppliers; every array has shape (K,), money in pence.

    Attributes:
        ids: supplier ids.
        region: index 0 = UK, 1 = continental Europe, 2 = overseas.
        lead_mean, lead_std: lead time in days.
        weekdays: shape (K, 7), weekdays on which orders are taken.
        review_weekday: the weekday on which the buyer goes through this supplier.
    """

    ids: tuple[str, ...]
    region: Ints
    lead_mean: Floats
    lead_std: Floats
    weekdays: Flags
    review_weekday: Ints
    order_cost: Ints
    min_order_value: Ints
    payment_terms_days: Ints
    prepayment_share: Floats


@dataclass(frozen=True)
class Offers:
    """One offer per item, or an alternative for some; arrays of shape (S,), breaks (S, 3), money in pence.

    Attributes:
        exists: whether the item has this offer.
        supplier: supplier index.
        minimum, multiple: minimum order quantity and order multiple in units.
        breaks: smallest quantity of each price break; ``NO_BREAK`` where there is none.
        costs: unit cost at each break.
        line_cost: cost of an order line.
        lead_mean, lead_std: lead time in days.
    """

    exists: Flags
    supplier: Ints
    minimum: Ints
    multiple: Ints
    breaks: Ints
    costs: Ints
    line_cost: Ints
    lead_mean: Floats
    lead_std: Floats

    def rounded(self, need: Floats) -> Ints:
        """Order quantity that covers ``need``: at least the minimum, a multiple of the pack."""
        wanted = np.maximum(np.ceil(need).astype(np.int64), self.minimum)
        return -(-wanted // self.multiple) * self.multiple

    def cost_at(self, sku: Ints, quantity: Ints) -> Ints:
        """Unit cost of order lines: the last price break that the quantity reaches; shape (n,)."""
        level = (quantity[:, None] >= self.breaks[sku]).sum(axis=1) - 1
        return self.costs[sku, level]


def build_suppliers(seed: int) -> Suppliers:
    """Generate the suppliers: near ones are quick and small, overseas ones slow, large and partly prepaid."""
    index = np.arange(SUPPLIERS)
    region = _REGION_OF
    low, high = np.array([3.0, 8.0, 21.0])[region], np.array([9.0, 18.0, 45.0])[region]
    lead = np.rint(low + (high - low) * keyed.uniform(seed, "supplier lead", index))
    weekdays = np.zeros((SUPPLIERS, 7), dtype=np.bool_)
    weekdays[:, :5] = True
    fixed = keyed.uniform(seed, "supplier weekdays", index) < np.array([0.3, 0.5, 0.6])[region]
    review = keyed.choice(seed, "review weekday", 5, index)
    weekdays[fixed] = False
    weekdays[index, review] = True
    second = (review + 2 + keyed.choice(seed, "second weekday", 2, index)) % 5
    two_days = fixed & (keyed.uniform(seed, "two weekdays", index) < 0.5)
    weekdays[index[two_days], second[two_days]] = True
    terms = np.array([0, 14, 30, 60])[keyed.choice(seed, "terms", 4, index)]
    prepaid = (region == 2) & (keyed.uniform(seed, "prepaid", index) < 0.6)
    has_minimum = keyed.uniform(seed, "has minimum value", index) < np.array([0.25, 0.45, 0.5])[region]
    minimum = np.array([5_000, 15_000, 40_000])[region] * (1 + keyed.choice(seed, "minimum value", 3, index))
    return Suppliers(
        ids=tuple(f"SUP-{number:02d}-{_REGIONS[region[number]].upper()}" for number in index.tolist()),
        region=region,
        lead_mean=lead,
        lead_std=np.round(lead * (0.10 + 0.20 * keyed.uniform(seed, "supplier spread", index)) + 0.3, 1),
        weekdays=weekdays,
        review_weekday=review,
        order_cost=np.array([400, 800, 1500])[region] + 100 * keyed.choice(seed, "order cost", 6, index),
        min_order_value=np.where(has_minimum, minimum, 0),
        payment_terms_days=np.where(prepaid, 0, terms),
        prepayment_share=np.where(prepaid, 0.3 + 0.2 * keyed.choice(seed, "prepaid share", 2, index), 0.0),
    )


def build_offers(catalogue: Catalogue, suppliers: Suppliers, seed: int) -> tuple[Offers, Offers]:
    """Primary offers of all items, and second offers of about a third of them.

    Each first-level category buys from a handful of suppliers. A second offer is dearer and faster (a UK supplier with
    small minimums) or cheaper and slower (an overseas one with large minimums).
    """
    primary = _primary_supplier(catalogue, suppliers, seed)
    multiple = _pack_size(catalogue, seed)
    first = _offer(catalogue, suppliers, seed, "primary", primary, multiple, np.ones(len(primary)))
    keys = catalogue.keys
    draw = keyed.uniform(seed, "second offer", keys)
    region = suppliers.region[primary]
    faster = (region > 0) & (draw < SECOND_OFFER_SHARE * 0.75)
    slower = (region < 2) & ~faster & (draw < SECOND_OFFER_SHARE * 1.15)
    pool = {goal: np.flatnonzero(suppliers.region == goal) for goal in (0, 2)}
    pick = keyed.uniform(seed, "second supplier", keys)
    second = np.where(
        faster, pool[0][(pick * len(pool[0])).astype(np.int64)], pool[2][(pick * len(pool[2])).astype(np.int64)]
    )
    spread = keyed.uniform(seed, "second price", keys)
    factor = np.where(faster, 1.08 + 0.14 * spread, 0.80 + 0.13 * spread)
    other = _offer(catalogue, suppliers, seed, "second", second, multiple, factor)
    exists = (faster | slower) & (second != primary)
    return first, Offers(**{**other.__dict__, "exists": exists})


def _primary_supplier(catalogue: Catalogue, suppliers: Suppliers, seed: int) -> Ints:
    """Supplier by category: three to six candidates per first level, the first one preferred."""
    levels = np.arange(len(catalogue.first_levels))
    ranks = np.argsort(keyed.uniform(seed, "candidates", levels[:, None], np.arange(len(suppliers.ids))), axis=1)
    candidates = 3 + keyed.choice(seed, "candidate count", 4, levels)
    pick = keyed.uniform(seed, "primary supplier", catalogue.keys) ** 1.4
    chosen = np.minimum((pick * candidates[catalogue.first_level]).astype(np.int64), 5)
    return ranks[catalogue.first_level, chosen]


def _pack_size(catalogue: Catalogue, seed: int) -> Ints:
    """Cheap items come in large packs; packs of slow items are smaller."""
    cost = catalogue.unit_cost
    step = np.select([cost < 25, cost < 60, cost < 150, cost < 400, cost < 900], [6, 5, 4, 2, 1], default=0)
    step = step + keyed.choice(seed, "pack step", 3, catalogue.keys) - 1
    weekly = catalogue.weekly_units
    step = step - (weekly < 6).astype(np.int64) - (weekly < 1.5).astype(np.int64) + (weekly > 60).astype(np.int64)
    return PACK_SIZES[np.clip(step, 0, len(PACK_SIZES) - 1)]


def _offer(
    catalogue: Catalogue,
    suppliers: Suppliers,
    seed: int,
    name: str,
    supplier: Ints,
    multiple: Ints,
    cost_factor: npt.NDArray[np.float64],
) -> Offers:
    """Offers of one supplier per item, with one to three price breaks."""
    keys = catalogue.keys
    region = suppliers.region[supplier]
    weeks = np.array([0.5, 1.5, 3.5])[region] * keyed.lognormal(seed, f"{name} minimum", 0.5, keys)
    packs = np.clip(np.rint(weeks * catalogue.weekly_units / multiple), 1, 60).astype(np.int64)
    minimum = packs * multiple
    base = np.maximum(1, np.rint(catalogue.unit_cost * cost_factor)).astype(np.int64)
    breaks, costs = _price_breaks(base, minimum, keyed.choice(seed, f"{name} breaks", 3, keys), seed, name, keys)
    return Offers(
        exists=np.ones(len(keys), dtype=np.bool_),
        supplier=supplier,
        minimum=minimum,
        multiple=multiple,
        breaks=breaks,
        costs=costs,
        line_cost=np.array([30, 50, 80])[region],
        lead_mean=suppliers.lead_mean[supplier],
        lead_std=suppliers.lead_std[supplier],
    )


def _price_breaks(base: Ints, minimum: Ints, extra: Ints, seed: int, name: str, keys: Keys) -> tuple[Ints, Ints]:
    """Quantities and unit costs of one to three price breaks, each cheaper than the one before; shapes (S, 3)."""
    steps = [0.5 + keyed.uniform(seed, f"{name} discount {number}", keys) for number in (1, 2)]
    discounts = np.stack([np.ones(len(keys)), 1 - 0.05 * steps[0], 1 - 0.05 * (steps[0] + steps[1])], axis=1)
    costs = np.maximum(1, np.rint(base[:, None] * discounts)).astype(np.int64)
    cheaper = np.c_[np.ones(len(keys), dtype=np.bool_), np.diff(costs, axis=1) < 0]
    offered = np.logical_and.accumulate(cheaper & (np.arange(3) <= extra[:, None]), axis=1)
    breaks = np.where(offered, minimum[:, None] * np.array([1, 4, 12]), NO_BREAK)
    breaks[:, 0] = 1
    return breaks, costs
