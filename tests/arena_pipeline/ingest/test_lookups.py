"""Identity and units: names of other systems, currencies, units of purchase, bundles, locations."""

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena_pipeline.assets.ingest import ingest_assets
from arena_pipeline.demand import read_activity_logs, shop_axes, unbundled
from arena_pipeline.ingest.rules import UNKNOWN_RATE
from engine.errors import InputError, SettingsError

ORDERS = "transaction_id,line_number,event_timestamp,item_id,quantity,price,currency\n"
ALIASES = "source,source_item_id,item_id\n"


def test_the_most_particular_alias_counts(shop):
    lines = ["web,X,A1", "till,X,A2", "page_views,Y,A2", "*,Z,A3", "*,A1,A3", "canonical,A2,A1"]
    shop.write("item_aliases", ALIASES + "".join(f"{line}\n" for line in lines))
    views = ["X,web", "X,till", "Y,web", "Y,till", "Z,web", "A1,web", "A2,web"]
    rows = "".join(f"2011-01-05T10:00:0{number},{view}\n" for number, view in enumerate(views))
    shop.write("page_views", "event_timestamp,item_id,source\n" + rows)
    shop.ingest("item_aliases", "page_views")
    # an alias of * helps only items that products lacks: A1 stays A1; one said of this log holds for A2
    assert shop.rows("page_views", "item_id", "event_timestamp") == [
        ("A1",), ("A2",), ("A2",), ("A2",), ("A3",), ("A1",), ("A1",)
    ]  # fmt: skip


def test_an_alias_is_of_the_adapter_or_of_the_name_that_the_source_gives_itself(shop):
    shop.write("item_aliases", ALIASES + "mapped,7,A1\ntill 2,7,A2\n")
    shop.write("conversions", "order,date,sku,qty\nT1,2011-01-05,7,1\n", "a.csv")
    columns = {"transaction_id": "order", "event_timestamp": "date", "item_id": "sku", "quantity": "qty"}
    source = {"files": ["logs/conversions/*"], "adapter": "mapped", "columns": columns}
    for name, item in ((None, "A1"), ("Till 2", "A2")):
        shop.overrides["conversions"] = source | ({"alias_source": name} if name else {})
        shop.ingest("item_aliases", "conversions", rebuild=True)
        assert shop.rows("conversions", "item_id") == [(item,)]


def test_an_alias_that_arrives_later_takes_the_rows_in(shop):
    shop.write("conversions", ORDERS + "T1,1,2011-01-05,A1,1,,\nT2,1,2011-01-05,X,1,,\n")
    shop.ingest("conversions")
    assert len(shop.rows("conversions")) == 1
    shop.write("item_aliases", ALIASES + "conversions,X,A2\n")
    shop.ingest("item_aliases", "conversions")
    assert shop.rows("conversions", "transaction_id, item_id") == [("T1", "A1"), ("T2", "A2")]
    assert shop.quarantine() == []


def test_aliases_are_upstream_of_the_tables_they_name(shop):
    with_aliases = {asset.key.path[-1]: asset for asset in ingest_assets(shop.settings)}
    conversions = with_aliases["conversions"]
    assert {key.path[-1] for key in conversions.asset_deps[conversions.key]} == {"products", "item_aliases"}
    shop.overrides = {"item_aliases": {"files": ["none"]}}
    content = shop.settings.model_copy(update={"sources": {}})
    bare = {asset.key.path[-1]: asset for asset in ingest_assets(content)}["conversions"]
    assert {key.path[-1] for key in bare.asset_deps[bare.key]} == {"products"}


