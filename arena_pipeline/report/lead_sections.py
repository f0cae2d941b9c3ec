"""Simulated against real: figure by figure, what it returns, how far from the possible, the stock record beside."""

from html import escape
from typing import Any

from arena_pipeline.choice import run_name
from arena_pipeline.report.html import Column, Writer, table
from arena_pipeline.report.words import FIGURE_NAMES, kind_of

Row = dict[str, Any]
Facts = dict[str, Any]


def lead_section(facts: Facts, writer: Writer) -> str:
    """The best policy against actual, figure by figure; the stock record and what was paid beside."""
    best = facts["choice"]["best"]
    rows = [
        row
        for row in facts["tables"].get("simulated_against_real", [])
        if best
        and row["level"] == "catalogue"
        and (row["strategy"], row["parameters"]) == (best["strategy"], best["parameters"])
    ]
    if not rows:
        return ""
    order = list(FIGURE_NAMES)
    body = "".join(_lead_row(row, writer) for row in sorted(rows, key=lambda row: order.index(row["figure"])))
    head = "".join(f'<th scope="col" class="n">{name}</th>' for name in ("Simulated", "Real", "Change"))
    main = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Simulated against real"><table><thead><tr>'
        f'<th scope="col">Figure</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    lead = (
        f"{escape(best['full_name'])} against the replay of your own purchase orders: the same engine, demand, prices and "
        "lead times for both."
    )
    return f'<p class="lead">{lead}</p>{main}{_roi(facts, writer)}{_distances(facts, writer)}{_record(facts, writer)}'


def _lead_row(row: Row, writer: Writer) -> str:
    kind = kind_of(row["figure"])
    if row["reduction"] is not None:
        change = f"{writer.amount(-row['reduction'], 'signed_percent')}"
        good = row["reduction"] >= 0
    else:
        value = row["improvement"]
        change = writer.amount(
            value, "signed_points" if kind == "percent" else "signed" if kind == "money" else "signed_number"
        )
        good = (value or 0) >= 0
    figures = "".join(f'<td class="n">{writer.amount(row[name], kind)}</td>' for name in ("simulated", "real"))
    mark = "good" if good else "worse"
    name = escape(FIGURE_NAMES[row["figure"]])
    return f'<tr><th scope="row">{name}</th>{figures}<td class="n {mark}">{change}</td></tr>'


def _roi(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("roi", []) if row["level"] == "catalogue" and row["kind"] == "candidate"]
    rows.sort(key=lambda row: -row["economic_profit_gained"])
    best_of: dict[str, Row] = {}
    for row in rows:
        best_of.setdefault(row["strategy"], row)
    columns = (
        Column("Policy", lambda row: run_name(row["strategy"])),
        Column("Capital released", "capital_released", "signed"),
        Column("Margin recovered", "margin_recovered", "signed"),
        Column("Economic profit gained", "economic_profit_gained", "signed"),
        Column("Yearly return on added capital", "return_on_added_capital", "percent"),
    )
    note = "<p>A return is given only where a policy ties up more capital than your own orders; otherwise it frees some.</p>"
    return (
        f"<h3>Return</h3>{table(writer, columns, best_of.values(), caption='What changing over returns')}{note}"
        if rows
        else ""
    )


def _distances(facts: Facts, writer: Writer) -> str:
    rows: dict[str, Row] = {}
    for row in facts["tables"].get("distances", []):
        rows.setdefault(row["strategy"], row)
    columns = (
        Column("Policy", lambda row: run_name(row["strategy"])),
        Column("Over your own orders", "over_actual", "signed"),
        Column("Short of hindsight", "over_hindsight", "signed"),
        Column("Short of the upper bound", "over_upper_bound", "signed"),
        Column("Share of the gap closed", "gap_closed", "percent"),
    )
    note = (
        "<p>Hindsight is a feasible policy that knows the future; the upper bound is what no policy can exceed. "
        "The gap is the upper bound less your own orders.</p>"
    )
    segmenting = [row for row in facts["tables"].get("price_of_segmenting", []) if row["level"] == "catalogue"]
    price = (
        f"<p>One rule per ABC-XYZ cell instead of levels for every item costs {writer.amount(segmenting[0]['price'], 'money')} "
        "of economic profit.</p>"
        if segmenting
        else ""
    )
    return f"<h3>How far from the possible</h3>{table(writer, columns, rows.values())}{note}{price}" if rows else ""


def _record(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("stock_record", []) if row["level"] == "catalogue"]
    if not rows:
        return ""
    names = {"stock record": "Your stock record", "actual": "Replay of your own orders"}
    columns = (
        Column("Source", lambda row: names.get(row["source"], run_name(row["source"]))),
        Column("Item-days compared", "sku_days", "number"),
        Column("Empty shelves", "stockout_rate", "percent"),
        Column("Stock at replacement cost", "inventory_value", "money"),
    )
    suppliers = facts["tables"].get("supplier_performance", [])
    real = facts["choice"]["actual"]
    paid = sum(row["paid"] or 0 for row in suppliers)
    sentence = (
        f"<p>For goods received in these days you really paid {writer.amount(paid, 'money')}; the replay of your orders "
        f"spends {writer.amount(real['spend'], 'money')}.</p>"
        if suppliers and real
        else ""
    )
    note = (
        "<p>Only item-days with an observed closing stock count, for all rows alike; "
        "stock is each item's mean over its days.</p>"
    )
    return f"<h3>Beside your own stock record</h3>{table(writer, columns, rows)}{note}{sentence}"
