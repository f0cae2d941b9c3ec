"""Each adapter on a sample written by hand from its vendor's documentation; expected rows written by hand too."""

import datetime as dt
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from arena_pipeline.ingest.adapters import ADAPTERS
from arena_pipeline.ingest.contract import CONTRACT
from arena_pipeline.ingest.rules import UNKNOWN_RATE
from engine.errors import InputError, SettingsError

SAMPLES = Path(__file__).parents[2] / "data" / "adapters"
at = dt.datetime.fromisoformat  # wall clock of London
LINE = "transaction_id, line_number, event_timestamp, item_id, quantity, price, cancelled"


def give(shop, adapter, tables, *names, **more):
    """Put samples into a shop and let these tables be read from them; the products of the fixture are removed."""
    folder = shop.workspace / "foreign"
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(SAMPLES / adapter / name, folder / name)
    files = [f"foreign/{name}" for name in names]
    shop.overrides |= {table: {"files": files, "adapter": adapter, **more} for table in tables}


def test_every_adapter_gives_only_columns_of_the_contract():
    for adapter in ADAPTERS.values():
        for table, mappings in adapter.tables.items():
            known = {column.header for form in CONTRACT[table] for column in form.columns}
            for mapping in mappings:
                assert set(mapping.gives) <= known, (adapter.name, table)


def test_every_adapter_and_its_tables_are_documented():
    page = (SAMPLES.parents[2] / "docs/adapters.md").read_text()
    parts = {part.partition("`")[0]: part for part in page.split("\n## `")[1:]}
    assert set(parts) == set(ADAPTERS)
    for adapter in ADAPTERS.values():
        if adapter.name != "mapped":
            assert all(f"`{table}`" in parts[adapter.name] for table in adapter.tables), adapter.name


GA4 = ("events_20240110.ndjson", "events_20240411.ndjson")
GA4_LINES = [
    ("T-1", 1, at("2024-01-10T09:10:00"), "MUG-1", 2, 850, False),
    ("T-1", 2, at("2024-01-10T09:10:00"), "LAMP-2", 1, 4000, False),
    ("T-1", 1, at("2024-04-12T11:00:00"), "LAMP-2", -1, 4000, False),
    ("T-2", 1, at("2024-04-11T00:45:00"), "MUG-1", 1, 900, False),
]


def ga4_lines(shop):
    return shop.rows("conversions", LINE, "transaction_id, quantity < 0, line_number")


def test_ga4_purchases_that_fire_again_count_once_and_the_day_is_the_shops(shop):
    give(shop, "ga4", ["products", "conversions", "page_views"], *GA4)
    report = shop.ingest("conversions", "page_views")
    assert ga4_lines(shop) == GA4_LINES
    assert report.of_table("conversions")["rows_duplicate"] == 2
    assert shop.rows("products", "item_id, item_name, item_category, price") == [
        ("LAMP-2", "Lamp", "Home/Light", 4000),
        ("MUG-1", "Mug", "Home/Mugs", 900),
    ]
    views = shop.rows("page_views", "event_timestamp, day, item_id, price, source")
    assert views == [
        (at("2024-01-10T09:00:01"), dt.date(2024, 1, 10), "MUG-1", 850, "ga4"),
        (at("2024-01-10T09:05:00.250"), dt.date(2024, 1, 10), "LAMP-2", 4000, "ga4"),
        (at("2024-01-10T23:30:00"), dt.date(2024, 1, 10), "MUG-1", 850, "ga4"),
        (at("2024-04-11T00:30:00"), dt.date(2024, 4, 11), "MUG-1", 900, "ga4"),
    ]
    assert shop.quarantine() == [
        (7, "item_id must be given", None),
        (3, UNKNOWN_RATE, "USD"),
    ]
    assert b"111.222" not in shop.settings.warehouse_path.read_bytes()


def test_ga4_day_sent_again_adds_its_late_event_only_in_any_order(shop, new_shop):
    contents = []
    for order in ((GA4[0], "events_20240110_again.ndjson"), ("events_20240110_again.ndjson", GA4[0])):
        each = new_shop()
        (each.workspace / "var").mkdir()
        (each.workspace / "var/visitor_salt").write_text("0" * 32)
        for arrived in order:
            give(each, "ga4", ["products", "conversions", "page_views"], arrived)
            report = each.ingest("conversions", "page_views")
        contents.append(each.content())
        news = report.of_table("page_views")["rows_new"]
        assert news == (1 if order[0] == GA4[0] else 0)
    assert contents[0] == contents[1]
    assert len(contents[0]["page_views"]) == 4


