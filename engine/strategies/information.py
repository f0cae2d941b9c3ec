"""What a strategy may know, and the sourcing decisions all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine import rules
from engine.errors import InputError
from engine.forecast import ForecastMatrix
from engine.optimisation.eoq import economic_order_quantity
from engine.scenario import Catalogue, LeadTimes, OfferTable, SupplierTable
from engine.schema import DAYS_PER_YEAR, MICRO, Axes
from engine.segments import Segments
from engine.settings import CostRates

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.float64)
BoolMatrix = NDArray[np.bool_]

LARGEST_CARRY_U6 = 10**11


@dataclass(frozen=True)
class Sourcing:
    """The offer each SKU is planned on, per date; every array is (D, S).

    Attributes:
        row: row of the offer table, -1 where a SKU cannot be ordered.
        supplier, lead_time: of that row; ``lead_time_variance`` in days^2.
        unit_cost, line_cost, order_cost: minor units; ``smallest``, ``multiple``: units.
        interval: days between reviews, the supplier's order days considered.
    """

    row: IntArray
    supplier: IntArray
    lead_time: IntArray
    lead_time_variance: FloatArray
    unit_cost: FloatArray
    line_cost: FloatArray
    order_cost: FloatArray
    smallest: IntArray
    multiple: IntArray
    interval: IntArray


@dataclass(frozen=True)
class Information:
    """Everything a strategy plans from: as known on each date, the same for all strategies.

    Attributes:
        axes: of the scenario.
        forecast: matrix of D re-planning dates.
        catalogue, suppliers, offers, lead_times: static tables of the scenario, without its demand.
        rates: cost rates.
        price: (D, S) last price seen before each date, minor units.
        segments: ABC-XYZ cells as of each date.
        lines_per_order: (D, 1) lines that share one purchase order's fixed cost.
        own_capital: (D,) what the shop itself had in stock and on order on average before each date, minor units.
        seen_through: information option that ``forecast`` was made by.
        options: forecast matrices by the other options.
    """

    axes: Axes
    forecast: ForecastMatrix
    catalogue: Catalogue
    suppliers: SupplierTable
    offers: OfferTable
    lead_times: LeadTimes
    rates: CostRates
    price: IntArray
    segments: Segments
    lines_per_order: FloatArray
    own_capital: FloatArray
    seen_through: str = "exposure"
    options: dict[str, ForecastMatrix] = field(default_factory=dict)

    def through(self, option: str) -> Information:
        """The same information with demand forecast by an option.

        Raises:
            InputError: that forecast was not made.
        """
        if option == self.seen_through:
            return self
        if option not in self.options:
            known = ", ".join((self.seen_through, *self.options))
            raise InputError(
                f"information must be one of those forecast ({known})", value=option,
                place="strategy parameter 'information'", remedy="Materialise 'scenario' anew with this grid",
            )  # fmt: skip
        others = self.options | {self.seen_through: self.forecast}
        return replace(self, forecast=self.options[option], seen_through=option, options=others)

    @property
    def shape(self) -> tuple[int, int]:
        """(D, S)."""
        return self.price.shape[0], self.price.shape[1]

    @cached_property
    def daily_mean(self) -> FloatArray:
        """Units per average day, (D, S), never zero."""
        return np.maximum(self.forecast.daily_mean, 1e-9)

    @cached_property
    def economic_quantity(self) -> FloatArray:
        """Economic order quantity at the replacement cost, (D, S): what a typical order is worth asking offers for."""
        holding = np.maximum(self.holding_cost(self.catalogue.replacement_cost), 1e-9)
        fixed = self.rates.line_cost + self.rates.order_cost / self.lines_per_order
        return economic_order_quantity(fixed, holding, self.daily_mean)

    @cached_property
    def carry_u6(self) -> IntArray:
        """Micro-units of money per unit and unit ordered: holding per unit-day / (2 x mean daily demand), (D, S)."""
        holding = self.holding_cost(self.catalogue.replacement_cost)
        return np.minimum(np.rint(holding / (2 * self.daily_mean) * MICRO), LARGEST_CARRY_U6).astype(np.int64)

    @cached_property
    def order_gap(self) -> IntArray:
        """Days between two order days of each supplier in an ordinary week, (V,)."""
        calendar = self.suppliers.next_order_day
        ahead = calendar[:, 1:] - np.arange(calendar.shape[1] - 1)
        known = np.where(ahead < rules.NEVER // 2, ahead, 1)
        return (
            np.ceil(np.percentile(known, 90, axis=1)).astype(np.int64)
            if known.size
            else np.ones(len(calendar), np.int64)
        )

    @cached_property
    def lead_time_variances(self) -> FloatArray:
        """Variance of each lead-time distribution, days^2, (N,)."""
        return self.lead_times.quantiles.var(axis=1)

    def holding_cost(self, unit_cost: FloatArray | IntArray) -> FloatArray:
        """Holding and capital cost of a unit for a day, minor units."""
        return np.asarray(unit_cost, np.float64) * (self.rates.carrying_rate / DAYS_PER_YEAR)

    def source(self, expected_quantity: FloatArray, review_period: IntArray | int) -> Sourcing:
        """Offers of least landed cost at the expected quantity, by the tick's own rule.

        Args:
            expected_quantity: (D, S) units of a typical order.
            review_period: days, broadcastable to (D, S).
        """
        need = np.maximum(np.rint(expected_quantity), 1).astype(np.int64)
        row = self.offers.best_rows(need, self.carry_u6, self.forecast.dates)
        offers = self.offers
        supplier = _of_row(offers.supplier, row, 0)
        gap = self.order_gap[supplier] if len(self.order_gap) else 1
        return Sourcing(
            row=row,
            supplier=supplier,
            lead_time=_of_row(offers.lead_time, row, 1),
            lead_time_variance=_of_row(self.lead_time_variances[offers.distribution], row, 0.0),
            unit_cost=_of_row(offers.unit_cost.astype(float), row, 0.0),
            line_cost=_of_row(offers.line_cost.astype(float), row, 0.0),
            order_cost=_of_row(self.suppliers.order_cost.astype(float), np.where(row >= 0, supplier, -1), 0.0),
            smallest=_of_row(offers.smallest_quantity, row, 1),
            multiple=_of_row(offers.multiple, row, 1),
            interval=np.maximum(np.broadcast_to(review_period, row.shape), gap),
        )


def _of_row(values: NDArray[Number], row: IntArray, default: float) -> NDArray[Number]:
    """Values of table rows, (D, S); the default where there is no row."""
    padded = np.append(values, np.asarray([default], values.dtype))  # row -1 takes the last one
    return padded[row]
