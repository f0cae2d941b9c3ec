"""What the commands print: stages with their progress, the leaderboard, comparisons."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arena_pipeline import assumptions
from arena_pipeline.daily_rows import Page
from arena_pipeline.explaining import Explanation
from arena_pipeline.history import RunRecord, changed_inputs, changed_scores, differences, told_change
from arena_pipeline.ingest.previewing import Preview
from arena_pipeline.settings import Settings
from arena_pipeline.store import Store
from engine.errors import InputError, nearest
from engine.scorecard.ranking import trade_off_sentence
from engine.steppers.ledger import FLOWS, Review

KIND_STYLES = {"actual": "bold yellow", "bound": "dim", "baseline": "cyan"}
NAMES = {"default": ""}
HELD_OUT = """\
every few weeks each strategy picks its parameters by the weeks before and is scored on those that follow: believe these
intervals hold for all strategies at once, so the best is not flattered by being best"""
LEGEND = """\
economic profit, by which runs are ranked: gross margin less holding, ordering, write-offs and the cost of capital
working capital: money tied up on an average day; stock-outs: share of days that an item's shelf ends empty
fill rate: share of the wanted units that were there; turns: how often a year the stock is sold
actual: {actual}; naive_min_max: gut feel, weeks of cover
hindsight, upper_bound: what could be had by knowing the future
* no other run is better in working capital, stock-out rate and gross margin at once"""
"""What the columns and the rows beside the strategies mean."""


class StageDisplay:
    """Prints each stage with its time, and the progress lines of its assets below it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started = time.perf_counter()

    def begin(self, title: str) -> None:
        """A stage starts."""
        self.console.print(f"[bold]{self._clock()}  {escape(title)}[/bold]")

    def tell(self, line: str) -> None:
        """A line of progress."""
        self.console.print(f"         {escape(line)}", style="dim", highlight=False, soft_wrap=True)

    def _clock(self) -> str:
        return f"{time.perf_counter() - self.started:6.1f} s"


def leaderboard_table(board: pl.DataFrame, settings: Settings) -> Table:
    """Runs by economic profit; the shop's own orders, baselines and bounds stand among the candidates."""
    currency = settings.shop.currency
    table = Table(title=f"Leaderboard: {settings.shop.name}", title_justify="left", pad_edge=False)
    table.add_column("strategy", no_wrap=True)
    table.add_column("parameters", no_wrap=True)
    heads = (f"economic\nprofit {currency}", f"working\ncapital {currency}", "stock-\nouts", "fill\nrate",
             f"gross\nmargin {currency}", "turns", "front")  # fmt: skip
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in board.to_dicts():
        cells = [
            row["strategy"],
            NAMES.get(row["parameters"], row["parameters"]),
            money(row["economic_profit"]),
            money(row["working_capital"]),
            percent(row["stockout_rate"]),
            percent(row["fill_rate"]),
            money(row["gross_margin"]),
            number(row["turns"]),
            "*" if row["non_dominated"] else "",
        ]
        table.add_row(*cells, style=KIND_STYLES.get(row["kind"]))
    return table


def held_out_table(rows: pl.DataFrame, settings: Settings) -> Table:
    """Strategies by what they earned on folds that their parameters were not chosen on."""
    currency = settings.shop.currency
    table = Table(title="Held out: parameters chosen on earlier folds only", title_justify="left", pad_edge=False)
    table.add_column("strategy", no_wrap=True)
    heads = (f"economic\nprofit {currency}", f"working\ncapital {currency}", "stock-\nouts", "fill\nrate",
             f"lead over\nactual {currency}", "95 % interval")  # fmt: skip
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows.to_dicts():
        against = row["kind"] != "actual"
        cells = [
            row["strategy"],
            money(row["economic_profit"]),
            money(row["working_capital"]),
            percent(row["stockout_rate"]),
            percent(row["fill_rate"]),
            money(row["lead_over_actual"]) if against else "",
            f"{money(row['lead_low'])} … {money(row['lead_high'])}" if against else "",
        ]
        table.add_row(*cells, style=KIND_STYLES.get(row["kind"]))
    return table


def money(value: float | None) -> str:
    """Whole units with separators."""
    return "" if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """Share as percent."""
    return "" if value is None else f"{value:.1%}"


