"""Groups, items, sensitivity to rates, suppliers, data and method: what lies behind the answer."""

from collections.abc import Sequence
from html import escape
from typing import Any

from arena_pipeline.choice import run_name
from arena_pipeline.report import answer, method, optional_sections
from arena_pipeline.report.html import Column, Writer, chart, table

Row = dict[str, Any]
Facts = dict[str, Any]

STATES = {
    "observed": "observed in the stock record", "reconstructed": "reconstructed from sales and receipts",
    "inferred": "inferred from page views without sales", "unknown": "unknown",
}  # fmt: skip

GROUP_COLUMNS = (
    Column("Economic profit, yours", "real_economic_profit", "money"),
    Column("change", lambda row: _change(row, "economic_profit"), "signed"),
    Column("Capital, yours", "real_working_capital", "money"),
    Column("change", lambda row: _change(row, "working_capital"), "signed"),
    Column("Empty shelves, yours", "real_stockout_rate", "percent"),
    Column("simulated", "stockout_rate", "percent"),
    Column("Fill rate, yours", "real_fill_rate", "percent"),
    Column("simulated", "fill_rate", "percent"),
    Column("Margin lost, yours", "real_lost_margin", "money"),
    Column("simulated", "lost_margin", "money"),
    Column("Excess, yours", "real_excess_value", "money"),
    Column("simulated", "excess_value", "money"),
)


def _change(row: Row, figure: str) -> float | None:
    before, after = row[f"real_{figure}"], row[figure]
    return None if before is None or after is None else after - before


def groups_section(facts: Facts, writer: Writer) -> str:
    """Best policy against actual by category, supplier and ABC-XYZ cell."""
    parts = []
    heads = (
        ("category", "Category"),
        ("supplier", "Supplier (stock of items whose cheapest offer is theirs)"),
        ("segment", "ABC-XYZ cell"),
    )
    for level, head in heads:
        rows = sorted(facts["groups"][level], key=lambda row: -(_change(row, "economic_profit") or 0))
        if rows:
            columns = (Column(head.split(" (")[0], "name"), *GROUP_COLUMNS)
            parts.append(table(writer, columns, rows, caption=head, name=f"by-{level}"))
    return "".join(parts)


def items_section(facts: Facts, writer: Writer) -> str:
    """Extremes, scatter with linked table, demand of any item."""
    columns = (
        Column("Item", "item"), Column("Name", "name"), Column("Category", "category"), Column("Cell", "segment"),
        Column("Economic profit, change", "change", "signed"), Column("Capital, change", "capital_change", "signed"),
        Column("Empty shelves, yours", "real_stockout_rate", "percent"), Column("simulated", "stockout_rate", "percent"),
    )  # fmt: skip
    extremes = "".join(
        f"<details open><summary>{title}</summary>{table(writer, columns, facts['extremes'][side], name=f'most-to-{side}')}</details>"
        for side, title in (("gain", "The 20 items with most to gain"), ("lose", "The 20 items with most to lose"))
        if facts["extremes"][side]
    )
    tools = (
        '<div class="controls"><label>Compare your own orders with <select id="item-run"></select></label>'
        '<label>Find <input type="search" id="item-search" placeholder="item, name, category"></label>'
        '<button type="button" id="clear-items">Show all</button><output id="item-count"></output></div>'
    )
    linked = (
        '<div class="linked"><div id="item-table" class="scroll tall" tabindex="0" role="region" aria-label="Item table"></div>'
        f'<div>{chart("demand", "Demand of the chosen item by week")}<p id="demand-of" class="lead"></p></div></div>'
    )
    lead = "<p class='lead'>Drag over points to list those items; choose a row to see its sales and what stock-outs hid.</p>"
    return (
        extremes
        + "<h3>Any item</h3>"
        + lead
        + tools
        + chart("items", "Items by change in capital and profit", kind="wide")
        + linked
    )


def sure_section(facts: Facts, writer: Writer) -> str:
    """Sensitivity to rates, and what further tables say where they exist."""
    return _rates(facts, writer) + optional_sections.certainty(facts, writer)


def _rates(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("rate_sensitivity", []) if row["leads"]]
    best = facts["choice"]["best"]
    if not rows or best is None:
        return ""
    ours = {
        (row["rate"], row["factor"]): row["economic_profit"]
        for row in facts["tables"]["rate_sensitivity"]
        if (row["strategy"], row["parameters"]) == (best["strategy"], best["parameters"])
    }
    assumed = {"holding_rate", "capital_rate", "order_cost"} - set(facts["rates_set"])
    columns = (
        Column("Rate", lambda row: answer.RATE_WORDS[row["rate"]] + (" (assumed)" if row["rate"] in assumed else "")),
        Column("times", "factor", "ratio"),
        Column("Who leads", lambda row: run_name(row["strategy"])),
        Column("Its economic profit", "economic_profit", "money"),
        Column(best["name"], lambda row: ours.get((row["rate"], row["factor"])), "money"),
    )
    note = "<p>Runs are priced anew at each rate, not planned anew.</p>"
    return "<h3>If rates were others</h3>" + table(writer, columns, rows) + note


