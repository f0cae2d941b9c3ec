"""Demand that levels must cover, by the tick's convention."""

from __future__ import annotations

from engine.optimisation.service_level import undershoot_moments
from engine.strategies.information import FloatArray, Information, Sourcing

Moments = tuple[FloatArray, FloatArray]


def protection_demand(information: Information, sourcing: Sourcing) -> tuple[Moments, Moments, FloatArray]:
    """Demand an order-up-to level must cover: over R + L - 1 days, over the L - 1 days before, mean over R days.

    An order placed at the close of day t arrives at the start of t + L, the next one R days later (DESIGN 1.2).
    """
    before = sourcing.lead_time - 1
    variance = sourcing.lead_time_variance
    forecast = information.forecast
    return (
        forecast.moments(before + sourcing.interval, variance),
        forecast.moments(before, variance),
        forecast.mean(sourcing.interval),
    )


def reorder_demand(information: Information, sourcing: Sourcing) -> Moments:
    """Demand from the crossing of a reorder point to the arrival of the order: undershoot and L - 1 days.

    A supplier that takes orders on some weekdays only adds the days until the next of them.
    """
    ahead = sourcing.lead_time + sourcing.interval - 2
    mean, variance = information.forecast.moments(ahead, sourcing.lead_time_variance)
    under_mean, under_variance = undershoot_moments(*information.forecast.moments(ahead * 0 + 1))
    return mean + under_mean, variance + under_variance


def fixed_cost(information: Information, sourcing: Sourcing) -> FloatArray:
    """K: cost of one more order line, its share of the purchase order's cost included, minor units."""
    return sourcing.line_cost + sourcing.order_cost / information.lines_per_order
