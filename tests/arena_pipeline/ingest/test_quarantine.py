"""Rows that do not fit are set aside with row, rule and value; the others go on."""

import pytest

from arena_pipeline.ingest.rules import UNKNOWN_RATE
from engine.errors import InputError

GOOD = {
    "products": "A9,1.00,,,,,",
    "conversions": "T1,2011-01-05T10:00:00,A1,2,2.50,GBP",
    "stock_snapshots": "2011-01-05,A1,7",
    "supplier_offers": "S,A1,1.20,,,,",
    "purchase_orders": "P1,S,A1,2011-01-05,10,,",
    "page_views": "2011-01-05T10:00:00,A1,2.50,true",
    "planned_promotions": "A1,2011-01-05,2011-01-09,",
    "suppliers": 'S,7,100,"mon,tue",0.5',
}
HEADERS = {
    "products": "item_id,price,shelf_life_days,available_from,discontinued_on,min_stock,max_stock",
    "conversions": "transaction_id,event_timestamp,item_id,quantity,price,currency",
    "stock_snapshots": "snapshot_date,item_id,quantity_on_hand",
    "supplier_offers": "supplier_id,item_id,unit_cost,min_quantity,lead_time_days,valid_from,valid_to",
    "purchase_orders": "order_number,supplier_id,item_id,order_date,order_quantity,expected_date,received_date",
    "page_views": "event_timestamp,item_id,price,in_stock",
    "planned_promotions": "item_id,date_from,date_to,price",
    "suppliers": "supplier_id,lead_time_days,min_order_value,order_weekdays,prepayment_share",
}
BAD = [
    ("conversions", "T2,yesterday,A1,2,2.50,GBP", "event_timestamp must be a timestamp", "yesterday"),
    ("conversions", "T2,2011-02-30,A1,2,2.50,GBP", "event_timestamp must be a timestamp", "2011-02-30"),
    ("conversions", "T2,1970-01-01,A1,2,,", "event_timestamp must lie between 1990 and 2100", "1970-01-01"),
    ("conversions", "T2,2206-01-01,A1,2,,", "event_timestamp must lie between 1990 and 2100", "2206-01-01"),
    ("conversions", ",2011-01-05,A1,2,2.50,GBP", "transaction_id must be given", None),
    ("conversions", "T2,2011-01-05,  ,2,2.50,GBP", "item_id must be given", None),
    ("conversions", "T2,2011-01-05,A1,,2.50,GBP", "quantity must be given", None),
    ("conversions", "T2,2011-01-05,A1,0,2.50,GBP", "quantity must not be 0", "0"),
    ("conversions", "T2,2011-01-05,A1,1.5,2.50,GBP", "quantity must be a whole number", "1.5"),
    ("conversions", "T2,2011-01-05,A1,two,2.50,GBP", "quantity must be a whole number", "two"),
    ("conversions", "T2,2011-01-05,A1,2,-2.50,GBP", "price must be >= 0", "-2.50"),
    ("conversions", "T2,2011-01-05,A1,2,nan,GBP", "price must be a price", "nan"),
    ("conversions", "T2,2011-01-05,A1,2,inf,GBP", "price must be a price", "inf"),
    ("conversions", "T2,2011-01-05,A1,2,2.50 each,GBP", "price must be a price", "2.50 each"),
    ("conversions", "T2,2011-01-05,A1,2,1e12,GBP", "price must be a price", "1e12"),
    ("conversions", "T2,2011-01-05,A1,2,2.50,EUR", UNKNOWN_RATE, "EUR"),
    ("conversions", "T2,2011-01-05,B7,2,2.50,GBP", "unknown item", "B7"),
    ("page_views", "2011-01-05T10:00:00,B7,,", "unknown item", "B7"),
    ("page_views", "2011-01-05T10:00:00,A1,,maybe", "in_stock must be a true or false", "maybe"),
    ("stock_snapshots", "2011-01-05,B7,7", "unknown item", "B7"),
    ("stock_snapshots", "2011-01-05,A1,", "quantity_on_hand must be given", None),
    ("products", "A8,", "price must be given", None),
    ("products", "A8,1.00,,2011-05-01,2011-04-30,,", "discontinued_on must not be before available_from", "2011-04-30"),
    ("products", "A8,1.00,0,,,,", "shelf_life_days must be >= 1", "0"),
    ("products", "A8,1.00,,,,5,4", "max_stock must not be below min_stock", "4"),
    ("supplier_offers", "S,A1,,,,,", "unit_cost must be given", None),
    ("supplier_offers", "S,A1,1.20,0,,,", "min_quantity must be >= 1", "0"),
    ("supplier_offers", "S,A1,1.20,,NaN,,", "lead_time_days must be a number", "NaN"),
    ("supplier_offers", "S,A1,1.20,,Infinity,,", "lead_time_days must be a number", "Infinity"),
    ("supplier_offers", "S,A1,1.20,,,2011-05-02,2011-05-01", "valid_to must not be before valid_from", "2011-05-01"),
    (
        "purchase_orders",
        "P1,S,A1,2011-01-05,10,,2011-01-04",
        "received_date must not be before order_date",
        "2011-01-04",
    ),
    (
        "purchase_orders",
        "P1,S,A1,2011-01-05,10,2011-01-04,",
        "expected_date must not be before order_date",
        "2011-01-04",
    ),
    ("purchase_orders", "P1,S,A1,2011-01-05,0,,", "order_quantity must be >= 1", "0"),
    ("planned_promotions", "A1,2011-01-05,2011-01-04,", "date_to must not be before date_from", "2011-01-04"),
    ("suppliers", "S2,7,,funday,", "order_weekdays must be a list", "funday"),
    ("suppliers", "S2,7,,,1.5", "prepayment_share must be between 0 and 1", "1.5"),
]


