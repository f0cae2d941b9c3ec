"""Worlds of a given size for benchmarks: Poisson demand, levels re-planned on a schedule, what a planner may know."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.forecast import OrderHistory
from engine.plan import UNLIMITED, Levels, Orders
from engine.randomness import sku_keys
from engine.scenario import Catalogue, DayTable, LeadTimes, Limits, OfferTable, OpeningOrders, Scenario, SupplierTable
from engine.schema import MICRO, Axes
from engine.settings import CostRates
from engine.simulation import simulate
from engine.strategies import Information
from engine.strategies.build import KnownHistory, gather_information, replanning_days

LEAD_TIME = 14
FIRST_DAY = date(2023, 1, 1)
CATEGORIES = 20


@dataclass(frozen=True)
class Supply:
    """How the shop of a world is supplied.

    Attributes:
        suppliers: SKUs take turns among them; all are open daily.
        lead_time: mean days; ``spread``: lead times are uniform within that many days of it.
        breaks: price-break rows per SKU; each next one starts at twelve units more and costs 4 % less.
        opening: units on hand at the start, (S,) or one number for all.
        waiting_share_u6: part of unserved demand that waits.
    """

    suppliers: int = 1
    lead_time: int = LEAD_TIME
    spread: int = 0
    breaks: int = 1
    opening: np.ndarray | int = 0
    waiting_share_u6: int = 0
    unit_cost: int = 1000


def demand_matrix(skus: int, days: int, mean: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rates (S,) of a log-normal long tail with the given mean, and Poisson demand (S, T)."""
    random = np.random.default_rng(seed)
    rate = random.lognormal(np.log(mean) - 0.5, 1.0, skus)
    return rate, random.poisson(rate[:, None], (skus, days)).astype(np.int32)


def world(demand: np.ndarray, supply: Supply = Supply(), *, parts: int = 1) -> Scenario:
    """A scenario around a demand matrix (S, T)."""
    skus, days = demand.shape
    zeros, cost = np.zeros(skus, np.int64), supply.unit_cost
    items = tuple(f"{index:07d}" for index in range(skus))
    nothing = np.zeros(0, np.int64)
    opening = zeros + supply.opening
    return Scenario(
        axes=Axes(items, FIRST_DAY, days),
        catalogue=Catalogue(
            category=np.arange(skus, dtype=np.int64) % CATEGORIES,
            category_names=tuple(f"c{index:02d}" for index in range(CATEGORIES)),
            primary_supplier=np.arange(skus, dtype=np.int64) % supply.suppliers, listed_from=zeros,
            listed_until=zeros + days, shelf_life=zeros, salvage_value=zeros + cost // 3, replacement_cost=zeros + cost,
            waiting_share_u6=zeros + supply.waiting_share_u6, opening_on_hand=opening, opening_value=opening * cost,
            min_stock=zeros, max_stock=zeros + UNLIMITED, do_not_order=zeros, key=sku_keys(items),
        ),
        suppliers=SupplierTable(
            tuple(f"s{index:03d}" for index in range(supply.suppliers)),
            np.tile(np.arange(days, dtype=np.int64), (supply.suppliers, 1)),
            *(np.full(supply.suppliers, value, np.int64) for value in (500, 0, 30)),
        ),
        offers=_offers(skus, days, supply),
        lead_times=_lead_times(days, supply),
        demand=day_table(demand, 2 * cost),
        views=np.zeros((skus, days), np.int32),
        adjustments=DayTable(np.zeros(skus + 1, np.int64), nothing, nothing, nothing, nothing),
        opening_orders=OpeningOrders(nothing, nothing, nothing, nothing, nothing, nothing, nothing),
        part_ends=np.linspace(days / parts, days, parts).astype(np.int64),
        limits=Limits(np.zeros(supply.suppliers, np.int64)),
        seed=0,
    )  # fmt: skip


def day_table(demand: np.ndarray, price: int) -> DayTable:
    """Sparse rows of a demand matrix, all at one price."""
    sku, day = np.nonzero(demand)
    return DayTable(
        np.searchsorted(sku, np.arange(len(demand) + 1)).astype(np.int64), sku.astype(np.int64), day.astype(np.int64),
        demand[sku, day].astype(np.int64), np.full(len(sku), price, np.int64),
    )  # fmt: skip


