"""Tables do not depend on the order in which files arrive: where files disagree, the name that comes last counts.

ARENA_ARRIVALS sets the number of drawn sets of files (default 4).
"""

import itertools
import os
import shutil

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from arena_pipeline.ingest.contract import CONTRACT
from arena_pipeline.ingest.precedence import place_of

PRICES = "item_id,price\n"


@pytest.mark.parametrize(
    "labels",
    [
        ["p/products-9.csv", "p/products-10.csv"],
        ["p/products.csv", "p/products-2.csv"],
        ["p/products.csv.gz", "p/products 2.csv"],
        ["p/2024-01-31.csv", "p/2024-02-01.parquet"],
        ["p/export_20240131.csv", "p/export_20240201.csv"],
        ["z/a-1.csv", "a/b-1.csv"],
        ["2024-9/products.csv", "2024-10/products.csv"],
        ["p/a.csv", "p/B.csv"],
        ["p/Products.csv", "p/products.csv"],
        ["p/p-1.csv", "p/p-01.csv.x"],
    ],
)
def test_names_are_compared_by_their_numbers_then_by_their_folder(labels):
    assert sorted(set(labels), key=place_of) == labels


def arrive(shop, *names, table="products", files):
    """Write the files that arrive together and take them in."""
    for name in names:
        shop.write(table, files[name], name)
    return shop.ingest(table) if table != "products" else shop.ingest()


def prices(shop):
    return dict(shop.rows("products", "item_id, price"))


@pytest.mark.parametrize("order", list(itertools.permutations(["a", "b", "c"]))[1::2])
def test_products_without_a_date_take_the_file_whose_name_comes_last(shop, order):
    files = {"a-8.csv": "A1,5.00", "a-9.csv": "A1,7.00\nA2,1.00", "a-10.csv": "A1,5.00\nA5,5.00"}
    names = dict(zip("abc", files, strict=True))
    for letter in order:
        arrive(shop, names[letter], files={name: f"{PRICES}{rows}\n" for name, rows in files.items()})
    assert prices(shop) == {"A1": 250, "A2": 400, "A3": 100, "A5": 500}, "products.csv of the fixture comes last"
    (shop.workspace / "logs/products/products.csv").rename(shop.workspace / "logs/products/0.csv")
    shop.ingest(rebuild=True)
    assert prices(shop) == {"A1": 500, "A2": 100, "A3": 100, "A5": 500}


def test_a_file_that_gives_way_is_told(shop):
    shop.write("products", f"{PRICES}A1,9.00\nA2,4.00\nA4,1.00\n", "older.csv")
    shop.write("products", f"{PRICES}A1,7.00\n", "0.csv")
    report = shop.ingest()
    assert not any("give way" in warning for warning in report.warnings), "a first ingest reads in the order of names"
    shop.write("products", f"{PRICES}A1,8.00\nA2,4.00\nA3,3.00\n", "old.csv")
    told = shop.ingest().warnings
    last = "logs/products/products.csv, whose name comes later"
    assert f"products: 2 rows of logs/products/old.csv (such as A1) give way to {last}" in told
    assert prices(shop) == {"A1": 250, "A2": 400, "A3": 100, "A4": 100}


def test_updated_at_counts_more_than_the_name(shop):
    shop.write("products", "item_id,price,updated_at\nA1,9.00,2024-01-02\n", "a.csv")
    assert not any("give way" in warning for warning in shop.ingest().warnings)
    shop.write("products", "item_id,price,updated_at\nA1,8.00,2024-01-01\n", "z.csv")
    shop.ingest()
    assert prices(shop)["A1"] == 900


def test_of_one_file_the_later_row_counts(shop):
    shop.write("products", f"{PRICES}A1,9.00\nA1,8.00\n", "z.csv")
    shop.ingest()
    assert prices(shop)["A1"] == 800


def test_a_changed_file_replaces_its_rows_and_one_that_is_put_back_too(shop):
    for price in ("9.00", "8.00", "9.00", "8.00"):
        shop.write("products", f"{PRICES}A1,{price}\n", "z.csv")
        assert shop.ingest().totals["rows_replaced"] == 1
        assert prices(shop)["A1"] == float(price) * 100
        assert not shop.ingest().changed


@pytest.mark.parametrize("order", list(itertools.permutations(["a.csv", "m.csv", "z.csv"])))
def test_a_content_counts_under_the_last_of_its_names(shop, order):
    (shop.workspace / "logs/products/products.csv").rename(shop.workspace / "logs/products/0.csv")
    files = {"a.csv": f"{PRICES}A1,5.00\n", "m.csv": f"{PRICES}A1,7.00\n", "z.csv": f"{PRICES}A1,5.00\n"}
    for name in order:
        arrive(shop, name, files=files)
    assert prices(shop)["A1"] == 500
    assert not shop.ingest().changed


