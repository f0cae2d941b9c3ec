"""Group ``network``: levels for every location of a configured network, and both ways to set them, simulated.

Only where ``locations`` and ``transfers`` are among the sources and have files. The work is in
``engine.multi_echelon``.
"""

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline import demand
from arena_pipeline.bundles import load_bundle
from arena_pipeline.metadata import frame_metadata, markdown_table
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import NETWORK_TABLES, Settings
from arena_pipeline.store import write_frame
from engine.multi_echelon.shop_network import ShopNetwork, plan_items, score_items
from engine.schema import MICRO, Axes

GROUP = "network"
OWNER = "team:arena"
SERVICE = 0.95


def network_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets of this group; none unless a network is configured."""
    return [multi_echelon_plan, network_scorecard] if settings.has_network else []


def shop_network(arena: ArenaResource) -> ShopNetwork:
    """The network of the ingested tables."""
    return ShopNetwork.of_tables(*(demand.read_log(arena.warehouse, table) for table in NETWORK_TABLES))


def unit_costs(arena: ArenaResource, axes: Axes) -> NDArray[np.int64]:
    """Purchase cost (S,), minor units: the product's own, else its cheapest offer, else 0."""
    query = """
        select item_id, coalesce(p.unit_cost, min(o.unit_cost), 0) as cost
        from logs.products p left join logs.supplier_offers o using (item_id)
        group by item_id, p.unit_cost
    """
    known = dict(arena.warehouse.read(query).iter_rows())
    return np.array([known.get(item, 0) for item in axes.items], np.int64)


def replay(arena: ArenaResource, axes: Axes) -> NDArray[np.float64]:
    """Recovered demand (S, T), units."""
    table = demand.read_demand(arena.store, demand.REPLAY)
    units = demand.matrix(table, "units_sold", axes) + demand.matrix(table, "lost_expected_u6", axes) / MICRO
    return np.maximum(units, 0.0)


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"polars"},
    deps=["censored_daily_demand", "products", "supplier_offers", *NETWORK_TABLES],
    code_version="1",
    description="Base-stock levels of every item and location by guaranteed service, and every location on its own.",
)
def multi_echelon_plan(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Levels from the mean and variance of recovered demand."""
    axes, shop = load_bundle(arena.store.demand("axes.npz"), Axes), shop_network(arena)
    units = replay(arena, axes)
    context.log.info(f"levels of {len(axes.items):,} items at {len(shop.names)} locations")
    costs = unit_costs(arena, axes).astype(np.float64)
    plan = plan_items(shop, list(axes.items), units.mean(axis=1), units.var(axis=1), costs, SERVICE)
    write_frame(arena.store.demand("multi_echelon_plan.parquet"), plan)
    arena.warehouse.replace_table("results.multi_echelon_plan", plan)
    by_level = plan.group_by("level", maintain_order=True).agg(
        pl.col("safety_capital", "base_stock", "alone_stock").sum(), pl.col("service_days").mean()
    )
    return dg.MaterializeResult(metadata={**frame_metadata(plan), "levels": markdown_table(by_level.to_dicts())})


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"polars"},
    deps=[multi_echelon_plan],
    code_version="1",
    description="Service, bullwhip and capital per level of the network, simulated with both sets of levels.",
)
def network_scorecard(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Both plans on the same demand, lost sales at the customers' side."""
    axes, shop = load_bundle(arena.store.demand("axes.npz"), Axes), shop_network(arena)
    plan = pl.read_parquet(arena.store.demand("multi_echelon_plan.parquet"))
    context.log.info(f"simulating {plan['item_id'].n_unique():,} items at {len(shop.names)} locations, twice")
    units, settings = np.rint(replay(arena, axes)).astype(np.int64), arena.settings
    warm_up = min(settings.window.warm_up_days, axes.days - 1)
    card = score_items(
        shop, plan, list(axes.items), units, unit_costs(arena, axes), seed=settings.demand.seed, warm_up=warm_up
    )
    arena.publish("network_scorecard", card)
    return dg.MaterializeResult(metadata={**frame_metadata(card), "levels": markdown_table(card.to_dicts())})
