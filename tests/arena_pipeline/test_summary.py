"""The default result: totals, categories, suppliers and the items that matter; small, and without daily rows."""

import json

import numpy as np
import polars as pl
import pytest

from arena_pipeline.assets.scorecards import SUMMARISED, summary
from arena_pipeline.settings import load_settings
from engine.scorecard import leaderboard
from engine.scorecard.figures import COUNTS, MONEY, RATIOS
from tests.arena_pipeline.asset_graph import REPOSITORY

MOST_BYTES = 1_000_000
ITEMS = 200


def random_scores(items):
    """Scores of every run of the demo's grids, each figure with all its digits."""
    draw = np.random.default_rng(3)
    groups = [("catalogue", "all"), *(("category", f"category {n}") for n in range(15))]
    groups += [*(("supplier", f"SUPPLIER-{n}") for n in range(40)), *(("item", f"item {n}") for n in range(items))]
    runs = [("actual", "default", "actual"), ("hindsight", "default", "bound")]
    for name, grid in load_settings(REPOSITORY).strategies.items():
        runs += [(name, point.key, "candidate") for point in grid.parameter_sets()]
    rows = [run + group for run in runs for group in groups]
    frame = pl.DataFrame(rows, schema=["strategy", "parameters", "kind", "level", "name"], orient="row")
    figures = {figure.__name__: draw.normal(0, 1e5, len(rows)) for figure in (*MONEY, *RATIOS, *COUNTS)}
    return frame.with_columns(**{name: pl.Series(values) for name, values in figures.items()})


def test_two_hundred_items_over_a_year_stay_below_a_megabyte():
    scores = random_scores(ITEMS)
    board = leaderboard(scores)
    text = json.dumps({"leaderboard": board.to_dicts(), **summary(scores, board)}, indent=1)
    assert len(text.encode()) < MOST_BYTES


def test_items_are_those_with_most_to_gain_and_most_to_lose():
    scores = random_scores(ITEMS)
    board = leaderboard(scores)
    made = summary(scores, board)
    best = board.filter(pl.col("kind") == "candidate").row(0, named=True)
    items = scores.filter(pl.col("level") == "item")
    profit = {
        name: dict(items.filter((pl.col("strategy") == name) & (pl.col("parameters") == key))
                   .select("name", "economic_profit").iter_rows())
        for name, key in ((best["strategy"], best["parameters"]), ("actual", "default"))
    }  # fmt: skip
    gains = sorted((profit[best["strategy"]][item] - profit["actual"][item], item) for item in profit["actual"])
    assert [row["name"] for row in made["items_most_to_lose"]] == [item for _, item in gains[:20]]
    assert [row["name"] for row in made["items_most_to_gain"]] == [item for _, item in gains[:-21:-1]]
    assert made["items_most_to_gain"][0]["economic_profit_gained"] == pytest.approx(gains[-1][0])


def test_the_summary_of_a_run_has_its_groups_and_no_daily_rows(ran):
    content = json.loads(ran.store.scorecard("scorecard.json").read_text())
    card = pl.read_parquet(ran.store.scorecard("category_scorecard.parquet"))
    assert {row["name"] for row in content["categories"]} == set(card["category"])
    assert len(content["items_most_to_gain"]) <= 20
    assert set(content["categories"][0]) == {"name", "economic_profit_gained", *SUMMARISED,
                                             *(f"real_{name}" for name in SUMMARISED)}  # fmt: skip
    assert not {"days", "rows", "daily"} & set(content)
