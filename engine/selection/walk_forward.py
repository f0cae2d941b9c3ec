"""Walk-forward choice: the parameters of a fold are those that did best on the folds before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

NOT_YET = -1


@dataclass(frozen=True)
class Tuning:
    """What choosing parameters item by item would have brought over one choice for the whole catalogue.

    Attributes:
        items: judged; ``better``: those that earned more on held-out folds with parameters of their own.
        gain: minor units over the held-out folds, all items together; negative: tuning each item lost money.
    """

    items: int
    better: int
    gain: int

    @property
    def share(self) -> float | None:
        """Share of items whose tuning was worth it."""
        return self.better / self.items if self.items else None


def past_scores(running_profit: IntArray, write_down: IntArray) -> IntArray:
    """Economic profit of the folds before each fold, as if the window had ended there; 0 for the first fold.

    Args:
        running_profit, write_down: (..., F) see ``FoldSums``.
    """
    scores = np.cumsum(running_profit, axis=-1) - running_profit
    scores[..., 1:] -= write_down[..., :-1]
    return scores


def chosen_on_past(scores: IntArray) -> IntArray:
    """Index of the parameter set with the best score before each fold; the first one on ties.

    Args:
        scores: (R, F) or (R, S, F) by parameter set and fold, see ``past_scores``.

    Returns:
        (F,) or (S, F); ``NOT_YET`` for the first fold, before which there is nothing to choose by.
    """
    chosen = scores.argmax(axis=0).astype(np.int64)
    chosen[..., 0] = NOT_YET
    return chosen


def stitched(values: IntArray, chosen: IntArray) -> IntArray:
    """Contributions of the held-out folds, each from the parameter set chosen for it, (S, F - 1).

    Args:
        values: (R, S, F) contributions.
        chosen: (F,) see ``chosen_on_past``.
    """
    folds = np.arange(1, values.shape[2])
    return np.ascontiguousarray(values[chosen[1:], :, folds].T)


def tuning(profit: IntArray, scores: IntArray, members: NDArray[np.bool_]) -> Tuning:
    """Whether choosing item by item pays: both choices made on earlier folds only, both judged on the later ones.

    Args:
        profit: (R, S, F) economic profit of one strategy's parameter sets.
        scores: (R, S, F) see ``past_scores``.
        members: (S,) items asked about.
    """
    of_members = profit[:, members]
    if of_members.shape[0] < 2 or of_members.shape[2] < 2:
        return Tuning(0, 0, 0)
    common = stitched(of_members, chosen_on_past(scores.sum(axis=1))).sum(axis=1)
    chosen = np.maximum(chosen_on_past(scores[:, members]), 0)[None]
    own = np.take_along_axis(of_members, chosen, axis=0)[0, :, 1:].sum(axis=1)
    return Tuning(len(own), int((own > common).sum()), int((own - common).sum()))