def test_lines_of_a_purchase_order_without_numbers_stay_in_their_places(new_shop):
    header = "order_number,supplier_id,item_id,order_date,order_quantity,received_date\n"
    lines = {
        "1.csv": "P,S,A1,2024-01-01,10,\nP,S,A1,2024-01-01,5,2024-01-09\n",
        "2.csv": "P,S,A1,2024-01-01,10,2024-01-08\nP,S,A1,2024-01-01,5,\n",
        "3.csv": "P,S,A1,2024-01-01,12,\n",
    }
    for order in itertools.permutations(lines):
        shop = new_shop()
        for name in order:
            arrive(shop, name, table="purchase_orders", files={key: header + rows for key, rows in lines.items()})
        assert shop.rows("purchase_orders", "order_quantity, day(received_date)") == [(5, 9), (10, 8)]


def test_two_exports_of_one_event_with_different_visitors(new_shop):
    header, found = "event_timestamp,item_id,event_id,visitor_id\n", set()
    views = {name: f"{header}2024-01-01T10:00:00,A1,e,{who}\n" for name, who in zip("abc", "vwv", strict=True)}
    for order in itertools.permutations(views):
        shop = new_shop()
        (shop.workspace / "var").mkdir()
        (shop.workspace / "var/visitor_salt").write_text("0" * 32)
        for name in order:
            shop.write("page_views", views[name], f"{name}.csv")
            shop.ingest("page_views")
        found.add(tuple(shop.rows("page_views", "event_id, visitor_id")))
    assert len(found) == 1


@pytest.mark.parametrize("first", ["*", "canonical", "conversions"])
def test_an_alias_that_arrives_after_the_rows_renames_them(shop, first):
    orders = "transaction_id,line_number,event_timestamp,item_id,quantity\n"
    shop.write("conversions", f"{orders}T1,1,2024-01-01,A1,1\nT2,1,2024-01-01,X,2\n", "a.csv")
    shop.ingest("conversions", "item_aliases")
    shop.write("item_aliases", f"source,source_item_id,item_id\n{first},A1,A2\n{first},X,A2\n", "1.csv")
    shop.ingest("conversions", "item_aliases")
    mapped = "A1" if first == "*" else "A2"  # an alias of * helps only items that products lacks
    assert shop.rows("conversions", "transaction_id, item_id") == [("T1", mapped), ("T2", "A2")]
    shop.write("item_aliases", f"source,source_item_id,item_id\n{first.upper()},X,A3\n", "2.csv")
    shop.ingest("conversions", "item_aliases")
    assert shop.rows("conversions", "transaction_id, item_id") == [("T1", mapped), ("T2", "A3")]
    assert shop.quarantine() == []
    shop.write("products", f"{PRICES}X,1.00\n", "more.csv")
    shop.ingest("conversions", "item_aliases")
    assert shop.rows("conversions", "item_id", "transaction_id")[1] == ("X" if first == "*" else "A3",)
    assert not shop.ingest("conversions", "item_aliases").changed


def test_rows_of_files_that_are_gone_keep_their_items_and_that_is_told(shop):
    orders = "transaction_id,line_number,event_timestamp,item_id,quantity\n"
    gone = shop.write("conversions", f"{orders}T1,1,2024-01-01,A1,1\n", "a.csv")
    shop.write("conversions", f"{orders}T2,1,2024-01-01,A1,1\n", "b.csv")
    shop.ingest("conversions", "item_aliases")
    gone.unlink()
    shop.write("item_aliases", "source,source_item_id,item_id\nconversions,A1,A2\n")
    told = shop.ingest("conversions", "item_aliases").warnings
    assert any("rows of 1 files that are not there any more keep the items" in warning for warning in told)
    assert shop.rows("conversions", "transaction_id, item_id") == [("T1", "A1"), ("T2", "A2")]


def test_a_database_of_before_goes_on(shop):
    shop.ingest("purchase_orders")
    with shop.warehouse.transaction() as connection:
        connection.execute("alter table logs.manifest drop column version")
        connection.execute("alter table logs.purchase_orders drop column repeat_number")
        connection.execute("drop table logs.aliases_applied")
    header = "order_number,supplier_id,item_id,order_date,order_quantity\n"
    shop.write("purchase_orders", f"{header}P,S,A1,2024-01-01,10\nP,S,A1,2024-01-01,5\n")
    shop.write("products", f"{PRICES}A1,1.00\n", "zz.csv")
    shop.ingest("purchase_orders")
    assert prices(shop)["A1"] == 100
    assert shop.rows("purchase_orders", "order_quantity") == [(5,), (10,)]


