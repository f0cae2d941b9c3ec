"""Shopify's CSV exports of orders, inventory and products.

Orders: one row per line item; ``Name`` is the order (``#1001``), and the order's own cells (``Created at``,
``Financial Status``, ``Subtotal``, ``Cancelled at`` …) are filled on its first row only. ``Lineitem price`` is before
discounts: the lines' prices are scaled so that they sum to ``Subtotal``. Cancelled and voided orders are marked
cancelled, also when an earlier export showed them open; refunded ones were demand and stay.

Inventory: one row per variant and location; ``Available``, or ``On hand`` where that is all there is; ``not stocked``
is no stock record. The file does not say its day: the date in its name does, or ``constants.snapshot_date``.

Products: one row per variant, the product's own cells on its first row only; rows without a price are further pictures.
``Cost per item`` and ``Vendor`` make supplier and offer, ``Variant Inventory Qty`` a stock record where no inventory
export is there. Both spellings of the headers are known (``Variant SKU`` of old, ``SKU`` since 2024).

An item is its SKU; without one its full name, ``Title - Option / Option``, as orders write it.
"""

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look, moment
from arena_pipeline.ingest.readers import text
from arena_pipeline.settings import Source

_OPTIONS = tuple((f"option{number}_value",) for number in (1, 2, 3))
_SKU, _PRICE = ("variant_sku", "sku"), ("variant_price", "price")
_HANDLE = ("handle", "url_handle")
_COST, _STOCK = ("cost_per_item",), ("variant_inventory_qty", "inventory_quantity")
_AVAILABLE = ("available_not_editable", "available", "on_hand_current", "on_hand")


def _variant_name(title: str, options: tuple[str, str, str]) -> str:
    """SQL of the name as orders write it."""
    told = ", ".join(f"nullif({option}, 'Default Title')" for option in options)
    joined = f"concat_ws(' / ', {told})"
    return f"{title} || case when {joined} = '' then '' else ' - ' || {joined} end"


def orders(look: Look, source: Source) -> str:
    """Order lines."""
    number = "try_cast({} as decimal(18, 4))".format
    return (
        f"select order_name as transaction_id, row_number() over lines as line_number, "
        f"{moment('max(created) over of_order', source.date_format)} as event_timestamp, "
        f"coalesce(sku, line_name) as item_id, quantity, "
        f"coalesce(cast(round({number('price')} * least(max({number('subtotal')}) over of_order / nullif("
        f"sum({number('price')} * {number('quantity')}) over of_order, 0), 1), 6) as varchar), price) as price, "
        f"max(currency) over of_order as currency, "
        f"max(cancelled) over of_order is not null or coalesce(max(status) over of_order = 'voided', false) "
        f"as cancelled, source_row from (select source_row, {look.column('name')} as order_name, "
        f"{look.column('created_at')} as created, {look.column('lineitem_sku')} as sku, "
        f"{look.column('lineitem_name')} as line_name, {look.column('lineitem_quantity')} as quantity, "
        f"{look.column('lineitem_price')} as price, {look.column('subtotal')} as subtotal, "
        f"{look.column('currency')} as currency, {look.column('cancelled_at')} as cancelled, "
        f"lower({look.column('financial_status')}) as status from {look.rows}) "
        f"window of_order as (partition by order_name), lines as (partition by order_name order by source_row)"
    )


def inventory(look: Look, _source: Source) -> str:
    """Stock per location."""
    options = (look.column("option1_value"), look.column("option2_value"), look.column("option3_value"))
    given = look.column(*_AVAILABLE)
    incoming = f"try_cast({look.column('incoming_not_editable', 'incoming')} as bigint)"
    item = f"coalesce({look.column('sku')}, {_variant_name(look.column('title'), options)})"
    return (
        f"select {_day(look)}{item} as item_id, "
        f"{given} as quantity_on_hand, {look.column('location')} as location_id, "
        f"greatest({incoming}, 0) as quantity_on_order, source_row from {look.rows} "
        f"where lower({given}) is distinct from 'not stocked'"
    )


