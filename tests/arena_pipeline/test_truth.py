from datetime import date

import polars as pl
import pytest

from arena_pipeline.settings import parse_settings
from arena_pipeline.truth import compare_with_truth
from engine.schema import MICRO, Axes

SHOP = {"name": "x", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False}
AXES = Axes(("A", "B", "C"), date(2011, 1, 1), 2)
REPLAY = pl.DataFrame(
    {
        "sku": [0, 0, 1, 1, 2, 2],
        "units_sold": [4, 2, 10, 0, 0, 0],
        "lost_expected_u6": [2 * MICRO, 0, 0, MICRO // 2, 0, 0],
        "demand_s00": [7, 2, 10, 1, 0, 0],
    }
)


@pytest.fixture
def settings(tmp_path):
    """Settings whose truth is 10 units of A and 10 of B; C never sold."""
    rows = {"item_id": ["A", "A", "B"], "day": [date(2011, 1, 1), date(2011, 1, 2), date(2011, 1, 1)]}
    pl.DataFrame(rows | {"demand": [8, 2, 10]}).write_parquet(tmp_path / "truth.parquet")
    return parse_settings({"shop": SHOP, "sources": {}, "paths": {"truth": "truth.parquet"}}, tmp_path)


def test_bias_and_error_per_item_by_hand(settings):
    report = compare_with_truth(REPLAY.lazy(), AXES, settings)
    assert report.figures == pytest.approx(
        {
            "raw_sales_bias": -4 / 20,
            "raw_sales_wape_per_item": 4 / 20,
            "recovered_bias": 18.5 / 20 - 1,
            "recovered_wape_per_item": 2.5 / 20,
            "sampled_bias": 0.0,
            "sampled_wape_per_item": 2 / 20,
        }
    )
    assert report.table[0] == {"estimate": "raw_sales", "total bias": "-20.00%", "WAPE per item": "20.00%"}
    assert "recovered: bias -7.50%, WAPE per item 12.50%" in report.sentences[0]


def test_without_a_truth_nothing_is_claimed(settings, tmp_path):
    (tmp_path / "truth.parquet").unlink()
    unknown = parse_settings({"shop": SHOP, "sources": {}}, tmp_path)
    for shop in (settings, unknown):
        report = compare_with_truth(REPLAY.lazy(), AXES, shop)
        assert (report.figures, report.table, report.sentences) == ({}, [], ())


def test_recovery_comes_closer_to_the_truth_than_sales_on_the_small_shop(ran):
    figures = pl.read_parquet(ran.store.demand("demand_quality.parquet")).row(0, named=True)
    assert abs(figures["recovered_bias"]) < abs(figures["raw_sales_bias"]) / 4
    assert figures["recovered_wape_per_item"] < figures["raw_sales_wape_per_item"]
    assert any("against the known truth: raw_sales: bias" in line for line in ran.lines)
