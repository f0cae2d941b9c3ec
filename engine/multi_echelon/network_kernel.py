"""Compiled simulation of a network; ``network_reference`` is its specification."""
# ruff: noqa: PLR0912, PLR0915, C901

from __future__ import annotations

import numpy as np

from engine.kernels import kernel
from engine.multi_echelon.network_tables import RATIONING, Ledger, Tables, Whole

OLDEST, PRIORITY = RATIONING.index("oldest"), RATIONING.index("priority")


@kernel
def _send(route: int, units: int, day: int, ledger: Ledger, in_transit: Whole, owed: Whole) -> None:
    ledger.route_shipped[route, day] += units
    in_transit[route] += units
    owed[route] -= units


@kernel
def _ship_oldest(
    source: int, day: int, tables: Tables, ledger: Ledger, on_hand: Whole, in_transit: Whole, owed: Whole,
    heads: Whole, left: Whole,
) -> None:  # fmt: skip
    """Oldest order first; ``heads`` is the day of each route's oldest open order, ``left`` what is open of it."""
    while on_hand[source] > 0:
        first = -1
        for route in range(len(tables.sources)):
            if tables.sources[route] == source and owed[route] > 0:
                while left[route] == 0:
                    heads[route] += 1
                    left[route] = ledger.route_ordered[route, heads[route]]
                if first < 0 or heads[route] < heads[first]:
                    first = route
        if first < 0:
            return
        units = min(on_hand[source], left[first])
        on_hand[source] -= units
        left[first] -= units
        ledger.shipped[source, day] += units
        _send(first, units, day, ledger, in_transit, owed)


@kernel
def _ship_shares(
    source: int, day: int, tables: Tables, ledger: Ledger, on_hand: Whole, in_transit: Whole, owed: Whole
) -> None:
    """By priority of routes or in proportion to what they wait for."""
    available, total = on_hand[source], 0
    for route in range(len(tables.sources)):
        if tables.sources[route] == source:
            total += owed[route]
    spare = available
    for route in range(len(tables.sources)):
        if tables.sources[route] == source and total > available:
            spare -= available * owed[route] // total
    for route in range(len(tables.sources)):
        if tables.sources[route] != source or owed[route] == 0:
            continue
        units = min(owed[route], on_hand[source])
        if total > available and tables.rationing != PRIORITY:
            units = available * owed[route] // total
            if spare > 0 and units < owed[route]:
                units += 1
                spare -= 1
        on_hand[source] -= units
        ledger.shipped[source, day] += units
        _send(route, units, day, ledger, in_transit, owed)


@kernel
def run(tables: Tables, ledger: Ledger) -> None:
    """Fill a ledger that holds the demand."""
    places, days = ledger.demanded.shape
    routes = len(tables.sources)
    on_hand, waiting = tables.opening.copy(), np.zeros(places, np.int64)
    in_transit, owed = np.zeros(routes, np.int64), np.zeros(routes, np.int64)
    heads, left = np.full(routes, -1, np.int64), np.zeros(routes, np.int64)
    echelon_stock, on_order, owes = np.zeros(places, np.int64), np.zeros(places, np.int64), np.zeros(places, np.int64)
    for day in range(days):
        for route in range(routes):
            sent_on = day - tables.lead_times[route]
            if sent_on >= 0:
                units = ledger.route_shipped[route, sent_on]
                in_transit[route] -= units
                on_hand[tables.targets[route]] += units
                ledger.received[tables.targets[route], day] += units
        for place in range(places):
            served = min(on_hand[place], waiting[place])
            waiting[place] -= served
            on_hand[place] -= served
            demanded = ledger.demanded[place, day]
            sold = min(on_hand[place], demanded)
            on_hand[place] -= sold
            ledger.sold[place, day] = sold
            if tables.lost_sales:
                ledger.lost[place, day] = demanded - sold
            else:
                waiting[place] += demanded - sold
        for place in tables.order:
            echelon_stock[place] = on_hand[place] - waiting[place]
            on_order[place] = 0
            owes[place] = 0
            for route in range(routes):
                if tables.sources[route] == place:
                    echelon_stock[place] += in_transit[route] + echelon_stock[tables.targets[route]]
                    owes[place] += owed[route]
                if tables.targets[route] == place:
                    on_order[place] += in_transit[route] + owed[route]
            position = on_order[place] + (
                echelon_stock[place] if tables.echelon[place] else on_hand[place] - waiting[place] - owes[place]
            )
            if day % tables.periods[place] == 0 and position <= tables.points[place]:
                quantity = tables.up_to[place] - position
                ledger.ordered[place, day] = quantity
                for route in range(routes):
                    if tables.targets[route] == place:
                        below, total = tables.shares_below[route], tables.shares_total[route]
                        units = quantity * (below + tables.shares[route]) // total - quantity * below // total
                        ledger.route_ordered[route, day] = units
                        owed[route] += units
        for route in range(routes):
            if tables.sources[route] < 0:
                _send(route, owed[route], day, ledger, in_transit, owed)
        for back in range(places - 1, -1, -1):
            source = tables.order[back]
            if tables.rationing == OLDEST:
                _ship_oldest(source, day, tables, ledger, on_hand, in_transit, owed, heads, left)
            else:
                _ship_shares(source, day, tables, ledger, on_hand, in_transit, owed)
        for place in range(places):
            ledger.waiting[place, day] = waiting[place]
            ledger.on_hand[place, day] = on_hand[place]
        for route in range(routes):
            ledger.in_transit[route, day] = in_transit[route]
            if tables.sources[route] >= 0:
                ledger.owed[tables.sources[route], day] += owed[route]
