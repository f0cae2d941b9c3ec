"""What the demo shop is, counted and in plain words."""

from typing import Any

import numpy as np
import polars as pl

from arena_pipeline.demo.order_book import Setting
from arena_pipeline.demo.order_lines import DAYS, FIRST_DAY, NETTING_DAYS, PROJECT_COVER_DAYS, PROJECT_UNITS, OrderLines
from arena_pipeline.demo.purchasing import Year
from arena_pipeline.demo.traffic import Traffic

LIMITS = (
    "Views are drawn around the true order lines, lost ones included, and the width of that smoothing was chosen "
    "by how well views times conversion gave the lost lines back: how well demand is recovered here is partly "
    "built in, and no evidence for other shops. Opening and launch stock rest on noisy versions of the true "
    "demand of an item's first eight weeks, which also colour the buyer's feel for its first thirteen; order "
    "minimums and packs rest on its true mean volume, listing dates on its first and last true sale. Apart from "
    "that the buyer sees past sales only. The buyer's sense of season was set by hand, knowing the year."
)
MONEY_NOTE = "generated purchasing: no claim about this retailer"
REAL = (
    "Real: the order lines (item, quantity, price, time) of a UK online gift retailer, 1 December 2010 to 9 December"
    " 2011 (Chen, D. (2015), Online Retail, UCI Machine Learning Repository); they are the true demand."
)
SYNTHETIC = (
    "Generated around them: item categories, unit costs, listing dates, suppliers and their offers, the buyer"
    " and all purchase orders, deliveries, the stock and its record with gaps and errors, stock adjustments, which"
    " order lines the stock could serve, and all page views with their sessions, visitors, reloads, duplicates"
    " and bots."
)


def figures(setting: Setting, sales: pl.DataFrame, year: Year, traffic: Traffic) -> dict[str, Any]:
    """Rates and totals of the generated year; money in pounds, rates as shares."""
    catalogue = setting.catalogue
    listed = catalogue.listed()
    cost = catalogue.unit_cost[:, None]
    inventory = (year.stock_close * cost * listed).sum(axis=0)
    cost_of_sales = int((year.sold * cost).sum())
    views = traffic.browsing_in + traffic.browsing_out + traffic.ordered_in + traffic.ordered_out
    revenue = int((year.line_sold * sales["price"].to_numpy()).sum())
    turns = cost_of_sales * 365 / DAYS / inventory.mean()
    return {
        "stockout_share": round(float((listed & (year.stock_close == 0)).sum() / listed.sum()), 4),
        "fill_rate": round(float(year.line_sold.sum() / sales["quantity"].sum()), 4),
        "units_demanded": int(sales["quantity"].sum()),
        "units_sold": int(year.line_sold.sum()),
        "lines_lost": int((year.line_sold == 0).sum()),
        "lines_cut": int(((year.line_sold > 0) & (year.line_sold < sales["quantity"].to_numpy())).sum()),
        "revenue": revenue / 100,
        "cost_of_sales_at_list_cost": cost_of_sales / 100,
        "average_inventory_at_list_cost": round(float(inventory.mean()) / 100, 2),
        "turns": round(float(turns), 2),
        "days_of_supply": round(float(365 / turns), 1),
        "views": int(views.sum()),
        "views_per_true_order_line": round(float(views.sum() / len(sales)), 1),
        "views_while_empty_share": round(float((traffic.browsing_out + traffic.ordered_out).sum() / views.sum()), 4),
        "units_adjusted_up": int(np.maximum(year.adjustments, 0).sum()),
        "units_adjusted_down": int(-np.minimum(year.adjustments, 0).sum()),
    }


def purchasing(setting: Setting, year: Year) -> dict[str, Any]:
    """Counts of the purchase orders."""
    orders = year.orders
    late = (orders["received_day"] > orders["expected_day"]).sum()
    return {
        "orders": orders["number"].n_unique(),
        "lines": len(orders),
        "orders_placed_before_the_window": orders.filter(pl.col("order_day") < 0)["number"].n_unique(),
        "lines_open_at_the_end": int((orders["received_day"] >= DAYS).sum()),
        "lines_later_than_expected": int(late),
        "short_lines": int((orders["received_quantity"] < orders["order_quantity"]).sum()),
        "lines_from_second_offers": int(orders["second"].sum()),
        "skus_with_a_second_offer": int(setting.second.exists.sum()),
    }


def rules(lines: OrderLines, returns_in_logs: int) -> dict[str, Any]:
    """How raw rows became truth, with the counts of each class."""
    projects = lines.projects.filter(pl.col("quantity") > 0)
    return {
        "row_classes": lines.counts,
        "rows": sum(lines.counts.values()),
        "project_rule": f"a line above max({PROJECT_UNITS}, {PROJECT_COVER_DAYS} days' mean of the item) units",
        "returns_in_logs": returns_in_logs,
        "project_units": int(projects["quantity"].sum()),
        "netting_rule": "a cancellation is netted against the latest earlier line of the same item, quantity and price"
        f" (2 %) within {NETTING_DAYS} days; others stay as returns",
        "duplicate_rule": "rows that repeat another row of their invoice are separate order lines",
    }


def catalogue_counts(setting: Setting) -> dict[str, int | str]:
    """Counts of items and dates."""
    catalogue = setting.catalogue
    return {
        "skus": len(catalogue.keys),
        "first_day": str(FIRST_DAY),
        "days": DAYS,
        "open_days": int(setting.is_open.sum()),
        "launched_skus": int(catalogue.launched.sum()),
        "discontinued_skus": int(catalogue.discontinued.sum()),
        "categories": len(set(catalogue.categories)),
        "first_level_categories": len(np.unique(catalogue.first_level)),
    }