@pytest.mark.parametrize(("table", "line", "rule", "value"), BAD)
def test_bad_row_is_set_aside_and_good_rows_go_on(shop, table, line, rule, value):
    width = HEADERS[table].count(",") - line.count(",")
    shop.write(table, "\n".join((HEADERS[table], GOOD[table], line + "," * width, "")), "bad.csv")
    shop.ingest(table)
    assert shop.quarantine() == [(2, rule, value)]
    good = shop.rows(table, "row_number", "row_number")
    assert (1,) in good
    assert len(good) == 1 + 3 * (table == "products")


def test_first_broken_rule_is_reported_with_place_and_remedy(shop):
    shop.write("conversions", f"{HEADERS['conversions']}\n{GOOD['conversions']}\n,never,A1,0,,\n", "c.csv")
    shop.ingest("conversions")
    file, table, remedy = shop.rows("quarantine", "file, table_name, remedy")[0]
    assert (file, table) == ("logs/conversions/c.csv", "conversions")
    assert remedy


def test_rows_that_cannot_be_split_keep_the_numbers_of_the_others(shop):
    lines = [
        "T1,2011-01-05,A1,1,,",
        "T2,2011-01-05",
        "T3,2011-01-05,A1,0,,",
        "T4,2011-01-05,A1,1,,,7,8",
        "T5,2011-01-05,A1,1,,",
    ]
    shop.write("conversions", "\n".join((HEADERS["conversions"], *lines, "")), "c.csv")
    report = shop.ingest("conversions")
    assert [(row, rule) for row, rule, _ in shop.quarantine()] == [
        (2, "row must split into the columns of the header"),
        (3, "quantity must not be 0"),
        (4, "row must split into the columns of the header"),
    ]
    assert shop.rows("conversions", "transaction_id, row_number") == [("T1", 1), ("T5", 5)]
    assert report.of_table("conversions") == {
        "rows_read": 5,
        "rows_new": 2,
        "rows_replaced": 0,
        "rows_duplicate": 0,
        "rows_quarantined": 3,
        "rows_late": 0,
    }


def test_text_that_is_not_utf8_is_set_aside_or_read_under_its_encoding(shop, new_shop):
    content = "item_id,price,item_name\nA1,1.00,plain\nA2,1.00,caf\xe9\n".encode("latin-1")
    shop.write("products", content, "products.csv")
    shop.ingest()
    assert [rule for _, rule, _ in shop.quarantine()] == ["text must be UTF-8 (or set the encoding of the source)"]
    other = new_shop()
    other.overrides = {"products": {"files": ["logs/products/*"], "encoding": "latin-1"}}
    other.write("products", content, "products.csv")
    other.ingest()
    assert other.rows("products", "item_name") == [("caf\xe9",), ("plain",)]


def test_broken_json_line_is_set_aside(shop):
    good = '{"snapshot_date": "2011-01-05", "item_id": "A1", "quantity_on_hand": 3}'
    shop.write("stock_snapshots", f"{good}\n{{broken\n", "s.ndjson")
    shop.ingest("stock_snapshots")
    assert shop.quarantine() == [(2, "line must be a JSON object", None)]


def test_run_stops_beyond_the_share_and_again_until_the_file_is_mended(shop):
    shop.limits = {"max_quarantine_share": 0.4, "still_seconds": 0}
    bad = f"{HEADERS['conversions']}\n{GOOD['conversions']}\nT2,2011-01-05,A1,0,,\n"
    path = shop.write("conversions", bad, "c.csv")
    for _ in range(2):
        with pytest.raises(
            InputError, match=r"at most 40\.0%.*1 of 2 do not fit.*quantity must not be 0 \(1 rows, such as "
        ):
            shop.ingest("conversions")
    path.write_text(bad.replace(",0,", ",3,"))
    shop.ingest("conversions")
    assert len(shop.rows("conversions")) == 2


def test_unknown_items_are_taken_in_when_products_name_them(shop):
    shop.write("conversions", f"{HEADERS['conversions']}\n{GOOD['conversions']}\nT2,2011-01-05,B7,3,,\n", "c.csv")
    shop.ingest("conversions")
    assert len(shop.rows("conversions")) == 1
    shop.write("products", "item_id,price\nB7,1.00\n", "more.csv")
    report = shop.ingest("conversions")
    assert (report.of_table("conversions")["rows_new"], shop.quarantine()) == (1, [])
    assert shop.rows("conversions", "item_id, quantity") == [("A1", 2), ("B7", 3)]
    manifest = "rows_read, rows_new, rows_duplicate, rows_quarantined"
    assert shop.warehouse.read(f"select {manifest} from logs.manifest where table_name = 'conversions'").rows() == [
        (2, 2, 0, 0)
    ]
    assert not shop.ingest("conversions").changed


def test_aliases_map_foreign_item_ids(shop):
    shop.write("item_aliases", "source,source_item_id,item_id\nconversions,variant-7,A2\n*,any-1,A3\n", "a.csv")
    lines = ["T1,2011-01-05,variant-7,1,,", "T2,2011-01-05,any-1,1,,"]
    shop.write("conversions", "\n".join((HEADERS["conversions"], *lines, "")), "c.csv")
    shop.ingest("item_aliases", "conversions")
    assert shop.rows("conversions", "item_id", "transaction_id") == [("A2",), ("A3",)]


@pytest.mark.parametrize("content", [None, f"{HEADERS['conversions']}\n"])
def test_empty_required_table_says_what_it_is_needed_for(shop, content):
    if content:
        shop.write("conversions", content, "c.csv")
    with pytest.raises(InputError, match="table conversions must not be empty; it is needed for demand"):
        shop.ingest("conversions")
