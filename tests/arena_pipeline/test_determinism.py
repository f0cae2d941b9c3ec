"""The same logs give the same bytes: in another order of rows, on the other stepper, after a kill."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass

import polars as pl
import pytest

from arena_pipeline.resources import ArenaResource
from tests.arena_pipeline.workspaces import Workspace, make_workspace


@dataclass
class Killed:
    """A workspace after a kill: what the run had printed, and the rows of the result files that were there."""

    workspace: Workspace
    printed: str
    found: dict[str, int]


@pytest.fixture(scope="module")
def killed(ran, tmp_path_factory):
    """The same shop with the rows of all log files in another order, its first run killed amid the backtests."""
    workspace = make_workspace(tmp_path_factory.mktemp("shuffled") / "workspace", row_order=7)
    printed = killed_at(workspace, "periodic_order_up_to: parameter set 1 of 2")
    return Killed(workspace, printed, whole(workspace))


@pytest.fixture(scope="module")
def shuffled(killed):
    """The same workspace, run again after the kill."""
    return killed.workspace.run()


def killed_at(workspace, line):
    """Run the arena as a process and kill it as soon as it prints the line; what it printed."""
    command = [sys.executable, "-u", "-m", "arena_pipeline.cli", "run"]
    options = {"cwd": workspace.folder, "env": workspace.environment, "text": True}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as process:
        printed = []
        for text in process.stdout:
            printed.append(text.strip())
            if line in text:
                process.send_signal(signal.SIGKILL)
                break
        process.wait(30)
    assert process.returncode == -signal.SIGKILL, "\n".join(printed)
    return "\n".join(printed)


def whole(workspace):
    """Every result file that is there can be read to its end."""
    files = [path for path in workspace.store.root.rglob("*.parquet") if not path.name.startswith(".")]
    return {path.relative_to(workspace.folder).as_posix(): pl.read_parquet(path).height for path in files}


def test_rows_are_in_another_order_in_the_files(ran, shuffled):
    names = [path.relative_to(ran.folder) for path in sorted((ran.folder / "shop/logs").rglob("*")) if path.is_file()]
    different = [name for name in names if (ran.folder / name).read_bytes() != (shuffled.folder / name).read_bytes()]
    assert len(different) > len(names) / 2


def test_as_a_process_progress_goes_line_by_line_without_warnings_of_libraries(killed):
    assert "logs and demand" in killed.printed
    assert "min_max: parameter set 2 of 2" in killed.printed
    assert "Warning" not in killed.printed


def test_a_killed_first_run_leaves_whole_files_and_no_scorecard(ran, killed):
    assert any("/min_max/" in name for name in killed.found)
    assert not any("/naive_min_max/" in name or "/scorecard/scorecard" in name for name in killed.found)
    assert {name: rows for name, rows in whole(ran).items() if name in killed.found} == killed.found


def test_after_the_kill_the_next_run_gives_the_digests_of_the_other_order(ran, shuffled):
    assert sum("0 new rows of 0" in line for line in shuffled.lines) == 7
    assert shuffled.store.current_hash == ran.store.current_hash
    assert shuffled.digests() == ran.digests()
    assert whole(shuffled) == whole(ran)


def test_tables_in_the_database_are_equal_too(ran, shuffled):
    def rows(workspace, table):
        return ArenaResource(workspace=str(workspace.folder)).warehouse.read(f"select * from {table}")

    for table in (
        "demand.daily_activity",
        "demand.censored_daily_demand",
        "demand.demand_forecasts",
        "results.scorecard",
    ):
        assert rows(ran, table).equals(rows(shuffled, table)), table


def test_the_reference_stepper_gives_the_same_bytes(ran, copy):
    copy.edit('stepper = "compiled"', 'stepper = "reference"').run("backtests")
    assert copy.digests() == ran.digests()
    curves = [path.relative_to(ran.folder) for path in ran.store.root.rglob("*.days.parquet")]
    assert len(curves) > 6
    for name in curves:
        assert (ran.folder / name).read_bytes() == (copy.folder / name).read_bytes(), name


def test_a_run_killed_amid_new_backtests_leaves_the_old_scorecard(ran, copy):
    killed_at(copy, "min_max: parameter set 2 of 2")
    assert copy.digests() == ran.digests()
    assert whole(copy) == whole(ran)


def test_the_json_is_strict_and_sorted(ran):
    text = ran.store.scorecard("scorecard.json").read_text()

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    content = json.loads(text, parse_constant=refuse)
    assert text == json.dumps(content, indent=1, sort_keys=True) + "\n"
    assert [row["kind"] for row in content["leaderboard"]].count("actual") == 1
