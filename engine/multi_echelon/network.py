"""A network of stocks, simulated day by day in integers: suppliers -> warehouse -> hub -> store.

One day, in the order of the tick (``docs/tick.md``):

1. **receive**: shipments due today go on hand, at all locations; customers who wait are served first.
2. **serve**: sold = min(on hand, demand of customers); the rest waits (backorders) or is lost.
3. **review**, customers' side first: a location sees all orders that others placed on it today, then its position,
   and orders up to its level if the position is at or below its reorder point. A local position is on hand + on order
   - customers waiting - owed to others; an echelon position counts stock and transit of all that it supplies instead.
4. **ship**, suppliers' side first: what is on hand goes to owed orders by the rationing rule and arrives at the start
   of day t + lead time, lead time >= 1. Suppliers outside the network ship at once and whatever is asked.

So a level covers R + L - 1 days: with daily review the L days of the textbook's continuous lead-time demand.

Rationing: "oldest" orders first, those of one day in the order of routes; "priority": the first route gets all it
waits for; "proportional" to what each route waits for, broken units in the order of routes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import InputError, nearest
from engine.multi_echelon.network_tables import RATIONING, Ledger, Rationing, Tables

LARGEST = 1 << 40


@dataclass(frozen=True)
class Location:
    """A place that holds stock.

    Attributes:
        name: unique.
        order_up_to: S, units; local or echelon.
        reorder_point: s; base stock (S - 1) if None.
        echelon: whether the levels are echelon levels.
        review_period: R, days; reviews fall on days 0, R, 2R, ...
        opening_stock: units on hand before day 0.
        unit_cost: minor units of money per unit of stock here, for the capital it ties up.
        level: its level in the network, e.g. "store"; figures are given per level.
    """

    name: str
    order_up_to: int
    reorder_point: int | None = None
    echelon: bool = False
    review_period: int = 1
    opening_stock: int = 0
    unit_cost: int = 0
    level: str = ""

    def __post_init__(self) -> None:
        place = f"location {self.name!r}"
        for name, least in {"opening_stock": 0, "unit_cost": 0, "review_period": 1, "order_up_to": -LARGEST}.items():
            value = getattr(self, name)
            if not (value == int(value) and least <= value <= LARGEST):
                raise InputError(f"{name} must be a whole number >= {least}", value=value, place=place)
        if self.reorder_point is not None and self.reorder_point >= self.order_up_to:
            raise InputError("reorder_point must be < order_up_to", value=self.reorder_point, place=place)


@dataclass(frozen=True)
class Route:
    """A way on which a location is supplied.

    Attributes:
        target: name of the location supplied.
        lead_time: days, >= 1.
        source: name of the location that supplies; None for a supplier outside the network.
        share: weight of this route among those of its target; an order is split in whole units.
    """

    target: str
    lead_time: int
    source: str | None = None
    share: int = 1

    @property
    def place(self) -> str:
        """How errors call it."""
        return f"route {self.source or 'supplier'!r} -> {self.target!r}"


@dataclass(frozen=True)
class Network:
    """Locations and routes without a cycle.

    Raises:
        InputError: naming location or route and the rule it breaks.
    """

    locations: tuple[Location, ...]
    routes: tuple[Route, ...]
    rationing: Rationing = "oldest"
    lost_sales: bool = False

    def __post_init__(self) -> None:
        if not self.locations:
            raise InputError("a network must have at least one location")
        for position, location in enumerate(self.locations):
            if self.index[location.name] != position:
                raise InputError("names of locations must be unique", value=location.name)
        if self.rationing not in RATIONING:
            remedy = nearest(self.rationing, RATIONING)
            raise InputError("rationing must be a known rule", value=self.rationing, remedy=remedy)
        for route in self.routes:
            self._check_route(route)
        for location in self.locations:
            if not any(route.target == location.name for route in self.routes):
                raise InputError(
                    "a location must be supplied by at least one route", place=f"location {location.name!r}"
                )
        _ = self.order
        self._check_echelons()

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each location."""
        return {location.name: position for position, location in enumerate(self.locations)}

    @cached_property
    def order(self) -> list[int]:
        """Positions of locations, those that supply no other first."""
        order: list[int] = []
        left = list(range(len(self.locations)))
        while left:
            busy = {
                self.index[route.source] for route in self.routes if route.source and self.index[route.target] in left
            }
            free = [position for position in left if position not in busy]
            if not free:
                raise InputError("routes must not form a cycle", place=f"location {self.locations[left[0]].name!r}")
            order += free
            left = [position for position in left if position in busy]
        return order

    def tables(self) -> Tables:
        """The network in arrays."""
        places, routes = self.locations, self.routes
        points = [place.order_up_to - 1 if place.reorder_point is None else place.reorder_point for place in places]
        below = [sum(other.share for other in routes[:number] if other.target == route.target)
                 for number, route in enumerate(routes)]  # fmt: skip
        total = [sum(other.share for other in routes if other.target == route.target) for route in routes]
        sources = [-1 if route.source is None else self.index[route.source] for route in routes]
        return Tables(
            points=np.array(points, np.int64),
            up_to=np.array([place.order_up_to for place in places], np.int64),
            periods=np.array([place.review_period for place in places], np.int64),
            opening=np.array([place.opening_stock for place in places], np.int64),
            echelon=np.array([place.echelon for place in places], np.bool_),
            sources=np.array(sources, np.int64),
            targets=np.array([self.index[route.target] for route in routes], np.int64),
            lead_times=np.array([route.lead_time for route in routes], np.int64),
            shares_below=np.array(below, np.int64),
            shares_total=np.array(total, np.int64),
            shares=np.array([route.share for route in routes], np.int64),
            order=np.array(self.order, np.int64),
            rationing=RATIONING.index(self.rationing),
            lost_sales=self.lost_sales,
        )

    def _check_route(self, route: Route) -> None:
        for name in (route.target, route.source):
            if name is not None and name not in self.index:
                remedy = nearest(name, self.index)
                raise InputError(
                    "a route must join locations of the network", value=name, place=route.place, remedy=remedy
                )
        for field, value in {"lead_time": route.lead_time, "share": route.share}.items():
            if not (value >= 1 and value == int(value)):
                raise InputError(f"{field} must be a whole number >= 1", value=value, place=route.place)

    def _check_echelons(self) -> None:
        """An echelon position counts what it supplies; a location with a second way in would count twice or partly."""
        inner = [[route for route in self.routes if route.target == place.name] for place in self.locations]
        for place in self.locations:
            below = {place.name} if place.echelon else set()
            for position in reversed(self.order):
                ways = inner[position]
                if any(route.source in below for route in ways):
                    below.add(self.locations[position].name)
                    if len(ways) > 1:
                        raise InputError(
                            "locations in an echelon must have one way in",
                            value=len(ways),
                            place=f"location {self.locations[position].name!r}",
                            remedy=f"Give {place.name!r} local levels",
                        )


def simulate(network: Network, demand: ArrayLike) -> Ledger:
    """Run a network over the days of its customers' demand, compiled.

    Args:
        network: locations, routes, levels.
        demand: units of customers at each location and day (n, T), whole, >= 0.

    Returns:
        What happened; the same bytes in every run, and the same as ``network_reference.simulate_reference``.
    """
    from engine.multi_echelon.network_kernel import run  # noqa: PLC0415 - the reference does without Numba

    ledger = empty_ledger(network, demand)
    run(network.tables(), ledger)
    return ledger


def empty_ledger(network: Network, demand: ArrayLike) -> Ledger:
    """A ledger with the demand in it."""
    asked = np.asarray(demand)
    places, routes = len(network.locations), len(network.routes)
    if asked.ndim != 2 or len(asked) != places:
        raise InputError("demand must have one row per location and one column per day", value=asked.shape)
    if not (asked == np.rint(asked)).all() or (asked < 0).any() or (asked > LARGEST).any():
        raise InputError("demand must be whole numbers >= 0")
    days = asked.shape[1]
    by_place = [np.zeros((places, days), np.int64) for _ in range(8)]
    return Ledger(asked.astype(np.int64), *by_place, *(np.zeros((routes, days), np.int64) for _ in range(3)))
