import csv
import zipfile
from datetime import date

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from arena_pipeline import demand, recommending
from arena_pipeline.bundles import load_bundle
from arena_pipeline.cli import main
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import ParameterSet
from engine.errors import InputError
from engine.schema import Axes
from tests.arena_pipeline.workspaces import bare_workspace


def table_of(workspace):
    return pl.read_parquet(workspace.store.scorecard("recommended_plan.parquet"))


def test_the_plan_starts_from_the_real_stock_and_open_orders(ran):
    table = table_of(ran)
    assert dict(table.schema) == recommending.SCHEMA
    assert table["item_id"].is_unique().all()
    axes = load_bundle(ran.store.demand("axes.npz"), Axes)
    daily = demand.with_names(demand.read_demand(ran.store, demand.ACTIVITY).collect(), axes)
    closing = dict(daily.filter(pl.col("day") == axes.date_of(axes.days - 1)).select("sku", "stock_close").iter_rows())
    warehouse = ArenaResource(workspace=str(ran.folder)).warehouse
    query = "select item_id, sum(order_quantity) from logs.purchase_orders where received_date is null group by item_id"
    coming = {item: int(units) for item, units in warehouse.read(query).iter_rows()}
    assert coming
    for row in table.to_dicts():
        assert row["on_hand"] == max(closing[row["item_id"]], 0)
        assert row["on_order"] == coming.get(row["item_id"], 0)
        assert row["inventory_position"] == row["on_hand"] + row["on_order"]


def test_orders_follow_from_levels_and_offers(ran):
    table = table_of(ran)
    orders = table.filter(pl.col("order_quantity") > 0)
    assert orders.height > 0
    assert (orders["inventory_position"] <= orders["reorder_point"]).all()
    assert (orders["order_value"] - orders["order_quantity"] * orders["unit_cost"]).abs().max() < 1e-9
    lifted = orders["inventory_position"] + orders["order_quantity"]
    assert (lifted >= np.minimum(orders["order_up_to"].to_numpy(), orders["reorder_point"].to_numpy() + 1)).all()
    axes = load_bundle(ran.store.demand("axes.npz"), Axes)
    assert orders["order_on"].is_between(axes.date_of(axes.days), axes.date_of(axes.days + 6)).all()
    assert table.filter(pl.col("order_quantity") == 0)["order_on"].null_count() == table.height - orders.height
    assert orders["supplier"].is_sorted()


def test_files_hold_the_orders_and_have_equal_bytes(ran, tmp_path):
    arena = ArenaResource(workspace=str(ran.folder))
    found = recommending.recommend(arena)
    assert found.table.equals(table_of(ran))
    paths = recommending.write_files(found, tmp_path)
    for path in paths:
        assert path.read_bytes() == ran.store.scorecard(path.name).read_bytes()
    with paths[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["item_id"] for row in rows] == found.orders["item_id"].to_list()
    assert [int(row["order_quantity"]) for row in rows] == found.orders["order_quantity"].to_list()
    with zipfile.ZipFile(paths[1]) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 1 + found.orders["supplier"].n_unique()


def test_texts_that_look_like_formulas_are_harmless_and_sheet_names_are_legal(tmp_path):
    row = dict.fromkeys(recommending.SCHEMA) | {
        "supplier": "A/B: [very] long * name of a supplier", "item_id": "=1+1", "order_quantity": 1, "order_value": 0.0,
    }  # fmt: skip
    rows = [row, row | {"supplier": "a/b: [very] long * name of a supplier"}, row | {"supplier": "All orders"}]
    made = recommending.Recommendation(
        "x", ParameterSet(key="default", parameters={}), Axes(("=1+1",), date(2024, 1, 1), 1),
        pl.DataFrame(rows, recommending.SCHEMA),
    )  # fmt: skip
    paths = recommending.write_files(made, tmp_path)
    assert ",'=1+1," in paths[0].read_text()
    with zipfile.ZipFile(paths[1]) as book:
        text = book.read("xl/workbook.xml").decode()
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    names = [part.split('"')[0] for part in text.split('<sheet name="')[1:]]
    assert len(names) == 4
    assert len({name.lower() for name in names}) == 4
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_the_command_prints_proposals_by_supplier(ran):
    shown = CliRunner().invoke(main, ["plan", "--workspace", str(ran.folder)])
    assert shown.exit_code == 0, shown.output
    orders = table_of(ran).filter(pl.col("order_quantity") > 0)
    for name in orders["supplier"].unique():
        assert name in shown.output
    for reason in orders["reason"]:
        assert reason in shown.output
    assert f"{orders.height} lines to" in shown.output
    wrong = CliRunner().invoke(main, ["plan", "--workspace", str(ran.folder), "--supplier", "nobody"])
    assert wrong.exit_code == 1
    assert "supplier must have proposals this week" in wrong.output


def test_without_scores_there_is_no_winner(tmp_path):
    bare = bare_workspace(tmp_path / "bare")
    with pytest.raises(InputError, match="runs must be scored first"):
        recommending.winner(bare.settings, bare.store)
    with pytest.raises(InputError, match="plan must be made first"):
        recommending.stored(bare.store)
