"""What is assumed of supply, on tables worked out by hand."""

from datetime import date

import numpy as np
import polars as pl

from arena_pipeline.settings import SupplySettings
from arena_pipeline.supply import ASSUMED, completed
from engine.scenario.build import ShopHistory, ShopTables
from engine.schema import Axes

AXES = Axes(("A", "B"), date(2024, 1, 1), 20)
PRODUCTS = pl.DataFrame(
    {"item_id": ["A", "B", "C"], "price": [1001, 500, 300], "unit_cost": [None, 200, None]},
    schema_overrides={"unit_cost": pl.Int64},
)
SUPPLIERS = pl.DataFrame({"supplier_id": ["S"], "lead_time_days": [5]}, schema_overrides={"lead_time_days": pl.Int32})
OFFERS = pl.DataFrame(
    {"supplier_id": ["S"], "item_id": ["C"], "unit_cost": [120], "lead_time_days": [None], "min_quantity": [6]},
    schema_overrides={"lead_time_days": pl.Float64},
)
PURCHASES = pl.DataFrame(
    schema={
        "order_number": pl.String, "supplier_id": pl.String, "item_id": pl.String, "order_date": pl.Date,
        "order_quantity": pl.Int64, "expected_date": pl.Date, "received_date": pl.Date, "received_quantity": pl.Int64,
        "unit_cost": pl.Int64,
    }
)  # fmt: skip


def tables(purchases=PURCHASES):
    return ShopTables(PRODUCTS, SUPPLIERS, OFFERS, purchases)


def history(adjustments=()):
    found = np.zeros((2, 20), np.int64)
    for sku, day, units in adjustments:
        found[sku, day] = units
    none = np.zeros((2, 20), np.int64)
    return ShopHistory(none, none, none, none > -1, found, np.zeros(2, np.int64))


def test_nothing_is_assumed_unless_allowed():
    supply = completed(tables(), history(), AXES, SupplySettings())
    assert supply.tables.supplier_offers.equals(OFFERS)
    assert (supply.offers_assumed, supply.purchases_inferred) == (0, 0)


def test_items_without_an_offer_get_one_at_their_cost_or_a_share_of_the_price():
    supply = completed(tables(), history(), AXES, SupplySettings(assume_offers=True, cost_share=0.4, lead_time_days=9))
    assert supply.offers_assumed == 2
    assert supply.tables.supplier_offers.rows() == [
        ("S", "C", 120, None, 6),
        (ASSUMED, "A", 400, 9.0, None),
        (ASSUMED, "B", 200, 9.0, None),
    ]
    assert supply.tables.suppliers["supplier_id"].to_list() == ["S", ASSUMED]


def test_increases_of_the_stock_record_are_purchases_where_none_are_logged():
    assumed = SupplySettings(assume_offers=True, lead_time_days=3)
    supply = completed(tables(), history([(0, 10, 7), (1, 12, 5), (1, 13, -2)]), AXES, assumed)
    columns = ("supplier_id", "item_id", "order_date", "received_date", "received_quantity", "unit_cost")
    assert supply.tables.purchase_orders.select(columns).rows() == [
        (ASSUMED, "A", date(2024, 1, 8), date(2024, 1, 11), 7, 500),
        (ASSUMED, "B", date(2024, 1, 10), date(2024, 1, 13), 5, 200),
    ]
    assert supply.history.adjustments.sum() == -2
    assert supply.purchases_inferred == 2


def test_logged_purchases_are_left_alone():
    logged = pl.DataFrame({name: [None] for name in PURCHASES.columns}, schema=PURCHASES.schema)
    supply = completed(tables(logged), history([(0, 10, 7)]), AXES, SupplySettings(assume_offers=True))
    assert supply.tables.purchase_orders.height == 1
    assert supply.history.adjustments.sum() == 7
