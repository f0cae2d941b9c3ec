"""The answer on two to four printed pages: typeset by Typst, charts as vector pictures of the report's own specs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import typst
import vl_convert

from arena_pipeline.report import answer, specs
from arena_pipeline.report.detail_sections import STATES
from arena_pipeline.report.html import Column, Writer
from arena_pipeline.report.words import FIGURE_NAMES, kind_of

Row = dict[str, Any]
Facts = dict[str, Any]
FONT = "Libertinus Serif"
WHEN = datetime(2000, 1, 1, tzinfo=UTC)
CHART_WIDTH = 300
BOARD_ROWS, ITEM_ROWS, PLAN_ROWS, GROUP_ROWS = 12, 10, 14, 12
PRELUDE = """
#set page(paper: "a4", margin: (x: 2cm, y: 1.8cm), footer: context [
  #set text(8pt, fill: luma(90)); #h(1fr) #counter(page).display("1 / 1", both: true)])
#set text(font: "Libertinus Serif", size: 9.5pt, lang: "en")
#set par(leading: 0.6em)
#show heading.where(level: 1): set text(17pt)
#show heading.where(level: 2): it => block(above: 1.1em, below: 0.5em, text(12pt, fill: rgb("#0b6e62"), it.body))
#set table(stroke: (x, y) => (bottom: if y == 0 { 0.7pt } else { 0.25pt + luma(200) }), inset: (x: 3pt, y: 2.6pt))
#show table: set text(8.2pt)
"""


def brief(facts: Facts) -> bytes:
    """The PDF."""
    return _compiled(facts, "pdf")


def pages(facts: Facts) -> list[bytes]:
    """The same pages as pictures, for looking at."""
    made = _compiled(facts, "png")
    return made if isinstance(made, list) else [made]


def _compiled(facts: Facts, shape: Literal["pdf", "png"]) -> Any:
    return typst.compile(source(facts).encode(), format=shape, ignore_system_fonts=True, ppi=90.0, timestamp=WHEN)


def image(svg: str, width: str = "100%") -> str:
    """A picture written into the document."""
    quoted = svg.replace("\\", "\\\\").replace('"', '\\"')
    return f'image(bytes("{quoted}"), format: "svg", width: {width})'


def pictures(facts: Facts) -> dict[str, str]:
    """Charts of the brief as SVG."""
    rows, palette = facts["runs"], specs.PRINTED
    made = {
        "capital-margin": specs.panel(rows, "working_capital", "gross_margin", palette, brushed=False),
        "capital-empty": specs.panel(rows, "working_capital", "stockout_rate", palette, brushed=False),
    }
    if facts["weekly"]:
        names = {row["strategy"]: row["name"] for row in facts["choice"]["shown"]}
        best = facts["choice"]["best"]
        made["weekly"] = specs.weekly_capital(facts["weekly"], names, best["strategy"] if best else None, palette)
    data = [{"id": number} | {key: row[key] for key in RUN_KEYS} for number, row in enumerate(rows)]
    return {name: svg(spec, data, wide=name == "weekly") for name, spec in made.items()}


RUN_KEYS = ("kind", "name", "full_name", "working_capital", "stockout_rate", "gross_margin", "economic_profit")


def svg(spec: specs.Spec, runs: Sequence[Row], *, wide: bool = False) -> str:
    """A specification as a picture, the runs written into it."""
    config = spec["config"] | {"font": FONT}
    fixed = spec | {"width": CHART_WIDTH * (2 if wide else 1), "height": 190, "config": config, "autosize": "pad"}
    return vl_convert.vegalite_to_svg(fixed | {"datasets": {"runs": list(runs)}}, vl_version="6.1")


def source(facts: Facts) -> str:
    """The document as Typst source."""
    writer, drawn = Writer(facts["shop"]["currency"]), pictures(facts)
    parts = [
        PRELUDE,
        f"= {text(writer.plain(answer.headline(facts)))}",
        text(
            f"{facts['shop']['name']}, {facts['days']['scored_from']} to {facts['days']['last']}. {facts['data']['synthetic']}"
        ),
        *(_question(writer, one) for one in answer.answers(facts)),
        "== Simulated against real",
        table(writer, LEAD, lead_rows(facts)),
        "== The trade-off",
        f"#grid(columns: 2, gutter: 8pt, {image(drawn['capital-empty'])}, {image(drawn['capital-margin'])})",
        legend(facts),
        text("The cross is your own orders; dashed steps join what no other run beats in both figures."),
        f"#{image(drawn['weekly'])}" if "weekly" in drawn else "",
        "== Leaderboard",
        table(writer, BOARD, facts["runs"][:BOARD_ROWS]),
        "== Categories",
        table(writer, GROUPS, sorted(facts["groups"]["category"], key=lambda row: -gain(row))[:GROUP_ROWS]),
        "== Items with most to gain, and most to lose",
        table(writer, ITEMS, facts["extremes"]["gain"][:ITEM_ROWS] + facts["extremes"]["lose"][:ITEM_ROWS]),
        *_plan(writer, facts),
        "== Data used",
        text(data_in_words(facts)),
    ]
    return "\n\n".join(part for part in parts if part)


def legend(facts: Facts) -> str:
    """Strategies in the colours of the charts."""
    colours = specs.PRINTED.series
    return " #h(0.8em) ".join(
        f'#text(fill: rgb("{colours[position % len(colours)]}"))[●] {text(name)}'
        for position, name in enumerate(specs.strategies(facts["runs"]))
    )


def _question(writer: Writer, one: answer.Answer) -> str:
    return f"== {text(one.question)}\n" + text(" ".join(writer.plain(pieces) for pieces in one.sentences))


def _plan(writer: Writer, facts: Facts) -> list[str]:
    rows = [row for row in facts["tables"].get("recommended_plan", []) if (row.get("order_quantity") or 0) > 0]
    if not rows:
        return []
    largest = sorted(rows, key=lambda row: (-row["order_value"], row["item_id"]))[:PLAN_ROWS]
    more = (
        f"The {len(largest)} largest of {len(rows)} lines; all are in the workbook." if len(rows) > len(largest) else ""
    )
    return ["== What to order this week", table(writer, PLAN, largest), text(more)]


def data_in_words(facts: Facts) -> str:
    """Days, rows, stock and demand in a few sentences."""
    data, writer = facts["data"], Writer(facts["shop"]["currency"])
    rows = sum(row["rows_read"] for row in data["tables"])
    aside = sum(row["quarantined"] for row in data["tables"])
    stock = "; ".join(f"{writer.text(row['share'], 'percent')} {STATES[row['state']]}" for row in data["stock"])
    demand = "; ".join(f"{writer.text(row['share'], 'percent')} {row['meaning']}" for row in data["methods"])
    days = facts["days"]
    return (
        f"{rows:,} log rows from {days['first']} to {days['last']}, {aside:,} of them set aside. Stock of item-days: {stock}. "
        f"Demand: {demand}."
    )


def lead_rows(facts: Facts) -> list[Row]:
    """Figures of the best policy and of the shop's own orders."""
    best, real = facts["choice"]["best"], facts["choice"]["actual"]
    if best is None or real is None:
        return []
    writer = Writer(facts["shop"]["currency"])
    return [
        {
            "figure": name,
            "simulated": shown(writer, best[key], kind_of(key)),
            "real": shown(writer, real[key], kind_of(key)),
        }
        for key, name in FIGURE_NAMES.items()
    ]