@pytest.mark.parametrize("wrapped", [False, True])
def test_ga4_parquet_gives_the_same_rows_as_ndjson(shop, wrapped):
    rows = [json.loads(line) for name in GA4 for line in (SAMPLES / "ga4" / name).read_text().splitlines()]
    for row in rows:
        row["event_timestamp"] = int(row["event_timestamp"])
        row["ecommerce"] = row["ecommerce"] or {"transaction_id": "(not set)"}
        for item in row["items"]:
            item["quantity"] = None if item["quantity"] is None else int(item["quantity"])
        if wrapped:  # as BigQuery's lists look where nobody unwraps them
            for field in ("items", "event_params"):
                row[field] = {"list": [{"element": element} for element in row[field]]}
    (shop.workspace / "foreign").mkdir()
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(shop.workspace / "foreign/events.parquet")
    source = {"files": ["foreign/*"], "adapter": "ga4"}
    shop.overrides = dict.fromkeys(("products", "conversions", "page_views"), source)
    shop.ingest("conversions", "page_views")
    assert ga4_lines(shop) == GA4_LINES
    assert len(shop.rows("page_views")) == 4


def test_ga4_broken_line_is_set_aside(shop):
    give(shop, "ga4", ["products", "page_views"], GA4[0])
    path = shop.workspace / "foreign" / GA4[0]
    path.write_text(path.read_text() + '{"event_name": "view_item", \n')
    shop.ingest("page_views")
    assert (8, "line must be a JSON object", None) in shop.quarantine()


SHOPIFY = ("orders_export.csv", "inventory_export_2024-04-01.csv", "products_export.csv")


def shopify(shop, orders="orders_export.csv"):
    give(shop, "shopify", ["conversions"], orders)
    give(shop, "shopify", ["products", "suppliers", "supplier_offers"], "products_export.csv")
    give(shop, "shopify", ["stock_snapshots"], "inventory_export_2024-04-01.csv")
    return shop.ingest("conversions", "suppliers", "supplier_offers", "stock_snapshots")


def test_shopify_orders_fill_their_blank_cells_and_net_the_discount(shop):
    shopify(shop)
    assert shop.rows("conversions", LINE, "transaction_id, line_number") == [
        ("#1001", 1, at("2024-01-10T23:30:00"), "MUG-BLUE", 1, 1000, False),
        ("#1002", 1, at("2024-02-01T09:00:00"), "MUG-RED", 1, 1000, False),
        ("#1003", 1, at("2024-02-20T12:00:00"), "MUG-RED", 1, 1000, True),
        # 36 paid for goods of 40: each line a tenth less; half past one does not exist on that night in London
        ("#1004", 1, at("2024-03-31T02:30:00"), "MUG-BLUE", 2, 900, False),
        ("#1004", 2, at("2024-03-31T02:30:00"), "Lamp", 1, 1800, False),
    ]
    assert shop.quarantine() == []


def test_shopify_order_cancelled_later_stays_cancelled_in_any_order_of_arrival(new_shop):
    contents = []
    names = ("orders_export.csv", "orders_export_of_february.csv")
    for order in (names, names[::-1]):
        each = new_shop()
        for arrived in order:
            shopify(each, arrived)
        contents.append(each.content()["conversions"])
    assert contents[0] == contents[1]
    assert [row[0] for row in contents[0] if row[7]] == ["#1003"]


def test_shopify_inventory_products_and_vendors(shop):
    shopify(shop)
    day = at("2024-04-01T23:59:59.999999")
    assert shop.rows("stock_snapshots", "snapshot_timestamp, item_id, quantity_on_hand, location_id") == [
        (day, "Lamp", 3, "Warehouse"),
        (day, "MUG-BLUE", 2, "Shop"),
        (day, "MUG-BLUE", 6, "Warehouse"),
        (day, "MUG-RED", 0, "Warehouse"),
    ]
    assert shop.rows("products", "item_id, item_name, item_category, price, unit_cost, do_not_order") == [
        ("JUG", "Old jug", "Jugs", 1500, 600, True),
        ("Lamp", "Lamp", "Home & Garden/Lighting", 2000, None, False),
        ("MUG-BLUE", "Mug - Blue", "Mugs", 1000, 420, False),
        ("MUG-RED", "Mug - Red", "Mugs", 1000, 420, False),
    ]
    assert shop.rows("suppliers", "supplier_id") == [("Potters Ltd",)]
    assert shop.rows("supplier_offers", "supplier_id, item_id, unit_cost") == [
        ("Potters Ltd", "JUG", 600),
        ("Potters Ltd", "MUG-BLUE", 420),
        ("Potters Ltd", "MUG-RED", 420),
    ]


