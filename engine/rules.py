"""The arithmetic of a SKU-day, once.

Plain functions of integers (and of integer arrays where no branch is needed): no objects, strings or exceptions.
The reference stepper calls them as they are, the compiled stepper registers the very same functions with Numba, the
planners call the branch-free ones on whole arrays. Quantities are units, money is in minor currency units, suffix
``_u6`` marks micro-units.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.schema import MICRO

NEVER = 1 << 30  # a day no run reaches

Int = TypeVar("Int", int, NDArray[np.int64])
Truth: TypeAlias = Any  # bool for integers, an array of bool for arrays


def cost_share(value: int, quantity: int, on_hand: int, unit_cost: int = 0) -> int:
    """Value that leaves with ``quantity`` of ``on_hand`` units: moving-average cost, the last unit takes the rest.

    Args:
        unit_cost: a guess of what each unit costs; where it is right it spares the division, else it changes nothing.
    """
    if value == unit_cost * on_hand:
        return unit_cost * quantity
    if quantity == 0:
        return 0
    return value * quantity // on_hand


def served(on_hand: int, demand: int) -> int:
    """Units sold today under lost sales."""
    return min(on_hand, demand)


def share_of(amount: Int, share_u6: Int) -> Int:
    """Part of an amount (waiting units, prepaid cost) by a share in micro-units, rounded down."""
    return amount * share_u6 // MICRO


def views_on_empty_shelf(views: int, demand: int, unserved: int, on_hand: int) -> int:
    """Views of the day that met an empty shelf: by share of unserved units, all of them on a day without stock."""
    if demand > 0:
        return views * unserved // demand
    return views if on_hand == 0 else 0


def expired_units(received_through_lot: int, gone: int) -> int:
    """Units left in the oldest lot, first in first out.

    Args:
        received_through_lot: units received up to and including this lot since the start.
        gone: units that left the shelf since the start, for whatever reason.
    """
    return max(0, received_through_lot - gone)


def inventory_position(on_hand: Int, on_order: Int, waiting: Int) -> Int:
    """On hand plus on order less waiting demand."""
    return on_hand + on_order - waiting


def needed_quantity(position: int, reorder_point: int, order_up_to: int, order_quantity: int) -> int:
    """Units to order at a position at or below the reorder point.

    With ``order_quantity`` > 0 the least multiple of it that lifts the position above the reorder point, (r, nQ);
    otherwise the gap to ``order_up_to``.
    """
    if order_quantity > 0:
        return ((reorder_point - position) // order_quantity + 1) * order_quantity
    return order_up_to - position


def rounded_quantity(need: Int, smallest: Int, multiple: Int) -> Int:
    """Least multiple that covers the need and the offer's smallest quantity (its break or minimum)."""
    covered = need + (smallest - need) * (smallest > need)
    return -(-covered // multiple) * multiple


def landed_cost_u6(quantity: Int, unit_cost: Int, line_cost: Int, carry_u6: Int) -> Int:
    """Cost per unit in micro-units of money, what the extra stock costs to carry included (DESIGN 1.2)."""
    return (quantity * unit_cost + line_cost) * MICRO // quantity + quantity * carry_u6


def is_better_offer(
    cost: Int, lead_time: Int, quantity: Int, best_cost: Int, best_lead_time: Int, best_quantity: Int
) -> Truth:
    """Least landed cost; ties: shorter lead time, larger quantity, then the earlier row (rows sort by supplier)."""
    larger = (lead_time == best_lead_time) & (quantity > best_quantity)
    preferred = (lead_time < best_lead_time) | larger
    return (cost < best_cost) | ((cost == best_cost) & preferred)


def order_rank(priority_u6: int, need: int, position: int) -> int:
    """Who orders first where money is short: the plan's priority, by the share of the level that is missing."""
    level = max(position + need, 1)
    return priority_u6 * (min(need, level) * MICRO // level) // MICRO


def is_refused(quantity: int, need: int, position: int, max_position: int) -> bool:
    """Whether the offer's minimum or multiple would push the position beyond the longest cover allowed."""
    return quantity > need and position + quantity > max_position


def next_review(day: int, review_period: int, next_order_day: NDArray[np.int64], supplier: int) -> int:
    """First review on or after ``day``.

    A review falls due every ``review_period`` days from day 0 and takes place on the supplier's next order day.

    Args:
        day: day index, below T.
        review_period: days, >= 1.
        next_order_day: (V, T) for each supplier and day the first order day on or after it; ``NEVER`` where there is
            none.
        supplier: row of ``next_order_day``.
    """
    nominal = day if review_period == 1 else day // review_period * review_period
    due = int(next_order_day[supplier, nominal])
    if due >= day:
        return due
    nominal += review_period
    if nominal >= next_order_day.shape[1]:
        return NEVER
    return int(next_order_day[supplier, nominal])


def overlap(start: int, end: int, first: int, last: int) -> int:
    """Days of the interval [start, end) that lie in [first, last)."""
    return max(0, min(end, last) - max(start, first))


def payable_value_days(
    cost: int, prepaid: int, ordered_on: int, arrives_on: int, terms_days: int, first: int, last: int
) -> int:
    """Capital tied up (+) or lent by the supplier (-) by one order beyond its time on the shelf, in value-days.

    The prepaid part is bound from order to arrival; the rest is due ``terms_days`` after arrival.
    """
    bound = prepaid * overlap(ordered_on, arrives_on, first, last)
    lent = (cost - prepaid) * overlap(arrives_on, arrives_on + terms_days, first, last)
    return bound - lent