def number(value: float | None) -> str:
    """One decimal."""
    return "" if value is None else f"{value:.1f}"


def print_result(console: Console, settings: Settings, scorecard: Path) -> None:
    """Leaderboard, the trade-off aloud, paths and digests."""
    board = pl.read_parquet(scorecard.with_name("leaderboard.parquet"))
    console.print()
    console.print(leaderboard_table(board, settings))
    own = assumptions.stored(Store.of(settings)).yardstick == assumptions.OWN_ORDERS
    actual = (
        "your own purchase orders, replayed" if own else "a rule of thumb for want of your own purchases, see below"
    )
    console.print(LEGEND.format(actual=actual), style="dim", highlight=False, soft_wrap=True)
    path = scorecard.with_name("held_out.parquet")
    held_out = pl.read_parquet(path) if path.exists() else pl.DataFrame()
    if held_out.height:
        console.print(held_out_table(held_out, settings))
        console.print(HELD_OUT, style="dim", highlight=False, soft_wrap=True)
    _print_assumed(console, settings)
    yardstick = assumptions.stored(Store.of(settings)).yardstick
    console.print(f"\n[bold]{escape(trade_off_sentence(board, yardstick))}[/bold]\n")
    for path in (scorecard, scorecard.with_suffix(".json")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        console.print(f"{settings.label(path)}  sha256 {digest}", highlight=False, soft_wrap=True)
    for path in sorted((scorecard.parent.parent / "reports").glob("arena_*")):
        console.print(f"[bold]{settings.label(path)}[/bold]", highlight=False, soft_wrap=True)


def _print_assumed(console: Console, settings: Settings) -> None:
    """What is generated or assumed, beside the figures that follow from it; a line each."""
    found = assumptions.stored(Store.of(settings))
    for sentence in (settings.shop.synthetic or "", *found.sentences):
        if sentence:
            console.print(escape(sentence), style="yellow", highlight=False, soft_wrap=True)


def print_sample(console: Console, settings: Settings, table: pl.DataFrame) -> None:
    """Extrapolated figures with their intervals, best first, and that they come from a sample."""
    currency = settings.shop.currency
    shown = Table(title=f"From a sample: {settings.shop.name}", title_justify="left", pad_edge=False)
    for head in ("strategy", "parameters"):
        shown.add_column(head, no_wrap=True)
    for head in (f"economic profit {currency}", f"working capital {currency}", "stock-outs", "fill rate"):
        shown.add_column(f"{head}\n± half a 95 % interval", justify="right", no_wrap=True)
    shapes = {"economic_profit": money, "working_capital": money, "stockout_rate": percent, "fill_rate": percent}
    by_run = table.partition_by("strategy", "parameters", as_dict=True, maintain_order=True)
    profit = {key: rows.filter(pl.col("figure") == "economic_profit")["estimate"][0] for key, rows in by_run.items()}
    for key in sorted(by_run, key=lambda key: (-profit[key], key)):
        rows = {row["figure"]: row for row in by_run[key].to_dicts()}
        cells = [_interval(rows[figure], shape) for figure, shape in shapes.items()]
        shown.add_row(
            str(key[0]), NAMES.get(str(key[1]), str(key[1])), *cells, style=KIND_STYLES.get(rows["fill_rate"]["kind"])
        )
    console.print()
    console.print(shown)
    sampled, items = table.row(0, named=True)["sampled"], table.row(0, named=True)["items"]
    note = f"{sampled:,} of {items:,} items were simulated; figures are extrapolated. Your own orders: all items."
    console.print(note, style="bold", highlight=False)
    _print_assumed(console, settings)


def _interval(row: dict[str, Any], shape: Callable[[float | None], str]) -> str:
    """Estimate and interval; the estimate alone where it is exact."""
    if row["low"] == row["high"]:
        return shape(row["estimate"])
    return f"{shape(row['estimate'])} ± {shape((row['high'] - row['low']) / 2)}"


def print_rows(console: Console, page: Page, settings: Settings) -> None:
    """One page of daily rows, value in major units."""
    table = Table(
        pad_edge=False, title=f"page {page.number} of {page.pages:,}, {page.total:,} rows", title_justify="left"
    )
    for name in page.rows.columns:
        table.add_column(name.replace("_", " "), justify="left" if name in {"item", "day"} else "right", no_wrap=True)
    for row in page.rows.iter_rows(named=True):
        value = f"{row['value'] / 10**settings.shop.minor_units:,.2f}"
        table.add_row(*(value if name == "value" else str(cell) for name, cell in row.items()))
    console.print(table)


def print_ledger(console: Console, told: Explanation, first: int, last: int) -> None:
    """Days on which something happened, and the reviews among them."""
    names = ("adjusted", "shrunk", "received", "expired", "sold", "lost", "ordered", "on_hand", "on_order", "waiting")
    table = Table(title=told.title, title_justify="left", pad_edge=False)
    for head in ("day", *(name.replace("_", " ") for name in names), "value"):
        table.add_column(head, justify="right")
    for row in told.ledger.days.filter(pl.col("day").is_between(first, last - 1)).to_dicts():
        if any(row[name] for name in FLOWS):
            cells = [str(row[name] or "") for name in names]
            table.add_row(
                told.axes.date_of(row["day"]).isoformat(), *cells, f"{row['value'] / told.minor_per_major:,.2f}"
            )
    console.print(table)
    for review in told.ledger.reviews:
        if first <= review.day < last:
            _print_review(console, told, review)


def _print_review(console: Console, told: Explanation, review: Review) -> None:
    position = review.position
    console.print(
        f"{told.axes.date_of(review.day).isoformat()}: position {position.position} "
        f"({position.on_hand} on hand + {position.on_order} on order - {position.waiting} waiting) "
        f"<= {review.trigger}; level {review.level}: need {review.need}",
        highlight=False,
    )
    for offer in review.offers:
        landed = "" if offer.landed_cost is None else f", landed {offer.landed_cost / told.minor_per_major:.4f} a unit"
        console.print(
            f"    {offer.supplier}: {offer.quantity} units (by {offer.rounding}) at "
            f"{offer.unit_cost / told.minor_per_major:.2f}{landed}: {offer.outcome}",
            style="bold" if offer.outcome == "chosen" else "dim",
            highlight=False,
        )
    order = review.order
    if review.proposed > (order.quantity if order else 0):
        console.print(
            f"    limits on money or the supplier's minimum order value left {order.quantity if order else 0}"
        )
    elif order is not None and order.quantity > review.proposed:
        console.print(f"    raised to {order.quantity} for the supplier's minimum order value")
    if order is not None:
        arrival = told.axes.date_of(order.arrives_on).isoformat()
        console.print(f"    ordered {order.quantity}, arrives {arrival} ({order.arrives_on - order.ordered_on} days)")


def print_proposals(console: Console, table: pl.DataFrame, settings: Settings, supplier: str | None) -> None:
    """Order proposals by supplier, each with its reason.

    Raises:
        InputError: the supplier has none, with the nearest name.
    """
    orders = table.filter(pl.col("order_quantity") > 0)
    known = orders["supplier"].unique().sort().to_list()
    if supplier is not None and supplier not in known:
        raise InputError(
            "supplier must have proposals this week", value=supplier, remedy=nearest(supplier, known) or str(known)
        )
    currency = settings.shop.currency
    for (name,), rows in orders.group_by("supplier", maintain_order=True):
        if supplier in {None, name}:
            value = rows["order_value"].sum()
            console.print(f"[bold]{escape(str(name))}[/bold]: {rows.height} lines, {value:,.2f} {currency}")
            for row in rows.to_dicts():
                title = f"{row['item_id']} {row['item_name'] or ''}".strip()
                head = f"  {row['order_on']}  {row['order_quantity']:>6} x {title}"
                console.print(escape(head), highlight=False, soft_wrap=True)
                console.print(f"      {escape(row['reason'])}", style="dim", highlight=False, soft_wrap=True)
    total, lines = orders["order_value"].sum(), orders.height
    suppliers = "1 supplier" if len(known) == 1 else f"{len(known)} suppliers"
    console.print(f"{lines} lines to {suppliers}, {total:,.2f} {currency} in all", highlight=False)
    _print_assumed(console, settings)


def runs_table(records: list[RunRecord]) -> Table:
    """Remembered runs with their best candidate."""
    table = Table(title="Scored runs", title_justify="left", pad_edge=False)
    for head in ("run", "scenario", "runs", "best", "economic profit"):
        table.add_column(head)
    for record in records:
        board = record.manifest["leaderboard"]
        best = next((row for row in board if row["kind"] == "candidate"), None)
        title = f"{best['strategy']} {best['parameters']}" if best else ""
        profit = money(best["economic_profit"]) if best else ""
        table.add_row(record.name, record.manifest["scenario"][:16], str(len(board)), title, profit)
    return table


def print_comparison(console: Console, first: RunRecord, second: RunRecord) -> None:
    """What changed in inputs, settings and scores."""
    console.print(f"[bold]{first.name} -> {second.name}[/bold]")
    files = changed_inputs(first, second)
    console.print(f"inputs: {', '.join(f'{path} ({how})' for path, how in files) or 'the same'}", highlight=False)
    settings = differences(first.manifest["settings"], second.manifest["settings"])
    for key, before, after in settings:
        console.print(f"settings: {key}: {escape(str(before))} -> {escape(str(after))}", highlight=False)
    if not settings:
        console.print("settings: the same")
    table = Table(pad_edge=False)
    rows = changed_scores(first, second)
    for head in (
        "strategy",
        "parameters",
        *(name for name in (rows[0] if rows else {}) if name not in {"strategy", "parameters"}),
    ):
        table.add_column(head.replace("_", " "))
    for row in rows:
        table.add_row(row["strategy"], row["parameters"], *(told_change(pair) for pair in list(row.values())[2:]))
    console.print(table)


def print_preview(console: Console, found: Preview) -> None:
    """What a folder of files was understood as, what does not fit, and what is still needed."""
    if found.tables:
        console.print(_understood(found))
    for view in found.tables:
        if view.error:
            console.print(f"{view.table}: {escape(view.error)}", style="red", highlight=False, soft_wrap=True)
        for rule, rows, example, remedy in view.set_aside:
            count = "1 row" if rows == 1 else f"{rows:,} rows"
            told = f"{view.table}: {count} set aside: {rule} (such as {example}). {remedy}"
            console.print(escape(told), style="yellow", highlight=False, soft_wrap=True)
    notes = [
        *(f"check: {doubt}" for doubt in found.guesses.doubts),
        *(f"not understood: {path.name}: {why}" for path, why in found.guesses.unknown),
        *(f"not used: {told}; one workspace is one shop" for told in found.left_out),
        *found.strangers,
        *(f"missing {need}" for need in (found.needs if found.tables else [])),
    ]
    for note in notes:
        console.print(escape(note), highlight=False, soft_wrap=True)
    if found.lacking:
        verdict = f"not enough to run: there are no usable rows of {' and '.join(found.lacking)}"
        console.print(f"{verdict} (README, 'Your own logs')", style="bold red", highlight=False, soft_wrap=True)


def print_begun(console: Console, path: Path, found: Preview | None) -> None:
    """Where the new settings are, which of them to look at, and what comes next."""
    console.print(f"\n[bold]wrote {escape(str(path))}[/bold]", highlight=False, soft_wrap=True)
    steps = [
        "time_zone and prices_include_vat: the files do not say them",
        *(["every 'check:' above"] if found and found.guesses.doubts else []),
        *([f"[sources]: name files of {' and '.join(found.lacking)}"] if found and found.lacking else []),
        *(["[sources]: name your files"] if found is None else []),
    ]
    for step in steps:
        console.print(f"  look at {escape(step)}", highlight=False, soft_wrap=True)
    console.print(
        f"then: cd {escape(str(path.parent))} && arena validate && arena run", highlight=False, soft_wrap=True
    )


def _understood(found: Preview) -> Table:
    table = Table(title="Understood", title_justify="left", pad_edge=False)
    for head in ("table", "adapter", "files", "rows", "of", "days", "from", "to", "items", "match rate"):
        table.add_column(head, justify="left" if head in {"table", "adapter", "from", "to"} else "right", no_wrap=True)
    for view in found.tables:
        days = (f"{view.days:,}", str(view.first), str(view.last)) if view.days else ("", "", "")
        counts = (f"{view.files:,}", f"{view.rows:,}", f"{view.read:,}")
        table.add_row(view.table, view.adapter, *counts, *days, f"{view.items:,}", percent(view.match_rate))
    return table
