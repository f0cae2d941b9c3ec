"""Targets that are met: simulate, compare what was achieved with what was planned for, adjust the buffers.

A formula's service is right under its assumptions (stationary demand, known lead times, no packs, no minimum). On a
real catalogue it misses; by how much is measured here, and mended per segment by a multiplier on the stock that
levels hold beyond mean demand. SKUs do not influence each other, so one run per multiplier gives the service of every
segment at it. Sources: Silver, Pyke & Thomas (2017), 6.11; Prak & Teunter (2019) on why formulas fall short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.plan import NEVER_ORDER, Levels
from engine.totals import RunTotals

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MULTIPLIERS = (0.0, 0.5, 0.75, 1.0, 1.5, 2.5)
AS_PLANNED = 1.0


@dataclass(frozen=True)
class Calibration:
    """What was found for the segments of one plan.

    Attributes:
        multiplier: (G,) on the buffer; 1 where a segment has no target or no demand to learn from.
        before, after: totals of the plan as it was, and with the multipliers.
    """

    multiplier: FloatArray
    before: RunTotals
    after: RunTotals


def scaled(levels: Levels, mean: FloatArray, multiplier: FloatArray | float) -> Levels:
    """Levels whose stock beyond mean demand is multiplied, rounded up; the lot from reorder point to top stays.

    A reorder point below mean demand is multiplied as a whole, so that more is always more.

    Args:
        levels: as planned.
        mean: (D, S) demand over the protection interval.
        multiplier: by SKU, (S,), or one for all.
    """
    point = levels.reorder_point
    buffered = np.where(point > mean, mean + multiplier * (point - mean), multiplier * point)
    moved = np.where(point > 0, np.maximum(np.ceil(buffered - 1e-9), 0), point).astype(np.int64)
    moved = np.where(np.broadcast_to(np.equal(multiplier, AS_PLANNED), point.shape), point, moved)
    step = np.where(point > NEVER_ORDER, moved - point, 0)
    position = levels.max_position + np.maximum(step, 0)
    return replace(levels, reorder_point=point + step, order_up_to=levels.order_up_to + step, max_position=position)


def achieved_service(totals: RunTotals, kind: str, segment: IntArray, segments: int, parts: slice) -> FloatArray:
    """Service by segment, (G,): fill rate (P2) or cycle service level (P1); NaN without demand.

    Args:
        totals: of a run.
        kind: ``fill_rate`` or ``cycle_service_level``.
        segment: (S,) segment of each SKU, -1 for none.
        segments: number of segments G.
        parts: window parts to look at.
    """
    if kind == "fill_rate":
        good = totals.field("sold")[:, parts].sum(axis=1)
        all_ = good + totals.field("lost")[:, parts].sum(axis=1)
    else:
        all_ = totals.field("cycles")[:, parts].sum(axis=1)
        good = all_ - totals.field("short_cycles")[:, parts].sum(axis=1)
    above, below = (_by_segment(values, segment, segments) for values in (good, all_))
    return np.divide(above, below, out=np.full(segments, np.nan), where=below > 0)


def _by_segment(values: IntArray, segment: IntArray, segments: int) -> FloatArray:
    member = segment >= 0
    sums = np.zeros(segments, np.int64)
    np.add.at(sums, segment[member], values[member])
    return sums.astype(np.float64)


def calibrate(
    levels: Levels,
    mean: FloatArray,
    run: Callable[[Levels], RunTotals],
    segment: IntArray,
    target: FloatArray,
    kind: str,
    training: slice,
) -> Calibration:
    """Multipliers at which the training part meets the target in each segment.

    Args:
        levels: of the strategy; ``mean``: (D, S) demand over its protection interval.
        run: replays levels.
        segment: (S,) segment of each SKU, -1 for none.
        target: (G,) service wanted by segment, NaN for none.
        kind: of service.
        training: window parts to learn from.
    """
    service = np.full((len(MULTIPLIERS), len(target)), np.nan)
    before: RunTotals | None = None
    for row, multiplier in enumerate(MULTIPLIERS):
        totals = run(scaled(levels, mean, multiplier))
        service[row] = achieved_service(totals, kind, segment, len(target), training)
        if multiplier == AS_PLANNED:
            before = totals
    chosen = np.array([least_multiplier(service[:, g], target[g]) for g in range(len(target))])
    of_sku = np.where(segment >= 0, chosen[np.maximum(segment, 0)], AS_PLANNED)
    if before is None:
        raise AssertionError("the plan as it was is one of the multipliers")
    return Calibration(chosen, before, run(scaled(levels, mean, of_sku)))


def least_multiplier(service: FloatArray, target: float) -> float:
    """Least multiplier with the target met, linear between those tried; the largest where none meets it.

    Args:
        service: achieved at each of ``MULTIPLIERS``; NaN without demand.
        target: wanted; NaN for none.
    """
    if np.isnan(target) or np.isnan(service).any():
        return AS_PLANNED
    rising = np.maximum.accumulate(service)
    reached = np.flatnonzero(rising >= target)
    if len(reached) == 0:
        return MULTIPLIERS[-1]
    first = int(reached[0])
    if first == 0:
        return MULTIPLIERS[0]
    share = (target - rising[first - 1]) / (rising[first] - rising[first - 1])
    return float(MULTIPLIERS[first - 1] + share * (MULTIPLIERS[first] - MULTIPLIERS[first - 1]))
