"""Run-outs listed again: the demand added is that of the flagged days, and nothing else changes."""

import numpy as np
import polars as pl
import pytest

from arena_pipeline import arena as work
from arena_pipeline.delisted import kept_listed
from arena_pipeline.store import load_arena
from engine.demand.codes import DayFlag


def test_units_asked_for_grow_by_those_of_the_flagged_days(ran):
    table = pl.read_parquet(ran.store.scorecard("possibly_delisted.parquet"))
    replay = pl.read_parquet(ran.store.demand("censored_daily_demand.parquet"))
    first = ran.settings.window.warm_up_days
    flagged = replay.filter((pl.col("flags") & int(DayFlag.POSSIBLY_DELISTED) != 0) & (pl.col("day") >= first))
    added = int((flagged["demand_s00"].cast(pl.Int64) - flagged["units_sold"]).sum())
    for row in table.to_dicts():
        assert row["with_units_demanded"] - row["units_demanded"] == pytest.approx(added)
    assert set(table["kind"]) == {"actual", "candidate"}


def test_every_listed_day_is_listed_and_other_days_keep_their_demand(ran):
    world, _ = load_arena(ran.store)
    axes = world.scenario.axes
    before = work.shop_history(ran.store, axes)
    after = kept_listed(ran.store, axes, before)
    replay = pl.read_parquet(ran.store.demand("censored_daily_demand.parquet"))
    flags = replay["flags"].to_numpy().reshape(axes.shape)
    run_out = (flags & int(DayFlag.POSSIBLY_DELISTED)) != 0
    assert np.array_equal(after.listed, (flags & int(DayFlag.NOT_LISTED)) == 0)
    assert np.array_equal(after.demand[~run_out], before.demand[~run_out])
    assert np.all(after.demand[run_out] >= before.demand[run_out])
