"""Items whose demand is no longer what the last estimate took it for: shifts of the mean and of the variability.

Weeks of two spans are compared: the recent ones with those the estimate was made from, by one test per item and
statistic; over all of them the false discovery rate is kept (Benjamini & Hochberg 1995). What all items of a category
share, a season or the shop's growth, is taken out first: it is no drift of an item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.forecast.history import OrderHistory
from engine.forecast.pooling import Categories

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WEEK = 7
RECENT_WEEKS, EARLIER_WEEKS = 12, 26
FEWEST_WEEKS = 4
"""Weeks in stock an item needs in each span to be judged."""
FEWEST_UNITS = 5.0
"""Units an item needs over both spans: below that no test finds anything."""
LEVEL_PRIOR_ITEMS = 5.0
"""Items without any season with which a category's level is shrunk to one."""
DISCOVERY_RATE = 0.05
STATISTICS = ("mean", "cv")


@dataclass(frozen=True)
class Drift:
    """One statistic of all items, (S,) each; NaN where an item cannot be judged.

    Attributes:
        before, after: units per week in stock for ``mean``, a pure number for ``cv``.
        p_value: two-sided; ``adjusted``: Benjamini-Hochberg over both statistics of all items judged.
        alert: adjusted below the discovery rate.
    """

    before: FloatArray
    after: FloatArray
    p_value: FloatArray
    adjusted: FloatArray
    alert: BoolArray


@dataclass(frozen=True)
class Weeks:
    """Weekly demand at full exposure, the category's level taken out, (S, W); ``known``: weeks in stock."""

    rate: FloatArray
    known: BoolArray


