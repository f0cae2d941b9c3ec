"""Sections that stand only where their tables exist: certainty, recommended plan, network."""

from collections import Counter
from html import escape
from typing import Any

from arena_pipeline.choice import parameters_in_words, run_name
from arena_pipeline.report.html import Column, Writer, chart, table
from arena_pipeline.report.words import FIGURE_NAMES

Row = dict[str, Any]
Facts = dict[str, Any]
PLAN_ROWS = 400
DRIFT_ROWS = 20


def certainty(facts: Facts, writer: Writer) -> str:
    """Held-out figures, intervals, calibration, forecast coverage, drift: whatever this run has."""
    parts = (_held_out, _delisted, _intervals, _calibration, _coverage, _drift, _sampling)
    return "".join(part(facts, writer) for part in parts)


def _named(row: Row) -> str:
    words = parameters_in_words(row["parameters"])
    return f"{run_name(row['strategy'])} ({words})" if words else run_name(row["strategy"])


def _held_out(facts: Facts, writer: Writer) -> str:
    rows = sorted(facts["tables"].get("held_out", []), key=lambda row: -(row["economic_profit"] or 0))
    columns = (
        Column("Policy", _named), Column("Economic profit", "economic_profit", "money"),
        Column("Lead over your own orders", "lead_over_actual", "signed"), Column("from", "lead_low", "signed"),
        Column("to", "lead_high", "signed"), Column("Working capital", "working_capital", "money"),
        Column("Empty shelves", "stockout_rate", "percent"), Column("Fill rate", "fill_rate", "percent"),
    )  # fmt: skip
    note = (
        "<p>Each fold of four weeks is scored with parameters chosen on earlier folds only; paired 95 % intervals.</p>"
    )
    return "<h3>On weeks held out</h3>" + table(writer, columns, rows) + note if rows else ""


def _intervals(facts: Facts, writer: Writer) -> str:
    shown = {(row["strategy"], row["parameters"]) for row in facts["choice"]["shown"]}
    rows = [
        row
        for row in facts["tables"].get("intervals", [])
        if row["against"] == "actual" and (row["strategy"], row["parameters"]) in shown
    ]
    parts = [
        table(
            writer,
            (Column("Policy", _named), Column("Difference to your own orders", "estimate", kind), Column("from", "low", kind),
             Column("to", "high", kind), Column("Demand scenarios", "scenarios", "number")),
            sorted(found, key=lambda row: -row["estimate"]),
            caption=f"{FIGURE_NAMES[figure]}, 95 % intervals",
        )
        for figure, kind in (("economic_profit", "signed"), ("working_capital", "signed"), ("stockout_rate", "signed_points"))
        if (found := [row for row in rows if row["figure"] == figure])
    ]  # fmt: skip
    return "<h3>Intervals</h3>" + "".join(parts) if parts else ""


def _delisted(facts: Facts, writer: Writer) -> str:
    rows = facts["tables"].get("possibly_delisted", [])
    columns = (
        Column("Policy", _named), Column("Economic profit", "economic_profit", "money"),
        Column("if kept", "with_economic_profit", "money"), Column("Empty shelves", "stockout_rate", "percent"),
        Column("if kept", "with_stockout_rate", "percent"), Column("Fill rate", "fill_rate", "percent"),
        Column("if kept", "with_fill_rate", "percent"), Column("Units asked for", "units_demanded", "number"),
        Column("if kept", "with_units_demanded", "number"),
    )  # fmt: skip
    note = (
        "<p>Items out of stock for long without any purchase order look run out on purpose and count as not listed. "
        "“If kept”: they count as out of stock, with the demand their page views tell of; plans stay.</p>"
    )
    return "<h3>Had items that ran out been kept</h3>" + table(writer, columns, rows) + note if rows else ""


def _calibration(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("calibration", []) if row["segment"] == "all"]
    if not rows:
        return ""
    columns = (
        Column("Policy", _named), Column("Target", lambda row: row["target_kind"].replace("_", " ")),
        Column("", "target", "percent"), Column("Days", lambda row: row["part"].replace("_", " ")),
        Column("Fill rate before", "fill_rate_before", "percent"), Column("after", "fill_rate_after", "percent"),
        Column("Cycle service before", "cycle_service_level_before", "percent"),
        Column("after", "cycle_service_level_after", "percent"),
        Column("Capital before", "working_capital_before", "money"), Column("after", "working_capital_after", "money"),
    )  # fmt: skip
    charts = "".join(
        chart(f"calibration-{kind}", f"Target against achieved {kind.replace('_', ' ')}", kind="half")
        for kind in ("fill_rate", "cycle_service_level")
    )
    return (
        '<h3>Target against achieved</h3><p class="lead">Textbook formulas seldom reach their target exactly; after calibration, '
        f'safety stock is scaled until they do on earlier days.</p><div class="grid">{charts}</div>'
        f"<details><summary>Every policy and target</summary>{table(writer, columns, rows)}</details>"
    )