def suppliers_section(facts: Facts, writer: Writer) -> str:
    """Promised and real lead times, short deliveries, cost of lateness."""
    rows: Sequence[Row] = facts["tables"].get("supplier_performance", [])
    columns = (
        Column("Supplier", "supplier_id"), Column("Lines", "lines", "number"), Column("Paid", "paid", "money"),
        Column("Promised, days", "promised_days", "days"), Column("Real, days", "real_days", "days"),
        Column("Spread, days", "real_spread", "days"), Column("On time", "on_time_share", "percent"),
        Column("Late by, days", "days_late", "days"), Column("Lines short", "short_share", "percent"),
        Column("Margin lost to lateness", "cost_of_lateness", "money"),
    )  # fmt: skip
    note = (
        "<p>Margin lost to lateness: lost margin of your replayed orders less what it would be had no line of that supplier "
        "come later than promised. It can be negative where stock that came early was sold at a lower price.</p>"
    )
    return table(writer, columns, rows, caption="Suppliers' deliveries of your own orders") + note if rows else ""


def data_section(facts: Facts, writer: Writer) -> str:
    """Rows, days, stock, demand, quality, synthetic."""
    data, days = facts["data"], facts["days"]
    rows = (
        Column("Log", "table_name"), Column("Files", "files", "number"), Column("Rows read", "rows_read", "number"),
        Column("used", "used", "number"), Column("duplicate", "duplicate", "number"),
        Column("set aside", "quarantined", "number"), Column("late", "late", "number"),
    )  # fmt: skip
    matched = data["matched"]
    text = (
        f"<p>{writer.amount(days['count'], 'number')} days from {writer.amount(days['first'], 'date')} to "
        f"{writer.amount(days['last'], 'date')}, scored from {writer.amount(days['scored_from'], 'date')} on. "
        f"{writer.amount(matched['matched'], 'number')} of {writer.amount(matched['lines'], 'number')} order lines match a "
        "product.</p>"
    )
    stock = (Column("Stock of item-days", lambda row: STATES[row["state"]]), Column("Share", "share", "percent"),
             Column("Item-days", "sku_days", "number"))  # fmt: skip
    methods = (Column("Demand", "meaning"), Column("Units", "units", "number"), Column("Share", "share", "percent"))
    synthetic = f'<p class="synthetic">{escape(data["synthetic"])}</p>' if data["synthetic"] else ""
    return (
        synthetic + text + table(writer, rows, data["tables"], caption="Rows by log") + _reasons(data, writer)
        + table(writer, stock, data["stock"], caption="How stock is known")
        + table(writer, methods, data["methods"], caption="How demand is known") + _quality(data, writer)
    )  # fmt: skip


def _reasons(data: Row, writer: Writer) -> str:
    if not data["reasons"]:
        return ""
    columns = (Column("Log", "table_name"), Column("Rule", "rule"), Column("Rows", "rows", "number"))
    return table(writer, columns, data["reasons"], caption="Why rows were set aside")


QUALITY = (
    ("placebo_keep_rate", "Placebo keep rate (1 when the method is right)", "ratio3"),
    ("keep_rate", "Share of page views that still arrive when out of stock", "percent"),
    ("decoupling", "Decoupling (0: orders follow views, 1: views say nothing)", "ratio3"),
    ("coverage", "Item-days with stock and views known", "percent"),
    ("raw_sales_bias", "Raw sales against the known truth, total", "signed_percent"),
    ("recovered_bias", "Recovered demand against the known truth, total", "signed_percent"),
    ("raw_sales_wape_per_item", "Raw sales against the known truth, per item", "percent"),
    ("recovered_wape_per_item", "Recovered demand against the known truth, per item", "percent"),
)


def _quality(data: Row, writer: Writer) -> str:
    rows = [
        {"name": name, "shown": writer.amount(data["quality"][key], kind)}
        for key, name, kind in QUALITY
        if data["quality"].get(key) is not None
    ]
    body = "".join(
        f'<tr><th scope="row">{escape(row["name"])}</th><td class="n">{row["shown"]}</td></tr>' for row in rows
    )
    hidden = "".join(f"<li>draw {row['draw']}: {escape(str(row['bias']))}</li>" for row in data["hidden"])
    found = (
        f"<p>Days in stock hidden as stock-outs would hide them, and found again, total bias:</p><ul>{hidden}</ul>"
        if hidden
        else ""
    )
    return f"<table><caption>Quality of recovered demand</caption><tbody>{body}</tbody></table>{found}" if rows else ""


def method_section(facts: Facts, writer: Writer) -> str:
    """Every formula, from the docstrings of the functions that compute it."""
    rates = facts["rates"]
    assumed = [name for name in rates if name not in facts["rates_set"]]
    words = ", ".join(
        f"{name.replace('_', ' ')} {rates[name]:g}{' (assumed)' if name in assumed else ''}" for name in rates
    )
    columns = (Column("Figure", "figure"), Column("Formula", "formula"), Column("Kind", "group"))
    return (
        "<p class='lead'>Every rate is a sum divided by a sum; where the denominator is zero the cell is empty. A purchase order "
        f"is one supplier on one day. Rates used, money in minor units: {escape(words)}.</p>"
        + table(writer, columns, method.formulas(), caption="Figures")
        + table(writer, columns[:2], method.tables(), caption="Comparisons")
    )
