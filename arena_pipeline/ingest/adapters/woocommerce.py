"""WooCommerce: the product CSV export, and the order exports of three widely used plugins.

Products (WooCommerce's own exporter): ``ID, Type, SKU, Name, Published, In stock?, Stock, Regular price, Categories,
Parent …``. Simple products and variations are items; variable parents, grouped and external products are not. A
variation takes its categories from ``Parent`` (a SKU or ``id:12``). ``Stock`` is a number, ``parent``, or empty where
stock is not managed; only numbers are stock records, of the date in the file's name or ``constants.snapshot_date``.

Orders (WooCommerce itself exports none by line): one row per item as Customer/Order/Coupon Export writes it
(``order_number, date, status, item_sku, item_quantity, item_total``) or Advanced Order Export (``Order Number, Order
Status, Order Date, SKU, Quantity, Item Cost``); or one row per order with ``line_item_1 … n`` cells
(``name:…|product_id:…|sku:…|quantity:…|total:…``, Order Import Export). Line totals are after discounts and before
tax; the price is total over quantity. Cancelled and failed orders are marked cancelled, refunded ones were demand and
stay, unpaid ones (``pending``, drafts) are left out until they are paid.

An item is its SKU, without one its product number.
"""

from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.look import Look, moment
from arena_pipeline.ingest.readers import text
from arena_pipeline.settings import Source

_ORDER = ("order_number", "order_number_formatted", "order_id")
_DATE = ("order_date", "date", "date_created")
_STATUS = ("order_status", "status")
_ITEM_SKU = ("item_sku", "sku", "product_sku")
_QUANTITY = ("item_quantity", "quantity_refund", "quantity")
_TOTAL = ("item_total", "order_line_total", "line_total", "item_total_amount")
_COSTS = ("cost_of_goods", "cost_of_goods_sold", "cogs_value")
UNPAID = ("pending", "pending payment", "checkout-draft", "draft", "auto-draft", "trash")
CANCELLED = ("cancelled", "canceled", "failed")


def products(look: Look, _source: Source) -> str:
    """Simple products and variations."""
    categories = f"replace(trim(string_split({look.column('categories')}, ',')[1]), ' > ', '/')"
    parents = (
        f"(select {look.column('sku')} as parent_sku, 'id:' || {look.column('id')} as parent_id, "
        f"{categories} as parent_category from {look.rows} where {_types(look)} = 'variable')"
    )
    price = f"coalesce({look.column('regular_price')}, {look.column('sale_price')})"
    return (
        f"select any_value(coalesce(sku, id)) as item_id, any_value(item_name) as item_name, "
        f"any_value(coalesce(category, parent_category)) as item_category, any_value(price) as price, "
        f"any_value(unit_cost) as unit_cost, source_row from (select source_row, {look.column('sku')} as sku, "
        f"{look.column('id')} as id, {look.column('name')} as item_name, {categories} as category, {price} as price, "
        f"{look.column(*_COSTS)} as unit_cost, {look.column('parent')} as parent from {look.rows} "
        f"where {_types(look)} in ('simple', 'variation')) "
        f"left join {parents} on parent = parent_sku or parent = parent_id group by source_row order by source_row"
    )


def _types(look: Look) -> str:
    """The first of the types of a row: ``simple, virtual`` is simple."""
    return f"lower(trim(string_split({look.column('type')}, ',')[1]))"


def stock_of_products(look: Look, _source: Source) -> str:
    """Managed stock."""
    day = f"{text(look.day.isoformat())} as snapshot_date, " if look.day else ""
    stock = look.column("stock")
    return (
        f"select {day}coalesce({look.column('sku')}, {look.column('id')}) as item_id, {stock} as quantity_on_hand, "
        f"source_row from {look.rows} "
        f"where {_types(look)} in ('simple', 'variation') and {stock} is not null and lower({stock}) <> 'parent'"
    )


def order_items(look: Look, source: Source) -> str:
    """One row per item."""
    item = f"coalesce({look.column(*_ITEM_SKU)}, {look.column('item_product_id', 'product_id')})"
    lines = (
        f"(select source_row, {look.column(*_ORDER)} as order_name, {look.column(*_DATE)} as moment, "
        f"lower({look.column(*_STATUS)}) as status, {item} as item, {look.column(*_QUANTITY)} as quantity, "
        f"{look.column(*_TOTAL)} as total, {look.column('item_cost', 'item_price')} as price, "
        f"{look.column('order_currency', 'currency')} as currency from {look.rows})"
    )
    return _lines(lines, source)


def order_cells(look: Look, source: Source) -> str:
    """One row per order, its items in cells."""
    cells = ", ".join(look.column(plain) for plain in look.names if plain.startswith("line_item_"))
    keep = f"select source_row, {look.column(*_ORDER)} as order_name, {look.column(*_DATE)} as moment"
    part = "nullif(regexp_extract(cell, '(?:^|\\|){}:([^|]*)', 1), '')".format
    lines = (
        f"(select *, coalesce({part('sku')}, {part('product_id')}) as item, {part('quantity')} as quantity, "
        f"{part('total')} as total, cast(null as varchar) as price from ({keep}, "
        f"lower({look.column(*_STATUS)}) as status, {look.column('order_currency', 'currency')} as currency, "
        f"unnest(list_filter([{cells}], lambda c: c is not null)) as cell from {look.rows}))"
    )
    return _lines(lines, source)


def _lines(lines: str, source: Source) -> str:
    unpaid, cancelled = (", ".join(text(status) for status in group) for group in (UNPAID, CANCELLED))
    each = "try_cast(total as double) / nullif(try_cast(quantity as double), 0)"
    return (
        f"select order_name as transaction_id, row_number() over (partition by order_name order by source_row) "
        f"as line_number, {moment('moment', source.date_format)} as event_timestamp, item as item_id, quantity, "
        f"coalesce(cast(cast(round({each}, 6) as decimal(18, 6)) as varchar), price, total) as price, currency, "
        f"coalesce(status in ({cancelled}), false) as cancelled, source_row "
        f"from (select * replace (regexp_replace(status, '^wc-', '') as status) from {lines}) "
        f"where status is null or status not in ({unpaid})"
    )


_PRODUCTS = (("id",), ("type",), ("sku",), ("name",), ("regular_price",))
_GIVEN = ("transaction_id", "line_number", "event_timestamp", "item_id", "quantity", "price", "currency", "cancelled")
WOOCOMMERCE = Adapter(
    name="woocommerce",
    title="WooCommerce products and orders",
    tables={
        "products": (
            Mapping(_PRODUCTS, products, ("item_id", "item_name", "item_category", "price", "unit_cost")),
        ),
        "stock_snapshots": (
            Mapping((*_PRODUCTS, ("stock",)), stock_of_products, ("snapshot_date", "item_id", "quantity_on_hand")),
        ),
        "conversions": (
            Mapping((_ORDER, _DATE, _STATUS, ("line_item_1",)), order_cells, _GIVEN),
            Mapping((_ORDER, _DATE, _STATUS, _ITEM_SKU, _QUANTITY), order_items, _GIVEN),
        ),
    },
)  # fmt: skip
