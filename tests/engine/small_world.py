"""Worlds small enough to follow by hand: one SKU and one supplier unless said otherwise, every rule off by default."""

from datetime import date

import numpy as np

from engine.plan import UNLIMITED, Levels, Orders
from engine.scenario import Catalogue, LeadTimes, Limits, OfferTable, OpeningOrders, Scenario, SupplierTable
from engine.schema import Axes
from tests.engine.make_scenario import day_table, int64, next_order_day

OFFER = {
    "sku": 0, "supplier": 0, "smallest_quantity": 1, "multiple": 1, "unit_cost": 100, "line_cost": 0, "lead_time": 1,
    "valid_from": 0, "valid_until": 10_000,
}  # fmt: skip
ORDER = {"sku": 0, "supplier": 0, "quantity": 1, "unit_cost": 100, "line_cost": 0}
ORDER_FIELDS = ("sku", "ordered_on", "arrives_on", "quantity", "unit_cost", "line_cost", "supplier")


def small_world(
    demand,
    *,
    opening=0,
    opening_value=None,
    price=500,
    views=None,
    limits=None,
    adjustments=(),
    offers=({},),
    delivers_in=None,
    order_days=None,
    arrival_day=None,
    opening_orders=(),
    part_ends=None,
    **facts,
):
    """A scenario.

    Args:
        demand: units per day, or one such list per SKU.
        opening: units per SKU, worth 100 each unless ``opening_value`` says otherwise.
        adjustments: (sku, day, quantity, unit cost).
        offers: overrides of ``OFFER``; lead times are fixed at the offer's.
        delivers_in: lead time really met per order day, for every offer; the offer's own by default.
        order_days: per supplier the days it takes orders; all by default.
        opening_orders: overrides of ``ORDER`` with ``arrives_on``.
        facts: columns of ``Catalogue`` and ``SupplierTable`` by name.
    """
    rows = [list(demand)] if not demand or np.isscalar(demand[0]) else [list(row) for row in demand]
    skus, days = len(rows), len(rows[0])
    table = [OFFER | dict(offer) for offer in offers]
    table.sort(key=lambda offer: (offer["sku"], offer["supplier"], offer["smallest_quantity"], offer["valid_from"]))
    suppliers = 1 + max([offer["supplier"] for offer in table], default=0)
    column = {name: int64([offer[name] for offer in table]) for name in OFFER}
    on_hand = np.array(np.broadcast_to(opening, skus), np.int64)
    value = on_hand * 100 if opening_value is None else np.array(np.broadcast_to(opening_value, skus), np.int64)
    primary = np.full(skus, -1, np.int64)
    primary[column["sku"][::-1]] = column["supplier"][::-1]
    zeros = np.zeros(skus, np.int64)
    catalogue = {
        "category": zeros, "category_names": ("a",), "primary_supplier": primary, "listed_from": zeros,
        "listed_until": zeros + days, "shelf_life": zeros, "salvage_value": zeros + 30,
        "replacement_cost": zeros + 100, "waiting_share_u6": zeros, "opening_on_hand": on_hand,
        "opening_value": value, "min_stock": zeros, "max_stock": zeros + UNLIMITED, "do_not_order": zeros,
        "key": zeros.astype(np.uint64),
    }  # fmt: skip
    is_open = np.ones((suppliers, days), bool)
    for supplier, open_days in enumerate(order_days or []):
        is_open[supplier] = np.isin(np.arange(days), list(open_days))
    vendor = {
        "names": tuple(f"supplier-{index}" for index in range(suppliers)), "next_order_day": next_order_day(is_open),
        "order_cost": np.full(suppliers, 500, np.int64), "prepayment_u6": np.zeros(suppliers, np.int64),
        "terms_days": np.zeros(suppliers, np.int64),
    }  # fmt: skip
    for name, values in facts.items():
        target = catalogue if name in catalogue else vendor
        shape = np.shape(target[name])
        target[name] = values if name == "category_names" else np.array(np.broadcast_to(values, shape), np.int64)
    sku, day = np.nonzero(np.array(rows).reshape(skus, days))
    prices = np.broadcast_to(np.reshape(price, (-1, 1)) if np.ndim(price) == 1 else price, (skus, days))
    rows_of = int64(sorted(adjustments)).reshape(-1, 4)
    opened = [ORDER | {"ordered_on": -1} | dict(order) for order in opening_orders]
    opened.sort(key=lambda order: (order["sku"], order["arrives_on"]))
    longest = int(max([*column["lead_time"].tolist(), *(delivers_in or [0])], default=1))
    quantiles = (
        np.repeat(column["lead_time"][:, None], max(days, 1), axis=1)
        if delivers_in is None
        else np.tile(int64(delivers_in), (len(table), 1))
    )
    return Scenario(
        axes=Axes(tuple(sorted(f"item-{index}" for index in range(skus))), date(2024, 1, 1), days),
        catalogue=Catalogue(**catalogue),
        suppliers=SupplierTable(**vendor),
        offers=OfferTable(
            first_row=int64(np.searchsorted(column["sku"], np.arange(skus + 1))),
            distribution=np.arange(len(table), dtype=np.int64),
            **column,
        ),
        lead_times=LeadTimes(
            quantiles=int64(quantiles),
            draws=np.tile(np.arange(days, dtype=np.int64), (suppliers, 1)),
            arrival_day=np.arange(days + longest + 2) if arrival_day is None else int64(arrival_day),
        ),
        demand=day_table(skus, sku, day, np.array(rows).reshape(skus, days)[sku, day], prices[sku, day]),
        views=np.zeros((skus, days), np.int32) if views is None else np.array(views, np.int32).reshape(skus, days),
        adjustments=day_table(skus, *rows_of.T),
        opening_orders=OpeningOrders(**{name: int64([order[name] for order in opened]) for name in ORDER_FIELDS}),
        part_ends=int64(part_ends or [days]),
        limits=limits or Limits(np.zeros(suppliers, np.int64)),
        seed=0,
    )


def levels(scenario, *, days=(0,), **columns):
    """Levels in force from ``days`` on: per column one value, one per SKU, or (D, S) of them."""
    default = {
        "reorder_point": 0, "order_up_to": 1, "order_quantity": 0, "review_period": 1, "carry_u6": 0, "supplier": 0,
        "lead_time": 1_000, "max_position": UNLIMITED, "priority_u6": 0,
    }  # fmt: skip
    shape = (len(days), len(scenario.axes.items))
    filled = {name: np.array(np.broadcast_to(value, shape), np.int64) for name, value in (default | columns).items()}
    return Levels(days=int64(days), **filled)


def orders(*lines):
    """Explicit orders: overrides of ``ORDER`` with ``ordered_on`` and ``arrives_on``."""
    table = sorted(
        (ORDER | dict(line) for line in lines), key=lambda line: (line["sku"], line["ordered_on"], line["arrives_on"])
    )
    return Orders(**{name: int64([line[name] for line in table]) for name in ORDER_FIELDS})
