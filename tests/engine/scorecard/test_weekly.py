"""Weekly figures from their definitions and the independent ledger, on random worlds."""

import numpy as np
import polars as pl
import pytest

from engine.scorecard.weekly import in_weeks, weekly_scores
from engine.settings import CostRates
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, make_levels, make_scenario
from tests.engine.oracle import keep_ledger


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_of_a_week_are_those_of_its_days(seed):
    scenario = make_scenario(seed, Size(skus=6, days=31))
    plan = make_levels(seed, scenario)
    weeks = in_weeks(scenario)
    assert weeks.part_ends.tolist() == [7, 14, 21, 28, 31]
    catalogue = scenario.catalogue
    table = weekly_scores(
        run_reference(weeks, plan), weeks, CostRates(), (catalogue.category_names, catalogue.category), 100
    )
    ledger = keep_ledger(scenario, plan)
    assert table.height == 5 * len(catalogue.category_names)
    for row in table.iter_rows(named=True):
        first = row["first_day"]
        days = slice(first, min(first + 7, 31))
        members = np.flatnonzero(catalogue.category == catalogue.category_names.index(row["name"]))
        total = {name: int(ledger[name][members, days].sum()) for name in ledger.days}
        assert row["units_sold"] == total["sold"]
        assert row["units_lost"] == total["lost"]
        assert row["revenue"] == pytest.approx(total["revenue"] / 100)
        assert row["gross_margin"] == pytest.approx((total["revenue"] - total["cost_of_goods_sold"]) / 100)
        assert row["average_inventory_value"] == pytest.approx(total["value"] / (days.stop - first) / 100)
        assert row["fill_rate"] == (pytest.approx(total["sold"] / total["demanded"]) if total["demanded"] else None)
        listed = sum(
            len(range(max(first, int(catalogue.listed_from[s])), min(days.stop, int(catalogue.listed_until[s]))))
            for s in members
        )
        assert row["stockout_rate"] == (pytest.approx(total["stockout_days"] / listed) if listed else None)
        views = int(scenario.views[members, days].sum())
        assert row["stockout_rate_by_views"] == (pytest.approx(total["views_out"] / views) if views else None)


def test_weeks_add_up_to_the_run():
    scenario = make_scenario(5, Size(skus=8, days=30))
    weeks, plan = in_weeks(scenario), make_levels(5, scenario)
    everything = (("all",), np.zeros(8, np.int64))
    table = weekly_scores(run_reference(weeks, plan), weeks, CostRates(), everything, 1)
    whole = run_reference(scenario, plan)
    for figure, field in (("units_sold", "sold"), ("revenue", "revenue"), ("order_lines", "lines"), ("spend", "spend")):
        assert table[figure].sum() == whole.field(field).sum()
    placed = int((whole.supplier_lines > 0).sum())
    assert table.select(pl.col("orders").sum()).item() == placed
