"""The daily activity of a shop of any size, in shards of items whose logs fit into the memory.

What belongs here: which items make a shard, and reading their logs; every rule is the engine's. Bots, the hours of
traffic and what else all items share are added up over all shards first.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from arena_pipeline import demand
from arena_pipeline.bundles import save_bundle
from arena_pipeline.recovering import NAMED_CELLS
from arena_pipeline.settings import Settings
from arena_pipeline.spill import PartedLogs, temporary_folder
from arena_pipeline.store import Store, write_frames
from arena_pipeline.warehouse import Warehouse
from engine.demand.activity import Activity, build_activity, shard_activity
from engine.demand.logs import ActivityLogs, LogCounts
from engine.demand.repairs import stock_repairs
from engine.demand.shop_traffic import ShopTraffic, bot_days, counted_rows, marked_views, shop_traffic
from engine.schema import Axes

EVENTS = ("conversions", "page_views", "page_views_daily", "stock_snapshots", "purchase_orders")


@dataclass(frozen=True)
class Limits:
    """How much is in memory at once.

    Attributes:
        cells: SKU-days of a shard; each takes about 300 bytes while its activity is derived.
        rows: log rows of a shard (an item with more has a shard of its own).
        visits: page views whose visitors are counted together (a day with more is counted alone).
    """

    cells: int = 5_000_000
    rows: int = 5_000_000
    visits: int = 10_000_000


@contextmanager
def shop_activity(
    warehouse: Warehouse, settings: Settings, axes: Axes, limits: Limits | None = None
) -> Iterator[Iterator[Activity]]:
    """The daily activity of ranges of items, one after another, ``sku`` counted over the whole shop.

    The same rows for all limits. A shop of one shard is read into memory; the logs of others are parted into temporary
    files in the workspace's ``var``, which are gone on leaving, as are those that a killed run has left.
    """
    limits = limits or Limits()
    shards = log_shards(warehouse, axes, limits)
    with temporary_folder(settings.var) as folder:
        if len(shards) == 1:
            yield iter([build_activity(demand.read_activity_logs(warehouse, settings), axes, settings.demand)])
        else:
            yield _Shop.parted(warehouse, settings, axes, shards, folder).activities(limits)


def store_activity(store: Store, axes: Axes, shards: Iterable[Activity], tell: Callable[[str], object]) -> LogCounts:
    """Write the daily activity, the sizes of orders and the axes; returns what was left out of them."""
    orders: list[pl.DataFrame] = []
    counts: list[LogCounts] = []

    def daily() -> Iterator[pl.DataFrame]:
        done = 0
        for activity in shards:
            orders.append(activity.orders)
            counts.append(activity.counts)
            done += activity.daily.height // max(axes.days, 1)
            yield activity.daily
            if len(axes.items) > done or len(orders) > 1:
                tell(f"{done:,} of {len(axes.items):,} items")

    save_bundle(store.demand("axes.npz"), axes)
    write_frames(store.demand(demand.ACTIVITY), daily())
    write_frames(store.demand(demand.SIZES), orders)
    save_bundle(store.demand("counts.npz"), counts[-1])
    return counts[-1]


def repairs(store: Store, axes: Axes) -> Iterator[pl.DataFrame]:
    """Contradictions of the stored daily activity, see ``engine.demand.repairs``, with item ids and dates."""
    for shard in axes.shards(NAMED_CELLS):
        found = stock_repairs(demand.read_shard(store, demand.ACTIVITY, shard))
        yield demand.with_names(found, axes.part(shard))


def log_shards(warehouse: Warehouse, axes: Axes, limits: Limits) -> list[slice]:
    """Ranges of SKUs within the limits of SKU-days and log rows, or of one SKU; one empty range without items."""
    counts = " union all ".join(f"select item_id from logs.{table}" for table in EVENTS)
    found = warehouse.read(f"select item_id, count(*) as rows from ({counts}) group by item_id")
    items = pl.DataFrame({"item_id": list(axes.items)}, schema={"item_id": pl.String})
    rows = items.join(found, on="item_id", how="left", maintain_order="left")["rows"].fill_null(0).to_list()
    starts, cells, held = [0], 0, 0
    for sku, own in enumerate(rows):
        if sku > starts[-1] and (cells + axes.days > limits.cells or held + own > limits.rows):
            starts.append(sku)
            cells, held = 0, 0
        cells, held = cells + axes.days, held + own
    return [slice(start, stop) for start, stop in zip(starts, (*starts[1:], len(rows)), strict=True)]


@dataclass(frozen=True)
class _Shop:
    """A shop in shards, its logs parted by them."""

    settings: Settings
    axes: Axes
    shards: list[slice]
    products: pl.DataFrame
    bundles: pl.DataFrame
    logs: PartedLogs

    @classmethod
    def parted(cls, warehouse: Warehouse, settings: Settings, axes: Axes, shards: list[slice], folder: Path) -> "_Shop":
        products = demand.read_log(warehouse, "products", demand.columns_of("products"))
        bundles = demand.read_log(warehouse, "bundles")
        queries = {table: demand.log_query(table, demand.columns_of(table)) for table in EVENTS}
        part_of = _part_of(axes, shards, bundles)
        logs = PartedLogs.of(warehouse, queries, part_of, len(shards), folder)
        return cls(settings, axes, shards, products, bundles, logs)

    def activities(self, limits: Limits) -> Iterator[Activity]:
        """The activity of each shard: one pass over all of them for what they share, one for their own."""
        shared = self._shared(self._bots(limits))
        for part, shard in enumerate(self.shards):
            axes = self.axes.part(shard)
            logs, views = self._logs(part, axes), self._marked(part)
            rows = counted_rows(logs, pl.read_parquet(views), axes)
            activity = shard_activity(logs, rows, axes, shared, self.settings.demand)
            views.unlink()
            daily, orders = (
                frame.with_columns(pl.col("sku") + shard.start) for frame in (activity.daily, activity.orders)
            )
            yield replace(activity, daily=daily, orders=orders)

    def _bots(self, limits: Limits) -> pl.DataFrame:
        """Bots of the shop, from chunks of whole days."""
        visits = self.logs.scan("page_views").select("visitor_id", "day")
        days = visits.group_by("day").len().sort("day").collect()
        chunk = days["len"].cum_sum() // max(limits.visits, 1)
        found = [
            bot_days(visits.filter(pl.col("day").is_between(of_chunk[0], of_chunk[-1])).collect(), self.axes,
                     self.settings.demand)
            for of_chunk in (part["day"] for part in days.with_columns(chunk=chunk).partition_by("chunk"))
        ]  # fmt: skip
        return pl.concat([bot_days(visits.head(0).collect(), self.axes, self.settings.demand), *found])

    def _shared(self, bots: pl.DataFrame) -> ShopTraffic:
        """What all items share; keeps the marked page views of each shard for its second turn."""
        nothing = self.axes.part(slice(0, 0))
        unheld = self._logs(self.logs.parts, nothing)
        shared = shop_traffic(unheld, counted_rows(unheld, self._marked_of(unheld, nothing, bots), nothing), nothing)
        unseen = self.logs.height("page_views", self.logs.parts)
        shared = replace(shared, counts=replace(shared.counts, outside_axes=shared.counts.outside_axes + unseen))
        for part, shard in enumerate(self.shards):
            axes = self.axes.part(shard)
            logs = replace(self._logs(part, axes), page_views=self.logs.rows("page_views", part))
            views = self._marked_of(logs, axes, bots)
            views.write_parquet(self._marked(part), compression="lz4")
            self.logs.remove("page_views", part)
            shared += shop_traffic(logs, counted_rows(logs, views, axes), axes)
        return shared

    def _logs(self, part: int, axes: Axes) -> ActivityLogs:
        """Logs of a shard but for its page views; of the part beyond the last shard: of items that are not held."""
        tables = {table: self.logs.rows(table, part) for table in EVENTS if table != "page_views"}
        logs = demand.understood(tables | {"products": self.products}, self.bundles, self.settings)
        own = pl.col("item_id").is_in(list(axes.items or self.axes.items))
        own = own if axes.items else ~own
        return replace(logs, conversions=logs.conversions.filter(own), products=self.products.filter(own),
                       page_views=self.logs.empty["page_views"])  # fmt: skip

    def _marked_of(self, logs: ActivityLogs, axes: Axes, bots: pl.DataFrame) -> pl.DataFrame:
        return marked_views(logs.table("page_views"), axes, bots, self.settings.demand)

    def _marked(self, part: int) -> Path:
        return self.logs.folder / f"marked-{part}.parquet"


def _part_of(axes: Axes, shards: list[slice], bundles: pl.DataFrame) -> pl.DataFrame:
    """``item_id, part``: each item's shard; of a bundle those of all its items, for unknown ones beyond the last."""
    parts = np.repeat(np.arange(len(shards)), [shard.stop - shard.start for shard in shards])
    held = pl.DataFrame({"item_id": list(axes.items), "part": parts})
    inside = bundles.join(held, on="item_id", how="left").select(
        item_id="bundle_item_id", part=pl.col("part").fill_null(len(shards))
    )
    return pl.concat([held, inside]).unique(maintain_order=True)
