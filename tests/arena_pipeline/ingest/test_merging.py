"""Nothing lost, nothing counted twice."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

VIEWS = "event_timestamp,item_id,visitor_id,event_id\n"
ORDERS = "transaction_id,line_number,event_timestamp,item_id,quantity,price\n"
UNNUMBERED = "transaction_id,event_timestamp,item_id,quantity,price\n"


def totals(report, table):
    names = ("rows_new", "rows_replaced", "rows_duplicate", "rows_late")
    return tuple(report.of_table(table)[name] for name in names)


def test_same_file_again_changes_nothing_also_under_another_name(shop):
    content = ORDERS + "T1,1,2011-01-05T10:00:00,A1,1,2.00\n"
    shop.write("conversions", content, "a.csv")
    shop.ingest("conversions")
    before = shop.content()
    shop.write("conversions", content, "b.csv")
    report = shop.ingest("conversions")
    assert not report.changed
    assert report.totals["rows_read"] == 0
    assert all(file.known for file in report.files)
    assert shop.content() == before
    assert len(shop.rows("manifest")) == 2


def test_overlapping_file_adds_only_its_new_rows_and_counts_late_ones(shop):
    day = [f"2011-01-{day:02}T10:00:00,A1,v1,\n" for day in range(1, 9)]
    shop.write("page_views", VIEWS + "".join(day[2:5]), "a.csv")
    assert totals(shop.ingest("page_views"), "page_views") == (3, 0, 0, 0)
    shop.write("page_views", VIEWS + "".join(day[:7]), "b.csv")
    assert totals(shop.ingest("page_views"), "page_views") == (4, 0, 3, 2)
    assert len(shop.rows("page_views")) == 7
    assert shop.rows("manifest", "rows_read, rows_new, rows_duplicate, rows_late", "file_id")[-1] == (7, 4, 3, 2)


def test_views_with_event_id_are_told_apart_by_it(shop):
    lines = ["2011-01-05T10:00:00,A1,v1,e1", "2011-01-05T10:00:00,A1,v1,e2", "2011-01-05T10:00:09,A1,v1,e1"]
    shop.write("page_views", VIEWS + "\n".join(lines))
    assert totals(shop.ingest("page_views"), "page_views") == (2, 0, 1, 0)
    assert shop.rows("page_views", "event_id, second(event_timestamp)") == [("e1", 0), ("e2", 0)]


def test_views_without_event_id_are_told_apart_by_the_whole_row(shop):
    lines = ["2011-01-05T10:00:00,A1,v1,", "2011-01-05T10:00:00,A1,v1,", "2011-01-05T10:00:00,A1,v2,"]
    shop.write("page_views", VIEWS + "\n".join(lines))
    assert totals(shop.ingest("page_views"), "page_views") == (2, 0, 1, 0)


def test_anonymous_views_of_one_second_all_count_once(shop):
    line = "2011-01-05T10:00:00,A1,,\n"
    shop.write("page_views", VIEWS + line * 2, "a.csv")
    assert totals(shop.ingest("page_views"), "page_views") == (2, 0, 0, 0)
    shop.write("page_views", VIEWS + line * 3, "b.csv")
    assert totals(shop.ingest("page_views"), "page_views") == (1, 0, 2, 0)


def test_order_lines_are_one_per_transaction_and_line_wherever_they_come_from(shop):
    shop.write(
        "conversions", ORDERS + "T1,1,2011-01-05T10:00:00,A1,1,2.00\nT1,2,2011-01-05T10:00:00,A1,1,2.00\n", "a.csv"
    )
    shop.write(
        "conversions", ORDERS + "T1,1,2011-03-05T10:00:00,A1,1,2.00\nT2,1,2011-01-05T10:00:00,A1,1,2.00\n", "b.csv"
    )
    assert totals(shop.ingest("conversions"), "conversions") == (3, 0, 1, 0)
    assert shop.rows("conversions", "distinct month(day)") == [(1,)]


def test_return_of_a_line_is_no_duplicate_of_it(shop):
    shop.write("conversions", ORDERS + "T1,1,2011-01-05T10:00:00,A1,2,2.00\nT1,1,2011-01-09T10:00:00,A1,-1,2.00\n")
    assert totals(shop.ingest("conversions"), "conversions") == (2, 0, 0, 0)


def test_purchase_fired_again_on_reload_counts_once_without_line_numbers(shop):
    twice = "T1,2011-01-05T10:00:00,A1,1,2.00\n" * 2
    again = twice.replace("10:00:00", "10:04:00")
    shop.write("conversions", UNNUMBERED + again + "T1,2011-01-05T10:04:00,A2,1,2.00\n" + twice)
    assert totals(shop.ingest("conversions"), "conversions") == (3, 0, 2, 0)
    assert shop.rows("conversions", "item_id, minute(event_timestamp)") == [("A1", 0), ("A1", 0), ("A2", 4)]


def test_two_returns_without_line_numbers_are_two_returns(shop):
    lines = ["T1,2011-01-05T10:00:00,A1,-1,2.00", "T1,2011-01-06T10:00:00,A1,-1,2.00"]
    shop.write("conversions", UNNUMBERED + "\n".join(lines))
    assert totals(shop.ingest("conversions"), "conversions") == (2, 0, 0, 0)


def test_later_file_replaces_rows_of_the_same_key(shop):
    shop.ingest()
    shop.write("products", "item_id,price\nA1,9.00\nA2,4.00\nB1,1.00\n", "products2.csv")
    assert totals(shop.ingest(), "products") == (1, 1, 1, 0)
    assert shop.rows("products", "item_id, price") == [("A1", 900), ("A2", 400), ("A3", 100), ("B1", 100)]


def test_offers_differ_by_price_break_and_validity(shop):
    header = "supplier_id,item_id,unit_cost,min_quantity,valid_from\n"
    shop.write("supplier_offers", header + "S,A1,1.00,,\nS,A1,0.90,100,\nS,A1,1.10,,2011-06-01\n", "a.csv")
    shop.ingest("supplier_offers")
    shop.write("supplier_offers", header + "S,A1,0.80,100,\n", "b.csv")
    assert totals(shop.ingest("supplier_offers"), "supplier_offers") == (0, 1, 0, 0)
    assert shop.rows("supplier_offers", "min_quantity, min_order_quantity, unit_cost, line_cost") == [
        (1, 1, 100, 0),
        (1, 1, 110, 0),
        (100, 1, 80, 0),
    ]


def test_receipt_filled_in_later_stays_when_an_older_export_follows(shop):
    header = "order_number,supplier_id,item_id,order_date,order_quantity,received_date,received_quantity\n"
    openly, received = "P1,S,A1,2011-01-05,10,,\n", "P1,S,A1,2011-01-05,10,2011-01-12,9\n"
    shop.write("purchase_orders", header + openly, "a.csv")
    shop.ingest("purchase_orders")
    shop.write("purchase_orders", header + received, "b.csv")
    assert totals(shop.ingest("purchase_orders"), "purchase_orders") == (0, 1, 0, 0)
    shop.write("purchase_orders", header + openly + "P2,S,A1,2011-02-05,10,,\n", "c.csv")
    assert totals(shop.ingest("purchase_orders"), "purchase_orders") == (1, 0, 1, 0)
    assert shop.rows("purchase_orders", "received_quantity", "order_number") == [(9,), (None,)]


def test_two_lines_of_one_item_in_a_purchase_order_are_two_lines(shop):
    header = "order_number,supplier_id,item_id,order_date,order_quantity\n"
    shop.write("purchase_orders", header + "P1,S,A1,2011-01-05,10\nP1,S,A1,2011-01-05,10\n")
    assert totals(shop.ingest("purchase_orders"), "purchase_orders") == (2, 0, 0, 0)


def test_resent_day_replaces_views_of_item_day_and_stock_state(shop):
    header = "date,item_id,views,in_stock\n"
    shop.write("page_views", header + "2011-01-05,A1,5,true\n2011-01-05,A1,2,false\n", "a.csv")
    shop.ingest("page_views")
    shop.write("page_views", header + "2011-01-05,A1,6,true\n2011-01-05,A1,2,false\n", "b.csv")
    assert totals(shop.ingest("page_views"), "page_views_daily") == (0, 1, 1, 0)
    assert shop.rows("page_views_daily", "in_stock, views") == [(False, 2), (True, 6)]


def test_snapshots_of_two_places_at_one_moment_are_two(shop):
    header = "snapshot_date,item_id,quantity_on_hand,location_id\n"
    shop.write("stock_snapshots", header + "2011-01-05,A1,5,shop\n2011-01-05,A1,7,store\n2011-01-05,A1,6,shop\n")
    assert totals(shop.ingest("stock_snapshots"), "stock_snapshots") == (2, 0, 1, 0)
    assert shop.rows("stock_snapshots", "location_id, quantity_on_hand") == [("shop", 6), ("store", 7)]


VIEW = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["A1", "A2"]),
    st.sampled_from([",", "v1,", "v2,", "v1,e1", ",e2"]),
)
ORDER = st.tuples(
    st.sampled_from(["T1", "T2"]),
    st.sampled_from(["", "1", "2"]),
    st.integers(1, 3),
    st.sampled_from(["A1", "A2"]),
    st.sampled_from([-1, 1, 2]),
)


@hypothesis_settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    views=st.lists(st.lists(VIEW, max_size=6), min_size=2, max_size=3),
    orders=st.lists(st.lists(ORDER, max_size=6), min_size=2, max_size=3),
    data=st.data(),
)
def test_order_of_arrival_does_not_change_the_tables(new_shop, views, orders, data):
    files = [
        ("page_views", VIEWS, [f"2011-01-{day:02}T10:00:00,{item},{who}" for day, item, who in rows]) for rows in views
    ]
    files += [
        (
            "conversions",
            ORDERS,
            [f"{t},{line},2011-01-{day:02},{item},{quantity},2.00" for t, line, day, item, quantity in rows],
        )
        for rows in orders
    ]
    contents = []
    for sequence in (files, data.draw(st.permutations(files))):
        shop = new_shop()
        (shop.workspace / "var").mkdir()
        (shop.workspace / "var/visitor_salt").write_text("0" * 32)
        shop.write("conversions", ORDERS + "T0,1,2011-01-01,A1,1,2.00\n", "first.csv")
        for number, (table, header, lines) in enumerate(sequence):  # files come in in the order of their names
            shop.write(table, header + "".join(f"{line}\n" for line in lines), f"{number}.csv")
        shop.ingest("conversions", "page_views")
        contents.append(shop.content())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("key", ["currency", "time_zone"])
def test_changed_convention_needs_a_rebuild(shop, key):
    shop.write("conversions", ORDERS + "T1,1,2011-07-05T10:00:00Z,A1,1,2.00\n")
    shop.ingest("conversions")
    shop.shop = {"currency": "EUR"} if key == "currency" else {"time_zone": "Europe/Berlin"}
    with pytest.raises(Exception, match=f"shop.{key} must stay"):
        shop.ingest("conversions")
    shop.ingest("conversions", rebuild=True)
    hour = 12 if key == "time_zone" else 11
    assert shop.rows("conversions", "event_timestamp") == [(dt.datetime.fromisoformat(f"2011-07-05T{hour}:00"),)]
