"""Build the frozen world from the shop's tables and its recovered demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import ScenarioError
from engine.plan import UNLIMITED, Orders
from engine.randomness import sku_keys
from engine.scenario.purchases import split_purchases
from engine.scenario.supply import lead_times, offer_table, order_limits, placed_offers, supplier_table
from engine.scenario.world import Catalogue, DayTable, Scenario
from engine.schema import MICRO, Axes
from engine.settings import CostRates, LimitSettings, WindowSettings

IntArray = NDArray[np.int64]
NO_LIMITS = LimitSettings()
IntMatrix = NDArray[np.integer]


@dataclass(frozen=True)
class ShopTables:
    """The shop's own tables as ingested: columns as in the input contract, money in minor units."""

    products: pl.DataFrame
    suppliers: pl.DataFrame
    supplier_offers: pl.DataFrame
    purchase_orders: pl.DataFrame


@dataclass(frozen=True)
class ShopHistory:
    """What the logs say per SKU and day; matrices are (S, T).

    Attributes:
        demand: sampled replay demand, units.
        price: unit price, minor units.
        views: potential page views.
        listed: whether the item was in the catalogue.
        adjustments: units found or lost beside receipts and sales.
        opening_on_hand: (S,) stock at the start of day 0.
    """

    demand: IntMatrix
    price: IntMatrix
    views: IntMatrix
    listed: NDArray[np.bool_]
    adjustments: IntMatrix
    opening_on_hand: IntArray


@dataclass(frozen=True)
class World:
    """A scenario and the shop's own orders in it.

    Attributes:
        lead_times: promised and realised days of the shop's own order lines, to check the draws against.
    """

    scenario: Scenario
    actual: Orders
    lead_times: pl.DataFrame


def build_world(
    axes: Axes, tables: ShopTables, history: ShopHistory, rates: CostRates, window: WindowSettings, seed: int,
    limits: LimitSettings = NO_LIMITS,
) -> World:  # fmt: skip
    """Build the world of a backtest.

    Raises:
        ScenarioError: where the window is too short or sums could overflow.
    """
    suppliers = supplier_table(tables.suppliers, axes, rates)
    placed = placed_offers(tables.supplier_offers, tables.suppliers, axes, rates)
    offers, kinds = offer_table(placed, len(axes.items))
    listed_from, listed_until = listing_bounds(history.listed)
    purchases = split_purchases(tables.purchase_orders, placed, suppliers.names, axes, listed_from)
    catalogue = _catalogue(axes, tables.products, placed, history, (listed_from, listed_until), rates)
    scenario = Scenario(
        axes=axes,
        catalogue=catalogue,
        suppliers=suppliers,
        offers=offers,
        lead_times=lead_times(kinds, suppliers, axes, seed),
        demand=day_table(history.demand, history.price),
        views=np.ascontiguousarray(history.views, np.int32),
        adjustments=_adjustments(history, purchases.launches, catalogue),
        opening_orders=purchases.opening,
        part_ends=part_ends(axes.days, window),
        limits=order_limits(tables.suppliers, limits),
        seed=seed,
    )
    check_bounds(scenario)
    return World(scenario, purchases.actual, purchases.lead_times)


