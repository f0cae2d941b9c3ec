"""Which policies are worth talking about: the non-dominated set, the order by economic profit, the trade-off aloud."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

OBJECTIVES = {"working_capital": 1, "stockout_rate": 1, "gross_margin": -1}
"""Figure to whether less (1) or more (-1) of it is better."""


def non_dominated(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows that no other row equals or beats in every column and beats in one; less is better.

    Args:
        values: (N, K); a row with NaN is dominated.
    """
    valid = np.asarray(~np.isnan(values).any(axis=1))
    result = np.array(valid)
    for row in np.flatnonzero(valid):
        no_worse = (values[valid] <= values[row]).all(axis=1)
        better = (values[valid] < values[row]).any(axis=1)
        result[row] = not (no_worse & better).any()
    return result


def leaderboard(scores: pl.DataFrame) -> pl.DataFrame:
    """Runs of the catalogue level by economic profit, best first, with the non-dominated set marked.

    Args:
        scores: rows of ``score_run`` with ``strategy``, ``parameters`` and ``kind`` (candidate, baseline, actual,
            bound); bounds stand outside the non-dominated set.
    """
    rows = scores.filter(pl.col("level") == "catalogue").sort(
        ["economic_profit", "strategy", "parameters"], descending=[True, False, False], nulls_last=True
    )
    competes = rows["kind"].is_in(["candidate", "baseline", "actual"]).to_numpy()
    values = np.column_stack([rows[name].cast(pl.Float64).to_numpy() * sign for name, sign in OBJECTIVES.items()])
    front = np.zeros(rows.height, bool)
    front[competes] = non_dominated(values[competes])
    return rows.with_columns(non_dominated=pl.Series(front))


def trade_off_sentence(board: pl.DataFrame, yardstick: str = "the shop's own orders") -> str:
    """The best candidate against the shop's own purchasing, or what stands in for it, in words."""
    actual = board.filter(pl.col("kind") == "actual")
    candidates = board.filter(pl.col("kind") == "candidate")
    if actual.is_empty() or candidates.is_empty():
        return ""
    real, best = actual.row(0, named=True), candidates.row(0, named=True)
    if not real["revenue"] or not real["working_capital"]:
        return f"In the replay {yardstick} would sell nothing: there is nothing to compare with."
    sales, capital = (best[figure] / real[figure] for figure in ("revenue", "working_capital"))
    return (
        f"{best['strategy']} ({best['parameters']}) delivers {sales:.0%} of the sales of {yardstick} "
        f"with {capital:.0%} of their working capital; stock-outs on {best['stockout_rate']:.1%} of days "
        f"instead of {real['stockout_rate']:.1%}."
    )
