import hashlib
import json
from datetime import date

import polars as pl
import pytest

from arena_pipeline.demo import write_demo_shop
from arena_pipeline.demo.order_lines import DAYS
from engine.errors import InputError

LAST_DAY = date(2011, 12, 9)


def read_table(shop, table, pattern="*"):
    """All rows of a log table whatever the file form, in file order."""
    parts = []
    for path in sorted((shop.logs / table).glob(pattern)):
        dtypes = {"item_id": pl.String, "transaction_id": pl.String, "order_number": pl.String}
        reads_parquet = path.suffix == ".parquet"
        frame = (
            pl.read_parquet(path) if reads_parquet else pl.read_csv(path, schema_overrides=dtypes, try_parse_dates=True)
        )
        parts.append(frame)
    return pl.concat(parts, how="vertical_relaxed")


def digests(shop, below="."):
    root = shop.directory / below
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def stock(shop):
    return pl.read_parquet(shop.truth / "stock.parquet")


@pytest.fixture(scope="module")
def demand(shop):
    return pl.read_parquet(shop.truth / "daily_demand.parquet")


def test_summary_adds_up_and_names_what_is_synthetic(shop):
    told = shop.summary
    assert sum(told["order_lines"]["row_classes"].values()) == told["order_lines"]["rows"] == 541_909
    assert told["money"] == "generated purchasing: no claim about this retailer"
    assert "Generated" in told["synthetic"]
    assert "partly built in" in told["limits"]
    assert told["catalogue"]["days"] == DAYS
    assert told["log_rows"] == shop.counts


def test_books_balance_per_sku_and_day(stock):
    closing = pl.col("stock_open") + pl.col("receipts") + pl.col("adjustments") - pl.col("sold")
    assert stock.filter(closing != pl.col("stock_close")).is_empty()
    assert stock["stock_close"].min() == 0
    follows = stock.with_columns(before=pl.col("stock_close").shift(1).over("item_id")).drop_nulls("before")
    assert follows.filter(pl.col("before") != pl.col("stock_open")).is_empty()
    assert stock.select("item_id", "day").equals(stock.select("item_id", "day").unique().sort("item_id", "day"))


def test_out_of_stock_on_a_tenth_to_a_fifth_of_sku_days(shop, stock):
    share = (stock["stock_close"] == 0).mean()
    assert 0.10 <= share <= 0.20
    assert shop.summary["shop"]["stockout_share"] == pytest.approx(share, abs=1e-4)


def test_neither_trivial_nor_absurd(shop):
    figures = shop.summary["shop"]
    assert 2 <= figures["turns"] <= 8
    assert 20 <= figures["views_per_true_order_line"] <= 60
    assert 0.7 < figures["fill_rate"] < 0.95
    assert figures["units_adjusted_up"] > 0
    assert figures["units_adjusted_down"] > 0


def test_sales_are_demand_cut_by_stock(shop, demand, stock):
    assert (demand["demand"] > 0).all()
    assert ((demand["sold"] >= 0) & (demand["sold"] <= demand["demand"])).all()
    assert (demand["demand"] - demand["sold"]).equals(demand["lost"].rename("demand"))
    sold = stock.filter(pl.col("sold") > 0).select("item_id", "day", "sold")
    assert sold.equals(demand.filter(pl.col("sold") > 0).select("item_id", "day", "sold"))
    short = demand.filter(pl.col("lost") > 0).join(stock, on=["item_id", "day"])
    assert (short["in_stock_share"] < 1).all()


def test_conversions_hold_what_was_sold_and_returned(shop, demand):
    lines = read_table(shop, "conversions")
    assert len(lines) == len(lines.unique(["transaction_id", "line_number"]))
    sold = (
        lines.filter(pl.col("quantity") > 0)
        .group_by("item_id", day=pl.col("event_timestamp").dt.date())
        .agg(sold=pl.col("quantity").sum())
        .sort("item_id", "day")
    )
    assert sold.equals(demand.filter(pl.col("sold") > 0).select("item_id", "day", "sold"))
    returned = lines.filter(pl.col("quantity") < 0)
    assert len(returned) == shop.summary["order_lines"]["returns_in_logs"]
    assert returned["transaction_id"].str.starts_with("C").all()
    assert set(lines["currency"]) == {"GBP"}


