"""Daily rows of a run: a table of their own, written on request and read page by page.

One row per item and day: flows of the day; stock, open orders and value at its close. Never part of the scores.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from arena_pipeline import demand
from arena_pipeline.beside import plan_of_run
from arena_pipeline.store import Store, load_arena, write_frame
from engine.errors import InputError, nearest
from engine.steppers.ledger import run_with_ledger


@dataclass(frozen=True)
class Page:
    """Some rows of the table.

    Attributes:
        rows: with item ids, dates and money in minor units; ``number``: from 1; ``pages``, ``total``: of the whole.
    """

    rows: pl.DataFrame
    number: int
    pages: int
    total: int


def rows_path(store: Store, strategy: str, parameters: str) -> Path:
    """The table of a run in the current scenario."""
    return store.result(store.current_hash, strategy, parameters, "rows")


def write_rows(store: Store, strategy: str, parameters: str) -> Path:
    """Replay a kept plan with a ledger and write every day of every item; what is there already stays.

    Raises:
        InputError: the run's plan was not kept.
    """
    path = rows_path(store, strategy, parameters)
    if not path.exists():
        world, _ = load_arena(store)
        ledger = run_with_ledger(world.scenario, plan_of_run(store, world.scenario, strategy, parameters))
        named = demand.with_names(ledger.days, world.scenario.axes).rename({"sku": "item"})
        write_frame(path, named)
    return path


def read_page(path: Path, number: int, size: int, item: str | None = None) -> Page:
    """One page of the table; only the rows asked for are read.

    Args:
        path: of ``write_rows``; ``number``: from 1; ``size``: rows a page; ``item``: only this one.

    Raises:
        InputError: there is no such page or item.
    """
    table = pl.scan_parquet(path)
    if item is not None:
        known = table.select(pl.col("item").unique().sort()).collect(engine="in-memory")["item"].to_list()
        if item not in known:
            raise InputError("item must be in the table", value=item, remedy=nearest(item, known))
        table = table.filter(pl.col("item") == item)
    total = int(table.select(pl.len()).collect(engine="in-memory").item())
    pages = max(-(-total // size), 1)
    if not 1 <= number <= pages:
        raise InputError(f"page must be 1..{pages}", value=number, remedy="Ask for fewer pages or more rows a page")
    return Page(table.slice((number - 1) * size, size).collect(engine="in-memory"), number, pages, total)
