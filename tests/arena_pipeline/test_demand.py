from datetime import date

import numpy as np
import polars as pl
import pytest

from arena_pipeline import demand
from arena_pipeline.bundles import load_bundle
from arena_pipeline.ingest import ingest
from arena_pipeline.settings import parse_settings
from arena_pipeline.store import Store, write_frames
from arena_pipeline.warehouse import Warehouse
from engine.errors import InputError
from engine.schema import Axes
from engine.strategies.build import KnownHistory
from tests.arena_pipeline.workspaces import TABLES

AXES = Axes(("A", "B"), date(2011, 2, 27), 3)
SHOP = {"name": "x", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False}
PRODUCTS = "item_id,price,item_category\nB,2.50,toys/cars\nA,4.00,\n"
SALES = """transaction_id,event_timestamp,item_id,quantity,price
1,2011-03-05T10:00:00,A,1,4.00
2,2011-03-09T10:00:00,B,2,2.50
"""


@pytest.fixture
def shop(tmp_path):
    """A function that ingests the given files and returns settings and warehouse."""

    def make(shop=SHOP, **files):
        for table, text in files.items():
            path = tmp_path / "logs" / table / "log.csv"
            path.parent.mkdir(parents=True)
            path.write_text(text)
        sources = {table: [f"logs/{table}/*"] for table in TABLES}
        settings = parse_settings({"shop": shop, "sources": sources}, tmp_path)
        warehouse = Warehouse(settings.warehouse_path)
        ingest(settings, warehouse, tables=list(files))
        return settings, warehouse

    return make


def test_indices_become_item_ids_and_dates():
    frame = pl.DataFrame({"sku": [0, 0, 1], "day": [0, 2, 1], "units": [5, 6, 7]}, schema_overrides={"day": pl.Int32})
    named = demand.with_names(frame, AXES)
    assert named.rows() == [("A", date(2011, 2, 27), 5), ("A", date(2011, 3, 1), 6), ("B", date(2011, 2, 28), 7)]
    assert named.schema["day"] == pl.Date


def test_a_shard_of_a_table_counts_its_items_from_its_start(tmp_path):
    store = Store(tmp_path)
    skus = np.repeat(np.arange(7, dtype=np.int32), 3)
    write_frames(store.demand("t.parquet"), [pl.DataFrame({"sku": skus, "units": range(21)})])
    shards = Axes(tuple("ABCDEFG"), date(2011, 2, 27), 3).shards(cells=9)
    parts = [demand.read_shard(store, "t.parquet", shard) for shard in shards]
    assert [part.rows() for part in parts] == [
        [(row // 3 - shard.start, row) for row in range(3 * shard.start, 3 * shard.stop)] for shard in shards
    ]
    assert parts[0].schema["sku"] == pl.Int32


def test_matrix_is_items_by_days_with_nulls_as_zero():
    frame = pl.DataFrame({"units": [1, 2, None, 4, 5, 6]})
    assert demand.matrix(frame.lazy(), "units", AXES).tolist() == [[1, 2, 0], [4, 5, 6]]


def test_axes_are_sorted_items_and_days_up_to_the_last_sale(shop):
    settings, warehouse = shop(products=PRODUCTS, conversions=SALES)
    assert demand.shop_axes(warehouse, settings) == Axes(("A", "B"), date(2011, 3, 5), 5)
    assert demand.categories_of(warehouse, demand.shop_axes(warehouse, settings))[1] == "toys"


def test_axes_follow_configured_days(shop):
    days = {"first_day": date(2011, 3, 1), "last_day": date(2011, 3, 31)}
    settings, warehouse = shop(SHOP | days, products=PRODUCTS, conversions=SALES)
    assert demand.shop_axes(warehouse, settings) == Axes(("A", "B"), date(2011, 3, 1), 31)


def test_views_may_open_the_window_a_week_before_the_first_sale(shop):
    views = "date,item_id,views\n2011-01-01,A,3\n2011-03-09,A,3\n"
    settings, warehouse = shop(products=PRODUCTS, conversions=SALES, page_views=views)
    assert demand.shop_axes(warehouse, settings).first_day == date(2011, 2, 26)


def test_without_sales_the_error_says_where_to_name_them(shop):
    settings, warehouse = shop(products=PRODUCTS)
    with pytest.raises(InputError, match=r"logs.conversions: sales must be logged. Name order files under \[sources\]"):
        demand.shop_axes(warehouse, settings)


def test_logs_are_read_in_one_order_and_without_what_is_kept_about_rows(shop):
    _, warehouse = shop(products=PRODUCTS)
    products = demand.read_log(warehouse, "products")
    assert products["item_id"].to_list() == ["A", "B"]
    assert not {"file_id", "row_number"} & set(products.columns)


def test_history_for_the_forecast_counts_only_days_with_exposure(ran):
    store = ran.store
    history = load_bundle(store.demand("known_history.npz"), KnownHistory).orders
    axes = load_bundle(store.demand("axes.npz"), Axes)
    assert history.orders.shape == axes.shape
    assert np.all(history.orders[history.exposure == 0] == 0)
    assert np.all((history.exposure >= 0) & (history.exposure <= 1))


def test_only_the_chosen_categories_are_planned(shop):
    settings, warehouse = shop(shop=SHOP | {"categories": ["toys"]}, products=PRODUCTS, conversions=SALES)
    assert demand.shop_axes(warehouse, settings).items == ("B",)


def test_a_category_that_no_product_has_is_named(shop):
    settings, warehouse = shop(shop=SHOP | {"categories": ["toy"]}, products=PRODUCTS, conversions=SALES)
    with pytest.raises(InputError, match=r"arena.toml, shop.categories: .*toy.*toys"):
        demand.shop_axes(warehouse, settings)
