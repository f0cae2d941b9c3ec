"""The sections of the HTML report in the order in which they are read; answer, trade-off, leaderboard and film."""

from collections.abc import Callable
from html import escape
from typing import Any

from arena_pipeline.choice import PARAMETER_NAMES
from arena_pipeline.report import answer, detail_sections, lead_sections, optional_sections
from arena_pipeline.report.html import Column, Writer, chart, paragraphs, table
from arena_pipeline.report.specs import strategies, sweep_rows
from arena_pipeline.report.words import FIGURE_NAMES, kind_of

Facts = dict[str, Any]
Section = Callable[[Facts, Writer], str]
TILES = ("economic_profit", "working_capital", "stockout_rate", "fill_rate")


def sections(facts: Facts, writer: Writer) -> list[tuple[str, str, str]]:
    """(id, title, HTML) of every section that has something to say."""
    made: list[tuple[str, str, Section]] = [
        ("answer", "The answer", answer_section),
        ("lead", "Simulated against real", lead_sections.lead_section),
        ("trade-off", "The trade-off", trade_off_section),
        ("leaderboard", "Leaderboard", leaderboard_section),
        ("film", "Watch it happen", film_section),
        ("groups", "Categories, suppliers, cells", detail_sections.groups_section),
        ("items", "Items", detail_sections.items_section),
        ("plan", "What to order this week", optional_sections.plan_section),
        ("sure", "How sure", detail_sections.sure_section),
        ("suppliers", "Suppliers' word", detail_sections.suppliers_section),
        ("network", "The network", optional_sections.network_section),
        ("data", "Data we used", detail_sections.data_section),
        ("method", "How figures are computed", detail_sections.method_section),
    ]
    built = ((name, title, make(facts, writer)) for name, title, make in made)
    return [(name, title, body) for name, title, body in built if body]


def answer_section(facts: Facts, writer: Writer) -> str:
    """Headline, four figures, five questions."""
    questions = "".join(
        f'<div class="qa"><h3>{escape(one.question)}</h3>{paragraphs(writer, one.sentences)}</div>'
        for one in answer.answers(facts)
    )
    headline = writer.sentence(answer.headline(facts))
    synthetic = facts["data"]["synthetic"]
    note = f'<p class="synthetic">{escape(synthetic)}</p>' if synthetic else ""
    return f'<p class="headline">{headline}</p>{note}{tiles(facts, writer)}<div class="answers">{questions}</div>'


def tiles(facts: Facts, writer: Writer) -> str:
    """Real and simulated side by side for the figures that matter most."""
    best, real = facts["choice"]["best"], facts["choice"]["actual"]
    if best is None or real is None:
        return ""
    made = []
    for figure in TILES:
        kind, good = (
            kind_of(figure),
            (best[figure] - real[figure]) * (-1 if figure in {"working_capital", "stockout_rate"} else 1),
        )
        change = writer.amount(best[figure] - real[figure], "signed_points" if kind == "percent" else "signed")
        made.append(
            f'<div class="tile {"good" if good >= 0 else "worse"}"><h3>{escape(FIGURE_NAMES[figure])}</h3>'
            f'<p class="big">{writer.amount(best[figure], kind)}</p>'
            f'<p class="was">yours {writer.amount(real[figure], kind)} <b>{change}</b></p></div>'
        )
    return f'<div class="tiles">{"".join(made)}</div>'


def trade_off_section(facts: Facts, writer: Writer) -> str:  # noqa: ARG001 - as all sections
    """Three panels with step fronts, sweeps, service against capital, capital over time."""
    panels = "".join(
        chart(f"panel-{number}", label, kind="third")
        for number, label in enumerate(
            ("Capital against empty shelves", "Capital against margin", "Empty shelves against margin")
        )
    )
    sweeps = "".join(
        chart(f"sweep-{name}", f"Economic profit over {PARAMETER_NAMES.get(name, name)}", kind="third")
        for name in sweep_rows(facts["runs"])
    )
    weekly = (
        chart("weekly", "Working capital by week", "Working capital week by week; the warm-up is not scored.", "wide")
        if facts["weekly"]
        else ""
    )
    return (
        '<p class="lead">Each point is one policy with one parameter set; your own orders are the cross. The dashed steps join '
        "the policies that no other beats in both figures of a panel. Drag over points to mark them in all panels and in the "
        'leaderboard. <button type="button" id="clear-runs">Show all</button></p>'
        f'{legend(facts)}<div class="grid">{panels}</div>'
        "<h3>Service against capital</h3>"
        f"{chart('service', 'Fill rate over working capital', 'Parameter sets of one strategy are joined.', 'wide')}"
        f"<h3>One parameter at a time</h3><div class='grid'>{sweeps}</div>{weekly}"
    )


def legend(facts: Facts) -> str:
    """Strategies with their colours, the same in all charts."""
    keys = "".join(
        f'<li><i class="s{position % 10}"></i>{escape(name)}</li>'
        for position, name in enumerate(strategies(facts["runs"]))
    )
    return f'<ul class="legend">{keys}<li><i class="cross"></i>Your own orders</li></ul>'


def leaderboard_section(facts: Facts, writer: Writer) -> str:
    """All runs by economic profit."""
    columns = (
        Column("Policy", "name"),
        Column("Parameters", "words"),
        Column("Economic profit", "economic_profit", "money"),
        Column("Working capital", "working_capital", "money"),
        Column("Empty shelves", "stockout_rate", "percent"),
        Column("Fill rate", "fill_rate", "percent"),
        Column("Cycle service", "cycle_service_level", "percent"),
        Column("Gross margin", "gross_margin", "money"),
        Column("Turns a year", "turns", "ratio"),
        Column("Excess stock", "excess_value", "money"),
        Column("Dead stock", "dead_stock_value", "money"),
        Column("Not dominated", lambda row: "●" if row["non_dominated"] else ""),
    )
    rows = [{**row, "mark": f"{row['kind']} run"} for row in facts["runs"]]
    note = (
        "<p>●: no other run is better in working capital, empty shelves and gross margin at once. Excess: stock at the end "
        f"beyond {facts['rates']['excess_cover_days']} days of demand, at cost; dead: without a sale for 180 days.</p>"
    )
    return table(writer, columns, rows, mark="mark", name="runs", caption="Runs by economic profit") + note


def film_section(facts: Facts, writer: Writer) -> str:  # noqa: ARG001 - as all sections
    """Player of daily stock for the items with most to gain and lose."""
    if not facts["film"]["items"] or not facts["film"]["policies"]:
        return ""
    speeds = "".join(f'<option value="{days}">{days} days a second</option>' for days in (7, 14, 28, 56))
    return (
        '<p class="lead">The items with most to gain and most to lose, day by day, under several policies. Stock is the area, '
        "arrivals are triangles, lost sales are red. Space plays and pauses; arrow keys step days and choose items.</p>"
        '<div id="player"><div class="controls"><button type="button" id="play" aria-pressed="false">Play</button>'
        '<label>Day <input type="range" id="scrub" min="0" value="0" step="1"></label>'
        f'<label>Speed <select id="speed">{speeds}</select></label><label>Item <select id="film-item"></select></label>'
        '<output id="day" for="scrub"></output></div>'
        '<canvas id="stage" tabindex="0" role="img" aria-label="Stock of the chosen item under each policy"></canvas>'
        '<p id="now" aria-live="off"></p><h3>All chosen items on this day</h3>'
        '<canvas id="shelf" role="img" aria-label="Stock of all chosen items under each policy on this day"></canvas></div>'
        "<noscript><p>The animation needs scripts.</p></noscript>"
    )
