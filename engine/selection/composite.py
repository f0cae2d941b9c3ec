"""One plan from several: other parameters from each fold on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.plan import Levels


def switched(plans: Sequence[Levels], first_days: Sequence[int]) -> Levels:
    """Levels of the plan of each fold on the re-planning dates from its first day to the next fold's.

    Before the first fold its plan holds too. Dates between two re-planning days keep the levels of the last one, as
    in any plan: a fold's parameters act from the first re-planning date in it.

    Args:
        plans: one per fold, all for the same dates and SKUs.
        first_days: first day of each fold, ascending.
    """
    days = plans[0].days
    fold = np.maximum(np.searchsorted(np.asarray(first_days), days, side="right") - 1, 0)
    of_plans = [plan.matrices() for plan in plans]
    matrices = {
        name: np.stack([of_plans[number][name][row] for row, number in enumerate(fold.tolist())])
        for name in of_plans[0]
    }
    limits = [plan.capital_limit for plan in plans]
    chosen = [limit for limit in limits if limit is not None]
    limit = np.stack(chosen)[fold, np.arange(len(days))] if len(chosen) == len(plans) else None
    return Levels(days=days, capital_limit=limit, **matrices)
