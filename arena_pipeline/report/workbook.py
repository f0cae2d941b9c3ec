"""The same facts as an Excel workbook: one table per sheet with filters and a frozen header, native charts.

Dates inside the file are fixed, so that equal facts give equal bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from arena_pipeline.choice import run_name
from arena_pipeline.report import answer, method
from arena_pipeline.report.html import Column, Writer
from arena_pipeline.report.words import FIGURE_NAMES

Row = dict[str, Any]
Facts = dict[str, Any]
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
WIDEST, NARROWEST = 60, 9
FORMATS = {
    "money": "#,##0;[Red]-#,##0", "percent": "0.0%", "number": "#,##0", "ratio": "0.0", "days": "0.0", "date": "yyyy-mm-dd",
}  # fmt: skip
MONEY, SHARE, COUNT, TEXT = "money", "percent", "number", "text"


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        name: at most 31 characters; ``note``: said above the table.
        columns: as in the report; ``rows``: of the table.
    """

    name: str
    note: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]


def workbook(facts: Facts) -> bytes:
    """The file."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"Inventory arena: {facts['shop']['name']}", "created": CREATED})
    formats = {kind: book.add_format({"num_format": shape, "valign": "top"}) for kind, shape in FORMATS.items()}
    formats["text"] = book.add_format({"valign": "top"})
    formats["head"] = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats["wrap"] = book.add_format({"text_wrap": True, "valign": "top"})
    _answer_sheet(book, facts, formats)
    for sheet in sheets(facts):
        place = _table(book, sheet, formats)
        if sheet.name == "Leaderboard":
            _trade_off(book, place, facts)
        if sheet.name == "Weeks":
            _weeks(book, place, sheet)
    book.close()
    return buffer.getvalue()


def _answer_sheet(book: Workbook, facts: Facts, formats: Row) -> None:
    place = book.add_worksheet("Answer")
    place.set_column(0, 0, 34)
    place.set_column(1, 1, 110)
    writer = Writer(facts["shop"]["currency"])
    place.write_string(0, 0, facts["shop"]["name"], formats["head"])
    place.write_string(0, 1, writer.plain(answer.headline(facts)), formats["head"])
    row = 1
    for one in answer.answers(facts):
        for number, pieces in enumerate(one.sentences):
            place.write_string(row, 0, one.question if number == 0 else "", formats["text"])
            place.write_string(row, 1, writer.plain(pieces), formats["wrap"])
            row += 1


def _table(book: Workbook, sheet: Sheet, formats: Row) -> Worksheet:
    place = book.add_worksheet(sheet.name)
    top = 1 if sheet.note else 0
    if sheet.note:
        place.write_string(0, 0, sheet.note, formats["text"])
    widths = [len(column.head) for column in sheet.columns]
    for position, column in enumerate(sheet.columns):
        place.write_string(top, position, column.head, formats["head"])
    for line, row in enumerate(sheet.rows, start=top + 1):
        for position, column in enumerate(sheet.columns):
            value = column.key(row) if callable(column.key) else row.get(column.key)
            if value is None:
                continue
            if column.kind == TEXT:
                place.write_string(line, position, str(value), formats["text"])
                widths[position] = max(widths[position], len(str(value)))
            else:
                place.write(line, position, value, formats[column.kind])
    for position, width in enumerate(widths):
        place.set_column(position, position, min(max(width + 2, NARROWEST), WIDEST))
    place.freeze_panes(top + 1, 1)
    if sheet.rows:
        place.autofilter(top, 0, top + len(sheet.rows), len(sheet.columns) - 1)
    return place


def sheets(facts: Facts) -> list[Sheet]:
    """Every table that has rows."""
    synthetic = facts["data"]["synthetic"]
    made = [
        Sheet("Leaderboard", synthetic, LEADERBOARD, facts["runs"]),
        Sheet("Against real", synthetic, AGAINST, _against(facts)),
        *(Sheet(name, synthetic, (Column(head, "name"), *GROUP), facts["groups"][level])
          for level, name, head in (("category", "Categories", "category"), ("supplier", "Suppliers", "supplier"),
                                    ("segment", "Cells", "cell"))),
        Sheet("Items", synthetic, ITEMS, _items(facts)),
        Sheet("To order", synthetic, PLAN, [row for row in facts["tables"].get("recommended_plan", [])
                                            if (row.get("order_quantity") or 0) > 0]),
        Sheet("Deliveries", synthetic, DELIVERIES, facts["tables"].get("supplier_performance", [])),
        Sheet("Weeks", "", _week_columns(facts), _weeks_rows(facts)),
        Sheet("Rates", "", RATES, facts["tables"].get("rate_sensitivity", [])),
        Sheet("Data used", "", DATA, facts["data"]["tables"]),
        Sheet("Formulas", "", FORMULAS, method.formulas() + method.tables()),
    ]  # fmt: skip
    return [sheet for sheet in made if sheet.rows]


def _against(facts: Facts) -> list[Row]:
    best = facts["choice"]["best"]
    return [
        row
        for row in facts["tables"].get("simulated_against_real", [])
        if best and (row["strategy"], row["parameters"]) == (best["strategy"], best["parameters"])
    ]


def _items(facts: Facts) -> list[Row]:
    items, best, real = facts["items"], facts["choice"]["best"], facts["choice"]["actual"]
    if best is None or real is None:
        return []
    before, after = items["figures"][real["strategy"]], items["figures"][best["strategy"]]
    return [
        {key: items[key][row] for key in ("id", "name", "category", "supplier", "segment")}
        | {f"real_{name}": values[row] for name, values in before.items()}
        | {name: values[row] for name, values in after.items()}
        for row in range(len(items["id"]))
    ]


def _weeks_rows(facts: Facts) -> list[Row]:
    weekly = facts["weekly"]
    return [
        {"week": week} | {name: curves["capital"][number] for name, curves in weekly["runs"].items()}
        for number, week in enumerate(weekly.get("weeks", []))
    ]


def _week_columns(facts: Facts) -> tuple[Column, ...]:
    runs = facts["weekly"].get("runs", {})
    return (Column("week from", "week"), *(Column(run_name(name), name, MONEY) for name in runs))


def _trade_off(book: Workbook, place: Worksheet, facts: Facts) -> None:
    """Economic profit over working capital, one series per kind of run."""
    chart = book.add_chart({"type": "scatter"})
    first = 2 if facts["data"]["synthetic"] else 1
    heads = [column.head for column in LEADERBOARD]
    capital, profit = heads.index("working capital"), heads.index("economic profit")
    for kind in ("candidate", "baseline", "actual"):
        rows = [first + number for number, row in enumerate(facts["runs"]) if row["kind"] == kind]
        if rows:
            cells = {
                axis: "=(" + ",".join(f"Leaderboard!${chr(65 + column)}${row + 1}" for row in rows) + ")"
                for axis, column in (("categories", capital), ("values", profit))
            }
            chart.add_series(
                {"name": kind, **cells, "marker": {"type": "x" if kind == "actual" else "circle", "size": 8}}
            )
    chart.set_x_axis({"name": "working capital", "num_format": "#,##0"})
    chart.set_y_axis({"name": "economic profit", "num_format": "#,##0"})
    chart.set_title({"name": "Economic profit against capital"})
    chart.set_size({"width": 720, "height": 380})
    place.insert_chart(first + len(facts["runs"]) + 2, 0, chart)


def _weeks(book: Workbook, place: Worksheet, sheet: Sheet) -> None:
    chart = book.add_chart({"type": "line"})
    for position in range(1, len(sheet.columns)):
        chart.add_series({
            "name": ["Weeks", 0, position], "categories": ["Weeks", 1, 0, len(sheet.rows), 0],
            "values": ["Weeks", 1, position, len(sheet.rows), position],
        })  # fmt: skip
    chart.set_title({"name": "Working capital by week"})
    chart.set_y_axis({"num_format": "#,##0"})
    chart.set_size({"width": 860, "height": 400})
    place.insert_chart(1, len(sheet.columns) + 1, chart)


LEADERBOARD = (
    Column("policy", "name"), Column("parameters", "words"), Column("kind", "kind"),
    Column("economic profit", "economic_profit", MONEY), Column("working capital", "working_capital", MONEY),
    Column("empty shelves", "stockout_rate", SHARE), Column("fill rate", "fill_rate", SHARE),
    Column("cycle service", "cycle_service_level", SHARE), Column("gross margin", "gross_margin", MONEY),
    Column("revenue", "revenue", MONEY), Column("margin lost", "lost_margin", MONEY),
    Column("stock at cost", "average_inventory_value", MONEY), Column("peak stock", "peak_inventory_value", MONEY),
    Column("write-offs", "write_offs", MONEY), Column("turns", "turns", "ratio"), Column("orders", "orders", COUNT),
    Column("order lines", "order_lines", COUNT), Column("excess stock", "excess_value", MONEY),
    Column("dead stock", "dead_stock_value", MONEY),
    Column("not dominated", lambda row: "yes" if row["non_dominated"] else ""),
)  # fmt: skip
AGAINST = (
    Column("level", "level"), Column("group", "name"),
    Column("figure", lambda row: FIGURE_NAMES.get(row["figure"], row["figure"])),
    Column("simulated", "simulated", "ratio"), Column("real", "real", "ratio"), Column("reduction", "reduction", SHARE),
    Column("improvement", "improvement", "ratio"),
)  # fmt: skip
GROUP = tuple(
    column
    for figure, head, kind in (
        ("economic_profit", "economic profit", MONEY), ("working_capital", "capital", MONEY),
        ("stockout_rate", "empty shelves", SHARE), ("fill_rate", "fill rate", SHARE), ("lost_margin", "margin lost", MONEY),
        ("gross_margin", "gross margin", MONEY), ("excess_value", "excess", MONEY), ("dead_stock_value", "dead", MONEY),
        ("spend", "spend", MONEY),
    )
    for column in (Column(f"{head}, yours", f"real_{figure}", kind), Column(f"{head}, simulated", figure, kind))
)  # fmt: skip
ITEMS = (
    Column("item", "id"), Column("name", "name"), Column("category", "category"), Column("supplier", "supplier"),
    Column("cell", "segment"), Column("units asked for", "real_units_demanded", COUNT),
    Column("economic profit, yours", "real_economic_profit", MONEY), Column("simulated", "economic_profit", MONEY),
    Column("capital, yours", "real_working_capital", MONEY), Column("simulated", "working_capital", MONEY),
    Column("empty shelves, yours", "real_stockout_rate", SHARE), Column("simulated", "stockout_rate", SHARE),
    Column("fill rate, yours", "real_fill_rate", SHARE), Column("simulated", "fill_rate", SHARE),
    Column("margin lost, yours", "real_lost_margin", MONEY), Column("simulated", "lost_margin", MONEY),
)  # fmt: skip
PLAN = (
    Column("supplier", "supplier"), Column("item", "item_id"), Column("name", "item_name"), Column("cell", "segment"),
    Column("order", "order_quantity", COUNT), Column("unit cost", "unit_cost", "ratio"), Column("value", "order_value", MONEY),
    Column("on hand", "on_hand", COUNT), Column("on order", "on_order", COUNT),
    Column("position", "inventory_position", COUNT), Column("reorder point", "reorder_point", COUNT),
    Column("up to", "order_up_to", COUNT), Column("lead time, days", "lead_time_days", "days"), Column("why", "reason"),
)  # fmt: skip
DELIVERIES = (
    Column("supplier", "supplier_id"), Column("lines", "lines", COUNT), Column("orders", "orders", COUNT),
    Column("paid", "paid", MONEY), Column("promised, days", "promised_days", "days"), Column("real, days", "real_days", "days"),
    Column("spread, days", "real_spread", "days"), Column("on time", "on_time_share", SHARE),
    Column("late by, days", "days_late", "days"), Column("lines short", "short_share", SHARE),
    Column("units short", "units_short_share", SHARE), Column("margin lost to lateness", "cost_of_lateness", MONEY),
)  # fmt: skip
RATES = (
    Column("rate", lambda row: answer.RATE_WORDS[row["rate"]]), Column("times", "factor", "ratio"),
    Column("policy", lambda row: run_name(row["strategy"])), Column("parameters", "parameters"),
    Column("economic profit", "economic_profit", MONEY), Column("leads", lambda row: "yes" if row["leads"] else ""),
)  # fmt: skip
DATA = (
    Column("log", "table_name"), Column("files", "files", COUNT), Column("rows read", "rows_read", COUNT),
    Column("used", "used", COUNT), Column("duplicate", "duplicate", COUNT), Column("set aside", "quarantined", COUNT),
    Column("late", "late", COUNT),
)  # fmt: skip
FORMULAS = (Column("figure", "figure"), Column("formula", "formula"))
