"""Group ``arena``: the world, one asset per strategy with its parameter sets as partitions, and what stands beside."""

import os
import time
from functools import partial

import dagster as dg
import numpy as np
import polars as pl

from arena_pipeline import arena as work
from arena_pipeline import assumptions
from arena_pipeline.metadata import frame_metadata, sparkline
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import ParameterSet, Settings, StrategyGrid
from arena_pipeline.store import load_arena, write_frame
from engine.bounds import hindsight_orders, upper_bound_scores
from engine.errors import ArenaError
from engine.scenario.build import World
from engine.sweep import in_order

GROUP = "arena"
OWNER = "team:arena"
HEADLINE = ("economic_profit", "working_capital", "stockout_rate", "fill_rate", "gross_margin", "turns")


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"numpy"},
    deps=["censored_daily_demand", "demand_forecasts", "suppliers", "supplier_offers", "purchase_orders", "products"],
    code_version="1",
    description="The frozen world: catalogue, offers, demand, lead times, opening stock; the same for every strategy.",
)
def scenario(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """World and what strategies may know in it."""
    world, information, supply = work.build_current_world(arena)
    for sentence in assumptions.stored(arena.store).sentences:
        context.log.warning(f"assumed: {sentence}")
    frozen = world.scenario
    forgotten = arena.store.forget_others(keep=arena.settings.keep_scenarios)
    context.log.info(f"scenario {frozen.content_hash[:16]}: {len(frozen.axes.items):,} items, {frozen.axes.days} days")
    return dg.MaterializeResult(
        data_version=dg.DataVersion(frozen.content_hash[:16]),
        metadata={
            "scenario": frozen.content_hash[:16],
            "items": len(frozen.axes.items),
            "days": frozen.axes.days,
            "scored_days": frozen.axes.days - arena.settings.window.warm_up_days,
            "demand_rows": len(frozen.demand.sku),
            "units_demanded": int(frozen.demand.quantity.sum()),
            "offers": len(frozen.offers),
            "offers_assumed": supply.offers_assumed,
            "purchases_inferred": supply.purchases_inferred,
            "items_by_rule_of_thumb": supply.items_by_rule,
            "replanning_dates": len(information.forecast.dates),
            "results_removed": ", ".join(forgotten) or "none",
        },
    )


def backtest_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """One asset per configured strategy."""
    return [_backtest(name, grid) for name, grid in settings.strategies.items()]


def _backtest(name: str, grid: StrategyGrid) -> dg.AssetsDefinition:
    points = {point.key: point for point in grid.parameter_sets()}
    for point in points.values():
        work.make_strategy(name, point)  # a misspelt parameter is an error when definitions load, not hours later

    @dg.asset(
        key=["backtests", name],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"numba"},
        deps=[scenario],
        partitions_def=dg.StaticPartitionsDefinition(list(points)),
        backfill_policy=dg.BackfillPolicy.single_run(),
        code_version="1",
        description=f"Replay of {name.replace('_', ' ')}: one partition per parameter set.",
    )
    def backtest(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        keys = list(context.partition_keys)
        started = time.perf_counter()

        def tell(number: int, index: int) -> None:
            seconds = time.perf_counter() - started
            context.log.info(f"{name}: parameter set {number} of {len(keys)} ({keys[index]}) after {seconds:.1f} s")

        tasks = [partial(_attempt, arena, name, points[key]) for key in keys]
        workers = arena.settings.run.workers or os.cpu_count() or 1
        results = dict(zip(keys, in_order(tasks, workers=workers, finished=tell), strict=True))
        failed = {key: str(result) for key, result in results.items() if isinstance(result, ArenaError)}
        for key, message in failed.items():
            context.log.error(f"{name} {key}: {message}")
        done = {key: result for key, result in results.items() if not isinstance(result, ArenaError)}
        _report(context, done, failed)
        return dg.MaterializeResult()

    return backtest


def _attempt(arena: ArenaResource, name: str, point: ParameterSet) -> dict[str, float] | ArenaError:
    """Figures of one parameter set, or why it failed: the others go on."""
    try:
        return headline(work.run_strategy(arena, name, point))
    except ArenaError as error:
        return error


def _report(context: dg.AssetExecutionContext, done: dict[str, dict[str, float]], failed: dict[str, str]) -> None:
    """Figures per partition; where some failed, the good ones stay and the run says which did not."""
    if not failed:
        for key, figures in done.items():
            context.add_asset_metadata(figures, partition_key=key)
        return
    for key, figures in done.items():
        context.log_event(dg.AssetMaterialization(context.asset_key, partition=key, metadata=figures))
    names = "; ".join(f"{key}: {message}" for key, message in failed.items())
    raise dg.Failure(f"{len(failed)} of {len(done) + len(failed)} parameter sets failed: {names}")


def headline(scores: pl.DataFrame) -> dict[str, float]:
    """The figures worth a plot, of the whole catalogue; those without a value are left out."""
    row = scores.filter(pl.col("level") == "catalogue").row(0, named=True)
    return {name: float(row[name]) for name in HEADLINE if row.get(name) is not None}


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"numba"},
    deps=[scenario],
    code_version="1",
    description="The shop's own purchase orders, replayed in the same world.",
)
def actual(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Real history by the same engine, and how far its stock agrees with the shop's record."""
    world, information = load_arena(arena.store)
    run = work.Run("actual", work.NO_PARAMETERS, "actual")
    scores = work.run_plan(arena, world.scenario, information, run, world.actual)
    agreement = work.record_agreement(arena.store, world.scenario, world)
    write_frame(arena.store.folder(world.scenario.content_hash) / "actual" / "record_agreement.parquet", agreement)
    share = share_of_days(agreement)
    complete = agreement.filter(pl.col("complete"))
    share_complete = share_of_days(complete)
    context.log.info(
        f"replay of the shop's own orders agrees with its stock record on {share_complete:.1%} of SKU-days "
        f"of {complete.height:,} items whose record is complete ({share:.1%} of all recorded SKU-days)"
    )
    curve = pl.read_parquet(arena.store.result(world.scenario.content_hash, "actual", "default", "days"))
    by_day = curve.group_by("day").agg(pl.col("inventory_value").sum()).sort("day")["inventory_value"]
    return dg.MaterializeResult(
        metadata={
            **headline(scores),
            "agreement_with_stock_record": share,
            "agreement_complete_records": share_complete,
            "items_with_complete_record": complete.height,
            "inventory_value": sparkline((by_day / 10**arena.settings.shop.minor_units).to_list(), "inventory at cost"),
        }
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"numba"},
    deps=[scenario],
    code_version="1",
    description="A feasible policy that knows the future: how much of the gap to the bound is reachable at all.",
)
def hindsight(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Just-in-time lots against known demand, within offers, calendars and real lead times."""
    world, information = load_arena(arena.store)
    plan = hindsight_orders(world.scenario, world.actual, arena.settings.costs)
    run = work.Run("hindsight", work.NO_PARAMETERS, "bound")
    return dg.MaterializeResult(metadata=headline(work.run_plan(arena, world.scenario, information, run, plan)))


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"numba"},
    deps=[scenario],
    code_version="1",
    description="What no policy can exceed: economic profit per item with future known, best price, no minimum.",
)
def upper_bound(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Upper bound on economic profit by group."""
    world, information = load_arena(arena.store)
    settings = arena.settings
    scores = upper_bound_scores(
        world.scenario,
        world.actual,
        settings.costs,
        settings.window.warm_up_days,
        work.report_cells(information, settings),
        10**settings.shop.minor_units,
    )
    write_frame(arena.store.result(world.scenario.content_hash, "upper_bound", "default"), scores)
    return dg.MaterializeResult(metadata={**headline(scores), **frame_metadata(scores)})


def configured_runs(settings: Settings) -> dict[str, tuple[ParameterSet, ...]]:
    """Every run that the scorecard expects: strategies with their sets, and what stands beside them."""
    beside = dict.fromkeys(("actual", "hindsight", "upper_bound"), (work.NO_PARAMETERS,))
    return {name: grid.parameter_sets() for name, grid in settings.strategies.items()} | beside


def share_of_days(agreement: pl.DataFrame) -> float:
    """Observed SKU-days on which replay and record agree / observed SKU-days."""
    observed = int(agreement["days_observed"].sum())
    return int(agreement["days_agree"].sum()) / max(observed, 1)


def lead_time_drift(world: World) -> list[dict[str, object]]:
    """Promised against realised lead time of the shop's own lines, and the mean the replay draws, per supplier."""
    frozen = world.scenario
    drawn = frozen.lead_times.quantiles.mean(axis=1)[frozen.offers.distribution]
    rows = []
    for supplier, name in enumerate(frozen.suppliers.names):
        own = world.lead_times.filter(pl.col("supplier") == supplier)
        offered = drawn[frozen.offers.supplier == supplier]
        if own.height and len(offered):
            realised = own["realised"].to_numpy()
            rows.append(
                {
                    "supplier": name,
                    "lines": own.height,
                    "realised": float(np.mean(realised)),
                    "drawn": float(offered.mean()),
                }
            )
    return rows
