"""Sampling mode: every configured parameter set on a stratified sample of the items, extrapolated to the catalogue.

What belongs here: running the sample and laying out its table. What does not: drawing it, and intervals.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arena_pipeline import arena as work
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import ParameterSet
from arena_pipeline.store import Store, load_arena, write_frame
from engine.errors import InputError
from engine.sampling import Sample, extrapolate, extrapolate_rate, sampled_world, stratified_sample
from engine.scenario import Scenario
from engine.scorecard import score_run
from engine.scorecard.sums import scored_window, sku_facts
from engine.simulation import simulate
from engine.strategies import Information

FloatArray = NDArray[np.float64]
TOTALS = ("economic_profit", "working_capital", "gross_margin", "lost_margin")
FIGURES = (*TOTALS, "stockout_rate", "fill_rate")


def sampling_path(store: Store) -> Path:
    """The table of the current scenario."""
    return store.folder(store.current_hash) / "sampling.parquet"


def run_sample(arena: ArenaResource, per_cell: int, best: int, tell: Callable[[str], None]) -> pl.DataFrame:
    """Run the sample, write and return its table: one row per run and figure.

    Columns: ``strategy, parameters, kind, figure, estimate, low, high, sampled, items``.

    Raises:
        InputError: limits on money couple the items, so that some of them alone say nothing about all.
    """
    world, information = load_arena(arena.store)
    scenario, settings = world.scenario, arena.settings
    if scenario.limits.couples:
        raise InputError(
            "items must not be coupled by limits on money", place="arena.toml, [limits]",
            remedy="Run all items (without --sample), or take the limits out for a first look",
        )  # fmt: skip
    real = item_figures(arena)
    cells = work.report_cells(information, settings)
    sample = stratified_sample(scenario.axes.items, cells, real["revenue"], per_cell, best)
    tell(f"{len(sample.skus):,} of {len(scenario.axes.items):,} items: {best} best sellers, {per_cell} of each cell")
    alone, known = sampled_world(scenario, information, sample)
    rows = [_row("actual", "default", "actual", figure, (value,) * 3) for figure, value in _known(real).items()]
    for name, grid in settings.strategies.items():
        for point in grid.parameter_sets():
            found = _figures(arena, alone, known, cells[sample.skus], name, point)
            rows += _estimates(name, point.key, sample, found, real)
            tell(f"{name} {point.key}")
    table = pl.DataFrame(rows).with_columns(sampled=len(sample.skus), items=len(scenario.axes.items))
    write_frame(sampling_path(arena.store), table)
    return table


def item_figures(arena: ArenaResource) -> dict[str, FloatArray]:
    """(S,) figures of the shop's own orders, and the denominators of rates."""
    store = arena.store
    world, _ = load_arena(store)
    scores = pl.read_parquet(store.result(store.current_hash, "actual", "default"))
    items = pl.DataFrame({"name": list(world.scenario.axes.items)})
    rows = items.join(scores.filter(pl.col("level") == "item"), on="name", how="left", maintain_order="left")
    return _columns(rows, _listed(arena, world.scenario), _cost_per_line(scores))


def _cost_per_line(scores: pl.DataFrame) -> float:
    """Fixed order cost per line of the shop's own orders: orders span items, so a sample cannot tell it."""
    row = scores.filter(pl.col("level") == "catalogue").row(0, named=True)
    return float(row["fixed_order_cost"] / row["order_lines"]) if row["order_lines"] else 0.0


def _listed(arena: ArenaResource, scenario: Scenario) -> FloatArray:
    window = scored_window(scenario, arena.settings.window.warm_up_days)
    return sku_facts(scenario, window, arena.settings.costs).listed_days.astype(float)


def _columns(rows: pl.DataFrame, listed: FloatArray, per_line: float) -> dict[str, FloatArray]:
    """Figures per item, the fixed order cost put at the same amount per line for every run."""
    column = {
        name: rows[name].fill_null(0.0).to_numpy()
        for name in (
            *TOTALS,
            "revenue",
            "stockout_rate",
            "units_sold",
            "units_demanded",
            "fixed_order_cost",
            "order_lines",
        )
    }
    fixed = column["fixed_order_cost"] - per_line * column["order_lines"]
    return column | {
        "economic_profit": column["economic_profit"] + fixed,
        "stockout_days": column["stockout_rate"] * listed,
        "listed_days": listed,
        "per_line": np.array([per_line]),
    }


def _figures(
    arena: ArenaResource, alone: Scenario, known: Information, cells: NDArray[np.int64], name: str, point: ParameterSet
) -> pl.DataFrame:
    settings = arena.settings
    plan = work.plan_of(work.make_strategy(name, point), known)
    totals = simulate(alone, plan, stepper=settings.stepper, strategy=name)
    unit = 10**settings.shop.minor_units
    scores = score_run(totals, alone, settings.costs, settings.window.warm_up_days, cells, unit)
    return scores.filter(pl.col("level") == "item")


def _estimates(
    name: str, key: str, sample: Sample, found: pl.DataFrame, real: dict[str, FloatArray]
) -> list[dict[str, object]]:
    run = _columns(found, real["listed_days"][sample.skus], float(real["per_line"][0]))
    rows = []
    for figure in FIGURES:
        if figure in TOTALS:
            estimate = extrapolate(sample, run[figure], real[figure])
        else:
            over, size = RATE_PARTS[figure]
            estimate = extrapolate_rate(sample, run[over], real[over], real[size])
        rows.append(_row(name, key, "candidate", figure, (estimate.value, estimate.low, estimate.high)))
    return rows


RATE_PARTS = {"stockout_rate": ("stockout_days", "listed_days"), "fill_rate": ("units_sold", "units_demanded")}


def _known(real: dict[str, FloatArray]) -> dict[str, float]:
    """Figures of the shop's own orders over all items."""
    rates = {
        figure: float(real[over].sum() / max(real[size].sum(), 1e-9)) for figure, (over, size) in RATE_PARTS.items()
    }
    return {figure: float(real[figure].sum()) for figure in TOTALS} | rates


def _row(strategy: str, parameters: str, kind: str, figure: str, values: tuple[float, ...]) -> dict[str, object]:
    estimate, low, high = values
    head = {"strategy": strategy, "parameters": parameters, "kind": kind, "figure": figure}
    return {**head, "estimate": estimate, "low": low, "high": high}
