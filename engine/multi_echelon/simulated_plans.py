"""Networks that carry out the plans of the solvers, ready to be simulated."""

from __future__ import annotations

import math

from engine.errors import InputError
from engine.multi_echelon.guaranteed_service import ServicePlan
from engine.multi_echelon.network import Location, Network, Route
from engine.multi_echelon.serial import SerialSystem
from engine.multi_echelon.stages import StageNetwork


def serial_network(
    system: SerialSystem,
    levels: tuple[float, ...],
    *,
    echelon: bool,
    lost_sales: bool = False,
    reorder_points: tuple[float, ...] | None = None,
    review_periods: tuple[int, ...] | None = None,
) -> Network:
    """Stages in a row as locations '1' (customers) ... 'N'; opening stock is what fills every level.

    The tick reviews after the day's demand: a lead time of L days is the continuous convention's L, so whole lead
    times >= 1 are simulated as they are.

    Args:
        system: lead times, whole days >= 1.
        levels: order-up-to levels, stage 1 first.
        echelon: whether they are echelon levels.
        lost_sales: customers leave instead of waiting.
        reorder_points: base stock if None.
        review_periods: daily if None.
    """
    names = [str(stage) for stage in range(1, system.stages + 1)]
    below = (0.0, *levels[:-1]) if echelon else (0.0,) * system.stages
    points = reorder_points or tuple(level - 1 for level in levels)
    periods = review_periods or (1,) * system.stages
    locations = tuple(
        Location(
            name=names[stage],
            order_up_to=round(levels[stage]),
            reorder_point=round(points[stage]),
            echelon=echelon,
            review_period=periods[stage],
            opening_stock=max(0, round(levels[stage] - below[stage])),
            unit_cost=round(100 * system.local_holding[stage]),
        )
        for stage in range(system.stages)
    )
    sources = (*names[1:], None)
    routes = tuple(Route(name, _whole(time, name), source) for name, time, source in zip(
        names, system.lead_times, sources, strict=True))  # fmt: skip
    return Network(locations, routes, lost_sales=lost_sales)


def guaranteed_network(network: StageNetwork, plan: ServicePlan) -> Network:
    """A distribution tree (one supplier per stage, one unit per unit) with the base stocks of a plan, rounded up.

    Orders are filled oldest first; a stage's processing time, >= 1, is the lead time of its route, an external inbound
    time is added to it.

    Raises:
        InputError: a stage has several suppliers, or units other than 1.
    """
    routes = []
    for position, stage in enumerate(network.stages):
        sources = network.suppliers[position]
        if len(sources) > 1 or any(link.units != 1 for link in network.links):
            raise InputError("a simulated stage must have one supplier, unit for unit", place=stage.place)
        source = network.stages[sources[0]].name if sources else None
        routes.append(Route(stage.name, _whole(stage.latest + stage.inbound_time, stage.name), source))
    levels = [math.ceil(units - 1e-9) for units in plan.base_stocks]
    locations = tuple(
        Location(stage.name, level, opening_stock=level) for stage, level in zip(network.stages, levels, strict=True)
    )
    return Network(locations, tuple(routes))


def _whole(time: float, name: str) -> int:
    if time < 1 or time != round(time):
        raise InputError(
            "a simulated lead time must be a whole number of days >= 1", value=time, place=f"stage {name!r}"
        )
    return round(time)
