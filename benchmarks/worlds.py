"""Worlds of a given size for benchmarks: Poisson demand, one offer per SKU, levels re-planned on a schedule."""

from datetime import date

import numpy as np

from engine.plan import UNLIMITED, Levels
from engine.randomness import sku_keys
from engine.scenario import Catalogue, DayTable, LeadTimes, OfferTable, OpeningOrders, Scenario, SupplierTable
from engine.schema import Axes

LEAD_TIME = 14


def demand_matrix(skus: int, days: int, mean: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rates (S,) of a log-normal long tail with the given mean, and Poisson demand (S, T)."""
    random = np.random.default_rng(seed)
    rate = random.lognormal(np.log(mean) - 0.5, 1.0, skus)
    return rate, random.poisson(rate[:, None], (skus, days)).astype(np.int32)


def world(demand: np.ndarray, *, lead_time: int = LEAD_TIME, unit_cost: int = 1000, parts: int = 1) -> Scenario:
    """A scenario around a demand matrix: every supplier open daily, fixed lead time, no packs."""
    skus, days = demand.shape
    zeros, ones = np.zeros(skus, np.int64), np.ones(skus, np.int64)
    sku, day = np.nonzero(demand)
    items = tuple(f"{index:07d}" for index in range(skus))
    nothing = np.zeros(0, np.int64)
    first = np.arange(skus + 1, dtype=np.int64)
    return Scenario(
        axes=Axes(items, date(2023, 1, 1), days),
        catalogue=Catalogue(
            category=np.arange(skus, dtype=np.int64) % 20, category_names=tuple(f"c{index:02d}" for index in range(20)),
            primary_supplier=zeros, listed_from=zeros, listed_until=zeros + days, shelf_life=zeros,
            salvage_value=zeros + unit_cost // 3, replacement_cost=zeros + unit_cost, waiting_share_u6=zeros,
            opening_on_hand=zeros, opening_value=zeros, min_stock=zeros, max_stock=zeros + UNLIMITED,
            do_not_order=zeros, key=sku_keys(items),
        ),
        suppliers=SupplierTable(
            ("supplier",), np.arange(days, dtype=np.int64)[None, :].copy(), np.array([500]), np.array([0]), np.array([30])
        ),
        offers=OfferTable(
            first, np.arange(skus, dtype=np.int64), zeros, ones, ones, zeros + unit_cost, zeros + 50,
            zeros + lead_time, zeros, zeros, zeros + days,
        ),
        lead_times=LeadTimes(
            np.array([[lead_time]]), np.zeros((1, days), np.int64), np.arange(days + lead_time + 2, dtype=np.int64)
        ),
        demand=DayTable(
            np.searchsorted(sku, np.arange(skus + 1)).astype(np.int64), sku.astype(np.int64), day.astype(np.int64),
            demand[sku, day].astype(np.int64), np.full(len(sku), 2 * unit_cost, np.int64),
        ),
        views=np.zeros((skus, days), np.int32),
        adjustments=DayTable(np.zeros(skus + 1, np.int64), nothing, nothing, nothing, nothing),
        opening_orders=OpeningOrders(nothing, nothing, nothing, nothing, nothing, nothing, nothing),
        part_ends=np.linspace(days / parts, days, parts).astype(np.int64),
        seed=0,
    )  # fmt: skip


def levels(rate: np.ndarray, days: int, *, every: int = 28, lead_time: int = LEAD_TIME) -> Levels:
    """(s, S): mean lead-time demand plus 1.64 standard deviations, and a month on top; the same on every date."""
    dates = np.arange(0, days, every, dtype=np.int64)
    point = np.ceil(rate * lead_time + 1.64 * np.sqrt(rate * lead_time)).astype(np.int64)
    up_to = point + np.maximum(1, np.ceil(rate * 30)).astype(np.int64)
    shape = (len(dates), len(rate))
    constant = {
        name: np.full(shape, value, np.int64)
        for name, value in (("order_quantity", 0), ("review_period", 1), ("carry_u6", 0), ("supplier", 0),
                            ("lead_time", lead_time), ("max_position", UNLIMITED))
    }  # fmt: skip
    return Levels(
        days=dates, reorder_point=np.tile(point, (len(dates), 1)), order_up_to=np.tile(up_to, (len(dates), 1)), **constant
    )