def listing_bounds(listed: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """First listed day and the day after the last one, (S,) each; (0, 0) for an item that never was."""
    days = listed.shape[1]
    ever = listed.any(axis=1)
    first = np.where(ever, listed.argmax(axis=1) if days else 0, 0)
    until = np.where(ever, days - (listed[:, ::-1].argmax(axis=1) if days else 0), 0)
    return first.astype(np.int64), until.astype(np.int64)


def part_ends(days: int, window: WindowSettings) -> IntArray:
    """Ends of warm-up and folds; a remainder shorter than half a fold joins the last one.

    Raises:
        ScenarioError: when no day is left to score.
    """
    if days <= window.warm_up_days:
        raise ScenarioError(
            "the logs must be longer than the warm-up",
            value=f"{days} days",
            place="window",
            remedy=f"Bring more than {window.warm_up_days} days of logs, or set window.warm_up_days lower",
        )
    ends = list(range(window.warm_up_days + window.fold_days, days + 1, window.fold_days))
    if not ends or (days - ends[-1]) * 2 >= window.fold_days:
        ends.append(days)
    ends[-1] = days
    return np.array(([window.warm_up_days] if window.warm_up_days else []) + ends, np.int64)


def day_table(quantity: IntMatrix, amount: IntMatrix) -> DayTable:
    """Sparse table of the cells that are not zero."""
    sku, day = np.nonzero(quantity)
    return DayTable(
        first_row=np.searchsorted(sku, np.arange(len(quantity) + 1)).astype(np.int64),
        sku=sku.astype(np.int64),
        day=day.astype(np.int64),
        quantity=quantity[sku, day].astype(np.int64),
        amount=amount[sku, day].astype(np.int64),
    )


def _catalogue(
    axes: Axes,
    products: pl.DataFrame,
    placed: pl.DataFrame,
    history: ShopHistory,
    listing: tuple[IntArray, IntArray],
    rates: CostRates,
) -> Catalogue:
    rows = pl.DataFrame({"item_id": list(axes.items)}).join(products, on="item_id", how="left", maintain_order="left")
    category = first_level(rows["item_category"])
    names = tuple(sorted(set(category)))
    primary, cheapest = _cheapest_offers(placed, len(axes.items))
    cost = rows["unit_cost"].cast(pl.Int64).fill_null(-1).to_numpy()
    cost = np.where(cost >= 0, cost, cheapest)
    salvage = rows["salvage_value"].cast(pl.Int64).fill_null(-1).to_numpy()
    opening = np.maximum(history.opening_on_hand, 0).astype(np.int64)
    zeros = np.zeros(len(axes.items), np.int64)
    return Catalogue(
        category=np.searchsorted(np.array(names), np.array(category)).astype(np.int64),
        category_names=names,
        primary_supplier=primary,
        listed_from=listing[0],
        listed_until=listing[1],
        shelf_life=rows["shelf_life_days"].cast(pl.Int64).fill_null(0).to_numpy().copy(),
        salvage_value=np.where(salvage >= 0, salvage, np.rint(cost * rates.salvage_share)).astype(np.int64),
        replacement_cost=np.where(cheapest > 0, cheapest, np.maximum(cost, 0)).astype(np.int64),
        waiting_share_u6=zeros,
        opening_on_hand=opening,
        opening_value=opening * np.maximum(cost, 0),
        min_stock=rows["min_stock"].cast(pl.Int64).fill_null(0).to_numpy().copy(),
        max_stock=rows["max_stock"].cast(pl.Int64).fill_null(UNLIMITED).to_numpy().copy(),
        do_not_order=rows["do_not_order"].fill_null(value=False).cast(pl.Int64).to_numpy().copy(),
        key=sku_keys(axes.items),
    )


def first_level(path: pl.Series) -> list[str]:
    """First level of category paths ``A/B/C``; items without one are ``(none)``."""
    level = path.cast(pl.String).str.split("/").list.first().str.strip_chars()
    return [name or "(none)" for name in level.to_list()]


def _cheapest_offers(placed: pl.DataFrame, skus: int) -> tuple[IntArray, IntArray]:
    """Supplier and unit cost of each SKU's cheapest offer at its smallest quantity; (-1, 0) where there is none.

    Among the offers that were valid first: later ones were not known on day 0.
    """
    placed = placed.filter(pl.col("valid_from") == pl.col("valid_from").min().over("sku"))
    primary, cost = np.full(skus, -1, np.int64), np.zeros(skus, np.int64)
    first = placed.sort("sku", "smallest_quantity", "unit_cost", "supplier").group_by(
        "sku", "supplier", maintain_order=True
    ).first()  # fmt: skip
    best = first.sort("sku", "unit_cost", "supplier").group_by("sku", maintain_order=True).first()
    primary[best["sku"].to_numpy()] = best["supplier"].to_numpy()
    cost[best["sku"].to_numpy()] = best["unit_cost"].to_numpy()
    return primary, cost


def _adjustments(history: ShopHistory, launches: pl.DataFrame, catalogue: Catalogue) -> DayTable:
    """Found and lost units at replacement cost, launch stock at what it cost; one row per SKU and day."""
    quantity = history.adjustments.astype(np.int64)
    amount = np.broadcast_to(catalogue.replacement_cost[:, None], quantity.shape).copy()
    sku, day = launches["sku"].to_numpy(), launches["day"].to_numpy()
    quantity = quantity.copy()
    np.add.at(quantity, (sku, day), launches["quantity"].to_numpy())
    amount[sku, day] = launches["amount"].to_numpy()
    return day_table(quantity, amount)


def check_bounds(scenario: Scenario) -> None:
    """Refuse worlds whose integer sums could overflow, naming the SKU and the product.

    Raises:
        ScenarioError: value-days or landed costs could exceed 62 bits, or page views 31.
    """
    demand, days = scenario.demand, scenario.axes.days
    units = scenario.catalogue.opening_on_hand.astype(float)
    np.add.at(units, demand.sku, demand.quantity.astype(float))
    dearest = scenario.catalogue.replacement_cost.astype(float)
    np.maximum.at(dearest, scenario.offers.sku, scenario.offers.unit_cost.astype(float))
    smallest = np.ones(len(dearest))
    np.maximum.at(smallest, scenario.offers.sku, scenario.offers.smallest_quantity.astype(float))
    price = np.ones(len(dearest))
    np.maximum.at(price, demand.sku, demand.amount.astype(float))
    most = (units + smallest) * np.maximum(dearest, price)
    bounds = {
        "value-days": most * max(days, 1),
        "landed cost": most * MICRO,
        "moving-average cost": most * (units + smallest),
    }
    for name, bound in bounds.items():
        _refuse_beyond(scenario.axes, name, bound, 62, "Check its quantities, prices and unit costs")
    views = scenario.views.sum(axis=1, dtype=np.int64)
    _refuse_beyond(scenario.axes, "page views", views.astype(float), 31, "Check the numbers of views in the logs")


def _refuse_beyond(axes: Axes, name: str, bound: NDArray[np.float64], bits: int, remedy: str) -> None:
    worst = int(np.argmax(bound)) if len(bound) else 0
    if len(bound) and bound[worst] >= 1 << bits:
        raise ScenarioError(
            f"{name} must stay below 2^{bits}", value=f"{bound[worst]:.3g}", place=f"SKU {axes.items[worst]!r}",
            remedy=remedy,
        )  # fmt: skip
