"""The non-dominated set against its definition, and the order and the sentence made of it."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scorecard import leaderboard, non_dominated
from engine.scorecard.ranking import trade_off_sentence

COORDINATE = st.one_of(st.integers(0, 4).map(float), st.just(math.nan))


def dominates(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))


@given(st.lists(st.tuples(COORDINATE, COORDINATE, COORDINATE), max_size=12))
def test_non_dominated_is_what_no_other_row_dominates(rows):
    known = [row for row in rows if not any(math.isnan(value) for value in row)]
    expected = [row in known and not any(dominates(other, row) for other in known) for row in rows]
    assert non_dominated(np.array(rows, float).reshape(-1, 3)).tolist() == expected


def test_equal_rows_do_not_dominate_each_other():
    assert non_dominated(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0]])).tolist() == [True, True, False]


def runs(*rows):
    names = ("strategy", "kind", "economic_profit", "working_capital", "stockout_rate", "gross_margin", "revenue")
    frame = pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return frame.with_columns(level=pl.lit("catalogue"), parameters=pl.lit("default"))


BOARD = (
    ("slow", "candidate", 10.0, 500.0, 0.10, 80.0, 400.0),
    ("best", "candidate", 30.0, 500.0, 0.05, 90.0, 475.0),
    ("real", "actual", 20.0, 1000.0, 0.08, 95.0, 500.0),
    ("bound", "bound", 90.0, 1.0, 0.0, 999.0, 999.0),
    ("lean", "baseline", -5.0, 100.0, 0.40, 40.0, 200.0),
    ("broken", "candidate", None, None, None, None, None),
)


def test_leaderboard_orders_by_economic_profit_and_marks_the_front_without_bounds():
    board = leaderboard(runs(*BOARD))
    assert board["strategy"].to_list() == ["bound", "best", "real", "slow", "lean", "broken"]
    assert board.filter("non_dominated")["strategy"].to_list() == ["best", "real", "lean"]


def test_leaderboard_looks_at_the_catalogue_only():
    scores = pl.concat([runs(*BOARD), runs(BOARD[0]).with_columns(level=pl.lit("item"))])
    assert leaderboard(scores).height == len(BOARD)


def test_ties_go_by_name():
    board = leaderboard(runs(("b", "candidate", 1.0, 1.0, 0.0, 1.0, 1.0), ("a", "candidate", 1.0, 1.0, 0.0, 1.0, 1.0)))
    assert board["strategy"].to_list() == ["a", "b"]


def test_the_sentence_reads_the_trade_off_aloud():
    sentence = trade_off_sentence(leaderboard(runs(*BOARD)))
    assert sentence.startswith("best (default) delivers 95% of the sales of the shop's own orders with 50% of their")
    assert "stock-outs on 5.0% of days instead of 8.0%" in sentence


@pytest.mark.parametrize("kind", ["candidate", "actual"])
def test_without_one_of_the_two_there_is_nothing_to_say(kind):
    assert trade_off_sentence(leaderboard(runs(*(row for row in BOARD if row[1] != kind)))) == ""


def test_orders_that_sell_nothing_are_nothing_to_compare_with():
    board = leaderboard(runs(*BOARD)).with_columns(revenue=pl.lit(0))
    assert "nothing to compare with" in trade_off_sentence(board)
