"""FreshRetailNet-50K: hourly sales and stock-out flags per store, product and day (arXiv 2505.16319), Parquet.

Format: ``store_id, product_id, dt, hours_sale`` (24 amounts, multiples of 0.1), ``hours_stock_status`` (24 flags, 1 is
out of stock; or ``stockout_mask``, bit h for hour h), ``first/second/third_category_id``. No prices, no quantities on
hand, no page views.

Mapping: an item is a store's product, ``store-product``; a unit is 0.1 of the amounts. Hours with sales are order lines
at the end of the hour. The flags become the least stock record that agrees with them: at the close of a day the units
sold until the next flag (at least one unit when the day closes in stock), none when it closes out of stock. A price
comes from ``constants.price``.
"""

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look
from arena_pipeline.settings import Source

UNITS = 10
"""Units per amount of 1: the amounts are normalised and come in steps of 0.1."""
ITEM = "store_id || '-' || product_id"


def conversions(look: Look, _source: Source) -> str:
    """Hours with sales."""
    return (
        f"select item_id || '/' || strftime(dt, '%Y%m%d') || '/' || hour as transaction_id, 1 as line_number, "
        f"dt + interval (hour + 1) hour - interval 1 second as event_timestamp, item_id, units as quantity, source_row "
        f"from {_hours(look)} where units > 0"
    )


def stock_snapshots(look: Look, _source: Source) -> str:
    """The least stock at the close of each day that agrees with the flags."""
    later = "over (partition by item_id order by dt, hour rows between 1 following and unbounded following)"
    return (
        f"select dt as snapshot_date, item_id, cast(case when out then 0 "
        f"else greatest(after - coalesce(after_next_flag, -1), 1) end as bigint) as quantity_on_hand, source_row "
        f"from (select *, first_value(case when out then after end ignore nulls) {later} as after_next_flag "
        f"from (select *, coalesce(sum(units) {later}, 0) as after from {_hours(look)})) where hour = 23"
    )


def products(look: Look, _source: Source) -> str:
    """A store's products."""
    levels = ", ".join(look.column(f"{level}_category_id") for level in ("first", "second", "third"))
    return (
        f"select {ITEM} as item_id, min(concat_ws('/', {levels})) as item_category, min(source_row) as source_row "
        f"from {look.rows} group by 1"
    )


def _hours(look: Look) -> str:
    """One row per item, day and hour."""
    out = "hours_stock_status[hour + 1] = 1" if look.has("hours_stock_status") else "(stockout_mask >> hour) & 1 = 1"
    return (
        f"(select source_row, {ITEM} as item_id, cast(dt as date) as dt, hour, {out} as out, "
        f"cast(round(hours_sale[hour + 1] * {UNITS}) as bigint) as units "
        f"from (select *, cast(unnest(range(24)) as integer) as hour from {look.rows}))"
    )


_SERIES = (("store_id",), ("product_id",), ("dt",), ("hours_sale",))
_FLAGS = (*_SERIES, ("hours_stock_status", "stockout_mask"))
FRESHRETAILNET = Adapter(
    name="freshretailnet",
    title="FreshRetailNet-50K, hourly sales and stock-out flags",
    tables={
        "products": (Mapping(_SERIES, products, ("item_id", "item_category")),),
        "stock_snapshots": (
            Mapping(_FLAGS, stock_snapshots, ("snapshot_date", "item_id", "quantity_on_hand")),
        ),
        "conversions": (
            Mapping(
                _FLAGS, conversions, ("transaction_id", "line_number", "event_timestamp", "item_id", "quantity")
            ),
        ),
    },
    private=False,
)  # fmt: skip