@pytest.mark.parametrize("secret", ["ann@example.org", "Ann Example", "Long Street", "ring twice"])
def test_customer_fields_are_never_stored(shop, secret):
    shopify(shop)
    path = shop.workspace / "foreign/orders_export.csv"
    path.write_text(path.read_text() + "#1005,ann@example.org,too,few,cells,Ann Example\n")
    shop.ingest("conversions")
    assert shop.quarantine() == [(6, "row must split into the columns of the header", None)]
    for file in (shop.workspace / "var").rglob("*"):
        assert secret.encode() not in file.read_bytes(), file


def test_stock_export_without_a_day_says_what_to_do(shop):
    give(shop, "shopify", ["products"], "products_export.csv")
    give(shop, "shopify", ["stock_snapshots"], "inventory_export_2024-04-01.csv")
    (shop.workspace / "foreign/inventory_export_2024-04-01.csv").rename(shop.workspace / "foreign/inventory.csv")
    source = shop.overrides["stock_snapshots"] | {"files": ["foreign/inventory.csv"]}
    shop.overrides["stock_snapshots"] = source
    with pytest.raises(InputError, match=r"needs column 'snapshot_date'.*sources.stock_snapshots.constants"):
        shop.ingest("stock_snapshots")
    shop.overrides["stock_snapshots"] = source | {"constants": {"snapshot_date": dt.date(2024, 4, 2)}}
    shop.ingest("stock_snapshots")
    assert shop.rows("stock_snapshots", "distinct day") == [(dt.date(2024, 4, 2),)]


def woocommerce(shop):
    give(shop, "woocommerce", ["products"], "wc-product-export-1-4-2024.csv")
    constants = {"snapshot_date": "2024-04-01"}
    give(shop, "woocommerce", ["stock_snapshots"], "wc-product-export-1-4-2024.csv", constants=constants)


def test_woocommerce_products_and_stock(shop):
    woocommerce(shop)
    shop.ingest("stock_snapshots")
    assert shop.rows("products", "item_id, item_name, item_category, price") == [
        ("12", "Mug - Red", "Home/Mugs", 1000),
        ("LAMP", "Lamp", "Home/Light", 2000),
        ("MUG-BLUE", "Mug - Blue", "Home/Mugs", 1000),
    ]
    assert shop.rows("stock_snapshots", "item_id, quantity_on_hand, day") == [
        ("LAMP", 0, dt.date(2024, 4, 1)),
        ("MUG-BLUE", 7, dt.date(2024, 4, 1)),
    ]


@pytest.mark.parametrize(
    ("name", "date_format", "lines"),
    [
        (
            "orders-one-row-per-item.csv",
            None,
            [
                ("501", 1, at("2024-01-10T23:30:00"), "MUG-BLUE", 2, 800, False),
                ("501", 2, at("2024-01-10T23:30:00"), "LAMP", 1, 2000, False),
                ("502", 1, at("2024-02-01T09:00:00"), "12", 1, 1000, True),
                ("503", 1, at("2024-02-02T09:00:00"), "12", 3, 1000, False),
            ],
        ),
        ("advanced-order-export.csv", None, [("505", 1, at("2024-02-04T10:15:00"), "LAMP", 2, 1800, False)]),
        (
            "order-import-export.csv",
            "%m/%d/%Y %H:%M:%S",
            [
                ("506", 1, at("2024-02-05T18:00:00"), "MUG-BLUE", 1, 1000, False),
                ("506", 2, at("2024-02-05T18:00:00"), "12", 3, 1000, False),
                ("507", 1, at("2024-02-06T18:00:00"), "LAMP", 1, 2000, True),
            ],
        ),
    ],
)
def test_woocommerce_orders_of_three_exporters(shop, name, date_format, lines):
    woocommerce(shop)
    give(shop, "woocommerce", ["conversions"], name, **({"date_format": date_format} if date_format else {}))
    shop.ingest("conversions")
    assert shop.rows("conversions", LINE, "transaction_id, line_number") == lines
    assert shop.quarantine() == []


