"""What the winner would order this week, from the shop's real stock and open orders.

What belongs here: today's tables read from the logs, the winner, the proposals as table, CSV and Excel files.
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xlsxwriter
from numpy.typing import NDArray

from arena_pipeline import demand
from arena_pipeline.arena import information_options, make_strategy, plan_of, with_sales_only
from arena_pipeline.bundles import load_bundle
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import ParameterSet, Settings
from arena_pipeline.store import Store, load_arena
from arena_pipeline.supply import with_offers
from engine.errors import InputError
from engine.plan import NEVER_ORDER, Levels
from engine.recommendation import Proposal, Supply, proposals, world_from_today
from engine.scenario import OpeningOrders, Scenario
from engine.scenario.build import ShopTables, World
from engine.scenario.supply import lead_times, offer_table, placed_offers, supplier_table
from engine.schema import Axes
from engine.segments import CELLS
from engine.simulation import simulate
from engine.strategies import Information
from engine.strategies.build import KnownHistory, gather_information

WEEK = 7
OVERDUE_DAYS = 60
"""Open orders this long overdue are taken as never to come."""
SCHEMA: dict[str, Any] = {
    "supplier": pl.String,
    "item_id": pl.String,
    "item_name": pl.String,
    "segment": pl.String,
    "on_hand": pl.Int64,
    "on_order": pl.Int64,
    "inventory_position": pl.Int64,
    "reorder_point": pl.Int64,
    "order_up_to": pl.Int64,
    "order_quantity": pl.Int64,
    "unit_cost": pl.Float64,
    "order_value": pl.Float64,
    "lead_time_days": pl.Int64,
    "reason": pl.String,
    "order_on": pl.Date,
}
SHEET_DATE = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's property without zone; fixed, so that bytes are too


@dataclass(frozen=True)
class Recommendation:
    """The plan of today.

    Attributes:
        strategy, parameters: the winner; ``today``: the day after the last one in the logs.
        table: one row per listed item, those to be ordered first, by supplier.
    """

    strategy: str
    point: ParameterSet
    axes: Axes
    table: pl.DataFrame

    @property
    def orders(self) -> pl.DataFrame:
        """Rows to be ordered."""
        return self.table.filter(pl.col("order_quantity") > 0)


def winner(settings: Settings, store: Store) -> tuple[str, ParameterSet]:
    """The strategy and parameters to follow: best held out where folds were selected, else best on the leaderboard.

    Raises:
        InputError: nothing was scored yet.
    """
    path = store.scorecard("leaderboard.parquet")
    if not path.exists():
        raise InputError("runs must be scored first", place="recommended_plan", remedy="Materialise 'scorecard'")
    board = pl.read_parquet(path).filter(pl.col("kind") == "candidate")
    board = board.filter(pl.col("strategy").is_in(list(settings.strategies)))
    held_out = store.folder(store.current_hash) / "held_out.parquet"  # of this scenario, not of an earlier one
    if held_out.exists():
        ranked = pl.read_parquet(held_out).filter(pl.col("kind") == "candidate")
        best = ranked.sort("economic_profit", "strategy", descending=[True, False])["strategy"].to_list()
        of_best = board.filter(pl.col("strategy") == best[0]) if best else board
        board = of_best if of_best.height else board
    for row in board.to_dicts():
        for point in settings.strategies[row["strategy"]].parameter_sets():
            if point.key == row["parameters"]:
                return row["strategy"], point
    raise InputError(
        "a configured candidate must be scored", place="recommended_plan", remedy="Materialise 'scorecard'"
    )


def recommend(arena: ArenaResource) -> Recommendation:
    """Levels of the winner for the day after the logs, and the orders it would place in the week from there."""
    settings, store = arena.settings, arena.store
    name, point = winner(settings, store)
    world, _ = load_arena(store)
    today = world.scenario.axes.days
    supply = supply_of_today(arena, world.scenario)
    information = information_of_today(arena, world, supply, today)
    plan = plan_of(make_strategy(name, point), information)
    if not isinstance(plan, Levels):
        raise InputError("the winner must plan levels", value=name, place="recommended_plan")
    stock = current_stock(store, world.scenario.axes)
    now = world_from_today(world.scenario, supply, stock, open_orders(arena, supply), today)
    minor = 10**settings.shop.minor_units
    rows = _rows(arena, now, plan, information, proposals(now, plan, today, minor))
    return Recommendation(name, point, supply.axes, rows)


def supply_of_today(arena: ArenaResource, scenario: Scenario) -> Supply:
    """Offers, calendars and lead times on axes that go a week beyond the logs."""
    axes, settings = scenario.axes, arena.settings
    longer = Axes(axes.items, axes.first_day, axes.days + WEEK)
    names = ("products", "suppliers", "supplier_offers", "purchase_orders")
    tables = with_offers(ShopTables(*(demand.read_log(arena.warehouse, name) for name in names)), settings.supply)
    table = supplier_table(tables.suppliers, longer, settings.costs)
    placed = placed_offers(tables.supplier_offers, tables.suppliers, longer, settings.costs)
    rows, kinds = offer_table(placed, len(axes.items))
    return Supply(longer, table, rows, lead_times(kinds, table, longer, settings.demand.seed))


def information_of_today(arena: ArenaResource, world: World, supply: Supply, today: int) -> Information:
    """What is known today, from all rows of the logs."""
    settings, store = arena.settings, arena.store
    known = load_bundle(store.demand("known_history.npz"), KnownHistory)
    own_past = with_sales_only(store, world.scenario)
    run = simulate(own_past, world.actual, stepper=settings.stepper, strategy="actual")
    gathered = gather_information(
        world.scenario, known, world.actual, run, settings.costs, np.array([today]), information_options(settings)
    )
    fields = vars(gathered) | {
        "axes": supply.axes,
        "suppliers": supply.suppliers,
        "offers": supply.offers,
        "lead_times": supply.lead_times,
    }
    return Information(**fields)


def current_stock(store: Store, axes: Axes) -> NDArray[np.int64]:
    """Units on hand at the close of the logs, (S,)."""
    daily = demand.read_demand(store, demand.ACTIVITY)
    return np.maximum(demand.matrix(daily, "stock_close", axes)[:, -1], 0).astype(np.int64)


def open_orders(arena: ArenaResource, supply: Supply) -> OpeningOrders:
    """Purchase orders placed and not yet received; they arrive after the week, as only the position matters now."""
    axes = supply.axes
    last = axes.date_of(axes.days - WEEK - 1)
    names = pl.Enum(axes.items)
    rows = (
        demand.read_log(arena.warehouse, "purchase_orders")
        .filter(pl.col("order_date") <= last)
        .filter(pl.col("received_date").is_null() | (pl.col("received_date") > last))
        .filter(pl.col("expected_date").is_null() | (pl.col("expected_date") > last - pl.duration(days=OVERDUE_DAYS)))
        .with_columns(sku=pl.col("item_id").cast(names, strict=False).to_physical().cast(pl.Int64))
        .filter(pl.col("sku").is_not_null() & (pl.col("order_quantity") > 0))
        .sort("sku", "order_date", "order_number")
    )
    size = rows.height
    return OpeningOrders(
        sku=rows["sku"].to_numpy().copy(),
        supplier=np.full(size, -1, np.int64),
        ordered_on=np.full(size, axes.days - WEEK - 1, np.int64),
        arrives_on=np.full(size, axes.days, np.int64),
        quantity=rows["order_quantity"].cast(pl.Int64).to_numpy().copy(),
        unit_cost=rows["unit_cost"].cast(pl.Int64).fill_null(0).to_numpy().copy(),
        line_cost=np.zeros(size, np.int64),
    )


def _rows(
    arena: ArenaResource, now: Scenario, plan: Levels, information: Information, found: list[Proposal]
) -> pl.DataFrame:
    names = dict(arena.warehouse.read("select item_id, item_name from logs.products").iter_rows())
    minor, cells = 10**arena.settings.shop.minor_units, information.segments.cell[0]
    rows = []
    for proposal in found:
        sku, chosen = proposal.sku, proposal.chosen
        order = proposal.review.order if proposal.review else None
        trigger, lot = int(plan.reorder_point[0, sku]), int(plan.order_quantity[0, sku])
        stocked = trigger > NEVER_ORDER
        planned = now.suppliers.names[int(plan.supplier[0, sku])] if stocked else None
        row = {
            "supplier": chosen.supplier if chosen and order else planned,
            "item_id": now.axes.items[sku],
            "item_name": names.get(now.axes.items[sku]),
            "segment": CELLS[int(cells[sku])],
            "on_hand": proposal.on_hand,
            "on_order": proposal.on_order,
            "inventory_position": proposal.on_hand + proposal.on_order,
            "reorder_point": trigger if stocked else None,
            "order_up_to": (trigger + lot if lot else int(plan.order_up_to[0, sku])) if stocked else None,
            "order_quantity": proposal.quantity,
            "unit_cost": order.unit_cost / minor if order else None,
            "order_value": proposal.quantity * order.unit_cost / minor if order else 0.0,
            "lead_time_days": int(plan.lead_time[0, sku]) if stocked else None,
            "reason": proposal.reason,
            "order_on": now.axes.date_of(order.ordered_on) if order else None,
        }
        rows.append(row)
    table = pl.DataFrame(rows, SCHEMA)
    return table.sort(pl.col("order_quantity") == 0, "supplier", "item_id", nulls_last=True)


def stored(store: Store) -> pl.DataFrame:
    """The plan as materialised last.

    Raises:
        InputError: there is none.
    """
    path = store.scorecard("recommended_plan.parquet")
    if not path.exists():
        raise InputError("the plan must be made first", place="recommended_plan", remedy="Run `arena run`")
    return pl.read_parquet(path)


def write_files(recommendation: Recommendation, folder: Path) -> list[Path]:
    """The orders as CSV, and as Excel with a sheet for all and one per supplier; equal proposals give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "order_proposals.csv", folder / "order_proposals.xlsx"]
    orders = recommendation.orders
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(orders.columns)
    writer.writerows([_safe(value) for value in row] for row in orders.iter_rows())
    paths[0].write_text(text.getvalue(), encoding="utf-8")
    _write_workbook(orders, paths[1])
    return paths


