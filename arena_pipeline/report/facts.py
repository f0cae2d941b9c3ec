"""Everything the reports show, gathered once into plain values; HTML, workbook and brief are drawn from it."""

from typing import Any

import polars as pl

from arena_pipeline.choice import Choice, Row, full_name, parameters_in_words, run_name, stored_choice
from arena_pipeline.history import COMPARED
from arena_pipeline.report.data_used import data_used
from arena_pipeline.report.film import film
from arena_pipeline.report.series import item_demand, weekly_curves
from arena_pipeline.resources import ArenaResource
from arena_pipeline.sampling import sampling_path
from arena_pipeline.store import Store, load_arena
from engine.scorecard.sums import scored_window

EXTREME_ITEMS = 20
FILM_SIDE = 10
OPTIONAL = (
    "forecast_coverage", "calibration", "selection", "held_out", "intervals", "recommended_plan", "drift",
    "rate_sensitivity", "simulated_against_real", "distances", "stock_record", "price_of_segmenting", "roi",
    "supplier_performance", "network_scorecard", "possibly_delisted",
)  # fmt: skip
ITEM_FIGURES = ("economic_profit", "working_capital", "stockout_rate", "fill_rate", "lost_margin", "units_demanded")
LINKS = """
    select distinct from_location_id, to_location_id from logs.transfers
    where from_location_id is not null and from_location_id <> '' order by 1, 2
"""
GROUP_FIGURES = (*COMPARED, "lost_margin", "revenue", "orders", "excess_value", "dead_stock_value", "spend")


def gather(arena: ArenaResource) -> dict[str, Any]:
    """Facts of the current scorecard, as plain values."""
    store, settings = arena.store, arena.settings
    world, _ = load_arena(store)
    axes, choice = world.scenario.axes, stored_choice(store)
    window = scored_window(world.scenario, settings.window.warm_up_days)
    scores = pl.read_parquet(store.scorecard("scorecard.parquet"))
    items = item_table(arena, scores, choice)
    extremes = gain_and_loss(items, choice)
    filmed = [row["item"] for side in ("gain", "lose") for row in extremes[side][:FILM_SIDE]]
    board = pl.read_parquet(store.scorecard("leaderboard.parquet"))
    return {
        "shop": {
            "name": settings.shop.name, "currency": settings.shop.currency, "digits": settings.shop.minor_units,
        },
        "days": {
            "first": axes.first_day.isoformat(), "count": axes.days, "scored_from": axes.date_of(window.first).isoformat(),
            "last": axes.date_of(axes.days - 1).isoformat(), "scored": window.days,
        },
        "rates": settings.costs.model_dump(),
        "rates_set": sorted(settings.costs.model_fields_set),
        "scenario": world.scenario.content_hash,
        "choice": _choice(choice),
        "runs": [_run(row) for row in board.to_dicts()],
        "groups": {level: group_rows(scores, choice, level) for level in ("category", "supplier", "segment")},
        "items": items,
        "extremes": extremes,
        "data": data_used(arena),
        "demand": item_demand(store, axes),
        "weekly": weekly_curves(store, choice),
        "film": film(store, choice, filmed),
        "tables": optional_tables(store),
        "network": network_plan(arena),
    }  # fmt: skip


def _choice(choice: Choice) -> dict[str, Any]:
    named = {"actual": choice.actual, "best": choice.best, "lean": choice.lean}
    rows = {name: _run(row) if row is not None else None for name, row in named.items()}
    return {**rows, "judged": choice.judged, "shown": [_run(row) for row in choice.shown]}


def _run(row: Row) -> Row:
    words = {"name": run_name(row["strategy"]), "words": parameters_in_words(row["parameters"])}
    return {**row, **words, "full_name": full_name(row)}


def _pick(scores: pl.DataFrame, row: Row | None) -> pl.DataFrame:
    if row is None:
        return scores.clear()
    return scores.filter((pl.col("strategy") == row["strategy"]) & (pl.col("parameters") == row["parameters"]))


def group_rows(scores: pl.DataFrame, choice: Choice, level: str) -> list[Row]:
    """Every group of a level: figures under the shop's own orders (``real_…``) and under the best policy."""
    of_level = scores.filter(pl.col("level") == level)
    best = _pick(of_level, choice.best).select("name", *GROUP_FIGURES)
    real = _pick(of_level, choice.actual).select(
        "name", *(pl.col(name).alias(f"real_{name}") for name in GROUP_FIGURES)
    )
    return real.join(best, on="name", how="left", maintain_order="left").sort("name").to_dicts()


