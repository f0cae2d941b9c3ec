"""Build the world from the demand tables, run policies in it, write what they were worth.

What belongs here: joining stored tables into engine objects, and the layout of result files. What does not: figures.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from arena_pipeline import assumptions, demand
from arena_pipeline.bundles import load_bundle, save_bundle
from arena_pipeline.folds import write_folds
from arena_pipeline.plans import save_plan
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import ParameterSet, Settings, plain_rule
from arena_pipeline.store import Store, load_arena, write_frame
from arena_pipeline.supply import Supply, completed
from engine.demand.codes import DayFlag
from engine.errors import SettingsError, nearest
from engine.forecast.options import InformationOption
from engine.look_ahead import first_leak, information_until
from engine.plan import Plan
from engine.scenario import Scenario
from engine.scenario.build import ShopHistory, ShopTables, World, build_world, day_table
from engine.schema import MICRO, Axes
from engine.scorecard import score_run
from engine.simulation import simulate
from engine.steppers.reference import run_reference
from engine.steppers.state import SystemState
from engine.strategies import BASELINES, STRATEGIES, Information, Strategy, StrategyParameters
from engine.strategies.build import KnownHistory, gather_information, replanning_days
from engine.totals import RunTotals

COMPLETE_SHARE = 0.95
"""Share of listed days with a snapshot from which a SKU's stock record counts as complete."""
NO_PARAMETERS = ParameterSet(key="default", parameters={})


@dataclass(frozen=True)
class Run:
    """What is run and how it is shown.

    Attributes:
        kind: ``candidate``, ``baseline``, ``actual`` or ``bound``.
    """

    strategy: str
    point: ParameterSet
    kind: str


def build_current_world(arena: ArenaResource) -> tuple[World, Information, Supply]:
    """World and information from the stored demand tables; written as the current scenario."""
    settings, store, warehouse = arena.settings, arena.store, arena.warehouse
    axes = load_bundle(store.demand("axes.npz"), Axes)
    tables = ShopTables(
        *(demand.read_log(warehouse, name) for name in ("products", "suppliers", "supplier_offers", "purchase_orders"))
    )
    supply = completed(tables, shop_history(store, axes), axes, settings.supply, stock_known(store, axes))
    world = build_world(
        axes, supply.tables, supply.history, settings.costs, settings.window, settings.demand.seed, settings.limits
    )
    dates = replanning_days(axes.days, settings.window.replan_days)
    known = load_bundle(store.demand("known_history.npz"), KnownHistory)
    own_past = with_sales_only(store, world.scenario)
    actual_run = simulate(own_past, world.actual, stepper=settings.stepper, strategy="actual")
    information = gather_information(
        world.scenario, known, world.actual, actual_run, settings.costs, dates, information_options(settings)
    )
    folder = store.folder(world.scenario.content_hash)
    save_bundle(folder / "world.npz", world)
    save_bundle(folder / "information.npz", information)
    daily = demand.read_demand(store, demand.ACTIVITY)
    assumptions.keep(store, world.scenario.content_hash, assumptions.assumptions_of(settings, supply, daily))
    store.make_current(world.scenario.content_hash)
    return world, information, supply


def stock_known(store: Store, axes: Axes) -> NDArray[np.bool_]:
    """(S, T) SKU-days whose stock is recorded or follows from a record."""
    daily = demand.read_demand(store, demand.ACTIVITY)
    known = daily.select(pl.col("stock_close").is_not_null()).collect().to_series()
    return known.to_numpy().reshape(axes.shape)


def information_options(settings: Settings) -> frozenset[InformationOption]:
    """Options that the configured strategies look through."""
    strategies = [
        make_strategy(name, point) for name, grid in settings.strategies.items() for point in grid.parameter_sets()
    ]
    return frozenset().union(*(strategy.options() for strategy in strategies))


