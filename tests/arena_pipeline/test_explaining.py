"""`arena explain`, and strategies of one's own: the example of docs/strategy.md as it stands there."""

import re
import sys
from pathlib import Path

import polars as pl
import pytest

from engine.strategies import STRATEGIES
from tests.arena_pipeline.test_cli import arena

PAGE = Path(__file__).parents[2] / "docs/strategy.md"


@pytest.fixture
def item(ran):
    """The one that sold most."""
    scores = pl.read_parquet(ran.store.scorecard("item_scorecard.parquet")).filter(pl.col("strategy") == "actual")
    return scores.sort("revenue", "item", descending=True)["item"][0]


def test_explain_shows_days_and_reasons_of_one_item(ran, item):
    code, output = arena("explain", item, "--strategy", "min_max", workspace=ran)
    assert code == 0, output
    assert f"{item}: min_max target=0.9,review_period=7" in output
    assert re.search(r"20\d\d-\d\d-\d\d: position -?\d+ \(\d+ on hand \+ \d+ on order - \d+ waiting\) <= -?\d+", output)
    code, output = arena("explain", item, workspace=ran)
    assert code == 0, output
    assert f"{item}: actual" in output


def test_explain_names_the_nearest_item_strategy_and_parameter_set(ran, item):
    for arguments, nearest in [
        ((item + "x",), item),
        ((item, "--strategy", "min_mx"), "min_max"),
        ((item, "--strategy", "min_max", "--parameters", "target=0.95,review_period=8"), "target=0.95,review_period=7"),
    ]:
        code, output = arena("explain", *arguments, workspace=ran)
        assert code == 1
        assert f"Did you mean '{nearest}'" in " ".join(output.split())


@pytest.fixture
def with_plugin(copy, monkeypatch):
    """A function that puts a module of strategies into the workspace; forgotten when the test ends."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def put(name, text):
        (copy.folder / f"{name}.py").write_text(text)
        monkeypatch.setitem(STRATEGIES, "days_of_cover", object)
        copy.edit("[run]", f'[strategies.days_of_cover]\ncover_days = [20, 40]\n\n[run]\nplugins = ["{name}"]')
        return copy

    yield put
    for name in ("own_strategies", "peeking_strategies"):
        sys.modules.pop(name, None)


def documented_strategy():
    return re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)


def test_the_documented_strategy_runs_in_the_arena(with_plugin):
    workspace = with_plugin("own_strategies", documented_strategy()).run("backtests")
    rows = [row for row in workspace.leaderboard() if row["strategy"] == "days_of_cover"]
    assert [row["kind"] for row in rows] == ["candidate"] * 2
    assert rows[0]["economic_profit"] != rows[1]["economic_profit"]
    code, output = arena("validate", workspace=workspace)
    assert code == 0, output
    assert "strategy days_of_cover: sees nothing of the future" in output


def test_a_strategy_that_sees_the_future_is_named(with_plugin):
    """It orders by the mean that is known at the end."""
    honest = documented_strategy()
    peeking = honest.replace(
        "np.ceil(information.daily_mean * self.cover_days)",
        "np.ceil(np.broadcast_to(information.daily_mean[-1:], information.shape) * self.cover_days)",
    )
    assert peeking != honest
    code, output = arena("validate", workspace=with_plugin("peeking_strategies", peeking))
    assert code == 1
    assert re.search(r"strategy days_of_cover: (?!sees nothing)", output)
    assert "a strategy must not see the future" in " ".join(output.split())


def test_a_module_that_is_not_there_is_an_error_for_people(copy):
    copy.edit("[run]", '[run]\nplugins = ["no_such_strategies"]')
    code, output = arena("validate", workspace=copy)
    assert code == 1
    said = " ".join(output.split())
    assert "run.plugins: module must be importable" in said
    assert "Put no_such_strategies.py into" in said
