"""Curves for the report: demand of every item by week, capital of every shown run by week."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline import demand
from arena_pipeline.choice import Choice
from arena_pipeline.store import Store
from engine.schema import MICRO, Axes

DAYS_OF_WEEK = 7
TENTHS = 10


def by_week(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S, W) sums of weeks that begin on day 0; the last one may be shorter."""
    return np.add.reduceat(matrix, np.arange(0, matrix.shape[1], DAYS_OF_WEEK), axis=1)


def item_demand(store: Store, axes: Axes) -> dict[str, list[list[int]]]:
    """Per item: units sold by week, and tenths of units that stock-outs hid by week."""
    replay = demand.read_demand(store, demand.REPLAY)
    sold = by_week(demand.matrix(replay, "units_sold", axes))
    hidden = by_week(demand.matrix(replay, "lost_expected_u6", axes))
    tenths = (hidden * TENTHS + MICRO // 2) // MICRO
    return {"sold": sold.tolist(), "hidden": tenths.tolist()}


def weekly_curves(store: Store, choice: Choice) -> dict[str, Any]:
    """Working capital and stock-out rate of the catalogue by week and shown run; empty where weeks were not scored."""
    path = store.scorecard("weekly_scorecard.parquet")
    if not path.exists():
        return {}
    weeks = pl.read_parquet(path).filter(pl.col("level") == "catalogue").sort("strategy", "week")
    runs = {}
    for row in choice.shown:
        of_run = weeks.filter((pl.col("strategy") == row["strategy"]) & (pl.col("parameters") == row["parameters"]))
        if of_run.height:
            runs[row["strategy"]] = {
                "capital": [round(value or 0) for value in of_run["working_capital"].to_list()],
                "stockouts": [round(value or 0.0, 4) for value in of_run["stockout_rate"].to_list()],
            }
    first = weeks.filter(pl.col("strategy") == weeks["strategy"][0]) if weeks.height else weeks
    return {"weeks": [day.isoformat() for day in first["first_day"].to_list()], "runs": runs}