def test_access_log_counts_people_on_product_pages(shop):
    shop.write("products", "item_id,price\nMUG-BLUE,10\ncaf\xe9,2\nGONE,1\n", "products.csv")
    give(shop, "access_log", ["page_views"], "access.log", item_pattern="^/products/([^/?#]+)")
    (shop.workspace / "foreign/access.log").rename(shop.workspace / "foreign/access.log.1")
    shop.overrides["page_views"]["files"] = ["foreign/*"]
    shop.ingest("page_views")
    rows = shop.rows("page_views", "event_timestamp, item_id, row_number, visitor_id", "row_number")
    assert [row[:3] for row in rows] == [
        (at("2024-01-10T23:30:00"), "MUG-BLUE", 1),
        (at("2024-01-10T23:31:00"), "caf\xe9", 2),
        (at("2024-03-31T02:30:00"), "MUG-BLUE", 8),
    ]
    assert rows[0][3] == rows[1][3] != rows[2][3]
    assert shop.quarantine() == [(9, "event_timestamp must be given", None)]
    assert b"203.0.113.9" not in shop.settings.warehouse_path.read_bytes()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("item_pattern", "/p/.*", "must have exactly one group"),
        ("item_pattern", "/p/(", "must be a regular expression"),
        ("adapter", "shopfy", "must be 'canonical'"),
    ],
)
def test_wrong_settings_of_a_source_are_told(shop, key, value, message):
    shop.overrides = {"page_views": {"files": ["foreign/*"], "adapter": "access_log", key: value}}
    with pytest.raises(SettingsError, match=message):
        shop.ingest("page_views")


def test_retailrocket_duplicates_count_once(shop):
    give(shop, "retailrocket", ["products"], "events.csv", constants={"price": 1})
    give(shop, "retailrocket", ["conversions", "page_views"], "events.csv")
    shop.ingest("conversions", "page_views")
    assert shop.rows("page_views", "event_timestamp, item_id") == [
        (at("2015-06-02T06:02:12.117"), "355908"),
        (at("2015-06-11T06:19:59.999"), "15335"),
    ]
    assert shop.rows("conversions", "transaction_id, item_id, quantity") == [
        ("4000", "15335", 1),
        ("4000", "356475", 1),
    ]
    assert len(shop.rows("products")) == 4


def fresh_row(day, sales, out):
    hours = [0.0] * 24
    for hour, amount in sales.items():
        hours[hour] = amount
    flags = [int(hour in out) for hour in range(24)]
    ids = {"city_id": 0, "store_id": 3, "first_category_id": 5, "second_category_id": 6, "third_category_id": 65}
    return {**ids, "product_id": 38, "dt": day, "sale_amount": sum(hours), "hours_sale": hours} | {
        "hours_stock_status": flags
    }


def test_freshretailnet_flags_become_the_least_stock_that_agrees(shop):
    rows = [
        fresh_row("2024-03-28", {9: 0.3, 12: 0.2}, []),
        fresh_row("2024-03-29", {8: 0.1, 10: 0.4}, range(10, 24)),  # sold four in the hour it ran out
        fresh_row("2024-03-30", {}, range(7)),
    ]
    (shop.workspace / "foreign").mkdir()
    pl.DataFrame(rows).write_parquet(shop.workspace / "foreign/train.parquet")
    source = {"files": ["foreign/*"], "adapter": "freshretailnet"}
    shop.overrides = {
        "products": source | {"constants": {"price": 2}},
        "conversions": source,
        "stock_snapshots": source,
    }
    shop.ingest("conversions", "stock_snapshots")
    assert shop.rows("stock_snapshots", "day, quantity_on_hand") == [
        (dt.date(2024, 3, 28), 5),
        (dt.date(2024, 3, 29), 0),
        (dt.date(2024, 3, 30), 1),
    ]
    assert shop.rows("conversions", "event_timestamp, item_id, quantity", "event_timestamp") == [
        (at("2024-03-28T09:59:59"), "3-38", 3),
        (at("2024-03-28T12:59:59"), "3-38", 2),
        (at("2024-03-29T08:59:59"), "3-38", 1),
        (at("2024-03-29T10:59:59"), "3-38", 4),
    ]
    assert shop.rows("products", "item_id, item_category, price") == [("3-38", "5/6/65", 200)]