def _offers(skus: int, days: int, supply: Supply) -> OfferTable:
    sku = np.repeat(np.arange(skus, dtype=np.int64), supply.breaks)
    step = np.tile(np.arange(supply.breaks, dtype=np.int64), skus)
    zeros = np.zeros(len(sku), np.int64)
    return OfferTable(
        first_row=np.arange(skus + 1, dtype=np.int64) * supply.breaks, sku=sku, supplier=sku % supply.suppliers,
        smallest_quantity=1 + 12 * step, multiple=zeros + 1, unit_cost=supply.unit_cost * (100 - 4 * step) // 100,
        line_cost=zeros + 50, lead_time=zeros + supply.lead_time, distribution=zeros, valid_from=zeros,
        valid_until=zeros + days,
    )  # fmt: skip


def _lead_times(days: int, supply: Supply) -> LeadTimes:
    quantiles = np.arange(-supply.spread, supply.spread + 1, dtype=np.int64)[None, :] + supply.lead_time
    draws = np.random.default_rng(1).integers(0, quantiles.shape[1], (supply.suppliers, days))
    return LeadTimes(quantiles, draws, np.arange(days + int(quantiles.max()) + 1, dtype=np.int64))


def points(rate: np.ndarray, lead_time: int = LEAD_TIME) -> tuple[np.ndarray, np.ndarray]:
    """(s, S) per SKU: mean lead-time demand plus 1.64 standard deviations, and a month on top."""
    point = np.ceil(rate * lead_time + 1.64 * np.sqrt(rate * lead_time)).astype(np.int64)
    return point, point + np.maximum(1, np.ceil(rate * 30)).astype(np.int64)


def levels(rate: np.ndarray, days: int, *, every: int = 28, lead_time: int = LEAD_TIME) -> Levels:
    """The (s, S) of ``points``, set anew on every date, to the same values."""
    return fixed_levels(*points(rate, lead_time), np.arange(0, days, every, dtype=np.int64), lead_time)


def fixed_levels(point: np.ndarray, up_to: np.ndarray, dates: np.ndarray, lead_time: int) -> Levels:
    """(s, S) per SKU on every date, reviewed daily."""
    shape = (len(dates), len(point))
    constant = {
        name: np.broadcast_to(np.int64(value), shape)
        for name, value in (("order_quantity", 0), ("review_period", 1), ("carry_u6", 0), ("supplier", 0),
                            ("lead_time", lead_time), ("max_position", UNLIMITED), ("priority_u6", 0))
    }  # fmt: skip
    return Levels(
        days=dates,
        reorder_point=np.tile(point, (len(dates), 1)),
        order_up_to=np.tile(up_to, (len(dates), 1)),
        **constant,
    )


def order_history(demand: np.ndarray) -> OrderHistory:
    """First-vintage history of a shop that was never out of stock: one order per unit."""
    units = demand.astype(np.float64)
    return OrderHistory(
        units, np.ones_like(units), units, units, np.arange(len(demand), dtype=np.int64) % CATEGORIES,
        FIRST_DAY.weekday(),
    )  # fmt: skip


def known_history(demand: np.ndarray, price: int) -> KnownHistory:
    """The same, with as-of demand and prices."""
    return KnownHistory(
        order_history(demand), demand.astype(np.int64) * MICRO, np.zeros(demand.shape, np.int64),
        np.full(demand.shape, price, np.int64),
    )  # fmt: skip


def information(scenario: Scenario, known: KnownHistory, rate: np.ndarray, rates: CostRates, every: int) -> Information:
    """What strategies plan from, forecast included; the shop's own run is an (s, S) plan at the rates (S,)."""
    skus, days = scenario.axes.shape
    sku = np.arange(skus, dtype=np.int64)
    own = Orders(
        sku, sku % days, sku % days + 1, sku * 0 + 1, sku * 0 + 1, sku * 0, scenario.catalogue.primary_supplier
    )  # fmt: skip
    run = simulate(scenario, levels(rate, days, every=every))
    return gather_information(scenario, known, own, run, rates, replanning_days(days, every))
