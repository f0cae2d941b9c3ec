from datetime import UTC, datetime

import dagster as dg
import pytest

from arena_pipeline.assets.checks import no_look_ahead
from arena_pipeline.automation import clean_up, files_state, new_files, remove_old_results, weekly
from arena_pipeline.build import build_definitions
from arena_pipeline.resources import ArenaResource
from arena_pipeline.runs import workspace_instance

BACKTESTS = {"backtests/min_max", "backtests/periodic_order_up_to", "backtests/newsvendor", "backtests/naive_min_max"}
BESIDE = {"actual", "hindsight", "upper_bound"}
SELECTED = {"selection", "intervals", "calibration"}
SCORECARDS = {
    "scorecard", "pareto_front", "category_scorecard", "supplier_scorecard", "segment_scorecard", "item_scorecard",
    "roi", "simulated_against_real", "rate_sensitivity", "supplier_performance", "weekly_scorecard", "arena_report",
    "possibly_delisted",
    "recommended_plan",
    "arena_workbook", "arena_brief",
}  # fmt: skip


class Follower:
    """Evaluates automation conditions tick by tick on a workspace's instance, and carries requests out at once."""

    def __init__(self, definitions, instance):
        self.definitions, self.instance = definitions, instance
        self.result = dg.evaluate_automation_conditions(definitions, instance)

    def tick(self):
        """Partitions requested now, by asset."""
        self.result = dg.evaluate_automation_conditions(self.definitions, self.instance, cursor=self.result.cursor)
        requested = {}
        for result in self.result.results:
            subset = result.true_subset
            if subset.size:
                requested[result.key.to_user_string()] = subset.expensively_compute_asset_partitions()
        return requested

    def materialize(self, requested):
        for partitions in requested.values():
            for found in partitions:
                self.instance.report_runless_asset_event(
                    dg.AssetMaterialization(found.asset_key, partition=found.partition_key)
                )

    def check(self, asset, name, passed):
        evaluation = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset), check_name=name, passed=passed, metadata={}, blocking=True
        )
        self.instance.report_runless_asset_event(evaluation)


@pytest.fixture
def follower(copy):
    with workspace_instance(copy.settings) as instance:
        yield Follower(build_definitions(copy.settings), instance)


def test_nothing_is_requested_while_nothing_changed(follower):
    assert follower.result.total_requested == 0
    assert follower.tick() == {}


def test_a_new_scenario_requests_every_backtest_and_then_the_scorecards_once(follower):
    follower.instance.report_runless_asset_event(dg.AssetMaterialization("scenario"))
    backtests = follower.tick()
    assert set(backtests) == BACKTESTS | BESIDE
    assert {found.partition_key for found in backtests["backtests/min_max"]} == {
        "target=0.9,review_period=7",
        "target=0.95,review_period=7",
    }
    follower.materialize(backtests)
    selected = follower.tick()
    assert set(selected) == SELECTED
    follower.materialize(selected)
    scores = follower.tick()
    assert set(scores) == SCORECARDS
    follower.materialize(scores)
    assert follower.tick() == {}


def test_new_forecasts_are_followed_only_once_their_blocking_check_passed(follower):
    follower.instance.report_runless_asset_event(dg.AssetMaterialization("demand_forecasts"))
    follower.check("demand_forecasts", no_look_ahead.check_key.name, passed=False)
    assert follower.tick() == {}
    follower.check("demand_forecasts", no_look_ahead.check_key.name, passed=True)
    assert "scenario" in follower.tick()


def test_weekly_schedule_asks_for_ingest_and_demand_on_mondays_at_five(ran):
    assert weekly.cron_schedule == "0 5 * * 1"
    assert weekly.default_status == dg.DefaultScheduleStatus.RUNNING
    definitions = build_definitions(ran.settings)
    monday = datetime(2011, 3, 7, 5, tzinfo=UTC)
    context = dg.build_schedule_context(
        scheduled_execution_time=monday, repository_def=definitions.get_repository_def()
    )
    (request,) = weekly.evaluate_tick(context).run_requests
    assert request.job_name in {None, "refresh"}
    selected = definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys
    groups = {spec.group_name for spec in definitions.resolve_all_asset_specs() if spec.key in selected}
    assert groups == {"ingest", "demand"}
    assert monday.weekday() == 0


@pytest.fixture
def look(copy):
    """A function that lets the sensor look at the workspace with the given cursor."""
    arena = ArenaResource(workspace=str(copy.folder))

    def at(cursor):
        context = dg.build_sensor_context(cursor=cursor, resources={"arena": arena})
        answer = new_files(context)
        return answer, answer.cursor if isinstance(answer, dg.SensorResult) else context.cursor

    return at


def test_sensor_waits_until_files_are_still_and_runs_once(copy, look):
    answer, cursor = look(None)
    assert isinstance(answer, dg.SkipReason)
    assert "changing" in answer.skip_message
    answer, cursor = look(cursor)
    assert isinstance(answer, dg.SensorResult)
    assert len(answer.run_requests) == 1
    first = answer.run_requests[0].run_key
    answer, cursor = look(cursor)
    assert isinstance(answer, dg.SkipReason)
    assert "no new" in answer.skip_message
    (copy.folder / "shop/logs/products/more.csv").write_text("item_id,price\n")
    answer, cursor = look(cursor)
    assert "changing" in answer.skip_message
    (copy.folder / "shop/logs/products/more.csv").write_text("item_id,price\nA,1.00\n")
    answer, cursor = look(cursor)
    assert "changing" in answer.skip_message
    answer, cursor = look(cursor)
    assert answer.run_requests[0].run_key != first
    answer, _ = look(cursor)
    assert "no new" in answer.skip_message


def test_clean_up_removes_other_scenarios(copy):
    store = copy.store
    for name in ("old", "older"):
        (store.root / name).mkdir()
        (store.root / name / "world.npz").touch()
    arena = ArenaResource(workspace=str(copy.folder))
    config = {"ops": {remove_old_results.name: {"config": {"keep": 1}}}}
    assert clean_up.execute_in_process(run_config=config, resources={"arena": arena}).success
    assert not (store.root / "old").exists()
    assert not (store.root / "older").exists()
    assert store.folder(store.current_hash).exists()
    assert store.scorecard("scorecard.parquet").exists()


def test_a_file_that_goes_while_the_sensor_looks_is_no_error(copy, monkeypatch):
    settings = copy.settings
    before = files_state(settings)
    gone = settings.workspace / "shop/logs/suppliers/gone.csv"
    listed = type(settings).files_of
    monkeypatch.setattr(type(settings), "files_of", lambda self, table: (*listed(self, table), gone))
    assert files_state(settings) == before
