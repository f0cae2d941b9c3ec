"""How wrong forecasts have been: process variance by volume band, from windows that were complete on each date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecast.history import Sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WINDOW_DAYS = 28
BANDS = (0.3, 1.0, 3.0, 10.0)
"""Units per window between the volume bands of the process variance."""
NEW = len(BANDS) + 1
"""Band of items new to the catalogue, whatever their volume: they err more than any."""
NEW_LEVEL_PRIOR = 200.0
"""Orders with which the level of new items is shrunk to one."""
PROCESS_PRIOR, PROCESS_WEIGHT, PROCESS_MOST = 0.25, 50.0, 4.0


@dataclass(frozen=True)
class WindowForecasts:
    """Forecasts made at the start of past windows; arrays are (W, S).

    Attributes:
        starts: (W,) first days of the windows, ascending.
        rate: units per day of exposure.
        doubt: squared coefficient of variation of the rate.
        mean_size, size_ratio: units per order, and E[q^2] / E[q].
        new: items new to the catalogue.
    """

    starts: IntArray
    rate: FloatArray
    doubt: FloatArray
    mean_size: FloatArray
    size_ratio: FloatArray
    new: BoolArray


def window_starts(dates: IntArray) -> IntArray:
    """Starts of the windows that are complete on the last of the dates."""
    return np.arange(0, int(dates.max(initial=0)) - WINDOW_DAYS + 1, WINDOW_DAYS, dtype=np.int64)


def band_of(mean: FloatArray, new: BoolArray) -> IntArray:
    """Band of each cell by the units forecast for it."""
    return np.where(new, NEW, np.digitize(mean, BANDS)).astype(np.int64)


def new_level(forecasts: WindowForecasts, then: Sums, after: Sums, dates: IntArray) -> FloatArray:
    """Orders that new items had over those their category let expect, shrunk to one, (D,); arguments as below."""
    if len(forecasts.starts) == 0:
        return np.ones(len(dates))
    mean = forecasts.rate / forecasts.mean_size * (after.plain_exposure - then.plain_exposure)
    sums = [np.where(forecasts.new, x, 0.0).sum(axis=1) for x in (after.order_count - then.order_count, mean)]
    seen, expected = (_completed(total[:, None], forecasts.starts, dates)[:, 0] for total in sums)
    return (seen + NEW_LEVEL_PRIOR) / (expected + NEW_LEVEL_PRIOR)


def _completed(values: FloatArray, starts: IntArray, dates: IntArray) -> FloatArray:
    """(D, K) sums of (W, K) values over the windows complete on each date."""
    complete = np.searchsorted(starts + WINDOW_DAYS, dates, side="right")
    return np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])[complete]


def process_variance(forecasts: WindowForecasts, then: Sums, after: Sums, dates: IntArray) -> FloatArray:
    """Squared coefficient of variation beyond order sizes and rate uncertainty, by volume band, (D, bands).

    Args:
        forecasts: of W windows.
        then, after: sums before the start and before the end of each window.
        dates: (D,) each sees the windows complete on it.
    """
    bands = NEW + 1
    if len(forecasts.starts) == 0:
        return np.full((len(dates), bands), PROCESS_PRIOR)
    excess, squares, count = _window_errors(forecasts, then, after, bands)
    cumulated = [_completed(values, forecasts.starts, dates) for values in (excess, squares, count)]
    mean_square = cumulated[1] / np.maximum(cumulated[2], 1.0)
    weight = PROCESS_WEIGHT * np.where(cumulated[2] > 0, mean_square, 1.0)
    return np.clip((cumulated[0] + PROCESS_PRIOR * weight) / (cumulated[1] + weight), 0.0, PROCESS_MOST)


def _window_errors(
    forecasts: WindowForecasts, then: Sums, after: Sums, bands: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per window and band: excess squared error, squared mean, SKUs."""
    mean = forecasts.rate * (after.plain_exposure - then.plain_exposure)
    error = (after.unit_count - then.unit_count - mean) ** 2 - forecasts.size_ratio * mean - mean**2 * forecasts.doubt
    band = band_of(mean, forecasts.new)
    shapes = [np.zeros((len(forecasts.starts), bands)) for _ in range(3)]
    for index in range(bands):
        member = (band == index) & (mean > 0)
        shapes[0][:, index] = np.where(member, error, 0.0).sum(axis=1)
        shapes[1][:, index] = np.where(member, mean**2, 0.0).sum(axis=1)
        shapes[2][:, index] = member.sum(axis=1)
    return shapes[0], shapes[1], shapes[2]
