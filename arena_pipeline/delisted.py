"""Items that ran out for good, seen the other way: what if they were meant to stay on the shelf?

The headline counts days of a long run-out without any purchase order as not listed. Here they are listed, with the
demand that their page views tell of; the shop's own orders and the chosen policies are replayed again, plans stay.
"""

from dataclasses import replace
from typing import Any

import polars as pl

from arena_pipeline import arena as work
from arena_pipeline import demand
from arena_pipeline.beside import plan_of_run
from arena_pipeline.choice import stored_choice
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import Store, load_arena
from arena_pipeline.supply import completed
from engine.demand.codes import DayFlag
from engine.scenario.build import ShopHistory, ShopTables, World, build_world
from engine.schema import Axes
from engine.scorecard import score_run
from engine.simulation import simulate

SHOWN = ("economic_profit", "working_capital", "stockout_rate", "fill_rate", "lost_margin", "units_demanded")
TABLES = ("products", "suppliers", "supplier_offers", "purchase_orders")


def kept_listed(store: Store, axes: Axes, history: ShopHistory) -> ShopHistory:
    """The same history with run-outs listed and their sampled demand."""
    replay = demand.read_demand(store, demand.REPLAY)
    flags = demand.matrix(replay, "flags", axes)
    listed = (flags & int(DayFlag.NOT_LISTED)) == 0
    return replace(history, demand=demand.matrix(replay, "demand_s00", axes), listed=listed)


def world_with_run_outs(arena: ArenaResource, axes: Axes) -> World:
    """The world in which items that ran out for good count as out of stock."""
    settings, store = arena.settings, arena.store
    tables = ShopTables(*(demand.read_log(arena.warehouse, name) for name in TABLES))
    history = kept_listed(store, axes, work.shop_history(store, axes))
    supply = completed(tables, history, axes, settings.supply, work.stock_known(store, axes))
    return build_world(
        axes, supply.tables, supply.history, settings.costs, settings.window, settings.demand.seed, settings.limits
    )


def delisted_sensitivity(arena: ArenaResource) -> pl.DataFrame:
    """Catalogue figures of actual, best and lean as scored and with run-outs listed (``with_…``), major units."""
    store, settings, choice = arena.store, arena.settings, stored_choice(arena.store)
    world, information = load_arena(store)
    other = world_with_run_outs(arena, world.scenario.axes)
    cells, unit = work.report_cells(information, settings), 10**settings.shop.minor_units
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in (choice.actual, choice.best, choice.lean):
        if row is None:
            continue
        names = (row["strategy"], row["parameters"])
        plan = other.actual if row["kind"] == "actual" else plan_of_run(store, world.scenario, *names)
        totals = simulate(other.scenario, plan, stepper=settings.stepper, strategy=names[0])
        card = score_run(totals, other.scenario, settings.costs, settings.window.warm_up_days, cells, unit)
        figures = card.row(0, named=True)
        rows[names] = (
            {"strategy": names[0], "parameters": names[1], "kind": row["kind"]}
            | {name: row[name] for name in SHOWN}
            | {f"with_{name}": figures[name] for name in SHOWN}
        )
    return pl.DataFrame(list(rows.values()))
