"""What a strategy hands to the tick: levels for every re-planning date, explicit orders, or a rule in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import PlanError
from engine.models import InventoryPosition
from engine.schema import Axes

IntArray = NDArray[np.int64]

NEVER_ORDER = -(1 << 40)
"""Reorder point of a SKU that is not to be ordered: no position is as low."""
UNLIMITED = 1 << 40
"""Longest position where no cover limit binds."""
LARGEST_LEVEL = 1 << 40
LARGEST_PRIORITY = 10**12
LARGEST_LANDED = (1 << 62) // 1_000_000
"""Minor units an order may cost, so that its landed cost in micro-units fits."""


OF_DATES = ("days", "capital_limit")


@dataclass(frozen=True)
class Levels:
    """Levels per re-planning date and SKU; every array but ``days`` is (D, S) int64.

    Attributes:
        days: (D,) day indices at which the levels take effect, ascending; before the first nothing is ordered.
        reorder_point: order when the position is at or below it; ``NEVER_ORDER``: never.
        order_up_to: level the need lifts the position to; ignored where ``order_quantity`` > 0.
        order_quantity: order multiples of it, 0: order up to.
        review_period: days between reviews, >= 1.
        carry_u6: micro-units of money per unit and unit ordered (holding per unit-day / (2 x mean daily demand)).
        supplier: supplier index whose order days bind; offers slower than ``lead_time`` do not compete.
        lead_time: expected lead time in days the levels were set for.
        max_position: a minimum or multiple may not push the position beyond it.
        priority_u6: margin a day per money in the level, micro: which order goes first where money is short.
        capital_limit: (D,) value on hand and on order beyond which nothing is ordered, minor units; None: no limit.
    """

    days: IntArray
    reorder_point: IntArray
    order_up_to: IntArray
    order_quantity: IntArray
    review_period: IntArray
    carry_u6: IntArray
    supplier: IntArray
    lead_time: IntArray
    max_position: IntArray
    priority_u6: IntArray
    capital_limit: IntArray | None = None

    def matrices(self) -> dict[str, IntArray]:
        """All (D, S) arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in OF_DATES}


@dataclass(frozen=True)
class Orders:
    """Explicit orders, sorted by (sku, ordered_on, arrives_on); every array is (N,) int64.

    ``quantity`` is what arrives; ``supplier`` -1 where unknown (then no order line is counted against a supplier).
    """

    sku: IntArray
    ordered_on: IntArray
    arrives_on: IntArray
    quantity: IntArray
    unit_cost: IntArray
    line_cost: IntArray
    supplier: IntArray


@dataclass(frozen=True)
class Rule:
    """A decision in plain Python: units wanted at a review, 0 for none. Runs on the reference stepper only.

    Attributes:
        order_quantity: called at each review of each SKU.
        review_period: days.
        carry_u6: as in ``Levels``.
    """

    order_quantity: Callable[[InventoryPosition], int]
    review_period: int = 1
    carry_u6: int = 0


Plan: TypeAlias = Levels | Orders | Rule


def _first_offence(bad: NDArray[np.bool_]) -> tuple[int, int] | None:
    if not bad.any():
        return None
    date, sku = np.argwhere(bad)[0]
    return int(date), int(sku)