def test_rates_of_the_day_convert_prices_and_missing_ones_are_told(shop):
    (shop.workspace / "rates.csv").write_text("date,currency,rate\n2011-02-01,USD,0.5\n2011-03-01,usd,0.25\n")
    shop.shop = {"exchange_rates": {"USD": 0.625, "EUR": 0.85}, "exchange_rate_file": "rates.csv"}
    lines = ["2011-01-31,USD", "2011-02-01,usd", "2011-03-05,USD", "2011-03-05,EUR", "2011-03-05,SEK", "2011-03-05,GBP"]
    rows = "".join(f"T{n},1,{line.split(',')[0]},A1,1,10.01,{line.split(',')[1]}\n" for n, line in enumerate(lines))
    shop.write("conversions", ORDERS + rows)
    shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, price, currency") == [
        ("T0", 626, "GBP"),  # 10.01 x 0.625 = 6.25625
        ("T1", 500, "GBP"),  # 5.005: half to even
        ("T2", 250, "GBP"),
        ("T3", 851, "GBP"),
        ("T5", 1001, "GBP"),
    ]
    assert shop.quarantine() == [(5, UNKNOWN_RATE, "SEK")]
    assert not shop.ingest("conversions").changed
    shop.shop["exchange_rates"]["SEK"] = 0.1
    assert shop.ingest("conversions").totals["rows_new"] == 1
    assert shop.rows("conversions", "price", "transaction_id")[4] == (100,)
    assert all(file.known for file in shop.ingest("conversions").files)
    shop.shop["exchange_rates"]["USD"] = 0.7
    with pytest.raises(InputError, match=r"rate of USD from 0001-01-01 on must stay.*\(0.625\).*--rebuild"):
        shop.ingest("conversions")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("date,currency,rate\n2011-02-01,USD,0\n", r"row 1: rate must be above 0"),
        ("date,currency,rate\n2011-02-01,USD,nan\n", r"row 1: rate must be above 0"),
        ("date,currency,rate\n2011-02-30,USD,1\n", r"row 1: row must be date, currency and rate"),
        ("day,currency,rate\n2011-02-01,USD,1\n", r"row must be date, currency and rate"),
        (None, "exchange rates must be readable"),
    ],
)
def test_wrong_rates_name_the_row(shop, content, message):
    if content:
        (shop.workspace / "rates.csv").write_text(content)
    shop.shop = {"exchange_rate_file": "rates.csv"}
    with pytest.raises(InputError, match=message):
        shop.ingest()


def test_rate_file_stays_below_the_workspace(shop):
    shop.shop = {"exchange_rate_file": "../rates.csv"}
    with pytest.raises(SettingsError, match="must stay below the workspace"):
        shop.ingest()


@given(st.integers(0, 10**9), st.integers(1, 2000))
def test_cost_of_a_unit_of_sale_is_rounded_half_to_even(cost, units):
    import duckdb  # noqa: PLC0415 - the oracle is Python's decimal

    expected = int((Decimal(cost) / units).quantize(Decimal(1), ROUND_HALF_EVEN))
    found = duckdb.sql(f"select cast(round_even(cast({cost} as bigint) / {units}, 0) as bigint)").fetchall()
    assert found == [(expected,)]


def test_offers_and_purchases_in_cases_are_stored_in_units(shop):
    header = "supplier_id,item_id,unit_cost,min_quantity,min_order_quantity,order_multiple,units_per_purchase_unit\n"
    shop.write("supplier_offers", header + "S,A1,12.30,2,,5,12\nS,A2,1.00,,3,,\n")
    shop.write(
        "purchase_orders",
        "order_number,supplier_id,item_id,order_date,order_quantity,received_date,received_quantity,unit_cost,"
        "units_per_purchase_unit\nP1,S,A1,2011-01-05,4,2011-01-09,3,12.30,12\n",
    )
    shop.ingest("supplier_offers", "purchase_orders")
    columns = "item_id, unit_cost, min_quantity, min_order_quantity, order_multiple"
    assert shop.rows("supplier_offers", columns) == [("A1", 102, 24, 12, 60), ("A2", 100, 1, 3, 1)]
    assert shop.rows("purchase_orders", "order_quantity, received_quantity, unit_cost") == [(48, 36, 102)]


