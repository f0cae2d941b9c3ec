import hashlib
import io

import polars as pl
import pytest
from rich.console import Console

from arena_pipeline import history, terminal
from arena_pipeline.history import RunRecord, runs


@pytest.fixture
def console():
    return Console(record=True, width=140, file=io.StringIO())


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (terminal.money, 1234567.5, "1,234,568"),
        (terminal.money, -0.4, "-0"),
        (terminal.money, None, ""),
        (terminal.percent, 0.98765, "98.8%"),
        (terminal.percent, None, ""),
        (terminal.number, 3.14, "3.1"),
        (terminal.number, None, ""),
        (history.told_change, (1.0, 1.0), "1.0000"),
        (history.told_change, (0.5, 0.25), "0.5000 -> 0.2500"),
        (history.told_change, (1000.0, 1234.5), "1,000 -> 1,234"),
        (history.told_change, (None, 1.0), ""),
    ],
)
def test_figures_in_words(form, value, text):
    assert form(value) == text


def test_leaderboard_shows_every_run_beside_the_shop_itself(ran, console):
    board = pl.read_parquet(ran.store.scorecard("leaderboard.parquet"))
    console.print(terminal.leaderboard_table(board, ran.settings))
    lines = console.export_text().splitlines()
    assert lines[0].startswith("Leaderboard: small shop")
    heads = " ".join(" ".join(line.strip("┃").split("┃")) for line in lines[2:4])
    assert {"economic", "profit", "GBP", "working", "capital", "outs", "fill", "rate", "front"} <= {*heads.split()}
    for row in board.to_dicts():
        (line,) = [
            line
            for line in lines
            if line.lstrip("│┃ ").startswith(row["strategy"] + " ")
            and (row["parameters"] == "default" or row["parameters"] in line)
        ]
        assert terminal.money(row["economic_profit"]) in line
        assert terminal.percent(row["stockout_rate"]) in line
        assert ("*" in line) == row["non_dominated"]
        assert "default" not in line


def test_the_result_ends_with_note_trade_off_and_digests(ran, console):
    scorecard = ran.store.scorecard("scorecard.parquet")
    terminal.print_result(console, ran.settings, scorecard)
    text = console.export_text()
    assert "Generated around real order lines." in text
    assert "of the sales of the shop's own orders" in text
    assert "actual: your own purchase orders, replayed" in text
    assert "economic profit, by which runs are ranked" in text
    for path in (scorecard, scorecard.with_suffix(".json")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert f"var/results/scorecard/{path.name}  sha256 {digest}" in text


def test_markup_in_names_is_printed_as_it_is(console):
    display = terminal.StageDisplay(console)
    display.begin("stage [bold]")
    display.tell("item [red]A[/red]")
    assert "stage [bold]" in (text := console.export_text())
    assert "item [red]A[/red]" in text


def test_runs_and_comparison(ran, console):
    (record,) = runs(ran.settings)
    console.print(terminal.runs_table([record]))
    board = [row | {"economic_profit": 1.0} for row in record.manifest["leaderboard"]]
    changed = record.manifest | {"leaderboard": board, "inputs": record.manifest["inputs"][1:]}
    changed["settings"] = changed["settings"] | {"window": changed["settings"]["window"] | {"replan_days": 7}}
    terminal.print_comparison(console, record, RunRecord("0002-x", changed))
    text = console.export_text()
    assert record.name in text
    assert "settings: window.replan_days: 28 -> 7" in text
    assert "(gone)" in text
    assert " -> 1" in text


def test_comparison_of_equal_runs_says_so(ran, console):
    (record,) = runs(ran.settings)
    terminal.print_comparison(console, record, record)
    text = console.export_text()
    assert "inputs: the same" in text
    assert "settings: the same" in text
