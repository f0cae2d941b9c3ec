"""Every figure of the scorecard: one function each, named as the figure, from sums over a window.

All are Σ numerator ÷ Σ denominator; a zero denominator gives NaN, never 0 or 1. Money is in minor units. ``sums`` maps
names of ``engine.totals.FIELDS`` and of ``engine.scorecard.sums`` to arrays over groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.schema import DAYS_PER_YEAR
from engine.settings import CostRates

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Basis:
    """What figures are computed from.

    Attributes:
        sums: integer sums by name, (G,) each.
        order_costs: fixed cost of the purchase orders, (G,); shared by lines where orders span groups.
        orders: purchase orders, (G,); NaN where orders span groups.
        peak_value: highest closing inventory at cost of a day, (G,); NaN where no daily curve is kept.
        days: scored days; (G,) where they differ.
        rates: cost rates.
    """

    sums: dict[str, NDArray[np.int64]]
    order_costs: FloatArray
    orders: FloatArray
    peak_value: FloatArray
    days: int | NDArray[np.int64]
    rates: CostRates

    def __getitem__(self, name: str) -> FloatArray:
        return self.sums[name].astype(np.float64)


def ratio(numerator: FloatArray, denominator: ArrayLike) -> FloatArray:
    """Quotient; NaN where the denominator is zero."""
    below = np.broadcast_to(np.asarray(denominator, np.float64), np.shape(numerator))
    return np.divide(numerator, below, out=np.full(np.shape(numerator), np.nan), where=below != 0)


def years(basis: Basis) -> float | FloatArray:
    """Length of the window in years."""
    return basis.days / DAYS_PER_YEAR


def fill_rate(basis: Basis) -> FloatArray:
    """Units served from stock on the day / units demanded (P2)."""
    return ratio(basis["sold"], basis["demanded"])


def cycle_service_level(basis: Basis) -> FloatArray:
    """Complete replenishment cycles with demand and no lost unit / those with demand (P1)."""
    return ratio(basis["cycles"] - basis["short_cycles"], basis["cycles"])


def in_stock_rate(basis: Basis) -> FloatArray:
    """SKU-days that close with stock / SKU-days listed (P3)."""
    return ratio(basis["listed_days"] - basis["stockout_days"], basis["listed_days"])


def stockout_rate(basis: Basis) -> FloatArray:
    """1 - in-stock rate."""
    return ratio(basis["stockout_days"], basis["listed_days"])


def stockout_rate_by_views(basis: Basis) -> FloatArray:
    """Page views that met an empty shelf / page views."""
    return ratio(basis["views_out"], basis["views"])


def average_inventory_value(basis: Basis) -> FloatArray:
    """Mean over days of the closing inventory at moving-average cost."""
    return ratio(basis["value_days"], basis.days)


def peak_inventory_value(basis: Basis) -> FloatArray:
    """Highest closing inventory at cost of a day."""
    return basis.peak_value


def average_inventory_units(basis: Basis) -> FloatArray:
    """Mean over days of the closing stock."""
    return ratio(basis["unit_days"], basis.days)


def working_capital(basis: Basis) -> FloatArray:
    """Average inventory at cost, plus prepayments, less payment terms, per day."""
    return ratio(basis["value_days"] + basis["payable_value_days"], basis.days)


def revenue(basis: Basis) -> FloatArray:
    """Σ sold x price."""
    return basis["revenue"]


def gross_margin(basis: Basis) -> FloatArray:
    """Revenue less moving-average cost of goods sold."""
    return basis["revenue"] - basis["cost_of_goods_sold"]


def lost_margin(basis: Basis) -> FloatArray:
    """Σ lost x (price - landed replacement cost)."""
    return basis["lost_revenue"] - basis["lost_cost"]


def holding_cost(basis: Basis) -> FloatArray:
    """Holding rate x average inventory value x years; without capital cost."""
    return basis.rates.holding_rate * average_inventory_value(basis) * years(basis)


def ordering_cost(basis: Basis) -> FloatArray:
    """Order cost x (supplier, day) + line costs."""
    return basis.order_costs + basis["line_costs"]


def fixed_order_cost(basis: Basis) -> FloatArray:
    """Order cost x (supplier, day), without line costs."""
    return basis.order_costs


def write_offs(basis: Basis) -> FloatArray:
    """Expired and shrunk stock, and stock at the end beyond the write-down cover, written down to salvage."""
    return basis["write_offs"] + basis["write_down"]


def profit(basis: Basis) -> FloatArray:
    """Gross margin less holding, ordering and write-offs."""
    return gross_margin(basis) - holding_cost(basis) - ordering_cost(basis) - write_offs(basis)


def economic_profit(basis: Basis) -> FloatArray:
    """Profit less the cost of the working capital over the window."""
    return profit(basis) - basis.rates.capital_rate * working_capital(basis) * years(basis)


def turns(basis: Basis) -> FloatArray:
    """Annualised cost of goods sold / average inventory value."""
    return ratio(basis["cost_of_goods_sold"] / years(basis), average_inventory_value(basis))


def days_of_supply(basis: Basis) -> FloatArray:
    """Days of a year / turns."""
    return ratio(np.full(np.shape(turns(basis)), float(DAYS_PER_YEAR)), turns(basis))


def gmroi(basis: Basis) -> FloatArray:
    """Annualised gross margin / average inventory value."""
    return ratio(gross_margin(basis) / years(basis), average_inventory_value(basis))


def orders(basis: Basis) -> FloatArray:
    """Purchase orders: distinct (supplier, day)."""
    return basis.orders


def order_lines(basis: Basis) -> FloatArray:
    """SKU rows on purchase orders."""
    return basis["lines"]


def spend(basis: Basis) -> FloatArray:
    """Value received from purchase orders."""
    return basis["spend"]


def mean_order_value(basis: Basis) -> FloatArray:
    """Value received / purchase orders."""
    return ratio(basis["spend"], basis.orders)


def excess_value(basis: Basis) -> FloatArray:
    """Stock at the end beyond the cover that serves as yardstick for all, at cost."""
    return basis["excess_value"]


def dead_stock_value(basis: Basis) -> FloatArray:
    """Stock at the end without a sale for 180 days, at cost."""
    return basis["dead_stock_value"]


def units_demanded(basis: Basis) -> FloatArray:
    """Units asked for."""
    return basis["demanded"]


def units_sold(basis: Basis) -> FloatArray:
    """Units sold on the day they were asked for."""
    return basis["sold"]


def units_lost(basis: Basis) -> FloatArray:
    """Units not served on the day."""
    return basis["lost"]


Figure = Callable[[Basis], FloatArray]

RATIOS: tuple[Figure, ...] = (
    fill_rate, cycle_service_level, in_stock_rate, stockout_rate, stockout_rate_by_views, turns, days_of_supply, gmroi,
)  # fmt: skip
COUNTS: tuple[Figure, ...] = (units_demanded, units_sold, units_lost, average_inventory_units, orders, order_lines)
MONEY: tuple[Figure, ...] = (
    economic_profit, profit, working_capital, gross_margin, revenue, lost_margin, average_inventory_value,
    peak_inventory_value, holding_cost, ordering_cost, fixed_order_cost, write_offs, spend, mean_order_value,
    excess_value, dead_stock_value,
)  # fmt: skip


def all_figures(basis: Basis, minor_per_major: int) -> dict[str, FloatArray]:
    """Every figure by name; money in major units."""
    money = {figure.__name__: figure(basis) / minor_per_major for figure in MONEY}
    return money | {figure.__name__: figure(basis) for figure in (*RATIOS, *COUNTS)}