@pytest.mark.parametrize("units", ["0", "1000001", "1.5", "99999999999999999999"])
def test_units_per_case_that_cannot_be_are_set_aside(shop, units):
    header = "order_number,supplier_id,item_id,order_date,order_quantity,units_per_purchase_unit\n"
    shop.write("purchase_orders", f"{header}P1,S,A1,2011-01-05,999999999999,1000000\nP2,S,A1,2011-01-05,1,{units}\n")
    shop.ingest("purchase_orders")
    assert shop.rows("purchase_orders", "order_quantity") == [(999_999_999_999_000_000,)]
    ((number, rule, value),) = shop.quarantine()
    assert (number, value) == (2, units)
    assert rule.startswith("units_per_purchase_unit must be")


def test_bundles_count_as_their_items(shop):
    shop.write("products", "item_id,price\nSET,10\nA1,2.50\nA2,4.00\n", "products.csv")
    shop.write("bundles", "bundle_item_id,item_id,quantity\nSET,A1,2\nSET,A2,\n")
    shop.write("conversions", ORDERS + "T1,1,2011-01-05,SET,3,8.10,\nT1,2,2011-01-05,A2,1,4.00,\n")
    shop.ingest("bundles", "conversions")
    logs = read_activity_logs(shop.warehouse, shop.settings)
    # a set of list price 9.00 for 8.10: each item a tenth less
    assert logs.conversions.select("line_number", "item_id", "quantity", "price").rows() == [
        (1, "A1", 6, 225), (1, "A2", 3, 360), (2, "A2", 1, 400)
    ]  # fmt: skip
    assert shop_axes(shop.warehouse, shop.settings).items == ("A1", "A2")


def test_a_bundle_in_a_bundle_is_told():
    bundles = pl.DataFrame({"bundle_item_id": ["S", "T"], "item_id": ["T", "A"], "quantity": [1, 1]})
    lines = pl.DataFrame({"item_id": ["S"], "quantity": [1], "price": [100]})
    with pytest.raises(InputError, match="a bundle must not hold a bundle, was 'T'"):
        unbundled(lines, bundles, pl.DataFrame({"item_id": ["A"], "price": [5]}))


@pytest.mark.parametrize(("chosen", "kept"), [(None, 3), (["shop"], 2), (["store"], 2)])
def test_stock_of_chosen_locations_counts(shop, chosen, kept):
    shop.shop = {"locations": chosen} if chosen else {}
    header = "snapshot_date,item_id,quantity_on_hand,location_id\n"
    shop.write("stock_snapshots", header + "2011-01-05,A1,5,shop\n2011-01-05,A1,7,store\n2011-01-06,A1,9,\n")
    shop.ingest("stock_snapshots")
    logs = read_activity_logs(shop.warehouse, shop.settings)
    assert logs.stock_snapshots.height == kept


def test_cancelled_orders_are_no_demand(shop):
    header = "transaction_id,line_number,event_timestamp,item_id,quantity,cancelled\n"
    shop.write("conversions", header + "T1,1,2011-01-05,A1,1,true\nT2,1,2011-01-06,A1,2,\nT3,1,2011-01-07,A1,4,false\n")
    shop.ingest("conversions")
    assert read_activity_logs(shop.warehouse, shop.settings).conversions["quantity"].to_list() == [2, 4]


def test_days_are_split_at_the_shops_midnight_on_both_clock_changes(shop):
    shop.shop = {"time_zone": "America/New_York"}
    moments = ["2011-03-13T04:59:59Z", "2011-03-13T05:00:00Z", "2011-03-14T03:59:59Z", "2011-03-14T04:00:00Z",
               "2011-11-06T03:59:59Z", "2011-11-06T04:00:00Z", "2011-11-07T04:59:59Z",
               "2011-11-07T05:00:00Z"]  # fmt: skip
    rows = "".join(f"T{number},1,{moment},A1,1,,\n" for number, moment in enumerate(moments))
    shop.write("conversions", ORDERS + rows)
    shop.ingest("conversions")
    days = [day for (day,) in shop.rows("conversions", "day", "transaction_id")]
    expected = [(3, 12), (3, 13), (3, 13), (3, 14), (11, 5), (11, 6), (11, 6), (11, 7)]
    assert days == [dt.date(2011, *day) for day in expected]
