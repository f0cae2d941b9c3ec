"""A network and what happened in it as arrays: what both simulations read and write."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Rationing = Literal["oldest", "priority", "proportional"]
RATIONING: tuple[str, ...] = get_args(Rationing)


class Tables(NamedTuple):
    """A network in arrays, as the kernel reads it; n locations, r routes.

    Attributes:
        points, up_to, periods, opening: of each location (n,).
        echelon: (n,).
        sources: of each route (r,), -1 outside the network.
        targets, lead_times: (r,).
        shares_below, shares_total: weight of earlier routes of the same target, of all of them (r,).
        shares: (r,).
        order: locations, customers' side first (n,).
        rationing: position in ``RATIONING``.
        lost_sales: whether customers leave.
    """

    points: Whole
    up_to: Whole
    periods: Whole
    opening: Whole
    echelon: NDArray[np.bool_]
    sources: Whole
    targets: Whole
    lead_times: Whole
    shares_below: Whole
    shares_total: Whole
    shares: Whole
    order: Whole
    rationing: int
    lost_sales: bool


class Ledger(NamedTuple):
    """What happened, int64: locations (n, T) or routes (r, T).

    Attributes:
        demanded, sold, lost, waiting: of customers; waiting at the close. Sold counts units served the same day.
        on_hand: at the close, after shipping.
        received, ordered, shipped, owed: units; owed to other locations at the close.
        route_ordered, route_shipped, in_transit: units of each route; in transit at the close.
    """

    demanded: Whole
    sold: Whole
    lost: Whole
    waiting: Whole
    on_hand: Whole
    received: Whole
    ordered: Whole
    shipped: Whole
    owed: Whole
    route_ordered: Whole
    route_shipped: Whole
    in_transit: Whole
