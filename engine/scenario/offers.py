"""The flattened orderable-offers table: supplier x SKU x price break, and which row a need is worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine import rules
from engine.models import OrderableOffer

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class OfferTable:
    """Rows sorted by (sku, supplier, smallest_quantity, valid_from); every array but ``first_row`` is (N,) int64.

    Attributes:
        first_row: (S + 1,) rows of SKU s are ``first_row[s]:first_row[s + 1]``.
        smallest_quantity: max(price break, minimum order quantity), units.
        multiple: order multiple, units.
        unit_cost, line_cost: minor units.
        lead_time: expected days, >= 1.
        distribution: row of the scenario's lead-time quantile table.
        valid_from, valid_until: day indices, half open.
    """

    first_row: IntArray
    sku: IntArray
    supplier: IntArray
    smallest_quantity: IntArray
    multiple: IntArray
    unit_cost: IntArray
    line_cost: IntArray
    lead_time: IntArray
    distribution: IntArray
    valid_from: IntArray
    valid_until: IntArray

    def __len__(self) -> int:
        return len(self.sku)

    @cached_property
    def by_sku(self) -> tuple[tuple[OrderableOffer, ...], ...]:
        """The same rows as domain objects, built once. # Invariant 1."""
        rows = [
            OrderableOffer.model_construct(
                row=row,
                sku=int(self.sku[row]),
                supplier=int(self.supplier[row]),
                smallest_quantity=int(self.smallest_quantity[row]),
                multiple=int(self.multiple[row]),
                unit_cost=int(self.unit_cost[row]),
                line_cost=int(self.line_cost[row]),
                lead_time=int(self.lead_time[row]),
                valid_from=int(self.valid_from[row]),
                valid_until=int(self.valid_until[row]),
            )
            for row in range(len(self))
        ]
        bounds = self.first_row.tolist()
        return tuple(tuple(rows[first:last]) for first, last in pairwise(bounds))

    def best_rows(self, need: IntArray, carry_u6: IntArray, days: IntArray) -> IntArray:
        """Row each SKU would order from, by the rule the tick uses.

        Args:
            need: (D, S) expected order size in units, >= 1.
            carry_u6: (D, S) carrying cost, see ``Levels``.
            days: (D,) day indices; only offers valid that day compete.

        Returns:
            (D, S) row index, -1 where a SKU has no valid offer.
        """
        row_need = np.maximum(np.take(need, self.sku, axis=1), 1)
        quantity = rules.rounded_quantity(row_need, self.smallest_quantity, self.multiple)
        cost = rules.landed_cost_u6(quantity, self.unit_cost, self.line_cost, np.take(carry_u6, self.sku, axis=1))
        valid = (self.valid_from <= days[:, None]) & (days[:, None] < self.valid_until)
        dates = np.arange(len(need))[:, None]
        best, rivals = np.full(need.shape, -1, np.int64), np.diff(self.first_row)
        first = np.flatnonzero(rivals > 0)
        best[:, first] = np.where(np.take(valid, self.first_row[first], axis=1), self.first_row[first], -1)
        for position in range(1, int(rivals.max(initial=0))):
            skus = np.flatnonzero(rivals > position)
            rows, incumbent = self.first_row[skus] + position, np.take(best, skus, axis=1)
            better = rules.is_better_offer(
                np.take(cost, rows, axis=1), self.lead_time[rows], np.take(quantity, rows, axis=1),
                cost[dates, incumbent], self.lead_time[incumbent], quantity[dates, incumbent],
            )  # fmt: skip
            takes = np.take(valid, rows, axis=1) & ((incumbent < 0) | better)
            best[:, skus] = np.where(takes, rows, incumbent)
        return best
