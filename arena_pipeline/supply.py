"""What is assumed of supply where the shop's logs do not say it: offers, and purchases seen in stock or made up.

Nothing here is written to the logs; the world is built with it, and `assumptions` tells how much of it there is.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline.rule_of_thumb import bought_by_rule
from arena_pipeline.settings import SupplySettings
from engine.scenario.build import ShopHistory, ShopTables
from engine.schema import Axes

IntArray = NDArray[np.int64]
ASSUMED = "assumed supplier"
RECORDED_SHARE = 0.5
"""Share of listed days with known stock from which increases of the stock record tell an item's purchases."""


@dataclass(frozen=True)
class Supply:
    """Tables and history to build the world from.

    Attributes:
        offers_assumed: items that got an offer.
        costs_assumed: those of them whose unit cost is a share of the price.
        purchases_inferred: order lines made of increases of the stock record.
        items_by_rule: items whose purchases are a rule of thumb's.
    """

    tables: ShopTables
    history: ShopHistory
    offers_assumed: int = 0
    costs_assumed: int = 0
    purchases_inferred: int = 0
    items_by_rule: int = 0


def completed(
    tables: ShopTables, history: ShopHistory, axes: Axes, assumed: SupplySettings, stock_known: NDArray[np.bool_]
) -> Supply:
    """Fill in what `supply` in the settings allows, and purchases where the shop logs none.

    Args:
        tables, history: of the shop; ``stock_known``: (S, T) SKU-days that a stock record reaches.
    """
    given = Supply(tables, history)
    if assumed.assume_offers:
        given = _with_offers(given, assumed)
    if tables.purchase_orders.height:
        return given
    listed_days = np.maximum(history.listed.sum(axis=1), 1)
    recorded = (stock_known & history.listed).sum(axis=1) >= RECORDED_SHARE * listed_days
    return _with_purchases(given, axes, assumed, recorded)


def with_offers(tables: ShopTables, assumed: SupplySettings) -> ShopTables:
    """The tables, with an assumed offer for every item without one where `supply` allows it."""
    return _with_offers(Supply(tables, _NOTHING), assumed).tables if assumed.assume_offers else tables


_NONE = np.zeros((0, 0), np.int64)
_NOTHING = ShopHistory(_NONE, _NONE, _NONE, _NONE > 0, _NONE, np.zeros(0, np.int64))


def _with_offers(given: Supply, assumed: SupplySettings) -> Supply:
    """An offer of one unit or more at the known cost, else a share of the price, for every item without an offer."""
    tables = given.tables
    without = tables.products.join(tables.supplier_offers.select("item_id"), on="item_id", how="anti").sort("item_id")
    share = (pl.col("price").cast(pl.Float64) * assumed.cost_share).round().cast(pl.Int64)
    offers = without.select(
        pl.lit(ASSUMED).alias("supplier_id"),
        "item_id",
        unit_cost=pl.coalesce(pl.col("unit_cost"), share),
        lead_time_days=pl.lit(float(assumed.lead_time_days)),
    )
    supplier = pl.DataFrame({"supplier_id": [ASSUMED] if without.height else []}, schema={"supplier_id": pl.String})
    known = tables.suppliers.filter(pl.col("supplier_id") != ASSUMED)
    completed_tables = replace(
        tables,
        supplier_offers=_appended(tables.supplier_offers, offers),
        suppliers=_appended(known, supplier),
    )
    costs = without["unit_cost"].null_count()
    return replace(given, tables=completed_tables, offers_assumed=without.height, costs_assumed=costs)


def _with_purchases(given: Supply, axes: Axes, assumed: SupplySettings, recorded: NDArray[np.bool_]) -> Supply:
    """Increases of the stock record as order lines received that day; a rule of thumb's where no record tells."""
    history, tables = given.history, given.tables
    increases = np.where(recorded[:, None], np.maximum(history.adjustments, 0), 0)
    sku, received = np.nonzero(increases)
    lead_time = _lead_times(tables, axes, assumed)
    by_rule = ~recorded & (history.demand.sum(axis=1) > 0)
    bought = bought_by_rule(
        np.where(by_rule[:, None], history.demand, 0), history.listed, history.opening_on_hand, lead_time
    )
    lines = _order_lines(
        given.tables, axes,
        sku=np.concatenate([sku, bought.sku]),
        ordered=np.concatenate([received - lead_time[sku], bought.ordered_on]),
        received=np.concatenate([received, bought.ordered_on + lead_time[bought.sku]]),
        quantity=np.concatenate([increases[sku, received], bought.quantity]),
    )  # fmt: skip
    left = np.where(recorded[:, None], np.minimum(history.adjustments, 0), 0)
    return replace(
        given,
        tables=replace(tables, purchase_orders=_appended(tables.purchase_orders, lines)),
        history=replace(history, adjustments=left),
        purchases_inferred=len(sku),
        items_by_rule=int(by_rule.sum()),
    )


def _first_offers(tables: ShopTables) -> pl.DataFrame:
    """The cheapest offer of each item: ``item_id, supplier_id, unit_cost, lead_time_days, of_supplier``."""
    times = tables.suppliers.select("supplier_id", of_supplier=pl.col("lead_time_days").cast(pl.Float64))
    offers = tables.supplier_offers.sort("item_id", "unit_cost", "supplier_id").group_by("item_id", maintain_order=True)
    first = offers.first().select("item_id", "supplier_id", "unit_cost", "lead_time_days")
    return first.join(times, on="supplier_id", how="left", maintain_order="left")


def _lead_times(tables: ShopTables, axes: Axes, assumed: SupplySettings) -> IntArray:
    """Whole days of each SKU's cheapest offer, (S,), at least 1."""
    items = pl.DataFrame({"item_id": list(axes.items)}, schema={"item_id": pl.String})
    rows = items.join(_first_offers(tables), on="item_id", how="left", maintain_order="left")
    days = rows.select(pl.coalesce("lead_time_days", "of_supplier", pl.lit(float(assumed.lead_time_days))))
    return days.to_series().cast(pl.Int64).clip(1).to_numpy().copy()


def _order_lines(
    tables: ShopTables, axes: Axes, *, sku: IntArray, ordered: IntArray, received: IntArray, quantity: IntArray
) -> pl.DataFrame:
    """Purchase order lines at the cheapest offer, sorted by item and day."""
    first = _first_offers(tables).select("item_id", "supplier_id", "unit_cost")
    order = np.lexsort((received, sku))
    return (
        pl.DataFrame(
            {
                "item_id": pl.Series([axes.items[number] for number in sku[order].tolist()], dtype=pl.String),
                "order_date": ordered[order],
                "received_date": received[order],
                "order_quantity": quantity[order],
            }
        )
        .with_columns(
            (pl.lit(axes.first_day) + pl.duration(days=pl.col(name))).cast(pl.Date).alias(name)
            for name in ("order_date", "received_date")
        )
        .join(first, on="item_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("supplier_id").fill_null(ASSUMED),
            expected_date="received_date",
            received_quantity="order_quantity",
            order_number=pl.format("seen-{}-{}", "received_date", "item_id"),
        )
    )


def _appended(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows below a table, in its columns and types; columns they lack are null."""
    columns = [
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in table.schema.items()
    ]
    return pl.concat([table, rows.select(columns)])