def test_project_orders_are_outside_of_logs(shop):
    projects = pl.read_parquet(shop.truth / "project_orders.parquet").filter(pl.col("quantity") > 0)
    assert len(projects) == shop.summary["order_lines"]["row_classes"]["project_order"]
    lines = read_table(shop, "conversions").select(
        "item_id", "quantity", invoice=pl.col("transaction_id").cast(pl.String)
    )
    above = lines.join(projects, on=["item_id", "invoice"]).filter(pl.col("quantity") > pl.col("limit"))
    assert above.is_empty()


def test_launches_open_with_a_receipt(shop, stock):
    products = read_table(shop, "products").drop_nulls("available_from")
    assert len(products) == shop.summary["catalogue"]["launched_skus"]
    first = stock.join(products, left_on=["item_id", "day"], right_on=["item_id", "available_from"])
    assert len(first) == len(products)
    assert (first["receipts"] > 0).all()
    assert (first["stock_open"] == 0).all()


def test_orders_respect_minimum_and_multiple(shop):
    offers = read_table(shop, "supplier_offers")
    terms = offers.select("supplier_id", "item_id", "min_order_quantity", "order_multiple").unique()
    orders = read_table(shop, "purchase_orders")
    lines = orders.join(terms, on=["supplier_id", "item_id"], how="left")
    assert len(lines) == len(orders)
    assert lines["min_order_quantity"].null_count() == 0
    assert (lines["order_quantity"] >= lines["min_order_quantity"]).all()
    assert (lines["order_quantity"] % lines["order_multiple"] == 0).all()
    assert (
        lines["received_quantity"].drop_nulls()
        <= lines["order_quantity"].filter(lines["received_quantity"].is_not_null())
    ).all()
    arrived = lines.drop_nulls("received_date")
    assert (arrived["received_date"] > arrived["order_date"]).all()
    assert set(arrived["received_date"].dt.weekday()) <= {1, 2, 3, 4, 5}
    assert arrived["received_date"].max() <= LAST_DAY


def test_unit_costs_of_orders_are_those_of_the_offers(shop):
    offers = read_table(shop, "supplier_offers").select("supplier_id", "item_id", "min_quantity", offered="unit_cost")
    orders = read_table(shop, "purchase_orders").with_row_index("row")
    reached = orders.join(offers, on=["supplier_id", "item_id"]).filter(
        pl.col("min_quantity") <= pl.col("order_quantity")
    )
    best = reached.sort("row", "min_quantity").unique("row", keep="last", maintain_order=True)
    assert len(best) == len(orders)
    assert (best["unit_cost"] == best["offered"]).all()


def test_weekly_orders_meet_the_minimum_value(shop):
    suppliers = read_table(shop, "suppliers").drop_nulls("min_order_value").select("supplier_id", "min_order_value")
    launches = (
        read_table(shop, "products").drop_nulls("available_from").select("item_id", received_date="available_from")
    )
    placed = read_table(shop, "purchase_orders").filter(pl.col("order_date") >= date(2010, 12, 1))
    regular = placed.join(launches, on=["item_id", "received_date"], how="anti")
    value = regular.group_by("order_number", "supplier_id").agg(
        value=(pl.col("order_quantity") * pl.col("unit_cost")).sum()
    )
    checked = value.join(suppliers, on="supplier_id")
    assert len(checked) > 100
    assert (checked["value"] >= checked["min_order_value"]).all()


def test_order_days_are_weekdays_that_the_supplier_takes(shop):
    suppliers = read_table(shop, "suppliers").select("supplier_id", "order_weekdays")
    named = (
        read_table(shop, "purchase_orders")
        .join(suppliers, on="supplier_id")
        .with_columns(weekday=pl.col("order_date").dt.to_string("%a").str.to_lowercase())
    )
    assert len(named) == shop.counts["purchase_orders"]
    assert named.filter(~pl.col("order_weekdays").str.contains(pl.col("weekday"))).is_empty()


def test_stock_record_tells_the_truth_but_for_counted_contradictions(shop, stock):
    record = read_table(shop, "stock_snapshots")
    told = shop.summary["stock_record"]
    assert len(record) == told["rows"] < told["listed_sku_days"] == len(stock)
    both = record.join(stock, left_on=["item_id", "snapshot_date"], right_on=["item_id", "day"])
    assert len(both) == len(record)
    wrong = both.filter(pl.col("quantity_on_hand") != pl.col("stock_close"))
    assert len(wrong) == told["contradictions"] > 0
    assert (wrong["quantity_on_hand"] == 0).all()
    assert record["quantity_on_order"].min() == 0


