"""From a strategy's levels to a plan: whole units, owner's bounds, cover limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.plan import LARGEST_PRIORITY, NEVER_ORDER, UNLIMITED, Levels
from engine.schema import MICRO
from engine.strategies.information import Information, Sourcing
from engine.strategies.parameters import StrategyParameters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def with_safety(level: IntArray, mean: FloatArray, multiplier: float) -> IntArray:
    """Scale the stock a level holds beyond mean demand, rounded up; 1 leaves the level as it is."""
    if multiplier == 1.0:
        return level
    return np.maximum(np.ceil(mean + multiplier * (level - mean)), 0).astype(np.int64)


def longest_cover(information: Information, parameters: StrategyParameters) -> IntArray:
    """Units that cover ``max_cover_days`` of mean demand, rounded up, (D, S)."""
    return np.ceil(information.daily_mean * parameters.max_cover_days).astype(np.int64)


def covering(information: Information, days: int | None) -> IntArray:
    """Units that cover the days of mean demand, rounded up, at least one, (D, S); no limit without days."""
    if days is None:
        return np.full(information.shape, UNLIMITED, np.int64)
    return np.maximum(np.ceil(information.daily_mean * days), 1).astype(np.int64)


def levels_plan(
    information: Information,
    sourcing: Sourcing,
    parameters: StrategyParameters,
    *,
    reorder_point: IntArray,
    order_up_to: IntArray | None = None,
    order_quantity: IntArray | None = None,
    review_period: IntArray | int | None = None,
) -> Levels:
    """Levels within the owner's bounds.

    ``level_cover_days`` caps every level at that cover of mean demand, one unit at least: a high target for rare large
    orders is stock that may outlive the item. ``min_stock`` lifts the reorder point to one unit below it. ``max_stock``
    caps order-up-to levels, fixed quantities and the position after an order; ``max_cover_days`` caps fixed quantities
    and the position to which a minimum or multiple may lead. SKUs without an offer or marked ``do_not_order`` are never
    ordered.

    Args:
        reorder_point, order_up_to, order_quantity: (D, S) units; one of the last two.
        review_period: days, broadcastable; the parameters' own by default.
    """
    catalogue, shape = information.catalogue, information.shape
    period = parameters.review_period if review_period is None else review_period
    most = covering(information, parameters.level_cover_days)
    point = np.maximum(np.minimum(reorder_point, most - 1), catalogue.min_stock - 1)
    up_to = point + 1 if order_up_to is None else np.maximum(np.minimum(order_up_to, most), point + 1)
    capped = np.minimum(up_to, np.maximum(catalogue.max_stock, 0))
    point = np.minimum(point, capped - 1)
    stops = (sourcing.row < 0) | (catalogue.do_not_order > 0) | (point < 0) & (capped <= 0)
    longest = np.minimum(np.maximum(longest_cover(information, parameters), up_to), catalogue.max_stock)
    quantity = np.zeros(shape, np.int64)
    if order_quantity is not None:
        largest = np.minimum(longest, np.maximum(most, up_to)) - point
        quantity = np.where(order_quantity > 0, np.maximum(np.minimum(order_quantity, largest), 1), 0)
    return Levels(
        days=information.forecast.dates,
        reorder_point=np.where(stops, NEVER_ORDER, point),
        order_up_to=np.maximum(capped, point + 1),
        order_quantity=quantity,
        review_period=np.array(np.broadcast_to(period, shape), np.int64),
        carry_u6=information.carry_u6,
        supplier=sourcing.supplier,
        lead_time=sourcing.lead_time,
        max_position=longest,
        priority_u6=_priority_u6(information, sourcing, capped),
    )


def _priority_u6(information: Information, sourcing: Sourcing, level: IntArray) -> IntArray:
    """Margin a day per money that the level ties up, micro, (D, S): what a limit on money should buy first."""
    margin = np.maximum(information.price - sourcing.unit_cost, 0.0) * information.daily_mean
    money = np.maximum(sourcing.unit_cost * np.maximum(level, 1), 1e-9)
    return np.minimum(np.rint(margin / money * MICRO), LARGEST_PRIORITY).astype(np.int64)
