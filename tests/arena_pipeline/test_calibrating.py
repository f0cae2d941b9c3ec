import polars as pl
import pytest

from arena_pipeline import calibrating
from arena_pipeline.settings import StrategyGrid
from engine.segments import CELLS

GIVEN = (
    "strategy", "parameters", "target_kind", "target", "segment", "part", "multiplier", "fill_rate_before",
    "cycle_service_level_before", "fill_rate_after", "cycle_service_level_after", "working_capital_before",
    "working_capital_after", "economic_profit_before", "economic_profit_after",
)  # fmt: skip


@pytest.fixture(scope="module")
def table(ran):
    return pl.read_parquet(ran.store.scorecard("calibration.parquet"))


def test_only_strategies_that_plan_for_service_are_calibrated(table, ran):
    assert tuple(table.columns[: len(GIVEN)]) == GIVEN
    assert dict(table.schema) == calibrating.SCHEMA
    assert set(table["strategy"]) == {"min_max", "periodic_order_up_to"}
    assert table.filter(pl.col("segment") == "all").height == 2 * 4
    assert set(table["segment"]) <= {"all", *CELLS}
    assert any("planned for" in line for line in ran.lines)


def test_training_comes_nearer_to_its_targets(table):
    """Per segment with a target, weighed alike: the mean miss after is smaller than before."""
    rows = table.filter((pl.col("part") == "training") & (pl.col("segment") != "all")).drop_nulls("fill_rate_after")
    miss = [(rows[f"fill_rate_{when}"] - rows["target"]).abs().mean() for when in ("before", "after")]
    assert miss[1] < miss[0]
    assert (rows["multiplier"] >= 0).all()


def test_of_sets_that_differ_only_in_the_cap_the_loosest_is_calibrated():
    def sets(**lists):
        return StrategyGrid.model_validate(lists).parameter_sets()

    keys = [p.key for p in calibrating.least_capped(sets(target=[0.9, 0.95], level_cover_days=[45, 120, 30]))]
    assert keys == ["target=0.9,level_cover_days=120", "target=0.95,level_cover_days=120"]
    assert len(calibrating.least_capped(sets(target=[0.9, 0.95], review_period=[7, 14]))) == 4


def test_verdicts_say_what_the_figures_say(table):
    for row in table.to_dicts():
        achieved = row["fill_rate_after"]
        if achieved is None:
            assert row["verdict"] == "no demand"
            continue
        miss = achieved - row["target"]
        near = abs(miss) <= calibrating.NEAR or abs(miss) <= calibrating.ERRORS * row["standard_error"]
        assert near == (row["verdict"] in {"on target", "within two standard errors"})
        if not near:
            assert row["verdict"].startswith("above" if miss > 0 else "below")
