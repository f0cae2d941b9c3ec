"""Intervals of totals over SKUs and folds, paired over runs: the same replicates of items and weeks for all.

Both the catalogue and the calendar could have been others. A replicate draws items with Poisson weights and blocks
of four weeks with replacement, independently (two-way bootstrap; Owen 2007, The pigeonhole bootstrap): a block keeps
what all items share in it, an item what its weeks share. It is conservative where neither matters. Blocks are few:
deviations are widened as those of so small a sample (Student's t). Where demand was sampled in several scenarios,
replicates go through them in turn. Weights are whole numbers from keyed random numbers,
sums of whole numbers in double precision are exact: nothing depends on threads or on the order of the items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.randomness import Keys, uniforms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

REPLICATES = 400
ITEM_STREAM, BLOCK_STREAM = 11, 12
CLUSTERS = 4096
"""Items beyond so many share clusters: enough for any interval."""
LEVEL = 0.95
POISSON_ONE = np.cumsum(np.exp(-1.0) / np.cumprod([1.0, *range(1, 19)]))
"""P(N <= n) of a Poisson number of mean one: the weight is the first n that reaches the uniform number."""


@dataclass(frozen=True)
class Replicates:
    """Weights of B replicates.

    Attributes:
        items: (B, S) times each item was drawn; ``blocks``: (B, F) times each block was.
        cluster: (S,) cluster each item belongs to; items of one are drawn together.
    """

    items: FloatArray
    blocks: FloatArray
    cluster: IntArray

    @property
    def count(self) -> int:
        """Number of replicates B."""
        return len(self.blocks)


def draw_replicates(keys: Keys, blocks: int, seed: int, count: int = REPLICATES) -> Replicates:
    """Keyed weights.

    Args:
        keys: (S,) random identity of each item.
        blocks: number of blocks F.
        seed: of all keyed random numbers.
        count: number of replicates B.
    """
    few = len(keys) <= CLUSTERS
    cluster = np.arange(len(keys)) if few else (keys % np.uint64(CLUSTERS)).astype(np.int64)
    names = keys if few else np.arange(CLUSTERS, dtype=np.uint64)
    replicate = np.arange(count)
    items = np.searchsorted(POISSON_ONE, uniforms(seed, 0, names, replicate, ITEM_STREAM)).T.astype(np.float64)
    positions = uniforms(seed, 0, np.arange(blocks, dtype=np.uint64), replicate, BLOCK_STREAM).T
    drawn = np.minimum((positions * blocks).astype(np.int64), blocks - 1)
    times = np.stack([(drawn == block).sum(axis=1) for block in range(blocks)], axis=1)
    return Replicates(np.ascontiguousarray(items), times.astype(np.float64), cluster.astype(np.int64))


def replicated_totals(values: IntArray, replicates: Replicates) -> FloatArray:
    """Total of each replicate, (B,): of as many items and blocks as there are.

    Args:
        values: (S, F) or, by demand scenario, (K, S, F) contributions; replicate b takes scenario b modulo K.
    """
    stacked = values if values.ndim == 3 else values[None]
    scenarios, _, blocks = stacked.shape
    clusters = replicates.items.shape[1]
    drawn = replicates.items.sum(axis=1)
    result = np.zeros(replicates.count)
    for scenario in range(scenarios):
        grouped = np.zeros((clusters, blocks))
        np.add.at(grouped, replicates.cluster, stacked[scenario].astype(np.float64))
        mine = np.arange(scenario, replicates.count, scenarios)
        by_block = replicates.items[mine] @ grouped  # whole numbers below 2^53: exact in any order
        result[mine] = (by_block * replicates.blocks[mine]).sum(axis=1) * (clusters / np.maximum(drawn[mine], 1.0))
    return result


def interval(estimate: float, replicated: FloatArray, blocks: int, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval over replicates; NaN where a replicate has no value.

    Args:
        estimate: in the data; ``replicated``: (B,) in the replicates.
        blocks: number of blocks they were drawn from.
        level: chance of covering.
    """
    low, high = np.quantile(replicated - estimate, [(1 - level) / 2, (1 + level) / 2])
    wider = small_sample(blocks, level)
    return float(estimate + wider * low), float(estimate + wider * high)


def small_sample(blocks: int, level: float = LEVEL) -> float:
    """Factor by which deviations of a bootstrap over few blocks fall short: sqrt(n / (n - 1)) x t / z; 1 for one."""
    if blocks < 2:
        return 1.0
    middle = (1 + level) / 2
    quantiles = stats.t.ppf(middle, blocks - 1) / stats.norm.ppf(middle)
    return float(np.sqrt(blocks / (blocks - 1)) * quantiles)


@dataclass(frozen=True)
class Leads:
    """Leads of N strategies over one reference, all at once.

    Attributes:
        estimate, low, high: (N,): intervals that hold together for all, hence also for the one chosen as best.
        optimism: how much the best one's lead owes to having been chosen, by bootstrap; same unit.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    optimism: float


def simultaneous_leads(estimate: FloatArray, replicated: FloatArray, blocks: int, level: float = LEVEL) -> Leads:
    """Intervals from the distribution of the largest deviation over all strategies (max-t; Romano & Wolf 2005).

    Whoever looks at the winner looks at the largest of N leads: an interval for one lead alone would promise too
    much. The optimism is the mean over replicates of the replicate's own winner's lead there less its lead in the
    data (Efron & Tibshirani 1993, 17).

    Args:
        estimate: (N,) leads in the data; ``replicated``: (B, N) in the replicates.
        blocks: number of blocks they were drawn from.
        level: chance that all intervals cover.
    """
    deviation = replicated - estimate
    spread = deviation.std(axis=0, ddof=1)
    scale = np.where(spread > 0, spread, 1.0)
    reach = float(np.quantile(np.abs(deviation / scale).max(axis=1), level)) * small_sample(blocks, level)
    best = replicated.argmax(axis=1)
    rows = np.arange(len(replicated))
    optimism = float((replicated[rows, best] - estimate[best]).mean())
    return Leads(estimate, estimate - reach * spread, estimate + reach * spread, max(optimism, 0.0))
