"""Worlds built from small tables as a shop would bring them."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from engine.scenario.build import ShopHistory, ShopTables, build_world
from engine.schema import Axes
from engine.settings import CostRates, WindowSettings

FIRST, DAYS, ITEMS = date(2024, 1, 1), 28, ("apple", "bread", "cheese")  # a Monday
AXES = Axes(ITEMS, FIRST, DAYS)
RATES = CostRates(order_cost=777, line_cost=55, salvage_share=0.3)
WINDOW = WindowSettings(warm_up_days=7, fold_days=7)

PRODUCTS = {
    "item_id": pl.String, "item_category": pl.String, "unit_cost": pl.Int64, "shelf_life_days": pl.Int32,
    "salvage_value": pl.Int64, "min_stock": pl.Int64, "max_stock": pl.Int64, "do_not_order": pl.Boolean,
}  # fmt: skip
SUPPLIERS = {
    "supplier_id": pl.String, "lead_time_days": pl.Int32, "order_cost": pl.Int64, "order_weekdays": pl.String,
    "holidays": pl.String, "payment_terms_days": pl.Int32, "prepayment_share": pl.Float64,
    "min_order_value": pl.Int64,
}  # fmt: skip
OFFERS = {
    "supplier_id": pl.String, "item_id": pl.String, "unit_cost": pl.Int64, "min_quantity": pl.Int64,
    "min_order_quantity": pl.Int64, "order_multiple": pl.Int64, "line_cost": pl.Int64, "lead_time_days": pl.Float64,
    "lead_time_std_days": pl.Float64, "valid_from": pl.Date, "valid_to": pl.Date,
}  # fmt: skip
PURCHASES = {
    "order_number": pl.String, "supplier_id": pl.String, "item_id": pl.String, "order_date": pl.Date,
    "order_quantity": pl.Int64, "expected_date": pl.Date, "received_date": pl.Date, "received_quantity": pl.Int64,
    "unit_cost": pl.Int64,
}  # fmt: skip


def frame(schema, rows):
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def day(index):
    return FIRST + timedelta(days=index)


def purchase(number, item, ordered, received, units, **more):
    return {
        "order_number": f"PO{number}", "supplier_id": "acme", "item_id": item, "order_date": day(ordered),
        "order_quantity": units, "expected_date": day(ordered + 5), "received_date": day(received),
        "received_quantity": units, "unit_cost": 80, **more,
    }  # fmt: skip


def world(*, products=(), suppliers=None, offers=None, purchases=(), window=WINDOW, seed=5, **history):
    tables = ShopTables(
        frame(PRODUCTS, products or [{"item_id": item} for item in ITEMS]),
        frame(SUPPLIERS, [{"supplier_id": "acme"}] if suppliers is None else suppliers),
        frame(OFFERS, [{"supplier_id": "acme", "item_id": "apple", "unit_cost": 100}] if offers is None else offers),
        frame(PURCHASES, purchases),
    )
    zeros = np.zeros((len(ITEMS), DAYS), np.int64)
    known = {
        "demand": zeros, "price": zeros + 300, "views": zeros, "listed": zeros == 0, "adjustments": zeros,
        "opening_on_hand": np.zeros(len(ITEMS), np.int64),
    }  # fmt: skip
    return build_world(AXES, tables, ShopHistory(**(known | history)), RATES, window, seed)