def _coverage(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("forecast_coverage", []) if row["band"] == "all"]
    columns = (
        Column("Forecast from", "option"), Column("Quantile", "target", "percent"),
        Column("Windows at or below it", "coverage", "percent"), Column("Windows", "cells", "number"),
    )  # fmt: skip
    if not rows:
        return ""
    picture = chart("coverage", "Forecast quantile against share of windows below it", kind="half")
    return "<h3>Were the forecasts honest?</h3>" + picture + table(writer, columns, rows)


def _drift(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("drift", []) if row["alert"]]
    if not rows:
        return ""
    rows.sort(key=lambda row: (row["adjusted_p"], row["item_id"]))
    columns = (
        Column("Item", "item_id"), Column("Name", "item_name"),
        Column("What moved", lambda row: {"mean": "mean demand", "cv": "variability"}.get(row["statistic"], row["statistic"])),
        Column("before", "before", "ratio3"), Column("after", "after", "ratio3"), Column("p, adjusted", "adjusted_p", "ratio3"),
    )  # fmt: skip
    caption = f"{len(rows)} alerts; the {min(len(rows), DRIFT_ROWS)} clearest"
    return "<h3>Items whose demand has changed</h3>" + table(writer, columns, rows[:DRIFT_ROWS], caption=caption)


def _sampling(facts: Facts, writer: Writer) -> str:
    rows = [row for row in facts["tables"].get("sampling", []) if row["kind"] != "actual"]
    if not rows:
        return ""
    parts = [
        table(
            writer,
            (Column("Policy", _named), Column("Extrapolated", "estimate", kind), Column("from", "low", kind),
             Column("to", "high", kind)),
            sorted((row for row in rows if row["figure"] == figure), key=lambda row: -row["estimate"]),
            caption=caption,
        )
        for figure, kind, caption in (
            ("economic_profit", "money", "Economic profit"), ("working_capital", "money", "Working capital"),
            ("stockout_rate", "percent", "Empty shelves"),
        )
    ]  # fmt: skip
    head = f"{rows[0]['sampled']:,} of {rows[0]['items']:,} items were simulated, figures extrapolated; 95 % intervals."
    return f"<h3>Extrapolated from a sample</h3><p>{head}</p>{''.join(parts)}"


def plan_section(facts: Facts, writer: Writer) -> str:
    """Order proposals with the reason of each quantity."""
    rows = [row for row in facts["tables"].get("recommended_plan", []) if (row["order_quantity"] or 0) > 0]
    if not rows:
        return ""
    rows.sort(key=lambda row: (row["supplier"], -row["order_value"], row["item_id"]))
    columns = (
        Column("Supplier", "supplier"), Column("Item", "item_id"), Column("Name", "item_name"), Column("Cell", "segment"),
        Column("Order", "order_quantity", "number"), Column("Value", "order_value", "money"),
        Column("On hand", "on_hand", "number"), Column("On order", "on_order", "number"),
        Column("Reorder point", "reorder_point", "number"), Column("Up to", "order_up_to", "number"),
        Column("Lead time, days", "lead_time_days", "number"), Column("Why", "reason"),
    )  # fmt: skip
    counts = Counter(row["supplier"] for row in rows)
    value: Counter[str] = Counter()
    for row in rows:
        value[row["supplier"]] += row["order_value"]
    totals = [{"supplier": name, "lines": counts[name], "value": value[name]} for name in sorted(counts)]
    by_supplier = (
        Column("Supplier", "supplier"),
        Column("Lines", "lines", "number"),
        Column("Value", "value", "money"),
    )
    largest = sorted(rows, key=lambda row: (-row["order_value"], row["item_id"]))[:PLAN_ROWS]
    kept = {(row["supplier"], row["item_id"]) for row in largest}
    shown = [row for row in rows if (row["supplier"], row["item_id"]) in kept]
    more = (
        f"<p>The {len(shown)} largest of {len(rows)} lines; all are in the workbook.</p>"
        if len(shown) < len(rows)
        else ""
    )
    return (
        table(writer, by_supplier, totals, caption="Proposals by supplier")
        + f"<details><summary>All lines with their reasons</summary>{more}{table(writer, columns, shown, name='plan-lines')}</details>"
    )