def test_every_order_was_seen(shop, demand):
    daily = read_table(shop, "page_views", "page_views_*")
    assert daily["views"].min() >= 1
    sales = read_table(shop, "conversions").filter(pl.col("quantity") > 0)
    orders = sales.group_by("item_id", date=pl.col("event_timestamp").dt.date()).agg(orders=pl.len())
    before = orders.filter(pl.col("date") <= daily["date"].max())
    seen = before.join(daily.filter(pl.col("in_stock")), on=["item_id", "date"], how="left")
    assert (seen["views"].fill_null(0) >= seen["orders"]).all()


def test_views_fall_where_the_shelf_is_empty(shop, stock):
    daily = read_table(shop, "page_views", "page_views_*")
    known = daily.join(stock, left_on=["item_id", "date"], right_on=["item_id", "day"])
    assert len(known) == len(daily)
    assert known.filter(pl.col("in_stock") & (pl.col("in_stock_share") == 0)).is_empty()
    assert known.filter(~pl.col("in_stock") & (pl.col("in_stock_share") == 1)).is_empty()


def test_raw_events_hold_duplicates_and_bots(shop):
    events = read_table(shop, "page_views", "events_*")
    told = shop.summary["page_views"]["raw_events"]
    assert len(events) == sum(told.values()) == shop.summary["page_views"]["raw_rows"]
    assert len(events) - len(events.unique()) == told["exact_duplicates"] > 0
    assert events["event_timestamp"].dtype == pl.Datetime("ms", "UTC")
    days = events["event_timestamp"].dt.date()
    assert (days.min(), days.max()) == (date(2011, 11, 12), LAST_DAY)
    per_day = events.group_by("visitor_id", days.alias("day")).len()
    assert 2 <= (per_day["len"] > 1000).sum() <= 6


def test_same_seed_same_bytes(small_shop, tmp_path):
    again = write_demo_shop(tmp_path / "again", items=60)
    assert digests(again) == digests(small_shop)


def test_another_seed_another_shop_around_the_same_demand(small_shop, tmp_path):
    other = write_demo_shop(tmp_path / "other", items=60, seed=7)
    assert digests(other)["truth/stock.parquet"] != digests(small_shop)["truth/stock.parquet"]
    assert other.summary["order_lines"] != {}


def test_row_order_changes_only_the_order(small_shop, tmp_path):
    shuffled = write_demo_shop(tmp_path / "shuffled", items=60, row_order=3)
    assert digests(shuffled, "truth") == digests(small_shop, "truth")
    names = sorted(digests(small_shop, "logs"))
    assert names == sorted(digests(shuffled, "logs"))
    moved = 0
    for name in names:
        table, file = name.split("/")
        left, right = read_table(small_shop, table, file), read_table(shuffled, table, file)
        moved += not left.equals(right)
        keys = [column for column in left.columns if left[column].dtype != pl.Null]
        assert left.sort(keys).equals(right.sort(keys)), name
    assert moved == len(names)


def test_second_call_does_nothing(small_shop):
    before = {path: path.stat().st_mtime_ns for path in small_shop.directory.rglob("*")}
    told = []
    again = write_demo_shop(small_shop.directory, items=60, progress=told.append)
    assert again == small_shop
    assert {path: path.stat().st_mtime_ns for path in small_shop.directory.rglob("*")} == before
    assert len(told) == 1


def test_a_failed_run_leaves_the_old_shop(tmp_path, monkeypatch):
    old = write_demo_shop(tmp_path / "shop", items=5)
    before = digests(old)
    monkeypatch.setattr("arena_pipeline.demo.logs.write_products", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_demo_shop(tmp_path / "shop", items=5, seed=8)
    assert digests(old) == before
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_run_killed_between_the_renames_is_repaired(tmp_path):
    shop = write_demo_shop(tmp_path / "shop", items=5)
    shop.directory.rename(tmp_path / ".shop.old")
    again = write_demo_shop(tmp_path / "shop", items=5)
    assert again == shop
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_changed_seed_replaces_the_folder(tmp_path):
    first = write_demo_shop(tmp_path / "shop", items=5)
    second = write_demo_shop(tmp_path / "shop", items=5, seed=8)
    assert first.content_key != second.content_key
    assert json.loads((tmp_path / "shop" / "shop.json").read_text())["content_key"] == second.content_key
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_folders_of_others_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="must be empty or hold a demo shop"):
        write_demo_shop(tmp_path, items=5)
    assert (tmp_path / "notes.txt").read_text() == "mine"
