"""Gather what strategies may know from first-vintage history; nothing of a date or later enters that date's row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.forecast import OrderHistory
from engine.forecast.options import InformationOption, forecasts
from engine.forecast.views import ViewHistory
from engine.plan import Orders
from engine.scenario import Scenario
from engine.schema import MICRO
from engine.segments import Segments, abc_classes, bucket_variation, xyz_classes
from engine.settings import CostRates
from engine.strategies.information import Information
from engine.totals import RunTotals

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BUCKET_DAYS = 28
LINES_PRIOR = 20.0
"""Purchase orders of one line each with which the lines per order are shrunk."""
USUAL_OPTIONS: tuple[InformationOption, ...] = ("exposure", "views")
"""What strategies look through by default: ``abc_xyz`` senses the demand of its AZ items by views."""


@dataclass(frozen=True)
class KnownHistory:
    """First-vintage history; matrices are (S, T), the value of a day known at its end.

    Attributes:
        orders: for the forecast.
        demand_u6, variance_u6: as-of demand and its estimation variance, micro-units.
        price: last price known at the end of each day, minor units.
        views: page views; None where the shop logs none.
    """

    orders: OrderHistory
    demand_u6: IntArray
    variance_u6: IntArray
    price: IntArray
    views: ViewHistory | None = None

    def until(self, days: int) -> KnownHistory:
        """The same history, ended before day ``days``."""
        return replace(
            self,
            orders=self.orders.until(days),
            demand_u6=self.demand_u6[:, :days],
            variance_u6=self.variance_u6[:, :days],
            price=self.price[:, :days],
            views=None if self.views is None else self.views.until(days),
        )


def replanning_days(days: int, every: int) -> IntArray:
    """Day 0 and every ``every`` days."""
    return np.arange(0, days, every, dtype=np.int64)


def gather_information(
    scenario: Scenario,
    history: KnownHistory,
    actual: Orders,
    actual_run: RunTotals,
    rates: CostRates,
    dates: IntArray,
    options: Iterable[InformationOption] = USUAL_OPTIONS,
) -> Information:
    """Everything strategies plan from.

    Args:
        scenario: only its static tables enter.
        history: first-vintage.
        actual: the shop's own orders.
        actual_run: their replay against what was sold (not against recovered demand, which is hindsight), for the
            capital the shop had tied up.
        rates: cost rates.
        dates: (D,) re-planning days.
        options: information options that strategies will look through, ``exposure`` always.
    """
    made = forecasts({"exposure", *options}, history.orders, history.views, history.demand_u6 / MICRO, dates)
    known = np.maximum(dates - 1, 0)
    price = np.where(dates[:, None] > 0, history.price[:, known].T, history.price[:, 0])
    return Information(
        axes=scenario.axes,
        forecast=made["exposure"],
        catalogue=scenario.catalogue,
        suppliers=scenario.suppliers,
        offers=scenario.offers,
        lead_times=scenario.lead_times,
        rates=rates,
        price=np.ascontiguousarray(price),
        segments=segments_as_of(history, dates),
        lines_per_order=_lines_per_order(actual, dates, scenario.axes.days),
        own_capital=_own_capital(actual_run, dates),
        options={option: forecast for option, forecast in made.items() if option != "exposure"},
    )


def segments_as_of(history: KnownHistory, dates: IntArray) -> Segments:
    """ABC by revenue so far; XYZ over the complete buckets of four weeks before each date."""
    demand = history.demand_u6 / MICRO
    revenue = _before(np.cumsum(demand * history.price, axis=1), dates)
    complete = dates // BUCKET_DAYS
    buckets = demand.shape[1] // BUCKET_DAYS
    shape = (len(demand), buckets, BUCKET_DAYS)
    filled = demand[:, : buckets * BUCKET_DAYS].reshape(shape).sum(axis=2)
    noise = (history.variance_u6[:, : buckets * BUCKET_DAYS] / MICRO).reshape(shape).sum(axis=2)
    total, squares, noise = (
        _before(np.cumsum(values, axis=1), np.minimum(complete, buckets)) for values in (filled, filled**2, noise)
    )
    counted = np.broadcast_to(np.minimum(complete, buckets)[:, None].astype(float), total.shape)
    return Segments(abc_classes(revenue), xyz_classes(bucket_variation(total, squares, noise, counted)))


def _before(cumulated: FloatArray, ends: IntArray) -> FloatArray:
    """(D, S) sums over the columns before each end."""
    if cumulated.shape[1] == 0:
        return np.zeros((len(ends), len(cumulated)))
    return np.where(ends[:, None] > 0, cumulated[:, np.maximum(ends - 1, 0)].T, 0.0)


def _lines_per_order(actual: Orders, dates: IntArray, days: int) -> FloatArray:
    """Lines per purchase order of the shop's own orders before each date, (D, 1)."""
    lines = np.bincount(np.clip(actual.ordered_on, 0, None), minlength=days)[:days]
    pairs = np.unique(np.stack([actual.ordered_on, actual.supplier]), axis=1)[0]
    orders = np.bincount(np.clip(pairs, 0, None), minlength=days)[:days]
    sums = [np.concatenate([[0], np.cumsum(counts)])[dates] for counts in (lines, orders)]
    return ((sums[0] + LINES_PRIOR) / (sums[1] + LINES_PRIOR))[:, None]


def _own_capital(run: RunTotals, dates: IntArray) -> FloatArray:
    """Mean over the days before each date of stock and goods on order at cost, (D,); day 0's on date 0."""
    capital = (run.inventory_value + run.on_order_value).sum(axis=0).astype(np.float64)
    cumulated = np.cumsum(capital)
    return np.where(dates > 0, cumulated[np.maximum(dates - 1, 0)] / np.maximum(dates, 1), capital[0])