def shown(writer: Writer, value: float | str | None, kind: str) -> str:
    """A number as text, empty where there is none; text stays."""
    if isinstance(value, str):
        return value
    return "" if value is None else writer.text(value, kind)


def gain(row: Row) -> float:
    """Change in economic profit of a group."""
    return (row["economic_profit"] or 0.0) - (row["real_economic_profit"] or 0.0)


def table(writer: Writer, columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """A Typst table; numbers to the right."""
    align = ", ".join("left" if column.kind == "text" else "right" for column in columns)
    heads = ", ".join(f"[*{text(column.head)}*]" for column in columns)
    lines = []
    for row in rows:
        values = ((column, column.key(row) if callable(column.key) else row.get(column.key)) for column in columns)
        cells = (
            text(str(value or "")) if column.kind == "text" else text(shown(writer, value, column.kind))
            for column, value in values
        )
        lines.append(", ".join(f"[{cell}]" for cell in cells))
    body = ",\n  ".join(lines)
    return f"#table(columns: {len(columns)}, align: ({align}),\n  table.header({heads}),\n  {body})" if lines else ""


def text(value: str) -> str:
    """Text with Typst's own signs escaped."""
    return "".join("\\" + sign if sign in "\\#*_`$<>@[]~\"'=+-/" else sign for sign in value)


LEAD = (Column("Figure", "figure"), Column("Simulated", "simulated", "shown"), Column("Real", "real", "shown"))
BOARD = (
    Column("Policy", "full_name"), Column("Economic profit", "economic_profit", "money"),
    Column("Capital", "working_capital", "money"), Column("Empty shelves", "stockout_rate", "percent"),
    Column("Fill rate", "fill_rate", "percent"), Column("Gross margin", "gross_margin", "money"),
)  # fmt: skip
GROUPS = (
    Column("Category", "name"), Column("Economic profit, change", gain, "signed"),
    Column("Capital, yours", "real_working_capital", "money"), Column("simulated", "working_capital", "money"),
    Column("Empty shelves, yours", "real_stockout_rate", "percent"), Column("simulated", "stockout_rate", "percent"),
)  # fmt: skip
ITEMS = (
    Column("Item", "item"), Column("Name", "name"), Column("Cell", "segment"),
    Column("Economic profit, change", "change", "signed"), Column("Capital, change", "capital_change", "signed"),
    Column("Empty, yours", "real_stockout_rate", "percent"), Column("simulated", "stockout_rate", "percent"),
)  # fmt: skip
PLAN = (
    Column("Supplier", "supplier"), Column("Item", "item_id"), Column("Name", "item_name"),
    Column("Order", "order_quantity", "number"), Column("Value", "order_value", "money"),
    Column("On hand", "on_hand", "number"), Column("Reorder point", "reorder_point", "number"),
)  # fmt: skip
