"""GA4 BigQuery export: tables ``events_YYYYMMDD`` as NDJSON (integers are strings there) or Parquet.

Format (Google Analytics 4, BigQuery Export schema): one row per event with ``event_name``, ``event_timestamp``
(microseconds, UTC), ``user_pseudo_id``, ``ecommerce.transaction_id``, ``event_params`` (key and typed value) and the
repeated record ``items`` (``item_id, item_name, item_category … item_category5, price, quantity``). A day's table is
updated for up to three days with late events; streaming exports repeat them in ``events_intraday_``.

Mapping: each item of a ``view_item`` event is a page view; of a ``purchase`` event an order line, numbered by its place
in ``items``; of a ``refund`` event a return. The latest name, category and price of an item are its product. A purchase
that fires again, on a reload or in another day's table, has the same transaction and line and counts once. Of a day
that is sent again only the late events are new. ``(not set)`` is no value. Sessions are left to the visitor: GA4's
session number is unique only beside the visitor, who is stored as a salted hash and nothing else.
"""

from dataclasses import replace
from pathlib import Path

import duckdb

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look, make_look, moment, parquet_look
from arena_pipeline.ingest.readers import json_scan
from arena_pipeline.ingest.sniffing import format_of, sample_ndjson
from arena_pipeline.settings import Source

CATEGORIES = ("item_category", *(f"item_category{level}" for level in range(2, 6)))
VIEW = "'view_item'"
SALES = "'purchase', 'refund'"
SHOWN = "'view_item', 'view_item_list', 'select_item', 'add_to_cart', 'begin_checkout', 'purchase'"
_WRAPPED = ("STRUCT(list STRUCT(element", 'STRUCT("list" STRUCT("element"', 'STRUCT("list" STRUCT(element')
_ITEM = ", ".join(f"{field} VARCHAR" for field in ("item_id", "item_name", *CATEGORIES, "price", "quantity"))
_COLUMNS = {
    "event_name": "VARCHAR",
    "event_timestamp": "VARCHAR",
    "user_pseudo_id": "VARCHAR",
    "ecommerce": "STRUCT(transaction_id VARCHAR)",
    "event_params": 'STRUCT("key" VARCHAR, "value" STRUCT(string_value VARCHAR))[]',
    "items": f"STRUCT({_ITEM})[]",
}


def look_at_events(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Look:
    """Parquet as it is typed; of NDJSON only the fields that are mapped are parsed."""
    if format_of(path) == "parquet":
        return _unwrapped(parquet_look(connection, path))
    columns = {key: _COLUMNS[key] for key in sample_ndjson(path, source).header if key in _COLUMNS}
    return make_look(path, "ndjson", columns, json_scan(path, columns))


def _unwrapped(look: Look) -> Look:
    """Repeated fields that arrive as ``field.list[].element`` as plain lists: not every reader unwraps them."""
    wrapped = [field for field in ("items", "event_params") if look.types.get(field, "").startswith(_WRAPPED)]
    if not wrapped:
        return look
    plain = ", ".join(f'list_transform("{field}".list, lambda x: x.element) as "{field}"' for field in wrapped)
    return replace(look, rows=f"(select * replace ({plain}) from {look.rows})")


def _items(look: Look, events: str) -> str:
    """One row per item of the events; an event or line without any keeps one row, which breaks a rule."""
    currency = "cast(null as varchar)"
    if look.has("event_params"):
        currency = "list_filter(event_params, lambda p: p.key = 'currency')[1].value.string_value"
    transaction = "ecommerce.transaction_id" if look.has("ecommerce") else "null"
    told = f"event_name in ({events}) or event_name is null"
    return (
        f"(select source_row, event_name, cast(event_timestamp as varchar) as event_time, user_pseudo_id, "
        f"cast({transaction} as varchar) as transaction_id, {currency} as currency, "
        f"unnest(case when len(items) > 0 then items else [null] end) as item, "
        f"unnest(range(1, greatest(len(items), 1) + 1)) as place "
        f"from (select * replace (coalesce(items, []) as items) from {look.rows} where {told}))"
    )


def _set(value: str) -> str:
    return f"nullif(nullif(trim(cast({value} as varchar)), '(not set)'), '')"


def page_views(look: Look, _source: Source) -> str:
    """Views of product pages."""
    return (
        f"select {moment('event_time', 'unix_us')} as event_timestamp, {_set('item.item_id')} as item_id, "
        f"{_set('user_pseudo_id')} as visitor_id, cast(item.price as varchar) as price, "
        f"case when event_name is not null then 'ga4' end as source, source_row from {_items(look, VIEW)}"
    )


def conversions(look: Look, _source: Source) -> str:
    """Purchases and refunds; a refund that names no item takes back the whole order and says nothing of demand."""
    quantity = "coalesce(cast(item.quantity as varchar), case when item is not null then '1' end)"
    signed = f"case when event_name = 'refund' then '-' || ltrim({quantity}, '-') else {quantity} end"
    return (
        f"select {_set('transaction_id')} as transaction_id, "
        f"case when event_name is not null then place end as line_number, "
        f"{moment('event_time', 'unix_us')} as event_timestamp, {_set('item.item_id')} as item_id, "
        f"{signed} as quantity, cast(item.price as varchar) as price, {_set('currency')} as currency, source_row "
        f"from {_items(look, SALES)} where event_name is distinct from 'refund' or item is not null"
    )


def products(look: Look, _source: Source) -> str:
    """Every item that an event shows, as the last one shows it."""
    parts = ", ".join(f"replace({_set(f'item.{level}')}, '/', ' ')" for level in CATEGORIES)
    latest = "(try_cast(event_time as bigint), source_row, place)"
    grouped = (
        f"select item_id, max_by(item_name, {latest}) filter (item_name is not null) as item_name, "
        f"max_by(category, {latest}) filter (category <> '') as item_category, "
        f"max_by(price, {latest}) filter (price is not null) as price, "
        f"cast(max(try_cast(event_time as bigint)) as varchar) as last_seen, "
        f"min(source_row) as source_row from (select source_row, place, event_time, {_set('item.item_id')} as item_id, "
        f"{_set('item.item_name')} as item_name, concat_ws('/', {parts}) as category, "
        f"cast(item.price as varchar) as price from {_items(look, SHOWN)} where event_name is not null) "
        f"where item_id is not null group by item_id"
    )
    return f"select * exclude (last_seen), {moment('last_seen', 'unix_us')} as updated_at from ({grouped})"


_EVENTS = (("event_name",), ("event_timestamp",), ("items",), ("user_pseudo_id",))
GA4 = Adapter(
    name="ga4",
    title="Google Analytics 4, BigQuery export",
    tables={
        "page_views": (Mapping(_EVENTS, page_views, ("event_timestamp", "item_id", "visitor_id", "price", "source")),),
        "conversions": (
            Mapping(
                (*_EVENTS, ("ecommerce",)),
                conversions,
                ("transaction_id", "line_number", "event_timestamp", "item_id", "quantity", "price", "currency"),
            ),
        ),
        "products": (Mapping(_EVENTS, products, ("item_id", "item_name", "item_category", "price", "updated_at")),),
    },
    look=look_at_events,
)