def shop_history(store: Store, axes: Axes, scenario: int = 0) -> ShopHistory:
    """Replay demand of one sampled scenario, and what else the logs say of each day.

    Long spells without stock and without any purchase order look like a deliberate run-out: there an item counts as
    not listed, and no demand is made up for it.
    """
    replay, daily = (demand.read_demand(store, name) for name in (demand.REPLAY, demand.ACTIVITY))
    flags = demand.matrix(daily, "flags", axes)
    run_out = (flags & int(DayFlag.POSSIBLY_DELISTED)) != 0
    listed = ((flags & int(DayFlag.NOT_LISTED)) == 0) & ~run_out
    seen = demand.matrix(daily, "views_in", axes) + demand.matrix(daily, "views_oos", axes)
    potential = np.rint(demand.matrix(replay, "potential_views_u6", axes) / MICRO).astype(np.int64)
    return ShopHistory(
        demand=demand.sampled_demand(store, axes, scenario),
        price=demand.matrix(daily, "price", axes),
        views=np.maximum(potential, seen),
        listed=listed,
        adjustments=demand.matrix(daily, "adjustments", axes),
        opening_on_hand=demand.matrix(daily, "stock_open", axes)[:, 0].copy(),
    )


def with_sales_only(store: Store, scenario: Scenario) -> Scenario:
    """The world with what was sold as its demand: the shop's own stock as its log shows it, hindsight left out."""
    axes = scenario.axes
    replay, daily = (demand.read_demand(store, name) for name in (demand.REPLAY, demand.ACTIVITY))
    price = demand.matrix(daily, "price", axes)
    return replace(scenario, demand=day_table(demand.matrix(replay, "units_sold", axes), price))


def make_strategy(name: str, point: ParameterSet) -> StrategyParameters:
    """A strategy with its parameters, checked.

    Raises:
        SettingsError: unknown strategy or parameter, with the nearest known name; a value out of its range.
    """
    if name not in STRATEGIES:
        raise SettingsError(
            "strategy must be one of the registry", value=name, place="arena.toml, [strategies]",
            remedy=nearest(name, STRATEGIES) or f"Known: {', '.join(STRATEGIES)}",
        )  # fmt: skip
    kind = STRATEGIES[name]
    for parameter in point.parameters:
        if parameter not in kind.model_fields:
            raise SettingsError(
                f"parameter must be one of {name}'s", value=parameter, place=f"arena.toml, [strategies.{name}]",
                remedy=nearest(parameter, kind.model_fields) or f"Known: {', '.join(kind.model_fields)}",
            )  # fmt: skip
    try:
        return kind(**point.parameters)
    except ValidationError as error:
        raise _value_error(name, kind, error) from error


def _value_error(name: str, kind: type[StrategyParameters], error: ValidationError) -> SettingsError:
    """The first finding of Pydantic, in the arena's words."""
    found = error.errors(include_url=False)[0]
    parameter = str(found["loc"][0]) if found["loc"] else ""
    field = kind.model_fields.get(parameter)
    rule = plain_rule(found["msg"])
    return SettingsError(
        f"{parameter} {rule}".lstrip(),
        value=found["input"],
        place=f"arena.toml, [strategies.{name}]",
        remedy=f"{parameter}: {field.description}" if field and field.description else "",
    )


def run_strategy(arena: ArenaResource, name: str, point: ParameterSet) -> pl.DataFrame:
    """Plan and replay one parameter set; returns its scores by group."""
    world, information = load_arena(arena.store)
    plan = plan_of(make_strategy(name, point), information)
    kind = "baseline" if name in BASELINES else "candidate"
    return run_plan(arena, world.scenario, information, Run(name, point, kind), plan)


def plan_of(strategy: StrategyParameters, information: Information) -> Plan:
    """Plan of a strategy."""
    return cast("Strategy", strategy).plan(information)


def run_plan(arena: ArenaResource, scenario: Scenario, information: Information, run: Run, plan: Plan) -> pl.DataFrame:
    """Replay a plan, write its scores and daily curves, and return the scores."""
    settings = arena.settings
    totals = simulate(scenario, plan, stepper=settings.stepper, strategy=run.strategy)
    check_books(totals, scenario)
    if run.kind != "bound":
        write_folds(settings, arena.store, scenario, (run.strategy, run.point.key), plan, totals)
    save_plan(arena.store.result(scenario.content_hash, run.strategy, run.point.key, "plan"), plan)
    return write_run(arena, scenario, information, run, totals)


