"""What the shop really had, paid and was promised, beside the replays: stock record, payments, suppliers' deliveries.

What belongs here: joining logs with replays. What does not: figures of a run (``engine.scorecard``).
"""

from dataclasses import fields
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline import demand
from arena_pipeline.choice import Choice
from arena_pipeline.plans import load_plan
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import Settings
from arena_pipeline.store import Store, load_arena
from engine.plan import Orders, Plan
from engine.scenario import Scenario
from engine.scenario.subset import subset_plan, subset_scenario
from engine.scorecard.sums import scored_window, sku_facts, sku_sums
from engine.scorecard.supplier_performance import delivery_lines, punctual_arrivals, supplier_performance
from engine.simulation import simulate
from engine.steppers.reference import run_reference
from engine.steppers.state import SystemState

IntArray = NDArray[np.int64]
RECORD = "stock record"


def closing_stock(scenario: Scenario, plan: Plan) -> IntArray:
    """(S, T) units at the close of every day, by the reference stepper."""
    on_hand = np.zeros(scenario.axes.shape, np.int64)

    def note(day: int, state: SystemState) -> None:
        on_hand[:, day] = state.on_hand.all

    run_reference(scenario, plan, note)
    return on_hand


def plan_of_run(store: Store, scenario: Scenario, strategy: str, parameters: str) -> Plan:
    """The plan kept beside a run's scores."""
    path = store.result(scenario.content_hash, strategy, parameters, "plan")
    return load_plan(path, len(scenario.axes.items))


def known_days(store: Store, scenario: Scenario, first: int) -> tuple[NDArray[np.bool_], IntArray]:
    """(S, T) SKU-days listed, scored and with an observed closing stock, and that stock."""
    observed, recorded = demand.stock_record(store, scenario.axes)
    day, catalogue = np.arange(scenario.axes.days), scenario.catalogue
    listed = (catalogue.listed_from[:, None] <= day) & (day < catalogue.listed_until[:, None])
    return observed & listed & (day >= first), recorded


def stock_record(store: Store, settings: Settings, choice: Choice) -> pl.DataFrame:
    """The shop's own stock record, the replay of its orders and the chosen policy on the same SKU-days.

    Only SKU-days with an observed closing stock count, for all three alike. One row per group and source:
    ``level, name, source, sku_days, stockout_rate, inventory_value`` (every item's mean stock over its own days that
    count, at replacement cost, summed over items, major units: a shop that counts weekly has as much as one that
    counts daily).
    """
    world, _ = load_arena(store)
    scenario = world.scenario
    window = scored_window(scenario, settings.window.warm_up_days)
    mask, recorded = known_days(store, scenario, window.first)
    stocks = {RECORD: recorded}
    for row in (choice.actual, choice.best):
        if row is not None:
            plan = plan_of_run(store, scenario, row["strategy"], row["parameters"])
            stocks[row["strategy"]] = closing_stock(scenario, plan)
    cost, catalogue = scenario.catalogue.replacement_cost, scenario.catalogue
    unit = 10**settings.shop.minor_units
    days_of = mask.sum(axis=1)
    rows = []
    for source, on_hand in stocks.items():
        value = np.where(mask, np.maximum(on_hand, 0), 0).sum(axis=1) * cost / np.maximum(days_of, 1)
        out_of = (mask & (on_hand <= 0)).sum(axis=1)
        groups = [("catalogue", "all", np.ones(len(cost), bool))]
        groups += [
            ("category", name, catalogue.category == index) for index, name in enumerate(catalogue.category_names)
        ]
        for level, name, member in groups:
            days, out = int(days_of[member].sum()), int(out_of[member].sum())
            rows.append((level, name, source, days, out / days if days else None, float(value[member].sum()) / unit))
    return pl.DataFrame(
        rows, schema=["level", "name", "source", "sku_days", "stockout_rate", "inventory_value"], orient="row"
    )


def paid(arena: ArenaResource) -> pl.DataFrame:
    """What the shop really paid for goods received in the scored window, per supplier, major units."""
    world, _ = load_arena(arena.store)
    axes = world.scenario.axes
    first = axes.date_of(scored_window(world.scenario, arena.settings.window.warm_up_days).first)
    orders = demand.read_log(arena.warehouse, "purchase_orders").filter(
        pl.col("received_date").is_between(first, axes.date_of(axes.days - 1))
    )
    units = pl.coalesce("received_quantity", "order_quantity").cast(pl.Int64)
    return (
        orders.group_by("supplier_id")
        .agg(
            paid=(units * pl.col("unit_cost").cast(pl.Int64)).sum() / 10**arena.settings.shop.minor_units,
            orders=pl.struct("supplier_id", "order_date").n_unique(),
            lines=pl.len(),
        )
        .sort("supplier_id")
    )


