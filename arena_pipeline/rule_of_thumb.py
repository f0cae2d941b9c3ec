"""Purchases that a shop might have made, for shops whose logs hold none: a rule of thumb, simulated.

Each week, where stock and open orders cover less than the lead time and two weeks of recent sales, order up to eight
weeks more. It sees only days before its own and stands in for the shop's own orders; it is never said to be them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
REVIEW_DAYS = 7
MINIMUM_DAYS, MORE_DAYS = 14, 56
LOOK_BACK_DAYS = 84
TOLD = "each week: below the lead time and two weeks of recent sales, order up to eight weeks more"


@dataclass(frozen=True)
class Bought:
    """Order lines, sorted by day and item; all (N,).

    Attributes:
        sku, ordered_on, quantity: index of the item, day index of the review, units.
    """

    sku: IntArray
    ordered_on: IntArray
    quantity: IntArray


def bought_by_rule(
    demand: NDArray[np.integer], listed: NDArray[np.bool_], opening: IntArray, lead_time: IntArray
) -> Bought:
    """Simulate the rule against a demand.

    Args:
        demand: units per day, (S, T).
        listed: days on which the item is sold, (S, T); nothing is ordered on others.
        opening: units on hand at the start, (S,).
        lead_time: days from the review to the receipt at a day's start, at least 1, (S,).
    """
    skus, days = demand.shape
    so_far = np.concatenate([np.zeros((skus, 1), np.int64), np.cumsum(demand, axis=1, dtype=np.int64)], axis=1)
    first = np.where(listed.any(axis=1), listed.argmax(axis=1), days)
    arrivals = np.zeros((skus, days), np.int64)
    on_hand, on_order = opening.astype(np.int64).copy(), np.zeros(skus, np.int64)
    lines: list[tuple[IntArray, int, IntArray]] = []
    for day in range(days):
        on_hand += arrivals[:, day]
        on_order -= arrivals[:, day]
        on_hand -= np.minimum(on_hand, demand[:, day])
        if day % REVIEW_DAYS or day == 0:
            continue
        seen = np.clip(day - first, REVIEW_DAYS, LOOK_BACK_DAYS)
        start = np.maximum(day - LOOK_BACK_DAYS, 0)
        mean = (so_far[:, day] - so_far[:, start]) / seen
        point = np.ceil(mean * (lead_time + MINIMUM_DAYS)).astype(np.int64)
        position = on_hand + on_order
        wanted = point + np.ceil(mean * MORE_DAYS).astype(np.int64) - position
        sku = np.flatnonzero(listed[:, day] & (position <= point) & (wanted > 0))
        lines.append((sku, day, wanted[sku]))
        on_order[sku] += wanted[sku]
        due = day + lead_time[sku]
        inside = due < days
        np.add.at(arrivals, (sku[inside], due[inside]), wanted[sku[inside]])
    return Bought(
        sku=np.concatenate([sku for sku, _, _ in lines] or [np.zeros(0, np.int64)]).astype(np.int64),
        ordered_on=np.concatenate([np.full(len(sku), day) for sku, day, _ in lines] or [np.zeros(0)]).astype(np.int64),
        quantity=np.concatenate([units for _, _, units in lines] or [np.zeros(0, np.int64)]).astype(np.int64),
    )
