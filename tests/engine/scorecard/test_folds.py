"""Contributions by fold add up to the scorecard; write-downs by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scorecard import score_run
from engine.scorecard.folds import FoldSums, fold_sums
from engine.settings import CostRates
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, make_levels, make_scenario
from tests.engine.small_world import orders, small_world

RATES = CostRates(write_down_cover_days=15)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_folds_add_up_to_the_scorecard(seed):
    scenario = make_scenario(seed, Size(skus=7, days=60))
    totals = run_reference(scenario, make_levels(seed, scenario))
    warm_up = int(scenario.part_ends[0])
    sums = fold_sums(totals, scenario, RATES, warm_up)
    scores = score_run(totals, scenario, RATES, warm_up, np.full(7, -1), 1)
    whole = scores.filter(scores["level"] == "catalogue").row(0, named=True)
    days, cells = 60 - warm_up, sums.sold.size
    assert sums.economic_profit.sum() == pytest.approx(whole["economic_profit"], abs=0.5 * cells + 1e-6)
    assert sums.value_days.sum() / days == pytest.approx(whole["working_capital"])
    assert sums.gross_margin.sum() == pytest.approx(whole["gross_margin"])
    assert sums.revenue.sum() == pytest.approx(whole["revenue"])
    assert sums.sold.sum() == whole["units_sold"]
    assert sums.demanded.sum() == whole["units_demanded"]
    if whole["stockout_rate"] is not None:
        assert sums.stockout_days.sum() / sums.listed_days.sum() == pytest.approx(whole["stockout_rate"])


def test_write_downs_by_hand():
    """Ten units at 100 lie from day 0; one is sold in each fold of five days. Cover: demand of the last 15 days."""
    demand = np.zeros((1, 20), int)
    demand[0, [2, 7, 12, 17]] = 1
    scenario = small_world(demand.tolist(), opening=[10], price=[1000], part_ends=[5, 10, 15, 20])
    totals = run_reference(scenario, orders())
    sums = fold_sums(totals, scenario, RATES, 5)
    salvage = int(scenario.catalogue.salvage_value[0])
    cover = [2 * 15 // 10, 3, 3]  # the first fold ends on day 10: two units in ten days
    left = [8, 7, 6]
    value = [800, 700, 600]
    expected = [v * (n - c) // n - (n - c) * salvage for v, n, c in zip(value, left, cover, strict=True)]
    assert sums.write_down[0].tolist() == expected
    charged = sums.economic_profit - sums.running_profit
    assert charged[0].tolist() == [0, 0, -expected[-1]]
    assert sums.listed_days.tolist() == [[5, 5, 5]]


def test_the_write_down_can_be_borne_by_all_folds_alike():
    scenario = make_scenario(2, Size(skus=5, days=60))
    sums = fold_sums(run_reference(scenario, make_levels(2, scenario)), scenario, RATES, int(scenario.part_ends[0]))
    folds = sums.sold.shape[1]
    for first in range(folds):
        levelled = sums.levelled_profit(first)
        assert levelled.shape == (5, folds - first)
        assert (levelled.sum(axis=1) == sums.economic_profit[:, first:].sum(axis=1)).all()
        borne = sums.running_profit[:, first:] - levelled
        assert (borne.max(axis=1) - borne.min(axis=1) < folds - first).all()


def test_stacked_runs_keep_their_meaning():
    scenario = make_scenario(1, Size(skus=4, days=40))
    sums = fold_sums(run_reference(scenario, make_levels(1, scenario)), scenario, RATES, int(scenario.part_ends[0]))
    twice = FoldSums(**{name: np.stack([getattr(sums, name)] * 2) for name in FoldSums.names()})
    assert (twice.economic_profit == sums.economic_profit).all()
    assert (twice.over_scenarios().sold == 2 * sums.sold).all()