def test_freshretailnet_published_rows_are_all_understood(shop):
    published = SAMPLES.parent / "freshretailnet_sample_120series.parquet"
    (shop.workspace / "foreign").mkdir()
    shutil.copy(published, shop.workspace / "foreign/sample.parquet")
    source = {"files": ["foreign/*"], "adapter": "freshretailnet"}
    shop.overrides = {
        "products": source | {"constants": {"price": 2}},
        "conversions": source,
        "stock_snapshots": source,
    }
    shop.ingest("conversions", "stock_snapshots")
    frame = pl.read_parquet(published)
    units = int(frame["hours_sale"].list.eval((pl.element() * 10).round()).list.sum().sum())
    out = frame.filter(pl.col("stockout_mask") >= 1 << 23).height
    assert shop.rows("conversions", "sum(quantity)") == [(units,)]
    assert shop.rows("stock_snapshots", "count(*), count(*) filter (quantity_on_hand = 0)") == [(120 * 90, out)]
    assert shop.quarantine() == []


GERMAN = {"transaction_id": "Beleg", "event_timestamp": "Datum", "item_id": "Artikelnr", "quantity": "Menge"}


def test_mapped_columns_dates_and_decimals(shop):
    shop.write("products", "item_id,price\nMUG-BLUE,10\nLAMP,20\n", "products.csv")
    columns = GERMAN | {"price": "Einzelpreis"}
    give(shop, "mapped", ["conversions"], "verkaeufe.csv", columns=columns, date_format="%d.%m.%Y %H:%M",
         constants={"currency": "GBP"})  # fmt: skip
    shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, event_timestamp, item_id, quantity, price, currency") == [
        ("R-1", at("2024-01-31T14:30:00"), "MUG-BLUE", 2, 101050, "GBP"),
        ("R-2", at("2024-02-01T09:00:00"), "LAMP", 1, 2000, "GBP"),
    ]
    assert shop.quarantine() == [(3, "event_timestamp must be a timestamp", "32.02.2024 09:00")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": GERMAN | {"item_id": "Artikel"}}, "file must have the column that is mapped, was 'Artikel'"),
        ({"columns": GERMAN | {"itemid": "Artikelnr"}}, "column must be one of table conversions.*'itemid'"),
        ({"columns": GERMAN, "constants": {"prise": 1}}, "constant must be a column.*Did you mean 'price'"),
        ({"columns": {"item_id": "Artikelnr"}}, "table conversions needs column 'transaction_id'"),
        ({"adapter": "shopify"}, "file must be Shopify.*it lacks name, created_at"),
        ({"adapter": "access_log", "item_pattern": "(a)"}, "adapter access_log has no rows for conversions"),
    ],
)
def test_wrong_maps_name_the_column_and_the_remedy(shop, change, message):
    give(shop, "mapped", ["conversions"], "verkaeufe.csv")
    shop.overrides["conversions"] |= change
    with pytest.raises(InputError, match=message):
        shop.ingest("conversions")


@pytest.mark.parametrize("name", ["it'em", 'it"em', "it);drop table logs.products;--"])
def test_names_and_values_of_files_never_become_sql(shop, name):
    quoted = name.replace('"', '""')
    shop.write("products", f'item_id,price\n"{quoted}",1.00\n', "products.csv")
    path = shop.workspace / "foreign" / "a.csv"
    path.parent.mkdir()
    lines = [f'transaction_id,event_timestamp,"{quoted}",quantity,currency', f'T1,2024-01-05,"{quoted}",1,']
    path.write_text("\n".join([*lines, f'T2,2024-01-05,"{quoted}",1,GBP', ""]))
    source = {
        "files": ["foreign/*"],
        "adapter": "mapped",
        "columns": {"item_id": name},
        "constants": {"currency": name},
    }
    shop.overrides = {"conversions": source}
    shop.ingest("conversions")
    assert shop.quarantine() == [(1, UNKNOWN_RATE, name)]
    assert shop.rows("products", "item_id") == [(name,)]


def test_changed_reading_of_a_table_needs_a_rebuild(shop):
    shop.write("products", "item_id,price\nMUG-BLUE,10\nLAMP,20\n", "products.csv")
    give(shop, "mapped", ["conversions"], "verkaeufe.csv", columns=GERMAN, date_format="%d.%m.%Y %H:%M")
    shop.ingest("conversions")
    shop.overrides["conversions"]["columns"] = GERMAN | {"price": "Einzelpreis"}
    with pytest.raises(InputError, match=r"sources.conversions must be read as before.*arena ingest --rebuild"):
        shop.ingest("conversions")
    shop.ingest("conversions", rebuild=True)
    assert shop.rows("conversions", "price") == [(2000,), (101050,)]
