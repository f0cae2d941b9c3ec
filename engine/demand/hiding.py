"""Hide and recover: how well the estimator does on a shop whose truth nobody knows.

Days in stock are hidden as stock-outs would hide them, the estimator is fitted again without them, and what it finds
is compared with what was sold. Three precautions make the answer safe. A window starts on a random day and its length
comes from the shop's own stock-outs, whatever follows: it may run into a real stock-out, and then only its in-stock
part is scored. Choosing windows that stay in stock to their end would choose quiet days, and report +7 to +42 % for
an estimator that is right within 1 %. And hidden page views are thinned by the estimated keep rate, as real ones are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.arrays import DemandArrays, Floats, demand_arrays
from engine.demand.codes import FULL_SHARE, NO_SHARE
from engine.demand.keep_rate import AGE_LIMITS
from engine.demand.recovery import Parameters, estimate, recover_arrays
from engine.demand.traffic import traffic_level
from engine.schema import MICRO
from engine.settings import DemandSettings

Flags = NDArray[np.bool_]

HIDDEN_SHARE = 0.05
DEFAULT_LENGTHS = np.array([7], dtype=np.int64)


@dataclass(frozen=True)
class HiddenScore:
    """One seed: what was hidden and what was found again.

    Attributes:
        seed: number of the draw.
        days: SKU-days hidden that were in stock for at least a part.
        sold: units hidden; with what the orders that emptied the shelf in them still wanted.
        found: expected units found.
        wape_per_item: sum over items of |found - sold|, over the units sold; None if nothing was hidden.
    """

    seed: int
    days: int
    sold: float
    found: float
    wape_per_item: float | None

    @property
    def bias(self) -> float | None:
        """Found over sold, less one; None if nothing was hidden."""
        return self.found / self.sold - 1.0 if self.sold > 0 else None


def hide_and_recover(
    activity: pl.DataFrame, orders: pl.DataFrame, categories: Sequence[str], settings: DemandSettings, seeds: int = 3
) -> list[HiddenScore]:
    """Hide in-stock days as stock-outs would, fit again, compare; once per seed.

    Args:
        activity, orders, categories, settings: as ``recovery.recover``. What visitors of an empty shelf would buy is
            taken as it was in stock (intent ratio 1, no substitution): that is what was hidden.
        seeds: number of draws.
    """
    arrays = demand_arrays(activity, categories)
    parameters, _ = estimate(arrays, orders)
    lengths = spell_lengths(arrays)
    plain = settings.model_copy(update={"intent_ratio": 1.0, "substitution_share": 0.0})
    return [_score(arrays, orders, parameters, lengths, plain, number) for number in range(seeds)]


def mean_bias(scores: Sequence[HiddenScore]) -> float | None:
    """Mean bias over the seeds that hid something."""
    known = [score.bias for score in scores if score.bias is not None]
    return fmean(known) if known else None


def spell_lengths(arrays: DemandArrays) -> NDArray[np.int64]:
    """Lengths in days of all spells of whole days out of stock; a week if there is none."""
    out = (arrays.share <= NO_SHARE) & (arrays.exposed == 1) & (arrays.unknown == 0)
    edge = np.diff(np.pad(out.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    lengths: NDArray[np.int64] = np.nonzero(edge == -1)[1] - np.nonzero(edge == 1)[1]
    return np.sort(lengths) if lengths.size else DEFAULT_LENGTHS


def hidden_windows(arrays: DemandArrays, lengths: NDArray[np.int64], random: np.random.Generator) -> Flags:
    """Days of windows that start at random after a whole day in stock, (S, T), about one in twenty in-stock days."""
    hidden = np.zeros(arrays.shape, dtype=np.bool_)
    usable = (arrays.active == 1) & (arrays.unknown == 0)
    before = usable & (arrays.share >= FULL_SHARE)
    may_start = np.zeros(arrays.shape, dtype=np.bool_)
    may_start[:, 1:] = before[:, :-1] & usable[:, 1:]
    chance = HIDDEN_SHARE / float(lengths.mean())
    sku, day = np.nonzero(may_start & (random.random(arrays.shape) < chance))
    drawn = random.choice(lengths, size=sku.size)
    for s, first, length in zip(sku.tolist(), day.tolist(), drawn.tolist(), strict=True):
        hidden[s, first : first + length] = True
    return hidden & usable


def hide(arrays: DemandArrays, hidden: Flags, keep: Floats, random: np.random.Generator) -> DemandArrays:
    """The same world with empty shelves on the hidden days; of the views in stock, the keep rate still arrives."""
    stay = random.binomial(np.where(hidden, arrays.views_in, 0), np.clip(keep, 0.0, 1.0).astype(np.float64))
    return replace(
        arrays,
        views_in=np.where(hidden, 0, arrays.views_in).astype(np.int32),
        views_out=(arrays.views_out + stay).astype(np.int32),
        orders=np.where(hidden, 0, arrays.orders).astype(np.int32),
        units=np.where(hidden, 0, arrays.units).astype(np.int32),
        depleting=np.where(hidden, 0, arrays.depleting).astype(np.uint8),
        share=np.where(hidden, 0, arrays.share).astype(np.float32),
    )


def _score(
    arrays: DemandArrays, orders: pl.DataFrame, parameters: Parameters, lengths: NDArray[np.int64],
    settings: DemandSettings, number: int,
) -> HiddenScore:  # fmt: skip
    random = np.random.default_rng([settings.seed, number])
    hidden = hidden_windows(arrays, lengths, random)
    emptied = replace(arrays, share=np.where(hidden, 0, arrays.share).astype(np.float32))
    keep = parameters.keep
    ages = traffic_level(emptied, parameters.shape, keep.by_age, AGE_LIMITS, keep.sku).keep_rate
    world = hide(arrays, hidden, ages, random)
    kept = orders.filter(~pl.Series(hidden[orders["sku"].to_numpy(), orders["day"].to_numpy()], dtype=pl.Boolean))
    found = recover_arrays(world, kept, settings).lost_expected_u6 / MICRO
    scored = hidden & (arrays.share > NO_SHARE)
    true = np.where(scored, arrays.units + parameters.sizes.cut_units, 0.0).sum(axis=1, dtype=np.float64)
    again = np.where(scored, found * arrays.share, 0.0).sum(axis=1, dtype=np.float64)
    total = float(true.sum())
    wape = float(np.abs(again - true).sum()) / total if total > 0 else None
    return HiddenScore(number, int(scored.sum()), total, float(again.sum()), wape)
