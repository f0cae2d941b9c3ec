import os
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from arena_pipeline import arena as work
from arena_pipeline import recovering
from arena_pipeline.build import build_definitions
from arena_pipeline.bundles import load_bundle
from arena_pipeline.runs import RANGE_START, RunFailedError, seconds_by_stage, stages, workspace_instance
from arena_pipeline.warehouse import Warehouse
from engine.errors import PlanError
from engine.scenario.build import first_level
from engine.schema import Axes
from tests.arena_pipeline.workspaces import SETS

TITLES = [
    "logs and demand", "scenario, actual and bounds", "min max", "periodic order up to", "newsvendor", "naive min max",
    "calibration, selection, intervals", "scorecards", "reports",
]  # fmt: skip
GOOD, BAD = "target=0.9,review_period=7", "target=0.95,review_period=7"


def events_of(run, kind):
    return [event for event in run.all_events if event.event_type_value == kind]


def test_stages_run_in_order_and_tell_how_far_they_are(ran):
    assert ran.titles == TITLES
    assert [result.title for result in ran.results] == TITLES
    assert "min_max: parameter set 2 of 2" in "\n".join(ran.lines)
    assert seconds_by_stage(ran.results).startswith("logs and demand ")
    assert sum("parameter set" in line for line in ran.lines) == SETS


@pytest.mark.parametrize(("only", "titles"), [("ingest", TITLES[:1]), ("backtests", TITLES[1:]), ("all", TITLES)])
def test_parts_of_the_path_can_be_run_alone(ran, only, titles):
    assert [stage.title for stage in stages(build_definitions(ran.settings), ran.settings, only)] == titles


def test_every_asset_belongs_to_exactly_one_stage(ran):
    definitions = build_definitions(ran.settings)
    named = [key for stage in stages(definitions, ran.settings) for key in stage.assets]
    assert sorted(named) == sorted(spec.key for spec in definitions.resolve_all_asset_specs())


def test_a_range_is_one_run_that_fills_all_its_partitions(ran):
    with workspace_instance(ran.settings) as instance:
        runs = instance.get_runs(dg.RunsFilter(run_ids=[result.run_id for result in ran.results]))
        assert len(runs) == len(TITLES)
        for name, grid in ran.settings.strategies.items():
            key = dg.AssetKey(["backtests", name])
            wanted = {point.key for point in grid.parameter_sets()}
            assert instance.get_materialized_partitions(key) == wanted
            (run,) = [run for run in runs if run.asset_selection == {key}]
            assert run.tags[RANGE_START] == grid.parameter_sets()[0].key


def test_every_partition_carries_its_own_figures(ran):
    with workspace_instance(ran.settings) as instance:
        records = instance.fetch_materializations(dg.AssetKey(["backtests", "min_max"]), limit=10).records
        shown = {record.partition_key: record.asset_materialization.metadata for record in records}
    board = {row["parameters"]: row for row in ran.leaderboard() if row["strategy"] == "min_max"}
    assert set(shown) == set(board) == {GOOD, BAD}
    for key, metadata in shown.items():
        assert metadata["economic_profit"].value == board[key]["economic_profit"]
        assert metadata["fill_rate"].value == board[key]["fill_rate"]


def test_the_scenario_has_its_content_hash_as_data_version(ran):
    with workspace_instance(ran.settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("scenario"))
    assert event.asset_materialization.tags["dagster/data_version"] == ran.store.current_hash[:16]


