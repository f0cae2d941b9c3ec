"""Invariant 8 on any strategy: the future cannot change the past."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.forecast.options import InformationOption
from engine.plan import Levels, Orders
from engine.scenario import Scenario
from engine.settings import CostRates
from engine.simulation import simulate
from engine.strategies import Strategy
from engine.strategies.build import USUAL_OPTIONS, KnownHistory, gather_information, replanning_days
from engine.strategies.information import Information

IntArray = NDArray[np.int64]


def information_until(
    scenario: Scenario,
    history: KnownHistory,
    actual: Orders,
    rates: CostRates,
    days: int,
    every: int,
    options: Iterable[InformationOption] = USUAL_OPTIONS,
) -> Information:
    """Information as it would have been, had the logs ended before day ``days``; dates up to that day.

    Args:
        scenario: the world with what was sold as its demand, see ``gather_information``.
        history, actual, rates: as for all logs.
        days: end of the shorter logs.
        every: days between re-planning dates.
        options: information options, see ``gather_information``.
    """
    placed = actual.ordered_on < days
    past = Orders(**{name: values[placed] for name, values in vars(actual).items()})
    dates = replanning_days(days + 1, every)
    return gather_information(scenario, history.until(days), past, simulate(scenario, past), rates, dates, options)


def first_leak(strategy: Strategy, whole: Information, past: Information) -> str | None:
    """Where a plan made from all logs differs from one made from their first part; None where it does not.

    Args:
        strategy: to be judged.
        whole: information from all logs.
        past: from the logs up to some day, with the first of the same dates.
    """
    long, short = strategy.plan(whole), strategy.plan(past)
    if not (isinstance(long, Levels) and isinstance(short, Levels)):
        return None
    dates = len(short.days)
    for name, matrix in short.matrices().items():
        differs = np.argwhere(long.matrices()[name][:dates] != matrix)
        if len(differs):
            date, sku = (int(index) for index in differs[0])
            day = whole.axes.date_of(int(short.days[date])).isoformat()
            return f"{name} of SKU {whole.axes.items[sku]!r} on {day} depends on later days"
    return None
