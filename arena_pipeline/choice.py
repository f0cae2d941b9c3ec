"""Which runs a reader is shown: the best, the one that frees capital at no worse service, the best of each strategy.

What belongs here: choosing among scored runs, and their names in words. What does not: computing figures.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from arena_pipeline.store import Store

Row = dict[str, Any]

NAMES = {
    "actual": "Your own orders",
    "hindsight": "Hindsight (knows the future)",
    "upper_bound": "Upper bound",
    "continuous_review": "Reorder point and lot",
    "periodic_order_up_to": "Periodic order-up-to",
    "min_max": "Min-max",
    "newsvendor": "Newsvendor",
    "base_stock": "Base stock, one for one",
    "abc_xyz": "ABC-XYZ rules",
    "budget_constrained": "Capital budget",
    "naive_min_max": "Weeks of cover (gut feel)",
}
PARAMETER_NAMES = {
    "target": "service target",
    "review_period": "review every (days)",
    "safety_multiplier": "safety multiplier",
    "budget_share": "share of your average capital",
    "level_cover_days": "levels cover at most (days)",
    "information": "demand seen through",
    "target_kind": "target is",
    "default": "",
}


@dataclass(frozen=True)
class Choice:
    """Catalogue rows of the leaderboard.

    Attributes:
        actual: replay of the shop's own orders; None where there is none.
        best: candidate a shop should look at first.
        lean: candidate with the least capital among those with no more stock-outs and no less margin than actual;
            None where no candidate does with less.
        shown: best of each strategy, actual and hindsight, by economic profit.
        judged: how ``best`` was found: ``held out`` (folds its parameters were not chosen on) or ``whole window``.
    """

    actual: Row | None
    best: Row | None
    lean: Row | None
    shown: tuple[Row, ...]
    judged: str


def run_name(strategy: str) -> str:
    """Name of a strategy in words; a plug-in's own name otherwise."""
    return NAMES.get(strategy, strategy.replace("_", " "))


def parameters_in_words(key: str) -> str:
    """``target=0.95,review_period=7`` as ``service target 0.95, review every (days) 7``."""
    if key in {"default", "walk-forward"}:
        return "" if key == "default" else "chosen fold by fold"
    pairs = (part.partition("=") for part in key.split(","))
    return ", ".join(f"{PARAMETER_NAMES.get(name, name.replace('_', ' '))} {value}" for name, _, value in pairs)


def full_name(row: Row) -> str:
    """Strategy and parameters in words."""
    words = parameters_in_words(row["parameters"])
    return f"{run_name(row['strategy'])} ({words})" if words else run_name(row["strategy"])


def choose(board: pl.DataFrame, held_out: pl.DataFrame | None = None) -> Choice:
    """Choose among the rows of a leaderboard.

    Args:
        board: ``leaderboard``; ``held_out``: figures on folds whose parameters were chosen on earlier ones, if any.
    """
    rows = board.to_dicts()
    actual = next((row for row in rows if row["kind"] == "actual"), None)
    candidates = [row for row in rows if row["kind"] == "candidate" and row["economic_profit"] is not None]
    best, judged = (candidates[0] if candidates else None), "whole window"
    winner = _held_out_winner(held_out)
    if winner is not None and any(row["strategy"] == winner for row in candidates):
        best, judged = next(row for row in candidates if row["strategy"] == winner), "held out"
    by_strategy: dict[str, Row] = {}
    for row in rows:
        if row["working_capital"] is not None:
            by_strategy.setdefault(row["strategy"], row)
    return Choice(actual, best, _lean(candidates, actual), tuple(by_strategy.values()), judged)


def _held_out_winner(held_out: pl.DataFrame | None) -> str | None:
    if held_out is None:
        return None
    runs = held_out.filter((pl.col("kind") == "candidate") & pl.col("economic_profit").is_not_null())
    best = runs.sort(["economic_profit", "strategy"], descending=[True, False]).head(1)
    return best["strategy"][0] if best.height else None


def _lean(candidates: list[Row], actual: Row | None) -> Row | None:
    if actual is None:
        return None
    enough = [
        row
        for row in candidates
        if row["working_capital"] < actual["working_capital"]
        and row["stockout_rate"] <= actual["stockout_rate"]
        and row["gross_margin"] >= actual["gross_margin"]
    ]
    return min(enough, key=lambda row: (row["working_capital"], row["strategy"], row["parameters"]), default=None)


def stored_choice(store: Store) -> Choice:
    """Choice among the runs of the current scorecard."""
    held_out = store.scorecard("held_out.parquet")
    board = pl.read_parquet(store.scorecard("leaderboard.parquet"))
    return choose(board, pl.read_parquet(held_out) if held_out.exists() else None)