def network_section(facts: Facts, writer: Writer) -> str:
    """Picture of the locations by level, and both plans simulated."""
    nodes = facts["network"]["nodes"] if facts.get("network") else []
    if not nodes:
        return ""
    places = (
        Column("Location", "location_id"), Column("Level", "level"), Column("Items", "items", "number"),
        Column("Promises within, days", "service_days", "days"), Column("Base stock, units", "base_stock", "number"),
        Column("on its own", "alone_stock", "number"), Column("Safety stock at cost", "safety_capital", "money"),
    )  # fmt: skip
    card = facts["tables"].get("network_scorecard", [])
    simulated = (
        Column("Levels set", "policy"), Column("Level", "level"), Column("Fill rate", "fill_rate", "percent"),
        Column("Bullwhip", "bullwhip", "ratio"), Column("Stock, units", "mean_on_hand", "number"),
        Column("Orders a day", "orders_per_day", "ratio"),
    )  # fmt: skip
    return (
        picture(facts["network"], writer) + table(writer, places, nodes, caption="Locations, all items together")
        + (table(writer, simulated, card, caption="Both ways to set levels, simulated") if card else "")
    )  # fmt: skip


BOX, HIGH, GAP_X, GAP_Y = 240, 74, 70, 26


def picture(network: Row, writer: Writer) -> str:
    """Locations as boxes by level, goods flowing from left to right."""
    depth = depths(network)
    columns: dict[int, list[Row]] = {}
    for node in network["nodes"]:
        columns.setdefault(depth[node["location_id"]], []).append(node)
    _beside_their_sources(columns, network["links"])
    tallest = max(len(found) for found in columns.values())
    height, width = tallest * (HIGH + GAP_Y) + GAP_Y, (max(columns) + 1) * (BOX + GAP_X)
    place = {
        node["location_id"]: (column * (BOX + GAP_X) + 10, round((row + 0.5) * height / len(found) - HIGH / 2))
        for column, found in columns.items()
        for row, node in enumerate(found)
    }
    lines = "".join(
        f'<path d="M{place[a][0] + BOX},{place[a][1] + HIGH // 2} C{place[a][0] + BOX + 40},{place[a][1] + HIGH // 2} '
        f'{place[b][0] - 40},{place[b][1] + HIGH // 2} {place[b][0]},{place[b][1] + HIGH // 2}"/>'
        for a, b in network["links"]
        if a in place and b in place
    )
    boxes = "".join(_box(node, *place[node["location_id"]], writer) for node in network["nodes"])
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Network"><svg class="network" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" aria-label="Locations of the network with their stock">{lines}{boxes}</svg></div>'
    )


def _beside_their_sources(columns: dict[int, list[Row]], links: list[tuple[str, str]]) -> None:
    """Sort the locations of each level by the place of what supplies them, so that few lines cross."""
    place: dict[str, int] = {}
    for column in sorted(columns):
        found = columns[column]
        source = {
            node["location_id"]: [place[a] for a, b in links if b == node["location_id"] and a in place]
            for node in found
        }
        found.sort(key=lambda node: (min(source[node["location_id"]], default=0), node["location_id"]))
        place |= {node["location_id"]: row for row, node in enumerate(found)}


def _box(node: Row, x: int, y: int, writer: Writer) -> str:
    stock = writer.text(node["base_stock"], "number")
    lines = (
        (20, "b", f"{node['location_id']} ({node['level']})"),
        (40, "", f"base stock {stock}, promises {node['service_days']:.1f} d"),
        (60, "", f"safety stock {writer.text(node['safety_capital'], 'money')} at cost"),
    )
    text = "".join(
        f'<text x="{x + 10}" y="{y + dy}" class="{name}">{escape(words)}</text>' for dy, name, words in lines
    )
    return f'<rect x="{x}" y="{y}" width="{BOX}" height="{HIGH}" rx="6"/>{text}'


def depths(network: Row) -> dict[str, int]:
    """Longest way from a source to each location, in links."""
    depth = {node["location_id"]: 0 for node in network["nodes"]}
    for _ in depth:
        for upper, lower in network["links"]:
            if upper in depth and lower in depth:
                depth[lower] = max(depth[lower], min(depth[upper] + 1, len(depth) - 1))
    return depth
