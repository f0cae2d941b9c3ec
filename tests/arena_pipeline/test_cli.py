import re
import shutil
import subprocess
import sys

import polars as pl
import pytest
from click.testing import CliRunner

from arena_pipeline.cli import main
from tests.arena_pipeline.workspaces import bare_workspace

COMMANDS = (
    "demo",
    "run",
    "ingest",
    "validate",
    "ui",
    "explain",
    "report",
    "rows",
    "runs",
    "compare",
    "clean",
    "forget",
)
WITHOUT_WORKSPACE = ("init",)


def arena(*arguments, workspace=None):
    """Exit code and output of a command in this process."""
    chosen = ["--workspace", str(workspace.folder)] if workspace else []
    result = CliRunner().invoke(main, [*arguments[:1], *chosen, *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def arena_process(*arguments, workspace):
    """The same as a process of its own, in the workspace."""
    command = [sys.executable, "-m", "arena_pipeline.cli", *arguments]
    return subprocess.run(
        command,
        cwd=workspace.folder,
        env=workspace.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def empty(tmp_path):
    """A workspace without logs."""
    return bare_workspace(tmp_path / "empty")


def test_help_names_every_command_with_a_sentence():
    code, output = arena("--help")
    assert code == 0
    for command in (*COMMANDS, *WITHOUT_WORKSPACE):
        assert re.search(rf"^  {command} +[A-Z].*\.", output, re.MULTILINE), command


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_says_what_a_workspace_is(command):
    code, output = arena(command, "-h")
    assert code == 0
    assert "--workspace" in output
    assert "arena.toml" in output


def test_validate_reads_everything_and_changes_nothing(copy):
    stamp = (copy.folder / "var/arena.duckdb").stat().st_mtime_ns
    code, output = arena("validate", workspace=copy)
    assert code == 0
    assert "small shop: settings and logs are fine; 4 strategies, 6 sets" in output
    rows = re.search(r"shop/logs/suppliers/\S+: (\d+) rows read, (\d+) used, 0 duplicate, 0 set aside", output)
    assert rows
    assert rows[1] == rows[2] != "0"
    assert (copy.folder / "var/arena.duckdb").stat().st_mtime_ns == stamp


def test_validate_of_a_new_workspace_writes_nothing(copy):
    shutil.rmtree(copy.folder / "var")
    assert arena("validate", workspace=copy)[0] == 0
    assert not (copy.folder / "var/arena.duckdb").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("currency", "curency", r"arena.toml, shop.curency: key is unknown, was 'GBP'. Did you mean 'currency'\?"),
        ("[strategies.min_max]", "[strategies.min_mx]", r"strategy must be one of.*'min_mx'. Did you mean 'min_max'"),
        ("target = [0.90, 0.95]", "taget = 0.9", r"strategies.min_max\]: parameter.*'taget'. Did you mean 'target'"),
        ("target = [0.90, 0.95]", "target = 95", r"\[strategies.min_max\]: target must be less than 1, was 95"),
        ('currency = "GBP"', "currency = GBP", r"arena.toml: must be valid TOML"),
        ("shop/logs/products/*", "shop/logs/prodcts/*", r"products must not be empty.*names shop/logs/prodcts/\*"),
        ("shop/logs", "../logs", r"path must stay below the workspace, was '../logs"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["validate", "run"])
def test_errors_name_key_value_and_remedy_without_a_traceback(empty, command, old, new, message):
    path = empty.folder / "arena.toml"
    path.write_text(path.read_text().replace(old, new))
    code, output = arena(command, workspace=empty)
    assert code == 1
    assert output.count("error:") == 1
    assert re.search(message, " ".join(output.split())), output
    assert "Traceback" not in output


def test_without_a_workspace_the_error_says_what_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARENA_WORKSPACE", raising=False)
    code, output = arena("runs")
    assert code == 1
    assert "arena.toml must exist" in " ".join(output.split())


def test_a_misspelt_column_is_named_with_the_nearest(copy):
    (copy.folder / "shop/logs/suppliers/bad.csv").write_text("suplier_id\nS1\n")
    code, output = arena("ingest", workspace=copy)
    said = " ".join(output.split())
    assert code == 1
    assert "shop/logs/suppliers/bad.csv" in said
    assert "supplier_id" in said
    assert "suplier_id" in said
    assert "Traceback" not in said


def test_ingest_takes_in_only_new_rows(copy):
    lines = (copy.folder / "shop/logs/suppliers").iterdir()
    head = next(lines).read_text().splitlines()[0]
    (copy.folder / "shop/logs/suppliers/more.csv").write_text(f"{head}\nZZ9{',' * head.count(',')}\n")
    code, output = arena("ingest", workspace=copy)
    assert code == 0, output
    assert "suppliers: 1 new rows of 1" in output
    assert "conversions: 0 new rows of 0" in output
    assert "scorecards" not in output


def test_runs_and_compare_of_two_runs(copy):
    code, output = arena("runs", workspace=copy)
    assert code == 0
    assert re.search(r"0001-[0-9a-f]{8}", output)
    copy.edit("[run]", "[costs]\nholding_rate = 0.2\n\n[run]").run("backtests")
    code, output = arena("compare", "1", "2", workspace=copy)
    assert code == 0
    assert "inputs: the same" in output
    assert re.search(r"settings: costs.holding_rate: 0\.\d+ -> 0.2", output)
    assert " -> " in output.split("economic profit")[1]


def test_compare_with_an_unknown_run_fails(ran):
    code, output = arena("compare", "1", "9", workspace=ran)
    assert code == 1
    assert "run must be one of those remembered, was '9'" in " ".join(output.split())
    assert arena("compare", "1", workspace=ran)[0] == 2


def test_a_second_run_ingests_nothing_and_prints_the_same_digests(copy):
    before, board = copy.digests(), pl.read_parquet(copy.store.scorecard("leaderboard.parquet"))
    code, output = arena("run", workspace=copy)
    assert code == 0, output
    assert copy.digests() == before
    for name, digest in before.items():
        assert f"{name}  sha256 {digest}" in output
    assert re.findall(r"(\d+) new rows of (\d+)", output) == [("0", "0")] * 7
    assert "Leaderboard: small shop" in output
    for row in board.to_dicts():
        assert row["strategy"] in output
    code, output = arena("runs", workspace=copy)
    assert len(re.findall(r"\d{4}-[0-9a-f]{8}", output)) == 1


def test_as_a_process_errors_go_with_exit_code_one(empty):
    done = arena_process("validate", workspace=empty)
    assert done.returncode == 1
    assert "products must not be empty" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Warning" not in done.stderr


def test_a_sample_is_run_extrapolated_and_said_to_be_one(copy):
    code, output = arena("run", "--sample", "3", "--best", "5", workspace=copy)
    assert code == 0, output
    assert "items were simulated; figures are extrapolated" in output
    table = pl.read_parquet(next(copy.store.root.glob("*/sampling.parquet")))
    board = {(row["strategy"], row["parameters"]): row for row in copy.leaderboard()}
    sampled, items = table["sampled"][0], table["items"][0]
    assert 5 <= sampled < items
    assert {(row["strategy"], row["parameters"]) for row in table.to_dicts()} == {
        key for key, row in board.items() if row["kind"] != "bound"
    }
    for row in table.filter(pl.col("kind") == "actual").to_dicts():
        assert row["low"] == row["high"] == row["estimate"] == pytest.approx(board["actual", "default"][row["figure"]])
    within = [
        row["low"] <= board[row["strategy"], row["parameters"]][row["figure"]] <= row["high"]
        for row in table.filter(pl.col("kind") != "actual").to_dicts()
        if row["figure"] in {"working_capital", "fill_rate", "stockout_rate"}
    ]
    assert sum(within) >= 0.7 * len(within), "one draw; coverage itself is tested in the engine"