def find_drift(history: OrderHistory, rate: float = DISCOVERY_RATE) -> dict[str, Drift]:
    """Shifts of mean and coefficient of variation between the last weeks of a history and those before.

    Args:
        history: first-vintage.
        rate: share of false alerts among the alerts.
    """
    weeks = recent_weeks(history)
    split = weeks.rate.shape[1] - min(RECENT_WEEKS, weeks.rate.shape[1] // 2)
    before, after = _moments(weeks, slice(0, split)), _moments(weeks, slice(split, None))
    judged = _judged(weeks, split)
    values = {name: np.full(len(history.units), np.nan) for name in STATISTICS}
    if judged.any():
        found = _p_values(Weeks(weeks.rate[judged], weeks.known[judged]), split)
        for name in STATISTICS:
            values[name][judged] = found[name]
    together = np.concatenate([values[name] for name in STATISTICS])
    adjusted = np.full(len(together), np.nan)
    tested = ~np.isnan(together)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(together[tested])
    parts = dict(zip(STATISTICS, np.split(adjusted, len(STATISTICS)), strict=True))
    return {
        name: Drift(before[name], after[name], values[name], parts[name], np.nan_to_num(parts[name], nan=1.0) < rate)
        for name in STATISTICS
    }


def recent_weeks(history: OrderHistory) -> Weeks:
    """The last weeks of a history, ending with its last day."""
    days = history.units.shape[1]
    count = min(RECENT_WEEKS + EARLIER_WEEKS, days // WEEK)
    shape = (len(history.units), count, WEEK)
    units, exposure = (
        matrix[:, days - count * WEEK :].reshape(shape).sum(axis=2) for matrix in (history.units, history.exposure)
    )
    known = exposure >= WEEK / 2
    categories = Categories(history.category)
    level = _category_level(units, exposure, categories)
    rate = np.divide(units * WEEK, exposure * level, out=np.zeros(units.shape), where=known & (level > 0))
    return Weeks(rate, known)


def _category_level(units: FloatArray, exposure: FloatArray, categories: Categories) -> FloatArray:
    """Level of each week of an item's category, mean one, (S, W): the mean over items of their share of the span.

    Shares, not units: one best seller must not make its own drift the category's.
    """
    total = np.maximum(units.sum(axis=1, keepdims=True), 1e-12)
    weight = exposure / np.maximum(exposure.sum(axis=1, keepdims=True), 1e-12)
    seen, expected = categories.sum((units / total).T), categories.sum(weight.T)
    prior = LEVEL_PRIOR_ITEMS / max(units.shape[1], 1)
    level = (seen + prior) / (expected + prior)
    if level.shape[0] == 0:
        return np.ones(units.shape)
    return categories.spread(level / level.mean(axis=0, keepdims=True)).T


def _moments(weeks: Weeks, span: slice) -> dict[str, FloatArray]:
    """Mean and coefficient of variation of the known weeks of a span, (S,); NaN without any."""
    rate, known = weeks.rate[:, span], weeks.known[:, span]
    count = known.sum(axis=1)
    mean = np.divide((rate * known).sum(axis=1), count, out=np.full(len(rate), np.nan), where=count > 0)
    square = ((rate - mean[:, None]) ** 2 * known).sum(axis=1)
    spread = np.sqrt(np.divide(square, count - 1, out=np.full(len(rate), np.nan), where=count > 1))
    cv = np.divide(spread, mean, out=np.full(len(rate), np.nan), where=mean > 0)
    return {"mean": mean, "cv": cv}


def _judged(weeks: Weeks, split: int) -> BoolArray:
    early, late = weeks.known[:, :split].sum(axis=1), weeks.known[:, split:].sum(axis=1)
    return (early >= FEWEST_WEEKS) & (late >= FEWEST_WEEKS) & ((weeks.rate * weeks.known).sum(axis=1) >= FEWEST_UNITS)


def _p_values(weeks: Weeks, split: int) -> dict[str, FloatArray]:
    """Two-sided p-values, (S,).

    The mean by Welch's test (1947) on square roots, which weeks with large orders do not rule; the variability by the
    same test on absolute deviations from the median of each span (Brown & Forsythe 1974) relative to its mean.
    """
    late = np.arange(weeks.rate.shape[1]) >= split
    return {
        "mean": _welch(np.sqrt(weeks.rate), weeks.known, late),
        "cv": _welch(_relative_deviation(weeks, late), weeks.known, late),
    }


def _relative_deviation(weeks: Weeks, late: BoolArray) -> FloatArray:
    """|x - median of its span| / mean of its span, (S, W)."""
    result = np.zeros(weeks.rate.shape)
    for span in (late, ~late):
        rate = np.where(weeks.known[:, span], weeks.rate[:, span], np.nan)
        mean = np.maximum(np.nanmean(rate, axis=1, keepdims=True), 1e-9)
        result[:, span] = np.nan_to_num(np.abs(rate - np.nanmedian(rate, axis=1, keepdims=True)) / mean)
    return result


def _welch(values: FloatArray, known: BoolArray, late: BoolArray) -> FloatArray:
    """Two-sided p-value of equal means in both spans, variances free, (S,); 1 where nothing varies."""
    count, mean, square = np.zeros((3, 2, len(values)))
    for row, span in enumerate((~late, late)):
        member = known[:, span].astype(np.float64)
        count[row] = member.sum(axis=1)
        mean[row] = (values[:, span] * member).sum(axis=1) / count[row]
        square[row] = ((values[:, span] - mean[row][:, None]) ** 2 * member).sum(axis=1) / (count[row] - 1)
    # A span of few weeks may look steadier than it is: half of what is known of the spread comes from both spans.
    pooled = (square * (count - 1)).sum(axis=0) / (count.sum(axis=0) - 2)
    share = 0.5 * (square + pooled) / count
    error = share.sum(axis=0)
    varies = error > 1e-18
    freedom = error**2 / np.where(varies, (share**2 / (count - 1)).sum(axis=0), 1.0)
    statistic = np.where(varies, (mean[1] - mean[0]) / np.sqrt(np.where(varies, error, 1.0)), 0.0)
    return np.where(varies, 2 * stats.t.sf(np.abs(statistic), np.maximum(freedom, 1.0)), 1.0)
