"""The queries of docs/graphql.md against a served workspace."""

import time

import pytest

from arena_pipeline.resources import ArenaResource
from tests.arena_pipeline.served import documented_queries, documented_variables, serve
from tests.arena_pipeline.workspaces import SETS

RUN_SECONDS = 60
SETS_OF_MIN_MAX = ("target=0.9,review_period=7", "target=0.95,review_period=7")


def wait_for_end(server, run_id):
    """Status and lines of progress of a run, once it ended."""
    cursor, lines, deadline = None, [], time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        answer = server.ask("FollowRun", runId=run_id, cursor=cursor)
        logs = answer["logsForRun"]
        cursor = logs["cursor"]
        lines += [event["message"] for event in logs["events"] if event["__typename"] == "LogMessageEvent"]
        if answer["runOrError"]["status"] in {"SUCCESS", "FAILURE", "CANCELED"} and not logs["hasMore"]:
            return answer["runOrError"]["status"], lines
        time.sleep(0.3)
    raise AssertionError(f"run {run_id} did not end; it said {lines}")


def location_of(server):
    (node,) = server.ask("Locations")["repositoriesOrError"]["nodes"]
    assert node["name"] == "__repository__"
    return node["location"]["name"]


def test_the_page_covers_listing_following_launching_cancelling_and_reading():
    assert set(documented_queries()) == {
        "Runs", "FollowRun", "AssetMetadata", "Checks", "Locations", "Launch", "CancelRun",
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name in documented_variables() if name != "Launch"])
def test_example_variables_fit_their_query(server, name):
    server.ask(name, **documented_variables()[name])


def test_runs_are_listed_newest_first(server, ran):
    results = server.ask("Runs", limit=100, filter={"statuses": ["SUCCESS"]})["runsOrError"]["results"]
    assert [run["runId"] for run in results] == [result.run_id for result in reversed(ran.results)]
    assert {"path": ["scorecard"]} in results[1]["assetSelection"]  # the newest run wrote the reports
    assert server.ask("Runs", limit=5, filter={"statuses": ["FAILURE"]})["runsOrError"]["results"] == []


def test_a_run_can_be_followed_by_its_lines(server, ran):
    result = next(result for result in ran.results if result.title == "min max")
    status, lines = wait_for_end(server, result.run_id)
    assert status == "SUCCESS"
    told = [line.partition(" after ")[0] for line in lines]
    assert [line.partition(" (")[0] for line in told] == [f"min_max: parameter set {n} of 2" for n in (1, 2)]
    assert {line.partition("(")[2] for line in told} == {f"{key})" for key in SETS_OF_MIN_MAX}  # as they finish


def test_an_unknown_run_is_no_error_of_the_server(server):
    answer = server.ask("FollowRun", runId="no-such-run", cursor=None)
    assert answer["runOrError"]["__typename"] == "RunNotFoundError"


def test_metadata_of_an_asset_are_numbers_and_text(server, ran):
    node = server.ask("AssetMetadata", path=["scorecard"], limit=1)["assetNodeOrError"]
    assert node["groupName"] == "scorecards"
    (materialization,) = node["assetMaterializations"]
    entries = {entry["label"]: entry for entry in materialization["metadataEntries"]}
    assert entries["runs"]["intValue"] == SETS + 3
    assert entries["runs_missing"]["intValue"] == 0
    best = max(row["economic_profit"] for row in ran.leaderboard() if row["kind"] == "candidate")
    assert entries["best_economic_profit"]["floatValue"] == pytest.approx(best)
    assert entries["leaderboard"]["mdStr"].startswith("| strategy | parameters |")