def check_levels(
    levels: Levels, axes: Axes, strategy: str, *, suppliers: int | None = None, dearest: IntArray | None = None
) -> None:
    """Refuse levels that break the tick contract.

    Args:
        levels: of the strategy.
        axes: of the scenario.
        strategy: name for messages.
        suppliers: number of suppliers V; ``supplier`` must be below it.
        dearest: (S,) highest unit cost; with it, levels may not overflow the landed cost.

    Raises:
        PlanError: naming strategy, date, SKU, rule and value.
    """
    shape = (len(levels.days), len(axes.items))
    for name, matrix in levels.matrices().items():
        if matrix.shape != shape or matrix.dtype != np.int64:
            raise PlanError(
                f"{name} must be int64 of shape {shape}",
                value=f"{matrix.dtype} {matrix.shape}",
                place=f"strategy {strategy!r}",
            )
    if np.any(np.diff(levels.days) <= 0):
        raise PlanError("re-planning days must ascend", value=levels.days.tolist(), place=f"strategy {strategy!r}")
    limit = levels.capital_limit
    if limit is not None and (limit.shape != levels.days.shape or np.any(limit < 0)):
        raise PlanError("capital_limit must be one amount >= 0 per date", value=limit, place=f"strategy {strategy!r}")
    active = levels.reorder_point > NEVER_ORDER
    up_to = active & (levels.order_quantity == 0)
    rules = {
        "reorder_point must be >= -1": ("reorder_point", active & (levels.reorder_point < -1)),
        "order_up_to must exceed reorder_point": ("order_up_to", up_to & (levels.order_up_to <= levels.reorder_point)),
        "order_quantity must be >= 0": ("order_quantity", active & (levels.order_quantity < 0)),
        "review_period must be >= 1": ("review_period", active & (levels.review_period < 1)),
        "carry_u6 must be >= 0": ("carry_u6", active & (levels.carry_u6 < 0)),
        "lead_time must be >= 1": ("lead_time", active & (levels.lead_time < 1)),
        "supplier must be >= 0": ("supplier", active & (levels.supplier < 0)),
        f"priority_u6 must be 0..{LARGEST_PRIORITY}": (
            "priority_u6",
            active & ((levels.priority_u6 < 0) | (levels.priority_u6 > LARGEST_PRIORITY)),
        ),
        f"levels must stay below {LARGEST_LEVEL}": (
            "order_up_to",
            active & (np.maximum(levels.order_up_to, levels.reorder_point) > LARGEST_LEVEL),
        ),
    }
    if suppliers is not None:
        rules[f"supplier must be below {suppliers}"] = ("supplier", active & (levels.supplier >= suppliers))
    if dearest is not None:
        largest = LARGEST_LANDED // np.maximum(dearest, 1)
        reach = np.maximum(levels.order_up_to, levels.reorder_point) + levels.order_quantity
        rules["levels x unit cost must stay below 2^62 micro-units"] = ("order_up_to", active & (reach > largest))
    for rule, (name, bad) in rules.items():
        offence = _first_offence(bad)
        if offence is not None:
            date, sku = offence
            raise PlanError(
                rule,
                value=int(levels.matrices()[name][date, sku]),
                place=f"strategy {strategy!r}, SKU {axes.items[sku]!r}, plan of "
                f"{axes.date_of(int(levels.days[date])).isoformat()}",
            )


def check_orders(orders: Orders, axes: Axes, suppliers: int, strategy: str) -> None:
    """Refuse explicit orders that break the tick contract.

    Raises:
        PlanError: naming strategy, SKU, rule and value.
    """
    rules = {
        f"sku must be 0..{len(axes.items) - 1}": ("sku", (orders.sku < 0) | (orders.sku >= len(axes.items))),
        "ordered_on must be >= 0": ("ordered_on", orders.ordered_on < 0),
        "arrives_on must be after ordered_on": ("arrives_on", orders.arrives_on <= orders.ordered_on),
        "quantity must be > 0": ("quantity", orders.quantity <= 0),
        "unit_cost must be >= 0": ("unit_cost", orders.unit_cost < 0),
        "line_cost must be >= 0": ("line_cost", orders.line_cost < 0),
        f"supplier must be -1..{suppliers - 1}": ("supplier", (orders.supplier < -1) | (orders.supplier >= suppliers)),
        "orders must be sorted by (sku, ordered_on, arrives_on)": ("ordered_on", _unsorted(orders)),
    }
    for rule, (name, bad) in rules.items():
        rows = np.flatnonzero(bad)
        if len(rows):
            row = int(rows[0])
            sku = int(orders.sku[row])
            item = axes.items[sku] if 0 <= sku < len(axes.items) else sku
            value = int(getattr(orders, name)[row])
            raise PlanError(rule, value=value, place=f"strategy {strategy!r}, SKU {item!r}, order {row}")


def _unsorted(orders: Orders) -> NDArray[np.bool_]:
    """Rows that belong before the row above them."""
    result = np.zeros(len(orders.sku), bool)
    order = np.lexsort((orders.arrives_on, orders.ordered_on, orders.sku))
    result[: len(order)] = order != np.arange(len(order))
    return result
