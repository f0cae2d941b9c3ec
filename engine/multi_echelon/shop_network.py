"""A shop's own network: from its tables of locations and transfers to a plan per item, and the simulation of both.

``locations`` (LOCATIONS) says where stock lies and which share of the shop's demand buys there; ``transfers``
(TRANSFERS) how each location is supplied, from another one or, with no source, from outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import InputError, nearest
from engine.multi_echelon.acyclic import optimise_network
from engine.multi_echelon.demand_bounds import Quantile
from engine.multi_echelon.guaranteed_service import without_slack
from engine.multi_echelon.network import Location, Network, Route, simulate
from engine.multi_echelon.network_figures import figures
from engine.multi_echelon.network_tables import Rationing
from engine.multi_echelon.stages import Link, Stage, StageNetwork
from engine.randomness import sku_keys, uniforms

LOCATIONS = ("location_id", "level", "demand_share", "promised_days", "value_factor")
TRANSFERS = ("from_location_id", "to_location_id", "lead_time_days", "share")
POLICIES = ("guaranteed_service", "every_location_alone")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ShopNetwork:
    """Locations and transfers of a shop, the same for all its items.

    Attributes:
        locations: location_id, level, demand_share (summing to 1), promised_days, value_factor (stock's worth there
            over its purchase cost).
        transfers: from_location_id (null: a supplier), to_location_id, lead_time_days >= 1, share (weight).
    """

    locations: tuple[dict[str, object], ...]
    transfers: tuple[dict[str, object], ...]

    @classmethod
    def of_tables(cls, locations: pl.DataFrame, transfers: pl.DataFrame) -> ShopNetwork:
        """Checked and sorted by id.

        Raises:
            InputError: naming the location and the rule.
        """
        places = tuple(locations.select(LOCATIONS).sort("location_id").to_dicts())
        order = ["to_location_id", "from_location_id", "lead_time_days", "share"]
        ways = tuple(transfers.select(TRANSFERS).sort(order, nulls_last=True).to_dicts())
        shop = cls(places, ways)
        shares = [_number(place["demand_share"]) for place in places]
        if min(shares, default=0.0) < 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
            raise InputError("demand_share must be >= 0 and sum to 1", value=sum(shares), place="locations")
        for place in places:
            shop._check(str(place["location_id"]))
        return shop

    def _check(self, name: str) -> None:
        known = [str(place["location_id"]) for place in self.locations]
        ways = [way for way in self.transfers if way["to_location_id"] == name]
        inner = [way for way in ways if way["from_location_id"] is not None]
        place = f"location {name!r}"
        if not ways:
            raise InputError("a location must be supplied by at least one transfer", place=place)
        if len(inner) > 1 or (inner and len(ways) > 1):
            raise InputError("a location must have one source, or suppliers only", value=len(ways), place=place)
        for way in inner:
            source = str(way["from_location_id"])
            if source not in known:
                remedy = nearest(source, known)
                raise InputError("from_location_id must be a location", value=source, place=place, remedy=remedy)

    @property
    def names(self) -> list[str]:
        """Ids of locations, sorted."""
        return [str(place["location_id"]) for place in self.locations]

    @property
    def shares(self) -> Floats:
        """Share (n,) of demand that buys at each location."""
        return np.array([_number(place["demand_share"]) for place in self.locations])

    def lead_time(self, name: str) -> int:
        """Days from the order to the receipt; of the slowest supplier where there are several."""
        return max(int(_number(way["lead_time_days"])) for way in self.transfers if way["to_location_id"] == name)

    def stages(self, mean: float, variance: float, unit_cost: float, service: float) -> StageNetwork:
        """The network of one item for guaranteed service; holding cost is the stock's worth, so cost is capital.

        Customers choose a location independently: of the share w, mean w m and variance w m + w^2 (v - m), at least
        that of Poisson demand.
        """
        bound = Quantile(service, "negative_binomial")
        stages = []
        for place, share in zip(self.locations, self.shares, strict=True):
            buys = share > 0
            spread = share * mean + share**2 * max(variance - mean, 0.0)
            stages.append(
                Stage(
                    str(place["location_id"]),
                    self.lead_time(str(place["location_id"])),
                    unit_cost * _number(place["value_factor"]),
                    promised_time=int(_number(place["promised_days"])) if buys else None,
                    demand_mean=share * mean if buys else 0.0,
                    demand_deviation=math.sqrt(spread) if buys else None,
                )
            )
        links = [
            Link(str(way["from_location_id"]), str(way["to_location_id"]))
            for way in self.transfers
            if way["from_location_id"] is not None
        ]
        return StageNetwork(tuple(stages), tuple(links), bound)

    def network(self, levels: NDArray[np.int64], unit_cost: int, rationing: Rationing, *, lost_sales: bool) -> Network:
        """The network of one item with base-stock levels (n,), filled at the opening."""
        locations = tuple(
            Location(
                str(place["location_id"]),
                int(level),
                opening_stock=int(level),
                unit_cost=round(unit_cost * _number(place["value_factor"])),
                level=str(place["level"]),
            )
            for place, level in zip(self.locations, levels, strict=True)
        )
        routes = tuple(
            Route(
                str(way["to_location_id"]),
                int(_number(way["lead_time_days"])),
                None if way["from_location_id"] is None else str(way["from_location_id"]),
                int(_number(way["share"])),
            )
            for way in self.transfers
        )
        return Network(locations, routes, rationing, lost_sales)


def plan_items(
    shop: ShopNetwork, items: list[str], mean: Floats, variance: Floats, unit_cost: Floats, service: float = 0.95
) -> pl.DataFrame:
    """Base-stock levels of every item and location, by guaranteed service and with every location on its own.

    Args:
        shop: the network.
        items: ids (S,).
        mean: of daily demand (S,); items without demand are left out.
        variance: of daily demand (S,).
        unit_cost: purchase cost (S,), minor units.
        service: chance that demand over a net replenishment time stays within its bound.

    Returns:
        item_id, location_id, level, service_days, net_days, safety_stock, base_stock, alone_stock, safety_capital.
    """
    rows: list[dict[str, object]] = []
    for number in np.flatnonzero(mean > 0):
        arguments = float(mean[number]), float(variance[number]), float(unit_cost[number])
        stages = shop.stages(*arguments, service)
        plan, pooled = without_slack(stages, optimise_network(stages)), stages.pooled[0]
        stocks = stages.safety_stocks()
        for position, (stage, place) in enumerate(zip(stages.stages, shop.locations, strict=True)):
            alone = pooled[position] * stage.latest + stocks[position][stage.latest]
            rows.append(
                {
                    "item_id": items[number],
                    "location_id": stage.name,
                    "level": place["level"],
                    "service_days": int(plan.service_times[position]),
                    "net_days": int(plan.net_times[position]),
                    "safety_stock": float(plan.safety_stocks[position]),
                    "base_stock": math.ceil(plan.base_stocks[position] - 1e-9),
                    "alone_stock": math.ceil(alone - 1e-9),
                    "safety_capital": float(stage.holding_cost * plan.safety_stocks[position]),
                }
            )
    return pl.DataFrame(rows, schema=PLAN_SCHEMA)


PLAN_SCHEMA = {
    "item_id": pl.String,
    "location_id": pl.String,
    "level": pl.String,
    "service_days": pl.Int64,
    "net_days": pl.Int64,
    "safety_stock": pl.Float64,
    "base_stock": pl.Int64,
    "alone_stock": pl.Int64,
    "safety_capital": pl.Float64,
}


def split_demand(shop: ShopNetwork, item: str, demand: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Demand (T,) of an item at each location (n, T): every unit chooses by a keyed random number."""
    days = np.repeat(np.arange(len(demand)), demand)
    drawn = uniforms(seed, 0, sku_keys([item]), np.arange(len(days)), stream=8)[0]
    chosen = np.minimum(np.searchsorted(np.cumsum(shop.shares), drawn, side="right"), len(shop.names) - 1)
    split = np.zeros((len(shop.names), len(demand)), np.int64)
    np.add.at(split, (chosen, days), 1)
    return split


