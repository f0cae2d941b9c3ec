"""Day by day over all rows, where limits on money or suppliers' minimum order values make orders compete."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels import kernel
from engine.plan import Levels
from engine.scenario import Scenario
from engine.steppers import coupling
from engine.steppers.compiled.kernel import (
    ON_ORDER_VALUE,
    R_MOST,
    R_OFFER,
    R_QUANTITY,
    R_RANK,
    REQUEST_SIZE,
    STATE_SIZE,
    VALUE,
    advance,
    place_granted,
)
from engine.steppers.compiled.tables import Output, lot_capacity, pending_capacity, plan_table, world_table

IntArray = NDArray[np.int64]

granted_quantities: Any = kernel(coupling.granted_quantities)


def run_competing(scenario: Scenario, plan: Levels, output: Output) -> None:
    """Advance all rows to the close of each day, share out the money among what they want, and go on.

    Args:
        scenario, plan: as in ``run_compiled``.
        output: zeroed; filled in place.
    """
    skus, days = scenario.axes.shape
    states = np.zeros((skus, STATE_SIZE), np.int64)
    pendings = np.zeros((skus, pending_capacity(scenario, plan), 3), np.int64)
    lots = np.zeros((skus, lot_capacity(scenario), 2), np.int64)
    requests = np.zeros((skus, REQUEST_SIZE), np.int64)
    world, tables = world_table(scenario), (plan_table(scenario, plan), output, states, pendings, lots, requests)
    purse = coupling.Purse(scenario, plan)
    for day in range(days):
        requests[:, R_OFFER] = -1
        advance(world, *tables, 0, skus, day == 0, day + 1)
        rows = np.flatnonzero(requests[:, R_OFFER] >= 0)
        if len(rows):
            room = purse.room(day, int(states[:, VALUE].sum() + states[:, ON_ORDER_VALUE].sum()))
            wanted = _wanted(scenario, rows, requests[rows])
            granted = coupling.share_out(wanted, scenario.limits, room, granted_quantities)
            purse.spend(int((granted * wanted.unit_cost).sum()))
            place_granted(world, output, states, pendings, rows, requests[rows, R_OFFER].copy(), granted, day)
    advance(world, *tables, 0, skus, days == 0, days)


def _wanted(scenario: Scenario, rows: IntArray, requests: IntArray) -> coupling.Wanted:
    offers, row = scenario.offers, requests[:, R_OFFER]
    return coupling.Wanted(
        sku=rows,
        supplier=offers.supplier[row],
        unit_cost=offers.unit_cost[row],
        quantity=requests[:, R_QUANTITY].copy(),
        smallest=offers.smallest_quantity[row],
        multiple=offers.multiple[row],
        most=requests[:, R_MOST].copy(),
        rank=requests[:, R_RANK].copy(),
    )