def write_run(
    arena: ArenaResource, scenario: Scenario, information: Information, run: Run, totals: RunTotals
) -> pl.DataFrame:
    """Scores and daily curves of a run into its result files."""
    settings, store = arena.settings, arena.store
    cells = report_cells(information, settings)
    scores = score_run(
        totals, scenario, settings.costs, settings.window.warm_up_days, cells, 10**settings.shop.minor_units
    )
    head = {"strategy": run.strategy, "parameters": run.point.key, "kind": run.kind}
    scores = scores.select(*(pl.lit(value).alias(name) for name, value in head.items()), pl.all())
    write_frame(
        store.result(scenario.content_hash, run.strategy, run.point.key, "days"), daily_curves(totals, scenario)
    )
    write_frame(store.result(scenario.content_hash, run.strategy, run.point.key), scores)
    return scores


def daily_curves(totals: RunTotals, scenario: Scenario) -> pl.DataFrame:
    """Closing inventory, value on order and stock-outs by category and day; money in minor units."""
    names, days = scenario.catalogue.category_names, scenario.axes.days
    return pl.DataFrame(
        {
            "category": np.repeat(np.array(names), days),
            "day": np.tile(np.arange(days, dtype=np.int32), len(names)),
            "inventory_value": totals.inventory_value.ravel(),
            "on_order_value": totals.on_order_value.ravel(),
            "stockouts": totals.stockouts.ravel(),
        }
    )


def report_cells(information: Information, settings: Settings) -> NDArray[np.int64]:
    """ABC-XYZ cell of each SKU as known at the end of the warm-up and the first fold."""
    known = settings.window.warm_up_days + settings.window.fold_days
    date = int(np.searchsorted(information.forecast.dates, known, side="right")) - 1
    return information.segments.cell[max(date, 0)]


def check_books(totals: RunTotals, scenario: Scenario) -> None:
    """Invariant 9: units and value that came in went out or are still there.

    Raises:
        AssertionError: the books do not balance; a fault of the engine, not of the data.
    """
    into = sum(totals.field(name).sum(axis=1) for name in ("received", "adjusted"))
    out = sum(totals.field(name).sum(axis=1) for name in ("sold", "late", "shrunk", "expired"))
    value_into = totals.field("spend").sum(axis=1) + totals.field("adjusted_value").sum(axis=1)
    value_out = totals.field("cost_of_goods_sold").sum(axis=1) + totals.field("write_offs").sum(axis=1)
    catalogue = scenario.catalogue
    units = catalogue.opening_on_hand + into - out - totals.field("on_hand_end")[:, -1]
    value = catalogue.opening_value + value_into - value_out - totals.field("value_end")[:, -1]
    if np.any(units != 0) or np.any(value != 0):
        raise AssertionError(
            f"books do not balance: {np.count_nonzero(units)} SKUs in units, {np.count_nonzero(value)} in value"
        )


def record_agreement(store: Store, scenario: Scenario, world: World) -> pl.DataFrame:
    """The replay of the shop's own orders against its stock record, per SKU: days compared and days that agree.

    Only SKU-days on which the shop's closing stock was observed count.
    """
    axes = scenario.axes
    observed, recorded = demand.stock_record(store, axes)
    on_hand = np.zeros(axes.shape, np.int64)

    def note(day: int, state: SystemState) -> None:
        on_hand[:, day] = state.on_hand.all

    run_reference(scenario, world.actual, note)
    catalogue = scenario.catalogue
    agrees = observed & (on_hand == recorded)
    return pl.DataFrame(
        {
            "sku": list(axes.items),
            "days_observed": observed.sum(axis=1),
            "days_agree": agrees.sum(axis=1),
            "complete": observed.sum(axis=1) >= COMPLETE_SHARE * (catalogue.listed_until - catalogue.listed_from),
        }
    )


def leaks(settings: Settings) -> dict[str, str | None] | None:
    """Per configured strategy, where its plan depends on days to come; None before the first scenario is built."""
    store = Store.of(settings)
    if not store.has_scenario:
        return None
    world, information = load_arena(store)
    known = load_bundle(store.demand("known_history.npz"), KnownHistory)
    days, every = world.scenario.axes.days, settings.window.replan_days
    past = information_until(
        with_sales_only(store, world.scenario),
        known,
        world.actual,
        settings.costs,
        days // 2,
        every,
        information_options(settings),
    )
    return {
        name: first_leak(cast("Strategy", make_strategy(name, grid.parameter_sets()[0])), information, past)
        for name, grid in settings.strategies.items()
    }