def item_table(arena: ArenaResource, scores: pl.DataFrame, choice: Choice) -> dict[str, Any]:
    """Columns of all items: names, category, supplier, cell, and figures under every shown run."""
    world, information = load_arena(arena.store)
    scenario, axes = world.scenario, world.scenario.axes
    names = dict(arena.warehouse.read("select item_id, item_name from logs.products").iter_rows())
    items = pl.DataFrame({"name": list(axes.items)})
    of_items = scores.filter(pl.col("level") == "item").select("strategy", "parameters", "name", *ITEM_FIGURES)
    figures: dict[str, dict[str, list[float | None]]] = {}
    for row in choice.shown:
        run = items.join(_pick(of_items, row), on="name", how="left", maintain_order="left")
        figures[row["strategy"]] = {name: run[name].round(ITEM_DIGITS.get(name, 0)).to_list() for name in ITEM_FIGURES}
    suppliers, catalogue = [*scenario.suppliers.names, ""], scenario.catalogue
    return {
        "id": list(axes.items),
        "name": [names.get(item) or "" for item in axes.items],
        "category": [catalogue.category_names[index] for index in catalogue.category.tolist()],
        "supplier": [suppliers[index] for index in catalogue.primary_supplier.tolist()],
        "segment": cells(arena, information),
        "figures": figures,
    }


ITEM_DIGITS = {"stockout_rate": 3, "fill_rate": 3}


def cells(arena: ArenaResource, information: Any) -> list[str]:
    """ABC-XYZ cell of each item as the report shows it."""
    from arena_pipeline.arena import report_cells  # noqa: PLC0415 - keeps this module importable without the steppers
    from engine.segments import CELLS  # noqa: PLC0415

    return [CELLS[cell] if cell >= 0 else "" for cell in report_cells(information, arena.settings).tolist()]


def gain_and_loss(items: dict[str, Any], choice: Choice) -> dict[str, list[Row]]:
    """The items with most to gain and most to lose in economic profit from the best policy."""
    if choice.best is None or choice.actual is None:
        return {"gain": [], "lose": []}
    real, best = (items["figures"][row["strategy"]] for row in (choice.actual, choice.best))
    rows = [
        {
            "item": items["id"][index], "name": items["name"][index], "category": items["category"][index],
            "segment": items["segment"][index], "change": after - before,
            "capital_change": (best["working_capital"][index] or 0) - (real["working_capital"][index] or 0),
            "real_stockout_rate": real["stockout_rate"][index], "stockout_rate": best["stockout_rate"][index],
        }
        for index, (before, after) in enumerate(zip(real["economic_profit"], best["economic_profit"], strict=True))
        if before is not None and after is not None
    ]  # fmt: skip
    rows.sort(key=lambda row: (-row["change"], row["item"]))
    gain = [row for row in rows if row["change"] > 0][:EXTREME_ITEMS]
    lose = [row for row in reversed(rows) if row["change"] < 0][:EXTREME_ITEMS]
    return {"gain": gain, "lose": lose}


def optional_tables(store: Store) -> dict[str, list[Row]]:
    """Tables that exist for this run, by name; catalogue and group levels only where a table has levels."""
    found = {}
    for name in OPTIONAL:
        path = store.scorecard(f"{name}.parquet")
        if path.exists():
            frame = pl.read_parquet(path)
            found[name] = (frame.filter(pl.col("level") != "item") if "level" in frame.columns else frame).to_dicts()
    if sampling_path(store).exists():
        found["sampling"] = pl.read_parquet(sampling_path(store)).to_dicts()
    return found


def network_plan(arena: ArenaResource) -> Row:
    """Locations of a configured network with what their items add up to, and who supplies whom; empty without one."""
    path = arena.store.demand("multi_echelon_plan.parquet")
    if not path.exists():
        return {}
    unit = 10**arena.settings.shop.minor_units
    nodes = (
        pl.read_parquet(path)
        .group_by("location_id", "level", maintain_order=True)
        .agg(
            pl.col("item_id").n_unique().alias("items"),
            pl.col("service_days").mean(),
            pl.col("base_stock", "alone_stock").sum(),
            safety_capital=pl.col("safety_capital").sum() / unit,
        )
        .sort("location_id")
    )
    links = arena.warehouse.read(LINKS)
    return {"nodes": nodes.to_dicts(), "links": [list(row) for row in links.iter_rows()]}
