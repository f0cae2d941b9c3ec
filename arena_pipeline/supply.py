"""What is assumed of supply where the shop's logs do not say it: offers for items without one, purchases seen in stock.

Nothing here is written to the logs; the world is built with it, and the scenario says how much of it there is.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from arena_pipeline.settings import SupplySettings
from engine.scenario.build import ShopHistory, ShopTables
from engine.schema import Axes

ASSUMED = "assumed supplier"


@dataclass(frozen=True)
class Supply:
    """Tables and history to build the world from.

    Attributes:
        offers_assumed: items that got an offer.
        purchases_inferred: order lines made of increases of the stock record.
    """

    tables: ShopTables
    history: ShopHistory
    offers_assumed: int = 0
    purchases_inferred: int = 0


def completed(tables: ShopTables, history: ShopHistory, axes: Axes, assumed: SupplySettings) -> Supply:
    """Fill in what `supply` in the settings allows, and purchases where the shop logs none."""
    offered = tables
    count = 0
    if assumed.assume_offers:
        offered, count = _with_offers(tables, assumed)
    if tables.purchase_orders.height or not (history.adjustments > 0).any():
        return Supply(offered, history, count)
    orders, left = _purchases(history, offered, axes, assumed)
    return Supply(replace(offered, purchase_orders=orders), replace(history, adjustments=left), count, orders.height)


def _with_offers(tables: ShopTables, assumed: SupplySettings) -> tuple[ShopTables, int]:
    """An offer of one unit or more at the known cost, else a share of the price, for every item without an offer."""
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
    return replace(
        tables,
        supplier_offers=_appended(tables.supplier_offers, offers),
        suppliers=_appended(known, supplier),
    ), without.height


def _purchases(
    history: ShopHistory, tables: ShopTables, axes: Axes, assumed: SupplySettings
) -> tuple[pl.DataFrame, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Increases of the stock record as order lines received that day, and the adjustments that are left."""
    sku, day = np.nonzero(history.adjustments > 0)
    offers = tables.supplier_offers.sort("item_id", "unit_cost", "supplier_id").group_by("item_id", maintain_order=True)
    first = offers.first().select("item_id", "supplier_id", "unit_cost", "lead_time_days")
    times = tables.suppliers.select("supplier_id", of_supplier=pl.col("lead_time_days").cast(pl.Float64))
    received = pl.Series("received_date", day).cast(pl.Int64)
    days = pl.col("lead").cast(pl.Int64)
    lines = (
        pl.DataFrame({"item_id": [axes.items[number] for number in sku], "received_date": received})
        .with_columns(received_date=pl.lit(axes.first_day) + pl.duration(days=pl.col("received_date")))
        .with_columns(pl.col("received_date").cast(pl.Date), order_quantity=history.adjustments[sku, day])
        .join(first, on="item_id", how="left", maintain_order="left")
        .join(times, on="supplier_id", how="left", maintain_order="left")
        .with_columns(lead=pl.coalesce("lead_time_days", "of_supplier", pl.lit(float(assumed.lead_time_days))))
        .with_columns(order_date=pl.col("received_date") - pl.duration(days=days.clip(1)))
        .with_columns(expected_date="received_date", received_quantity="order_quantity")
        .with_columns(
            pl.col("supplier_id").fill_null(ASSUMED),
            pl.col("order_quantity").cast(pl.Int64),
            order_number=pl.format("seen-{}-{}", "received_date", "item_id"),
        )
    )
    left = np.where(history.adjustments > 0, 0, history.adjustments)
    return _appended(tables.purchase_orders, lines), left


def _appended(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows below a table, in its columns and types; columns they lack are null."""
    columns = [
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in table.schema.items()
    ]
    return pl.concat([table, rows.select(columns)])