def score_items(
    shop: ShopNetwork,
    plan: pl.DataFrame,
    items: list[str],
    demand: NDArray[np.int64],
    unit_cost: NDArray[np.int64],
    *,
    seed: int,
    lost_sales: bool = True,
    warm_up: int = 0,
) -> pl.DataFrame:
    """Simulate both plans on the shop's demand (S, T); sums over items per policy and level.

    Returns:
        policy, level, fill_rate (of the whole network), bullwhip (mean over items with varying demand, weighted by
        units), mean_on_hand, mean_in_transit, mean_capital, orders_per_day.
    """
    position = {item: number for number, item in enumerate(items)}
    rows = list(_scores(shop, plan, position, demand, unit_cost, seed, lost_sales, warm_up))
    if not rows:
        raise InputError("at least one item must have demand", place="network_scorecard")
    weight, known = pl.col("units"), pl.col("bullwhip").is_not_null()
    return (
        pl.DataFrame(rows, infer_schema_length=None)
        .group_by("policy", "level", maintain_order=True)
        .agg(
            fill_rate=(pl.col("fill_rate") * weight).sum() / weight.sum(),
            bullwhip=(pl.col("bullwhip") * weight).sum() / weight.filter(known).sum(),
            **{name: pl.col(name).sum() for name in SUMMED},
        )
        .sort("policy", "level")
    )


SUMMED = ("mean_on_hand", "mean_in_transit", "mean_capital", "orders_per_day")


def _scores(
    shop: ShopNetwork,
    plan: pl.DataFrame,
    position: dict[str, int],
    demand: NDArray[np.int64],
    unit_cost: NDArray[np.int64],
    seed: int,
    lost_sales: bool,
    warm_up: int,
) -> Iterator[dict[str, object]]:
    """One row per item, policy and level."""
    for (item,), part in plan.partition_by("item_id", as_dict=True, maintain_order=True).items():
        number = position[str(item)]
        asked = split_demand(shop, str(item), demand[number], seed)
        units = int(asked[:, warm_up:].sum())
        if units == 0:
            continue
        for policy, column in zip(POLICIES, ("base_stock", "alone_stock"), strict=True):
            levels, cost = part[column].to_numpy(), int(unit_cost[number])
            network = shop.network(levels, cost, "oldest", lost_sales=lost_sales)
            shown = figures(network, simulate(network, asked), warm_up)
            for level in shown.levels:
                amounts = {name: getattr(level, name) for name in SUMMED}
                yield {
                    "policy": policy,
                    "level": level.name,
                    "units": units,
                    "fill_rate": shown.fill_rate,
                    "bullwhip": level.bullwhip,
                    **amounts,
                }


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
