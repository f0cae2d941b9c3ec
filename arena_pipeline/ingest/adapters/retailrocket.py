"""Retailrocket ``events.csv``: ``timestamp,visitorid,event,itemid,transactionid``.

Format: milliseconds since 1970 (UTC); ``event`` is ``view``, ``addtocart`` or ``transaction``; one row per item of a
transaction, always one unit. The published file holds exact duplicates, which count once. Items have no name and their
properties are hashed: a price comes from ``constants.price``.
"""

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look, moment
from arena_pipeline.settings import Source


def page_views(look: Look, _source: Source) -> str:
    """Views."""
    return (
        f"select {moment(look.column('timestamp'), 'unix_ms')} as event_timestamp, {look.column('itemid')} as item_id, "
        f"{look.column('visitorid')} as visitor_id, source_row from {look.rows} where {_event(look, 'view')}"
    )


def conversions(look: Look, _source: Source) -> str:
    """Transactions, exact duplicates once."""
    stamp, item = look.column("timestamp"), look.column("itemid")
    return (
        f"select {look.column('transactionid')} as transaction_id, {moment(stamp, 'unix_ms')} as event_timestamp, "
        f"{item} as item_id, '1' as quantity, min(source_row) as source_row "
        f"from {look.rows} where {_event(look, 'transaction')} group by all"
    )


def products(look: Look, _source: Source) -> str:
    """All items that occur."""
    item = look.column("itemid")
    return (
        f"select {item} as item_id, min(source_row) as source_row from {look.rows} where {item} is not null group by 1"
    )


def _event(look: Look, event: str) -> str:
    return f"coalesce(lower({look.column('event')}), '{event}') = '{event}'"


_EVENTS = (("timestamp",), ("visitorid",), ("event",), ("itemid",), ("transactionid",))
RETAILROCKET = Adapter(
    name="retailrocket",
    title="Retailrocket events.csv",
    tables={
        "products": (Mapping(_EVENTS, products, ("item_id",)),),
        "conversions": (Mapping(_EVENTS, conversions, ("transaction_id", "event_timestamp", "item_id", "quantity")),),
        "page_views": (Mapping(_EVENTS, page_views, ("event_timestamp", "item_id", "visitor_id")),),
    },
    private=False,
)