def test_all_checks_passed(ran):
    definitions = build_definitions(ran.settings)
    keys = definitions.resolve_asset_graph().asset_check_keys
    assert len(keys) == 9
    with workspace_instance(ran.settings) as instance:
        for key in keys:
            (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
            evaluation = record.event.asset_check_evaluation
            if key.name == "demand_is_steady":  # items of a real shop do change; the check says which
                assert evaluation.passed == (evaluation.metadata["items"].value == 0)
            else:
                assert evaluation.passed, key


def test_a_failed_check_ends_the_run_with_its_description(copy):
    """One count of one item is all that is known of the stock."""
    item = load_bundle(copy.store.demand("axes.npz"), Axes).items[0]
    (copy.folder / "one_count.csv").write_text(f"snapshot_date,item_id,quantity_on_hand\n2011-12-08,{item},5\n")
    copy.edit("shop/logs/stock_snapshots/*", "one_count.csv")
    (copy.folder / "var/arena.duckdb").unlink()
    found = r"stock is unknown on 8\d\.\d% of listed SKU-days, at most 50% allowed \(run.max_unknown_stock_share\)"
    with pytest.raises(RunFailedError, match=f"logs and demand: check stock_is_known failed: {found}"):
        copy.run("ingest")


def test_a_blocking_check_stops_what_lies_downstream(copy, monkeypatch):
    """Demand below what was sold: forecasts are not made from it."""
    original = recovering.censored_daily_demand

    def broken(*arguments):
        return original(*arguments).with_columns(demand_s00=pl.lit(0, pl.Int32))

    monkeypatch.setattr(recovering, "censored_daily_demand", broken)
    with workspace_instance(copy.settings) as instance:
        before = instance.get_latest_materialization_event(dg.AssetKey("demand_forecasts"))
    with pytest.raises(RunFailedError, match=r"check demand_covers_sales failed: [1-9]\d* SKU-days below sales"):
        copy.run("ingest")
    with workspace_instance(copy.settings) as instance:
        assert instance.get_latest_materialization_event(dg.AssetKey("demand_forecasts")) == before


def test_a_failing_parameter_set_leaves_the_good_ones_and_is_named(ran, copy, monkeypatch):
    original = work.run_strategy

    def run_strategy(arena, name, point):
        if point.key == BAD:
            raise PlanError("reorder_point must be >= 0", value=-3, place="plan of min_max")
        return original(arena, name, point)

    monkeypatch.setattr(work, "run_strategy", run_strategy)
    result = copy.store.result(copy.store.current_hash, "min_max", GOOD)
    stamp = result.stat().st_mtime_ns
    with pytest.raises(RunFailedError) as caught:
        copy.run("backtests")
    message = str(caught.value)
    assert message.startswith(f"min max: 1 of 2 parameter sets failed: {BAD}: plan of min_max: reorder_point must be")
    assert GOOD not in message
    assert result.stat().st_mtime_ns > stamp
    key = dg.AssetKey(["backtests", "min_max"])
    earlier = {result.run_id for result in ran.results}
    with workspace_instance(copy.settings) as instance:
        records = instance.fetch_materializations(key, limit=10).records
    assert [record.partition_key for record in records if record.run_id not in earlier] == [GOOD]


def test_the_error_of_a_step_is_its_own_message(copy):
    """No file for a table that the arena cannot do without."""
    copy.edit("shop/logs/conversions/*", "shop/logs/nothing/*")
    (copy.folder / "var/arena.duckdb").unlink()
    with pytest.raises(RunFailedError) as caught:
        copy.run("ingest")
    message = str(caught.value)
    assert message.startswith("logs and demand: sources.conversions: table conversions must not be empty")
    assert "shop/logs/nothing/*" in message
    assert "Traceback" not in message


@pytest.mark.parametrize("home", ["/elsewhere", None])
def test_folder_and_environment_are_left_as_they_were(ran, monkeypatch, home):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    if home:
        monkeypatch.setenv("DAGSTER_HOME", home)
    before = Path.cwd()
    with workspace_instance(ran.settings):
        assert Path.cwd() == ran.folder
        assert os.environ["DAGSTER_HOME"] == str(ran.folder)
    assert Path.cwd() == before
    assert os.environ.get("DAGSTER_HOME") == home


def test_an_unfinished_workspace_is_scored_with_what_is_there(copy):
    """Only the shop's own orders ran in this scenario: the scorecard names what is missing instead of failing."""
    folder = copy.store.folder(copy.store.current_hash)
    for name in copy.settings.strategies:
        for path in (folder / name).iterdir():
            path.unlink()
    definitions = build_definitions(copy.settings)
    with workspace_instance(copy.settings) as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("scorecard")])
        metadata = result.asset_materializations_for_node("scorecard")[0].metadata
        checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    assert metadata["runs_missing"].value == SETS
    assert "best_strategy" not in metadata
    assert not checks["runs_are_complete"].passed
    assert f"min_max/{GOOD}" in checks["runs_are_complete"].description


def test_one_category_alone_reaches_a_leaderboard(copy):
    """Sales, views, offers and purchases of all other items are left out everywhere."""
    products = Warehouse(copy.settings.warehouse_path).read("select item_id, item_category from logs.products")
    level = pl.Series(first_level(products["item_category"]))
    name = level.mode().sort()[0]
    chosen = products.filter(level == name)["item_id"].to_list()
    assert 1 < len(chosen) < products.height
    copy.edit('currency = "GBP"', f'currency = "GBP"\ncategories = ["{name}"]')
    copy.run()
    scores = pl.read_parquet(copy.store.scorecard("scorecard.parquet"))
    assert sorted(set(scores.filter(level="item")["name"])) == sorted(chosen)
    assert {row["strategy"] for row in copy.leaderboard()} >= {"min_max", "actual"}