def _safe(value: object) -> object:
    """Texts that a spreadsheet would take for a formula get an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _write_workbook(orders: pl.DataFrame, path: Path) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": SHEET_DATE})
        formats = {"date": book.add_format({"num_format": "yyyy-mm-dd"}), "head": book.add_format({"bold": True})}
        used: set[str] = set()
        _write_sheet(book.add_worksheet("all orders"), orders, formats)
        for (supplier,), rows in orders.group_by("supplier", maintain_order=True):
            _write_sheet(book.add_worksheet(_sheet_name(str(supplier), used)), rows, formats)


def _sheet_name(supplier: str, used: set[str]) -> str:
    """A name Excel accepts: at most 31 characters, no brackets, colons, slashes or wildcards, unique in any case."""
    plain = "".join("_" if character in "[]:*?/\\'" else character for character in supplier)[:28] or "supplier"
    name, number = plain, 2
    while name.lower() in used | {"all orders", "history"}:
        name, number = f"{plain[:26]} {number}", number + 1
    used.add(name.lower())
    return name


def _write_sheet(sheet: Any, rows: pl.DataFrame, formats: dict[str, Any]) -> None:
    sheet.write_row(0, 0, rows.columns, formats["head"])
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(rows.iter_rows(), start=1):
        for column, value in enumerate(row):
            if rows.columns[column] == "order_on" and value is not None:
                sheet.write_datetime(number, column, value, formats["date"])
            elif value is not None:
                sheet.write(number, column, value)
    for column, name in enumerate(rows.columns):
        sheet.set_column(column, column, 60 if name == "reason" else 16)
