"""Information options: every way in which a strategy may see demand, from the same first-vintage history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.forecast.classics import classic_forecast
from engine.forecast.history import OrderHistory
from engine.forecast.matrix import Basis, ForecastMatrix, exposure_forecast, forecast_basis
from engine.forecast.views import ViewHistory, views_forecast

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

InformationOption = Literal["exposure", "views", "croston", "sba", "tsb", "ses"]
OPTIONS: tuple[InformationOption, ...] = get_args(InformationOption)


def forecasts(
    options: Iterable[InformationOption],
    history: OrderHistory,
    views: ViewHistory | None,
    demand: FloatArray,
    dates: IntArray,
) -> dict[str, ForecastMatrix]:
    """Forecast matrix of each option, in the order of ``OPTIONS``; one pass over the days serves all.

    Args:
        options: those wanted.
        history: first-vintage orders and exposure.
        views: first-vintage page views; without any, ``views`` is the ``exposure`` forecast.
        demand: (S, T) as-of demand, units per day; only the classics read it.
        dates: (D,) ascending re-planning days.
    """
    wanted, basis = set(options), forecast_basis(history, dates)
    made: dict[str, ForecastMatrix] = {}
    for option in OPTIONS:
        if option in wanted:
            same = option == "views" and views is None and "exposure" in made
            made[option] = made["exposure"] if same else option_forecast(option, basis, views, demand)
    return made


def option_forecast(
    option: InformationOption, basis: Basis, views: ViewHistory | None, demand: FloatArray
) -> ForecastMatrix:
    """Forecast matrix of one option; arguments as for ``forecasts``."""
    if option == "exposure" or (option == "views" and views is None):
        return exposure_forecast(basis)
    if option == "views" and views is not None:
        return views_forecast(basis, views)
    return classic_forecast(option, basis, demand)
