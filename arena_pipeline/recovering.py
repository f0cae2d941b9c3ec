"""Stored daily activity in shards, and the demand recovered from it shard by shard.

What belongs here: reading the activity of some items, and handing it to the engine with what all items share. What
does not: any estimate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline import demand
from arena_pipeline.bundles import load_bundle
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import Store, write_frames
from arena_pipeline.warehouse import Warehouse
from engine.demand.arrays import DemandArrays, demand_arrays, stacked
from engine.demand.asof import recover_arrays_as_of
from engine.demand.learning import SharedDemand, learn, learning_items, orders_of
from engine.demand.recovery import recover_arrays
from engine.demand.tables import asof_daily_demand, censored_daily_demand, sample_scenarios
from engine.forecast import OrderHistory
from engine.forecast.views import ViewHistory
from engine.schema import SHARD_CELLS, Axes
from engine.settings import DemandSettings
from engine.strategies.build import KnownHistory

NAMED_CELLS = 2_000_000
"""SKU-days that are written to the database at once; names and dates make them wide."""


@dataclass(frozen=True)
class Items:
    """Daily activity of some items; ``sku`` counts them from 0.

    Attributes:
        axes: theirs.
        daily, orders: as ``engine.demand.activity.Activity``.
        categories: of each, (S,).
        of_shop: categories of all items of the shop.
    """

    axes: Axes
    daily: pl.DataFrame
    orders: pl.DataFrame
    categories: list[str]
    of_shop: list[str]

    def matrices(self, *, as_of: bool) -> DemandArrays:
        """What the estimator reads, in hindsight or as known."""
        return demand_arrays(self.daily, self.categories, as_of=as_of, of_shop=self.of_shop)


@dataclass(frozen=True)
class StoredActivity:
    """Daily activity of a shop as materialised.

    Attributes:
        axes: of all items.
        orders: order sizes of all items, ``sku, day, quantity, depleting``.
        categories: of each item, (S,).
    """

    store: Store
    axes: Axes
    orders: pl.DataFrame
    categories: list[str]

    @classmethod
    def of(cls, arena: ArenaResource) -> "StoredActivity":
        """As materialised last."""
        axes = load_bundle(arena.store.demand("axes.npz"), Axes)
        orders = demand.read_demand(arena.store, demand.SIZES).collect()
        return cls(arena.store, axes, orders, demand.categories_of(arena.warehouse, axes))

    def shards(self) -> Iterator[Items]:
        """All items, one shard after another."""
        for shard in self.axes.shards():
            yield self._items(np.arange(shard.start, shard.stop), demand.read_shard(self.store, demand.ACTIVITY, shard))

    def sample(self, cells: int = SHARD_CELLS) -> Items:
        """Items that stand for the shop, of about ``cells`` SKU-days; all of a smaller shop."""
        skus = learning_items(self.axes.items, self.categories, self.axes.days, cells)
        kept = [
            demand.read_shard(self.store, demand.ACTIVITY, shard).filter(pl.col("sku").is_in(_within(skus, shard)))
            for shard in self.axes.shards()
        ]
        numbers = np.repeat(np.arange(len(skus), dtype=np.int32), self.axes.days)
        return self._items(skus, pl.concat(kept).with_columns(sku=pl.Series(numbers)))

    def shared(self, settings: DemandSettings) -> SharedDemand | None:
        """What the items share; None where all of them fit into one shard and tell it themselves."""
        shards = self.axes.shards()
        if len(shards) == 1:
            return None
        skus = learning_items(self.axes.items, self.categories, self.axes.days)
        parts: tuple[list[DemandArrays], list[DemandArrays]] = ([], [])
        for shard, items in zip(shards, self.shards(), strict=True):
            for as_of, matrices in enumerate(parts):
                matrices.append(items.matrices(as_of=bool(as_of)).of(_within(skus, shard)))
        return learn(stacked(parts[0]), stacked(parts[1]), orders_of(self.orders, skus), settings)

    def replay(self, shared: SharedDemand | None, settings: DemandSettings) -> Iterator[pl.DataFrame]:
        """Demand recovered in hindsight with its sampled scenarios, a frame per shard."""
        for items in self.shards():
            recovered = recover_arrays(
                items.matrices(as_of=False), items.orders, settings, shared.replay if shared else None
            )
            sampled = sample_scenarios(recovered, items.axes, settings)
            yield censored_daily_demand(recovered, sampled, items.daily["flags"], settings)

    def as_of(self, shared: SharedDemand | None, settings: DemandSettings) -> Iterator[pl.DataFrame]:
        """Demand as known at the end of each day, a frame per shard."""
        for items in self.shards():
            known = recover_arrays_as_of(
                items.matrices(as_of=True), items.orders, settings, shared.as_of if shared else None
            )
            yield asof_daily_demand(known)

    def known_history(self) -> KnownHistory:
        """What planners could see of every item and day; filled shard by shard."""
        axes = self.axes
        filled = {name: np.zeros(axes.shape) for name in ("orders", "exposure", "units", "squares")}
        category = np.zeros(axes.shape[0], np.int64)
        views, active = np.zeros(axes.shape, np.int32), np.zeros(axes.shape, np.uint8)
        for shard, items in zip(axes.shards(), self.shards(), strict=True):
            known = items.matrices(as_of=True)
            history = demand.order_history(known, items.orders, items.axes)
            for name, values in filled.items():
                values[shard] = getattr(history, name)
            category[shard], views[shard], active[shard] = history.category, known.views_in, known.active
        as_of = demand.read_demand(self.store, demand.AS_OF)
        return KnownHistory(
            orders=OrderHistory(**filled, category=category, first_weekday=axes.first_day.weekday()),
            demand_u6=demand.matrix(as_of, "demand_asof_u6", axes),
            variance_u6=demand.matrix(as_of, "var_asof_u6", axes),
            price=demand.matrix(demand.read_demand(self.store, demand.ACTIVITY), "price", axes),
            views=ViewHistory(views, active) if views.any() else None,
        )

    def _items(self, skus: NDArray[np.int64], daily: pl.DataFrame) -> Items:
        axes = Axes(tuple(self.axes.items[sku] for sku in skus), self.axes.first_day, self.axes.days)
        categories = [self.categories[sku] for sku in skus]
        return Items(axes, daily, orders_of(self.orders, skus), categories, self.categories)


def _within(skus: NDArray[np.int64], shard: slice) -> NDArray[np.int64]:
    """Those of the SKUs that lie in a shard, counted from its start."""
    inside: NDArray[np.int64] = skus[(skus >= shard.start) & (skus < shard.stop)] - shard.start
    return inside


def store_demand(
    activity: StoredActivity, warehouse: Warehouse, settings: DemandSettings, tell: Callable[[str], None]
) -> None:
    """Recover demand in both vintages and write both tables, as files and into the database, shard by shard."""
    axes, store, shards = activity.axes, activity.store, len(activity.axes.shards())
    if shards > 1:
        tell(f"{len(axes.items):,} items in {shards} shards; learning from a sample what they share")
    shared = activity.shared(settings)

    def renumbered(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for number, (shard, frame) in enumerate(zip(axes.shards(), frames, strict=True), 1):
            yield frame.with_columns(pl.col("sku") + shard.start)
            if shards > 1:
                tell(f"shard {number} of {shards}")

    def keep(name: str, frames: Iterator[pl.DataFrame]) -> None:
        write_frames(store.demand(name), renumbered(frames))
        warehouse.replace_table(f"demand.{Path(name).stem}", named(store, name, axes))

    tell("recovering the demand that stock-outs hid")
    keep(demand.REPLAY, activity.replay(shared, settings))
    tell("the same as known at the end of each day")
    keep(demand.AS_OF, activity.as_of(shared, settings))


def named(store: Store, name: str, axes: Axes) -> Iterator[pl.DataFrame]:
    """A stored demand table with item ids and dates, frame by frame."""
    for shard in axes.shards(NAMED_CELLS):
        yield demand.with_names(demand.read_shard(store, name, shard), axes.part(shard))