def supplier_table(arena: ArenaResource) -> pl.DataFrame:
    """Suppliers' performance, what was paid to them, and the margin that late lines lost.

    ``cost_of_lateness``: lost margin of the replayed orders less that had no line of this supplier come later than
    promised, per supplier, the others left as they were; major units.
    """
    store, settings = arena.store, arena.settings
    world, _ = load_arena(store)
    lines = delivery_lines(demand.read_log(arena.warehouse, "purchase_orders"))
    table = supplier_performance(lines).join(
        paid(arena).select("supplier_id", "paid", "orders"), on="supplier_id", how="left", maintain_order="left"
    )
    promised = promised_days(world.actual, lines, world.scenario)
    lost = lost_margins(world.scenario, world.actual, settings)
    known = {name: number for number, name in enumerate(world.scenario.suppliers.names)}
    cost = [
        lateness_cost(world.scenario, world.actual, promised, known[name], lost, settings) if name in known else None
        for name in table["supplier_id"].to_list()
    ]
    return table.with_columns(cost_of_lateness=pl.Series(cost, dtype=pl.Float64))


def promised_days(orders: Orders, lines: pl.DataFrame, scenario: Scenario) -> IntArray:
    """(N,) day each replayed line was promised for, -1 where nothing was promised."""
    axes = scenario.axes
    keys = ["item_id", "supplier_id", "received_date"]
    promises = lines.filter(pl.col("expected_date").is_not_null()).group_by(keys).agg(pl.col("expected_date").min())
    names = [*scenario.suppliers.names, None]
    placed = pl.DataFrame(
        {
            "item_id": [axes.items[sku] for sku in orders.sku.tolist()],
            "supplier_id": pl.Series([names[index] for index in orders.supplier.tolist()], dtype=pl.String),
            "received_date": [axes.first_day + timedelta(days=day) for day in orders.arrives_on.tolist()],
        },
        schema={"item_id": pl.String, "supplier_id": pl.String, "received_date": pl.Date},
    )
    joined = placed.join(promises, on=keys, how="left", maintain_order="left")
    day = (joined["expected_date"] - axes.first_day).dt.total_days().fill_null(-1)
    return np.maximum(day.to_numpy().astype(np.int64), -1)


def lateness_cost(
    scenario: Scenario, orders: Orders, promised: IntArray, supplier: int, lost: IntArray, settings: Settings
) -> float:
    """Lost margin that a supplier's late lines caused, major units; 0 where none was late.

    Args:
        scenario: the world; ``orders``: the shop's own; ``promised``: of ``promised_days``.
        supplier: index; ``lost``: (S,) lost margin of the orders as they came; ``settings``: of the workspace.
    """
    arrives = punctual_arrivals(orders.arrives_on, np.where(orders.supplier == supplier, promised, -1))
    arrives = np.maximum(arrives, orders.ordered_on + 1)
    late = arrives < orders.arrives_on
    if not late.any():
        return 0.0
    skus = np.unique(orders.sku[late])
    order = np.lexsort((arrives, orders.ordered_on, orders.sku))
    columns = {field.name: getattr(orders, field.name) for field in fields(orders)} | {"arrives_on": arrives}
    punctual = Orders(**{name: column[order] for name, column in columns.items()})
    alone = subset_scenario(scenario, skus)
    otherwise = lost_margins(alone, subset_plan(punctual, skus, len(lost)), settings)
    return float(lost[skus].sum() - otherwise.sum()) / 10**settings.shop.minor_units


def lost_margins(scenario: Scenario, plan: Plan, settings: Settings) -> IntArray:
    """(S,) lost margin of a run over the scored window, minor units."""
    window = scored_window(scenario, settings.window.warm_up_days)
    totals = simulate(scenario, plan, stepper=settings.stepper)
    sums = sku_sums(totals, sku_facts(scenario, window, settings.costs), window)
    return sums["lost_revenue"] - sums["lost_cost"]
