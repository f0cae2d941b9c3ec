"""The known-truth suite on one small world, and its comparison estimators on cases worked out by hand."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks import demand_suite
from benchmarks.demand_estimators import COMPARED, em_poisson, exposure_rate, in_stock_mean, kaplan_meier
from benchmarks.demand_suite import BASE, ORACLE, OURS, judge_all, write
from benchmarks.demand_worlds import WorldSettings, make_world, world_parts
from engine.demand.arrays import DemandArrays

SMALL = replace(BASE, skus=300, days=240, seed=2)


@cache
def rows():
    return {row.estimator: row for row in judge_all("base", SMALL)}


def test_the_estimator_keeps_its_promises_on_a_small_world():
    ours = rows()[OURS]
    assert abs(ours.bias) <= 0.01
    assert 0.96 <= ours.recovered <= 1.04
    assert ours.gap_closed >= 0.9
    assert ours.day_wape <= 0.22
    assert 0.9 <= ours.z_variance <= 1.2
    assert abs(ours.fill_error) <= 0.005


def test_it_beats_all_others_and_not_the_oracle():
    others = [rows()[name].gap_closed for name in COMPARED]
    assert max(others) < rows()[OURS].gap_closed < rows()[ORACLE].gap_closed == 1
    assert rows()["raw sales"].gap_closed == 0
    assert rows()["raw sales"].fill_error > 3 * abs(rows()[OURS].fill_error)


def seen(units, share):
    units, share = np.atleast_2d(units).astype(np.int32), np.atleast_2d(share).astype(np.float32)
    ones, none = np.ones(units.shape, np.uint8), np.zeros(units.shape, np.uint8)
    return DemandArrays(
        units, none.astype(np.int32), units, share, ones, ones, none, none, none.astype(np.float32), units,
        np.zeros(len(units), np.int32), ("c",),
    )  # fmt: skip


def test_kaplan_meier_by_hand():
    # P(D > 1) = 2/3, P(D > 2) = 1/3 from 1, 2, 3 observed: E[D | D >= 2] = 2.5
    assert kaplan_meier(seen([1, 2, 3, 2], [1, 1, 1, 0.5]))[0] == pytest.approx([1, 2, 3, 2.5])


def test_means_by_hand():
    world = seen([4, 2, 1], [1, 1, 0.5])
    assert in_stock_mean(world)[0] == pytest.approx([4, 2, 3])
    assert exposure_rate(world)[0] == pytest.approx([4, 2, 1 + 0.5 * 7 / 2.5])


def test_em_finds_the_rate_of_censored_poisson_demand():
    random = np.random.default_rng(0)
    demand = random.poisson(3.0, (1, 20_000))
    cut = random.random(demand.shape) < 0.4
    found = em_poisson(seen(np.where(cut, np.minimum(demand, 2), demand), np.where(cut & (demand >= 2), 0.5, 1)))
    assert found.mean() == pytest.approx(3.0, rel=0.02)


@pytest.mark.parametrize("name", COMPARED)
def test_none_returns_less_than_was_sold(name):
    world = seen([[3, 0, 2, 1], [0, 0, 0, 0]], [[1, 0, 0.5, 1], [1, 0, 0, 1]])
    assert (COMPARED[name](world) >= world.units).all()


def test_a_world_in_parts_is_the_same_world():
    settings = WorldSettings(skus=7, days=30)
    whole, parts = make_world(settings), list(world_parts(settings, 3))
    assert np.array_equal(whole.demand, np.concatenate([part.demand for part in parts]))
    assert (whole.sold <= whole.demand).all()
    assert whole.logs.conversions["quantity"].sum() == whole.sold.sum()


def test_the_page_keeps_its_text(tmp_path):
    page = tmp_path / "demand.md"
    marks = "".join(f"<!-- {name}: begin -->\nold\n<!-- {name}: end -->\nkept\n" for name in demand_suite.TABLES)
    page.write_text(marks, encoding="utf-8")
    write(list(rows().values()), page)
    text = page.read_text(encoding="utf-8")
    assert text.count("kept") == 3
    assert "old" not in text
    assert "| base | 2 |" in text