def _day(look: Look) -> str:
    return f"{text(look.day.isoformat())} as snapshot_date, " if look.day else ""


def _variants(look: Look) -> str:
    """One row per variant, the product's cells filled down."""
    of_product = f"over (partition by {look.column(*_HANDLE)})"
    options = (look.column("option1_value"), look.column("option2_value"), look.column("option3_value"))
    category = f"coalesce({look.column('type')}, replace({look.column('product_category')}, ' > ', '/'))"
    return (
        f"(select *, coalesce(sku, full_name) as item_id from (select *, {_variant_name('title', ('o1', 'o2', 'o3'))} "
        f"as full_name from (select source_row, {look.column(*_SKU)} as sku, {look.column(*_PRICE)} as price, "
        f"{look.column(*_COST)} as unit_cost, {look.column(*_STOCK)} as stock, "
        f"max({look.column('title')}) {of_product} as title, max({look.column('vendor')}) {of_product} as vendor, "
        f"max({category}) {of_product} as category, max(lower({look.column('status')})) {of_product} as status, "
        f"{options[0]} as o1, {options[1]} as o2, {options[2]} as o3 from {look.rows})) where price is not null)"
    )


def products(look: Look, _source: Source) -> str:
    """Variants."""
    return (
        f"select item_id, full_name as item_name, category as item_category, price, unit_cost, "
        f"coalesce(status = 'archived', false) as do_not_order, source_row from {_variants(look)}"
    )


def supplier_offers(look: Look, _source: Source) -> str:
    """The vendor's cost of every variant that has one."""
    return (
        f"select coalesce(vendor, 'unknown vendor') as supplier_id, item_id, unit_cost, source_row "
        f"from {_variants(look)} where unit_cost is not null"
    )


def suppliers(look: Look, _source: Source) -> str:
    """Vendors."""
    return (
        f"select coalesce(vendor, 'unknown vendor') as supplier_id, min(source_row) as source_row "
        f"from {_variants(look)} where unit_cost is not null group by 1"
    )


def stock_of_products(look: Look, _source: Source) -> str:
    """The stock in a products export of a shop with one location."""
    return (
        f"select {_day(look)}item_id, stock as quantity_on_hand, source_row from {_variants(look)} "
        f"where stock is not null"
    )


_CATALOGUE = (_HANDLE, ("title",), _SKU, _PRICE, ("option1_value",))
SHOPIFY = Adapter(
    name="shopify",
    title="Shopify orders, inventory and products",
    tables={
        "products": (
            Mapping(
                _CATALOGUE,
                products,
                ("item_id", "item_name", "item_category", "price", "unit_cost", "do_not_order"),
            ),
        ),
        "suppliers": (Mapping((*_CATALOGUE, ("vendor",), _COST), suppliers, ("supplier_id",)),),
        "supplier_offers": (
            Mapping((*_CATALOGUE, ("vendor",), _COST), supplier_offers, ("supplier_id", "item_id", "unit_cost")),
        ),
        "stock_snapshots": (
            Mapping(
                (("handle",), ("sku",), ("location",), _AVAILABLE),
                inventory,
                ("snapshot_date", "item_id", "quantity_on_hand", "location_id", "quantity_on_order"),
            ),
            Mapping((*_CATALOGUE, _STOCK), stock_of_products, ("snapshot_date", "item_id", "quantity_on_hand")),
        ),
        "conversions": (
            Mapping(
                (("name",), ("created_at",), ("lineitem_quantity",), ("lineitem_name",), ("lineitem_price",)),
                orders,
                (
                    "transaction_id", "line_number", "event_timestamp", "item_id", "quantity", "price", "currency",
                    "cancelled",
                ),
            ),
        ),
    },
)  # fmt: skip
