"""What is assumed of supply, on tables worked out by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from arena_pipeline.rule_of_thumb import bought_by_rule
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
EVERY_DAY = np.ones((2, 20), bool)
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
    supply = completed(tables(), history(), AXES, SupplySettings(), EVERY_DAY)
    assert supply.tables.supplier_offers.equals(OFFERS)
    assert (supply.offers_assumed, supply.purchases_inferred) == (0, 0)


def test_items_without_an_offer_get_one_at_their_cost_or_a_share_of_the_price():
    given = SupplySettings(assume_offers=True, cost_share=0.4, lead_time_days=9)
    supply = completed(tables(), history(), AXES, given, EVERY_DAY)
    assert (supply.offers_assumed, supply.costs_assumed) == (2, 1)
    assert supply.tables.supplier_offers.rows() == [
        ("S", "C", 120, None, 6),
        (ASSUMED, "A", 400, 9.0, None),
        (ASSUMED, "B", 200, 9.0, None),
    ]
    assert supply.tables.suppliers["supplier_id"].to_list() == ["S", ASSUMED]


def test_increases_of_the_stock_record_are_purchases_where_none_are_logged():
    assumed = SupplySettings(assume_offers=True, lead_time_days=3)
    supply = completed(tables(), history([(0, 10, 7), (1, 12, 5), (1, 13, -2)]), AXES, assumed, EVERY_DAY)
    columns = ("supplier_id", "item_id", "order_date", "received_date", "received_quantity", "unit_cost")
    assert supply.tables.purchase_orders.select(columns).rows() == [
        (ASSUMED, "A", date(2024, 1, 8), date(2024, 1, 11), 7, 500),
        (ASSUMED, "B", date(2024, 1, 10), date(2024, 1, 13), 5, 200),
    ]
    assert supply.history.adjustments.sum() == -2
    assert supply.purchases_inferred == 2


def test_logged_purchases_are_left_alone():
    logged = pl.DataFrame({name: [None] for name in PURCHASES.columns}, schema=PURCHASES.schema)
    supply = completed(tables(logged), history([(0, 10, 7)]), AXES, SupplySettings(assume_offers=True), ~EVERY_DAY)
    assert supply.tables.purchase_orders.height == 1
    assert supply.history.adjustments.sum() == 7


def test_where_no_record_shows_purchases_a_rule_of_thumb_buys():
    # One unit of A a day. The first review, on day 7, sees seven: trigger 1 x (5 + 14) = 19, order up to 19 + 56.
    demand = np.zeros((2, 20), np.int64)
    demand[0] = 1
    given = replace(history([(0, 10, 7)]), demand=demand, price=demand, views=demand)
    times = SupplySettings(assume_offers=True, lead_time_days=5)
    supply = completed(tables(), given, AXES, times, ~EVERY_DAY)
    columns = ("supplier_id", "item_id", "order_date", "received_date", "received_quantity", "unit_cost")
    assert supply.tables.purchase_orders.select(columns).rows() == [
        (ASSUMED, "A", date(2024, 1, 8), date(2024, 1, 13), 75, 500),
    ]
    assert (supply.items_by_rule, supply.purchases_inferred) == (1, 0)
    assert not supply.history.adjustments.any()


def test_the_rule_of_thumb_orders_again_when_position_falls_to_its_trigger_and_sees_only_the_past():
    demand = np.full((1, 100), 2, np.int64)
    listed = np.ones_like(demand, bool)
    bought = bought_by_rule(demand, listed, np.array([500]), np.array([3]))
    # 2 a day: trigger 2 x 17 = 34, up to 34 + 112 = 146; 500 last until day 232
    assert len(bought.sku) == 0
    bought = bought_by_rule(demand, listed, np.array([100]), np.array([3]))
    # 100 - 2 x (day + 1) <= 34 from day 32 on; the review of day 35 orders 146 - 28; then 146 - 2 x 57 <= 34 on day 91
    assert (bought.ordered_on.tolist(), bought.quantity.tolist()) == ([35, 91], [118, 146 - 34])
    demand[0, 50:] = 9
    again = bought_by_rule(demand, listed, np.array([100]), np.array([3]))
    assert (again.ordered_on[0], again.quantity[0]) == (35, 118)
