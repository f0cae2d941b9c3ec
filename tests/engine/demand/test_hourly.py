"""Hourly flags without quantities, on FreshRetailNet-50K (Dingdong-Inc, CC BY 4.0; see tests/data/README.md)."""

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.demand.hourly import recover_hourly
from engine.errors import InputError

SAMPLE = Path(__file__).parents[2] / "data" / "freshretailnet_sample_120series.parquet"
DAYS, OPENING_HOURS = 90, slice(6, 22)
HIDDEN_SHARE = 0.3
SEEDS = range(10)


@cache
def sample():
    """Sales in pseudo-units of a tenth and out-of-stock flags, (120, 90, 16), and categories."""
    frame = pl.read_parquet(SAMPLE).sort("store_id", "product_id", "dt")
    shape = (-1, DAYS, 24)
    sales = np.rint(10 * np.array(frame["hours_sale"].to_list())).astype(np.int64).reshape(shape)
    mask = frame["stockout_mask"].to_numpy().reshape(-1, DAYS)
    out = ((mask[:, :, None] >> np.arange(24)) & 1) == 1
    categories = frame["first_category_id"].to_numpy().reshape(-1, DAYS)[:, 0]
    return sales[:, :, OPENING_HOURS], out[:, :, OPENING_HOURS], [str(code) for code in categories]


def hide_late_hours(seed):
    """Hours to hide on three of ten days without stock-out: as on a real stock-out day of the series, or of any."""
    _, out, _ = sample()
    random = np.random.default_rng(seed)
    sold_out = out.any(axis=2)
    late = sold_out & out[:, :, -1]
    hidden = np.zeros_like(out)
    for series in range(len(out)):
        own = out[series][late[series]]
        patterns = own if len(own) >= 5 else out[late]
        days = np.flatnonzero(~sold_out[series] & (random.random(DAYS) < HIDDEN_SHARE))
        hidden[series, days] = patterns[random.integers(len(patterns), size=days.size)]
    return hidden


@cache
def scores(seed):
    """Bias, WAPE per series, WAPE per day of the estimator; the same of the hour-by-hour in-stock mean.

    Only days without a real stock-out are shown: they sold less than others, so that a right estimate of all days
    would be too high for them.
    """
    sales, out, categories = sample()
    hidden, sold_out = hide_late_hours(seed), out.any(axis=2)
    gone = hidden | sold_out[:, :, None]
    shown = np.where(gone, 0, sales)
    found = recover_hourly(shown, gone, categories).lost_expected_u6 / 1e6
    true, days = np.where(hidden, sales, 0).sum(axis=2), hidden.any(axis=2)
    by_hour = shown.sum(axis=1) / np.maximum((~gone).sum(axis=1), 1)
    return judge(np.where(days, found, 0), true), judge(np.einsum("sth,sh->st", hidden, by_hour), true)


def judge(found, true):
    total = true.sum()
    by_series = np.abs(found.sum(axis=1) - true.sum(axis=1)).sum()
    return np.array([found.sum() / total - 1, by_series / total, np.abs(found - true).sum() / total])


def test_hidden_hours_are_found_again():
    ours, by_hour = (np.mean([scores(seed)[which] for seed in SEEDS], axis=0) for which in (0, 1))
    bias, by_series, by_day = ours
    assert abs(bias) <= 0.01
    assert by_series <= by_hour[1]
    assert by_day <= 0.445


def test_real_stock_outs_hide_a_part_of_demand():
    sales, out, categories = sample()
    result = recover_hourly(sales, out, categories)
    lost = result.lost_expected_u6
    assert np.isfinite(result.expected_units).all()
    assert (lost >= 0).all()
    assert (lost[~out.any(axis=2)] == 0).all()
    assert 0.1 < lost.sum() / 1e6 / result.units.sum() < 0.6
    assert result.profile.sum(axis=1) == pytest.approx(np.ones(len(sales)))


def test_late_hours_weigh_as_much_as_they_sell():
    sales = np.zeros((1, 40, 4), np.int64)
    sales[:, :, 0], sales[:, :, 1:] = 70, 10
    out = np.zeros(sales.shape, bool)
    out[0, 39, 1:] = True
    result = recover_hourly(np.where(out, 0, sales), out, ["c"])
    assert result.in_stock_share[0, 39] == pytest.approx(0.7, abs=0.03)
    assert result.lost_expected_u6[0, 39] / 1e6 == pytest.approx(30, abs=4)


def test_what_a_flagged_hour_sold_is_not_lost():
    sales = np.full((1, 40, 4), 10, np.int64)
    out = np.zeros(sales.shape, bool)
    out[0, 39, 3] = True
    without = recover_hourly(np.where(out, 0, sales), out, ["c"]).lost_expected_u6[0, 39]
    sales[0, 39, 3] = 4
    result = recover_hourly(sales, out, ["c"])
    assert result.lost_expected_u6[0, 39] == without - 4_000_000
    assert result.units[0, 39] == 34


@pytest.mark.parametrize("flag", [True, False])
def test_nothing_sold_gives_nothing(flag):
    result = recover_hourly(np.zeros((2, 10, 4), np.int64), np.full((2, 10, 4), flag), ["a", "b"])
    assert result.lost_expected_u6.sum() == 0
    assert np.isfinite(result.in_stock_share).all()


def test_negative_sales_and_wrong_shapes_are_errors():
    flags = np.zeros((1, 2, 3), bool)
    with pytest.raises(InputError, match="sales must be >= 0"):
        recover_hourly(np.full((1, 2, 3), -1, np.int64), flags, ["a"])
    with pytest.raises(InputError, match="of the same shape"):
        recover_hourly(np.zeros((1, 2, 4), np.int64), flags, ["a"])
