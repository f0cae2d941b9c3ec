"""Figures of a simulated network: end customer's service, bullwhip ratio, capital and cost per level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.multi_echelon.network import Network
from engine.multi_echelon.network_tables import Ledger

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class LevelFigures:
    """One level of the network over the days scored.

    Attributes:
        name: of the level.
        bullwhip: variance of the level's daily orders / variance of daily customer demand; None if that is constant.
        amplification: the same over the variance of what the level itself was asked for.
        mean_on_hand: units at the close of a day.
        mean_in_transit: units on the way to the level.
        mean_capital: minor units of money: on hand and on the way to it, at the locations' unit cost.
        orders_per_day: orders placed.
    """

    name: str
    bullwhip: float | None
    amplification: float | None
    mean_on_hand: float
    mean_in_transit: float
    mean_capital: float
    orders_per_day: float


@dataclass(frozen=True)
class NetworkFigures:
    """Service to customers outside the network, and each level in the order of its first location.

    Attributes:
        fill_rate: units served the same day / units asked for; None without demand.
        days_short: share of days and locations with customers on which some were not served.
        mean_waiting: customers waiting at the close, units.
    """

    fill_rate: float | None
    days_short: float
    mean_waiting: float
    levels: tuple[LevelFigures, ...]


def figures(network: Network, ledger: Ledger, warm_up: int = 0) -> NetworkFigures:
    """Figures of the days from ``warm_up`` on."""
    days = ledger.demanded.shape[1]
    if not 0 <= warm_up < days:
        raise InputError(f"warm_up must be >= 0 and < {days}, the days simulated", value=warm_up)
    scored = Ledger(*(part[:, warm_up:] for part in ledger))
    asked = int(scored.demanded.sum())
    buying = scored.demanded.sum(axis=1) > 0
    names = list(dict.fromkeys(place.level or place.name for place in network.locations))
    return NetworkFigures(
        fill_rate=int(scored.sold.sum()) / asked if asked else None,
        days_short=float((scored.sold < scored.demanded)[buying].mean()) if buying.any() else 0.0,
        mean_waiting=float(scored.waiting.sum(axis=0).mean()),
        levels=tuple(_level(network, scored, name) for name in names),
    )


def _level(network: Network, scored: Ledger, name: str) -> LevelFigures:
    at = np.array([(place.level or place.name) == name for place in network.locations])
    here = {place.name for place, inside in zip(network.locations, at, strict=True) if inside}
    cost = np.array([place.unit_cost for place in network.locations], np.int64)
    into = np.array([route.target in here for route in network.routes], np.bool_)
    outof = np.array([route.source in here for route in network.routes], np.bool_)
    on_way = scored.in_transit[into].sum(axis=0)
    transit_cost = np.array([cost[network.index[route.target]] for route in network.routes], np.int64)
    capital = cost[at] @ scored.on_hand[at] + transit_cost[into] @ scored.in_transit[into]
    orders = scored.ordered[at].sum(axis=0)
    asked = scored.demanded[at].sum(axis=0) + scored.route_ordered[outof].sum(axis=0)
    return LevelFigures(
        name=name,
        bullwhip=_ratio(orders, scored.demanded.sum(axis=0)),
        amplification=_ratio(orders, asked),
        mean_on_hand=float(scored.on_hand[at].sum(axis=0).mean()),
        mean_in_transit=float(on_way.mean()),
        mean_capital=float(capital.mean()),
        orders_per_day=float((scored.ordered[at] > 0).sum(axis=0).mean()),
    )


def _ratio(orders: Whole, asked: Whole) -> float | None:
    """Ratio of variances; None where the denominator is 0."""
    return float(orders.var() / asked.var()) if asked.var() > 0 else None


def daily_costs(
    network: Network, ledger: Ledger, local_holding: Sequence[float], stockout_cost: float
) -> NDArray[np.float64]:
    """Cost (T,) of each day as the serial model counts it.

    Args:
        network: locations of the ledger.
        ledger: of a simulation with backorders.
        local_holding: per unit and day on hand at each location (n,); units on the way from a location cost as much
            as on hand there, those from outside suppliers nothing.
        stockout_cost: per unit that a customer waits for and day.
    """
    holding = np.asarray(local_holding, np.float64)
    sources = [None if route.source is None else network.index[route.source] for route in network.routes]
    transit = np.array([0.0 if source is None else holding[source] for source in sources])
    return holding @ ledger.on_hand + transit @ ledger.in_transit + stockout_cost * ledger.waiting.sum(axis=0)


def longest_waits(network: Network, ledger: Ledger) -> dict[str, int]:
    """Longest time, in days, any order of another location waited at each location that supplies others.

    An order that is still open at the end has waited until then at least. Each route fills its oldest order first.
    """
    longest: dict[str, int] = {}
    days = ledger.demanded.shape[1]
    for number, route in enumerate(network.routes):
        if route.source is None:
            continue
        asked, sent = np.cumsum(ledger.route_ordered[number]), np.cumsum(ledger.route_shipped[number])
        placed = np.flatnonzero(ledger.route_ordered[number])
        filled = np.minimum(np.searchsorted(sent, asked[placed], side="left"), days)
        wait = int((filled - placed).max(initial=0))
        longest[route.source] = max(longest.get(route.source, 0), wait)
    return longest