def test_partitions_of_a_strategy_are_filled_with_their_figures(server):
    node = server.ask("AssetMetadata", path=["backtests", "min_max"], limit=10)["assetNodeOrError"]
    assert node["partitionStats"] == {"numPartitions": 2, "numMaterialized": 2, "numFailed": 0}
    assert node["partitionKeys"] == list(SETS_OF_MIN_MAX)
    shown = {found["partition"]: found["metadataEntries"] for found in node["assetMaterializations"]}
    assert set(shown) == set(SETS_OF_MIN_MAX)
    assert all("economic_profit" in {entry["label"] for entry in entries} for entries in shown.values())


def test_checks_are_green(server):
    nodes = server.ask("Checks", keys=None)["assetNodes"]
    results = {check["name"]: check for node in nodes for check in node["assetChecksOrError"].get("checks", [])}
    assert len(results) == 9
    for name, check in results.items():
        execution = check["executionForLatestMaterialization"]
        assert execution["evaluation"]["description"], name
        if name != "demand_is_steady":  # items of a real shop do change; the check says which
            assert execution["status"] == "SUCCEEDED", name
            assert execution["evaluation"]["success"], name
    assert not results["demand_is_steady"]["blocking"]
    assert results["bound_holds"]["blocking"]
    assert not results["runs_are_complete"]["blocking"]


def range_of_min_max():
    """What the example of the page launches, with the keys of this workspace."""
    example = documented_variables()["Launch"]
    first, last = example["tags"]
    values = dict(zip((first["key"], last["key"]), SETS_OF_MIN_MAX, strict=True))
    return {"assets": example["assets"], "tags": [{"key": key, "value": value} for key, value in values.items()]}


def launch(server, **variables):
    answer = server.ask("Launch", location=location_of(server), **variables)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return answer["run"]["runId"]


def test_a_read_only_server_starts_and_ends_nothing(server, ran):
    answer = server.ask("Launch", location=location_of(server), **range_of_min_max())
    assert answer["launchRun"]["__typename"] == "UnauthorizedError"

    answer = server.ask("CancelRun", runId=ran.results[0].run_id)
    assert answer["terminateRun"]["message"] == "You do not have permission to terminate this run"


def test_one_strategy_is_materialised_again_and_a_waiting_run_is_cancelled(copy):
    """What the buttons of the UI send. The run to cancel waits for the database, which this process holds."""
    before = {path: path.read_bytes() for path in copy.store.root.rglob("*.parquet")}
    result = copy.store.result(copy.store.current_hash, "min_max", SETS_OF_MIN_MAX[0])
    stamp = result.stat().st_mtime_ns
    with serve(copy) as server:
        run_id = launch(server, **range_of_min_max())
        status, lines = wait_for_end(server, run_id)
        assert status == "SUCCESS", lines
        assert sum("parameter set" in line for line in lines) == 2
        node = server.ask("AssetMetadata", path=["backtests", "min_max"], limit=2)["assetNodeOrError"]
        assert {found["runId"] for found in node["assetMaterializations"]} == {run_id}
        with ArenaResource(workspace=str(copy.folder)).warehouse.connect():
            waiting = launch(server, assets=[{"path": ["suppliers"]}], tags=[])
            wait_until_started(server, waiting)
            ended = server.ask("CancelRun", runId=waiting)["terminateRun"]
            assert ended["__typename"] == "TerminateRunSuccess", ended
            assert wait_for_end(server, waiting)[0] == "CANCELED"
            again = server.ask("CancelRun", runId=waiting)["terminateRun"]
            assert again["__typename"] == "TerminateRunFailure"
            assert "CANCELED" in again["message"]
    assert result.stat().st_mtime_ns > stamp
    assert {path: path.read_bytes() for path in copy.store.root.rglob("*.parquet")} == before


def wait_until_started(server, run_id):
    """Until a step of the run is at work."""
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        events = server.ask("FollowRun", runId=run_id, cursor=None)["logsForRun"]["events"]
        if any(event["__typename"] == "ExecutionStepStartEvent" for event in events):
            return
        time.sleep(0.3)
    raise AssertionError(f"run {run_id} did not start")
