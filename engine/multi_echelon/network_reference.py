"""The readable simulation of a network: what the compiled kernel must reproduce byte for byte."""

from __future__ import annotations

from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from engine.multi_echelon.network import Network, empty_ledger
from engine.multi_echelon.network_tables import Ledger, Tables


@dataclass
class Place:
    """Stock of a location during the run."""

    on_hand: int
    waiting: int = 0
    supplied_by: list[int] = field(default_factory=list)
    supplies: list[int] = field(default_factory=list)


@dataclass
class World:
    """All that changes from day to day."""

    tables: Tables
    ledger: Ledger
    places: list[Place]
    orders: list[list[list[int]]]
    """For each route, oldest first: [day, units still owed]."""
    in_transit: list[int]

    @classmethod
    def opening(cls, tables: Tables, ledger: Ledger) -> World:
        """The morning of day 0."""
        places = [Place(int(units)) for units in tables.opening]
        for route, (source, target) in enumerate(zip(tables.sources, tables.targets, strict=True)):
            places[target].supplied_by.append(route)
            if source >= 0:
                places[source].supplies.append(route)
        return cls(tables, ledger, places, [[] for _ in tables.sources], [0 for _ in tables.sources])

    def owed(self, route: int) -> int:
        """Units ordered on a route and not yet shipped."""
        return sum(units for _, units in self.orders[route])

    def receive(self, day: int) -> None:
        """Shipments due today go on hand; customers who wait are served."""
        for route, target in enumerate(self.tables.targets):
            sent_on = day - self.tables.lead_times[route]
            if sent_on >= 0:
                units = int(self.ledger.route_shipped[route, sent_on])
                self.in_transit[route] -= units
                self.places[target].on_hand += units
                self.ledger.received[target, day] += units
        for place in self.places:
            served = min(place.on_hand, place.waiting)
            place.on_hand -= served
            place.waiting -= served

    def serve(self, day: int) -> None:
        """Customers of today."""
        for number, place in enumerate(self.places):
            demanded = int(self.ledger.demanded[number, day])
            sold = min(place.on_hand, demanded)
            place.on_hand -= sold
            self.ledger.sold[number, day] = sold
            if self.tables.lost_sales:
                self.ledger.lost[number, day] = demanded - sold
            else:
                place.waiting += demanded - sold

    def echelon_stock(self, number: int) -> int:
        """On hand here, on the way to and at all that is supplied from here, less customers who wait."""
        place = self.places[number]
        below = sum(
            self.in_transit[route] + self.echelon_stock(int(self.tables.targets[route])) for route in place.supplies
        )
        return place.on_hand - place.waiting + below

    def position(self, number: int) -> int:
        """What a review compares with the reorder point."""
        place = self.places[number]
        on_order = sum(self.in_transit[route] + self.owed(route) for route in place.supplied_by)
        if self.tables.echelon[number]:
            return self.echelon_stock(number) + on_order
        return place.on_hand + on_order - place.waiting - sum(self.owed(route) for route in place.supplies)

    def review(self, day: int) -> None:
        """Orders, customers' side first."""
        for number in self.tables.order:
            position = self.position(number)
            if day % self.tables.periods[number] == 0 and position <= self.tables.points[number]:
                self.place_order(number, int(self.tables.up_to[number]) - position, day)

    def place_order(self, number: int, quantity: int, day: int) -> None:
        """Split an order over the routes by their shares, in whole units."""
        self.ledger.ordered[number, day] = quantity
        for route in self.places[number].supplied_by:
            below, total = int(self.tables.shares_below[route]), int(self.tables.shares_total[route])
            upto = below + int(self.tables.shares[route])
            units = quantity * upto // total - quantity * below // total
            self.ledger.route_ordered[route, day] = units
            if units > 0:
                self.orders[route].append([day, units])

    def ship(self, day: int) -> None:
        """What can be shipped, suppliers' side first."""
        for route, source in enumerate(self.tables.sources):
            if source < 0:
                self.send(route, self.owed(route), day)
        for number in reversed(self.tables.order):
            place = self.places[number]
            for route, units in self.rationed(place):
                self.send(route, units, day)
                place.on_hand -= units
                self.ledger.shipped[number, day] += units

    def rationed(self, place: Place) -> list[tuple[int, int]]:
        """Units for each route under the rationing rule."""
        rule = (self.oldest, self.by_priority, self.proportional)[self.tables.rationing]
        return rule(place.supplies, place.on_hand)

    def oldest(self, routes: list[int], available: int) -> list[tuple[int, int]]:
        """Oldest orders first, those of one day in the order of routes."""
        parts = []
        for _, route, units in sorted((day, way, units) for way in routes for day, units in self.orders[way]):
            parts.append((route, min(units, available)))
            available -= parts[-1][1]
        return parts

    def by_priority(self, routes: list[int], available: int) -> list[tuple[int, int]]:
        """The first route gets all it waits for, then the next."""
        parts = []
        for route in routes:
            parts.append((route, min(self.owed(route), available)))
            available -= parts[-1][1]
        return parts

    def proportional(self, routes: list[int], available: int) -> list[tuple[int, int]]:
        """In proportion to what each route waits for; broken units in the order of routes."""
        owed = [self.owed(route) for route in routes]
        total = sum(owed)
        if total <= available:
            return list(zip(routes, owed, strict=True))
        parts = [available * units // total for units in owed]
        left = available - sum(parts)
        for place, units in enumerate(owed):
            extra = 1 if left > 0 and parts[place] < units else 0
            parts[place] += extra
            left -= extra
        return list(zip(routes, parts, strict=True))

    def send(self, route: int, units: int, day: int) -> None:
        """A shipment fills the oldest orders of its route."""
        self.ledger.route_shipped[route, day] += units
        self.in_transit[route] += units
        orders = self.orders[route]
        while units > 0:
            filled = min(units, orders[0][1])
            orders[0][1] -= filled
            units -= filled
            if orders[0][1] == 0:
                orders.pop(0)

    def close(self, day: int) -> None:
        """Write down the close of the day."""
        for number, place in enumerate(self.places):
            self.ledger.waiting[number, day] = place.waiting
            self.ledger.on_hand[number, day] = place.on_hand
            self.ledger.owed[number, day] = sum(self.owed(route) for route in place.supplies)
        self.ledger.in_transit[:, day] = self.in_transit


def simulate_reference(network: Network, demand: ArrayLike) -> Ledger:
    """Run a network over the days (n, T) of its customers' demand, in plain Python."""
    ledger = empty_ledger(network, demand)
    world = World.opening(network.tables(), ledger)
    for day in range(ledger.demanded.shape[1]):
        world.receive(day)
        world.serve(day)
        world.review(day)
        world.ship(day)
        world.close(day)
    return ledger
