"""What the shop itself ordered: open orders at the start, launch receipts, and the orders that ``actual`` replays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.plan import Orders
from engine.scenario.world import OpeningOrders
from engine.schema import Axes

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """The shop's own purchase orders, by what they are to a replay.

    Attributes:
        opening: placed before day 0 and received after; the same for every strategy.
        launches: (sku, day, quantity, amount) received before an item's first orderable day: exogenous stock.
        actual: placed within the window.
        lead_times: (supplier, promised, realised) days of every line received.
    """

    opening: OpeningOrders
    launches: pl.DataFrame
    actual: Orders
    lead_times: pl.DataFrame


def split_purchases(
    orders: pl.DataFrame, line_costs: pl.DataFrame, supplier_names: tuple[str, ...], axes: Axes, listed_from: IntArray
) -> Purchases:
    """Sort the received lines of the shop's purchase orders.

    Args:
        orders: ``logs.purchase_orders``.
        line_costs: ``sku, supplier, line_cost`` of the offers, minor units.
        supplier_names: sorted ids; lines of other suppliers keep supplier -1.
        listed_from: (S,) first listed day; receipts up to it of items launched within the window are launch stock.
    """
    cost_of_line = line_costs.group_by("sku", "supplier").agg(pl.col("line_cost").min())
    lines = _received(orders, supplier_names, axes).join(
        cost_of_line, on=["sku", "supplier"], how="left", maintain_order="left"
    )
    launched = pl.Series(listed_from)[lines["sku"].cast(pl.Int64)] if lines.height else pl.Series([], dtype=pl.Int64)
    lines = lines.with_columns(listed_from=launched, line_cost=pl.col("line_cost").fill_null(0))
    is_launch = (pl.col("listed_from") > 0) & (pl.col("arrives_on") <= pl.col("listed_from"))
    launches = lines.filter(is_launch & (pl.col("arrives_on") >= 0))
    rest = lines.filter(~is_launch & (pl.col("arrives_on") >= 0))
    before = pl.col("ordered_on") < 0
    return Purchases(
        opening=OpeningOrders(**_columns(rest.filter(before).sort("sku", "arrives_on", "order_number"))),
        launches=launches.select("sku", day="arrives_on", quantity="quantity", amount="unit_cost"),
        actual=Orders(**_columns(rest.filter(~before).sort("sku", "ordered_on", "arrives_on", "order_number"))),
        lead_times=lines.select("supplier", "promised", "realised"),
    )


def _received(orders: pl.DataFrame, supplier_names: tuple[str, ...], axes: Axes) -> pl.DataFrame:
    first_day = pl.lit(axes.first_day)
    return (
        orders.filter(pl.col("received_date").is_not_null())
        .with_columns(
            sku=pl.col("item_id").cast(pl.Enum(axes.items), strict=False).to_physical().cast(pl.Int64),
            supplier=pl.col("supplier_id").cast(pl.Enum(supplier_names), strict=False).to_physical().cast(pl.Int64),
            arrives_on=(pl.col("received_date") - first_day).dt.total_days(),
            ordered_on=(pl.col("order_date") - first_day).dt.total_days(),
            quantity=pl.coalesce("received_quantity", "order_quantity").cast(pl.Int64),
            promised=(pl.col("expected_date") - pl.col("order_date")).dt.total_days(),
            realised=(pl.col("received_date") - pl.col("order_date")).dt.total_days(),
        )
        .filter(pl.col("sku").is_not_null() & (pl.col("quantity") > 0))
        .with_columns(
            supplier=pl.col("supplier").fill_null(-1),
            # The tick's shortest lead time is a day: goods fetched the same day were decided the day before.
            ordered_on=pl.min_horizontal("ordered_on", pl.col("arrives_on") - 1),
            unit_cost=pl.col("unit_cost").cast(pl.Int64).fill_null(0),
        )
    )


def _columns(lines: pl.DataFrame) -> dict[str, IntArray]:
    names = ("sku", "supplier", "ordered_on", "arrives_on", "quantity", "unit_cost", "line_cost")
    return {name: lines[name].cast(pl.Int64).to_numpy().copy() for name in names}