ITEM = st.sampled_from(["A1", "A2", "A3"])
FEW = st.integers(1, 3)
DAY = st.sampled_from(["2024-01-01", "2024-01-02"])
EMPTY = st.just("")
LINE = EMPTY | FEW
YES = st.sampled_from(["", "true"])
NAMED = ITEM | st.just("X")
ROWS = {
    "products": ("item_id,price,updated_at", ITEM, FEW, EMPTY | DAY),
    "item_aliases": ("source,source_item_id,item_id", st.sampled_from(["*", "conversions", "Web"]), NAMED, ITEM),
    "bundles": ("bundle_item_id,item_id,quantity", st.just("B"), ITEM, FEW),
    "suppliers": ("supplier_id,lead_time_days", st.just("S"), FEW),
    "supplier_offers": (
        "supplier_id,item_id,unit_cost,min_quantity,valid_from", st.just("S"), ITEM, FEW, LINE, EMPTY | DAY,
    ),
    "purchase_orders": (
        "order_number,supplier_id,item_id,order_date,order_quantity,line_number,received_date",
        st.just("P"), st.just("S"), ITEM, st.just("2024-01-01"), FEW, LINE, EMPTY | DAY,
    ),
    "stock_snapshots": (
        "snapshot_date,item_id,quantity_on_hand,location_id", DAY, ITEM, FEW, st.sampled_from(["", "L"]),
    ),
    "conversions": (
        "transaction_id,line_number,event_timestamp,item_id,quantity,price,cancelled",
        st.just("T"), LINE, DAY, NAMED, st.sampled_from([-1, 1]), st.just(2), YES,
    ),
    "page_views": ("date,item_id,views,in_stock", DAY, NAMED, FEW, YES),
    "planned_promotions": ("item_id,date_from,date_to,price", ITEM, DAY, st.just("2024-02-01"), FEW),
    "locations": ("location_id,promised_days", st.sampled_from(["L", "M"]), FEW),
    "transfers": ("from_location_id,to_location_id,lead_time_days", EMPTY, st.just("L"), FEW),
}  # fmt: skip
BASE = [
    ("conversions", "0.csv", [("T0", "", "2024-01-01", "A1", 1, 2, "")]),
    ("stock_snapshots", "0.csv", [("2023-12-31", "A1", 1, "")]),
]
FILE = st.sampled_from(list(ROWS)).flatmap(
    lambda table: st.tuples(
        st.just(table), st.sampled_from(["f-9.csv", "f-10.csv", "g.csv", "b/f-9.csv"]),
        st.lists(st.tuples(*ROWS[table][1:]), min_size=1, max_size=4),
    )
)  # fmt: skip


def test_the_property_test_knows_every_table():
    assert set(ROWS) == set(CONTRACT)


def write(shop, table, name, rows):
    lines = "\n".join(",".join(map(str, row)) for row in rows)
    shop.write(table, f"{ROWS[table][0]}\n{lines}\n", name)


@hypothesis_settings(
    max_examples=int(os.environ.get("ARENA_ARRIVALS", "4")), deadline=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    files=st.lists(FILE, min_size=3, max_size=9, unique_by=lambda file: file[:2]),
    orders=st.data(),
)
def test_any_order_and_grouping_of_arrivals_ends_in_the_same_tables(new_shop, files, orders):
    shuffled = orders.draw(st.permutations(files))
    groups = orders.draw(st.lists(st.integers(0, 2), min_size=len(files), max_size=len(files)))
    together, apart = new_shop(), new_shop()
    for shop in (together, apart):
        shop.overrides = {table: [f"logs/{table}/**/*.csv"] for table in CONTRACT}
    for file in [*BASE, *files]:
        write(together, *file)
    tables = {"conversions", "stock_snapshots", "item_aliases", *(table for table, *_ in files)}
    together.ingest(*tables)
    for file in BASE:
        write(apart, *file)
    for number in range(3):
        arriving = [file for file, group in zip(shuffled, groups, strict=True) if group == number]
        for file in arriving:
            write(apart, *file)
        if arriving:
            apart.ingest(*tables)
    assert apart.content() == together.content()
    aside = "table_name, row_number, rule, value"
    assert apart.rows("quarantine", aside) == together.rows("quarantine", aside)
    for shop in (together, apart):
        shutil.rmtree(shop.workspace)
