"""Simulate some items, say something about all: a stratified sample and totals with an interval.

Totals are extrapolated as differences to a run that was made for every item (the shop's own orders): what a policy
changes varies less from item to item than what an item is worth. Cochran (1977), Sampling Techniques, 5.4 and 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.forecast import ForecastMatrix
from engine.randomness import sku_keys
from engine.scenario import Scenario
from engine.scenario.subset import subset_scenario
from engine.segments import Segments
from engine.strategies import Information

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NORMAL_95 = 1.959963984540054
FEWEST = 2
"""Items of a stratum without which its spread cannot be told."""


@dataclass(frozen=True)
class Sample:
    """Items simulated for all.

    Attributes:
        skus: (n,) ascending SKU indices.
        stratum: (n,) stratum of each.
        population: (H,) items of each stratum; ``taken``: (H,) of them in the sample.
    """

    skus: IntArray
    stratum: IntArray
    population: IntArray
    taken: IntArray


@dataclass(frozen=True)
class Estimate:
    """A total over the catalogue with its 95 % interval."""

    value: float
    low: float
    high: float


def stratified_sample(items: tuple[str, ...], cell: IntArray, revenue: FloatArray, per_cell: int, best: int) -> Sample:
    """The best sellers, each standing for itself, and some items of every cell; the same choice on every machine.

    Args:
        items: ids; the choice within a cell goes by their hash, not by their order.
        cell: (S,) stratum of each SKU; -1 is a stratum like others.
        revenue: (S,) by which best sellers are found.
        per_cell: items taken of each cell, at least two; ``best``: best sellers taken.
    """
    ranked = np.lexsort((np.arange(len(items)), -revenue))[:best]
    group = cell.astype(np.int64) + 2
    group[ranked] = 0
    key = sku_keys(items)
    skus, stratum, population, taken = [], [], [], []
    for number, value in enumerate(np.unique(group).tolist()):
        members = np.flatnonzero(group == value)
        wanted = len(members) if value == 0 else min(max(per_cell, FEWEST), len(members))
        chosen = np.sort(members[np.argsort(key[members], kind="stable")[:wanted]])
        skus.append(chosen)
        stratum.append(np.full(wanted, number))
        population.append(len(members))
        taken.append(wanted)
    order = np.argsort(np.concatenate(skus), kind="stable")
    return Sample(
        np.concatenate(skus)[order].astype(np.int64),
        np.concatenate(stratum)[order].astype(np.int64),
        np.array(population, np.int64),
        np.array(taken, np.int64),
    )


def total(sample: Sample, values: FloatArray) -> Estimate:
    """Total over the catalogue: Σ N_h x mean of stratum h; variance Σ N_h² (1 - n_h / N_h) s_h² / n_h.

    Args:
        sample: which items; ``values``: (n,) of each, no NaN.
    """
    value = variance = 0.0
    for stratum, (population, taken) in enumerate(zip(sample.population.tolist(), sample.taken.tolist(), strict=True)):
        of_stratum = values[sample.stratum == stratum]
        value += population * float(of_stratum.mean())
        if taken < population:
            variance += population**2 * (1 - taken / population) * float(of_stratum.var(ddof=1)) / taken
    half = NORMAL_95 * variance**0.5
    return Estimate(value, value - half, value + half)


def extrapolate(sample: Sample, values: FloatArray, real: FloatArray) -> Estimate:
    """Total of a run over all items: that of the shop's own orders plus the extrapolated difference to them.

    Args:
        sample: which items; ``values``: (n,) of the run; ``real``: (S,) of the shop's own orders, all items.
    """
    difference = total(sample, values - real[sample.skus])
    known = float(real.sum())
    return Estimate(known + difference.value, known + difference.low, known + difference.high)


def extrapolate_rate(sample: Sample, values: FloatArray, real: FloatArray, size: FloatArray) -> Estimate:
    """Rate over all items, within 0..1: extrapolated numerator / denominator known for all.

    Args:
        sample: which items; ``values``: (n,) numerators of the run; ``real``: (S,) those of the shop's own orders.
        size: (S,) denominators, the same under any policy.
    """
    over, whole = extrapolate(sample, values, real), float(size.sum())
    if not whole:
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, middle, high = (min(max(value / whole, 0.0), 1.0) for value in (over.low, over.value, over.high))
    return Estimate(middle, low, high)


def sampled_world(scenario: Scenario, information: Information, sample: Sample) -> tuple[Scenario, Information]:
    """The world and what is known of it for the sampled items; the shop's own capital in proportion to their worth."""
    skus = sample.skus
    alone = subset_scenario(scenario, skus)
    worth = information.daily_mean * information.catalogue.replacement_cost
    share = worth[:, skus].sum(axis=1) / np.maximum(worth.sum(axis=1), 1e-9)
    known = replace(
        information,
        axes=alone.axes,
        catalogue=alone.catalogue,
        offers=alone.offers,
        forecast=_columns(information.forecast, skus),
        price=np.ascontiguousarray(information.price[:, skus]),
        segments=Segments(information.segments.abc[:, skus], information.segments.xyz[:, skus]),
        own_capital=information.own_capital * share,
        options={name: _columns(matrix, skus) for name, matrix in information.options.items()},
    )
    return alone, known


def _columns(forecast: ForecastMatrix, skus: IntArray) -> ForecastMatrix:
    """Columns of the sampled items in every (D, S) matrix."""
    return replace(
        forecast,
        shape=np.ascontiguousarray(forecast.shape[:, skus]),
        rate_weight=np.ascontiguousarray(forecast.rate_weight[:, skus]),
        season=np.ascontiguousarray(forecast.season[:, skus]),
        mean_size=np.ascontiguousarray(forecast.mean_size[:, skus]),
        size_ratio=np.ascontiguousarray(forecast.size_ratio[:, skus]),
        new=np.ascontiguousarray(forecast.new[:, skus]),
    )
