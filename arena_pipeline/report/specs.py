"""Vega-Lite specifications of the charts. Data go in by name, so each table is shipped once.

Colours come from a ``Palette``: CSS variables on the page (they follow dark, light and print), fixed ones elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.scorecard.ranking import OBJECTIVES, non_dominated

Row = dict[str, Any]
Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
TITLES = {
    "working_capital": "working capital",
    "stockout_rate": "empty shelves (share of item-days)",
    "gross_margin": "gross margin",
    "economic_profit": "economic profit",
    "fill_rate": "fill rate",
}
PERCENT = {"stockout_rate", "fill_rate", "coverage", "target"}
PANELS = (("working_capital", "stockout_rate"), ("working_capital", "gross_margin"), ("stockout_rate", "gross_margin"))
COMPETES = {"candidate", "baseline", "actual"}


@dataclass(frozen=True)
class Palette:
    """Colours of ink, grid and series."""

    ink: str
    quiet: str
    grid: str
    accent: str
    bad: str
    series: tuple[str, ...]


PAGE = Palette(
    "var(--ink)", "var(--quiet)", "var(--grid)", "var(--accent)", "var(--bad)", tuple(f"var(--s{n})" for n in range(10))
)
PRINTED = Palette(
    "#1d2733", "#5b6875", "#dfe4e8", "#0b6e62", "#b3402e",
    ("#0b6e62", "#b3402e", "#3d5a98", "#b07d12", "#7a4b94", "#3c8dad", "#8a5a3b", "#5d7a1f", "#a33b73", "#5b6875"),
)  # fmt: skip


def base(palette: Palette, height: int = 260) -> Spec:
    """What all charts share."""
    axis = {
        "domainColor": palette.grid, "gridColor": palette.grid, "tickColor": palette.grid, "labelColor": palette.quiet,
        "titleColor": palette.quiet, "titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 11,
    }  # fmt: skip
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": height,
        "background": "transparent",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {
            "axis": axis,
            "view": {"stroke": None},
            "legend": {"labelColor": palette.ink, "titleColor": palette.quiet, "orient": "bottom", "columns": 3,
                       "labelLimit": 240, "title": None, "symbolStrokeWidth": 2},
            "text": {"color": palette.ink},
            "font": "system-ui, sans-serif",
        },
    }  # fmt: skip


def quantity(name: str, *, zero: bool = False, title: str | None = None) -> Spec:
    """A quantitative channel with the format its figure needs."""
    axis: Spec = {"format": ".0%"} if name in PERCENT else {"format": "~s"}
    return {
        "field": name, "type": "quantitative", "title": title or TITLES.get(name, name.replace("_", " ")),
        "axis": axis | {"tickCount": 5}, "scale": {"zero": zero, "nice": True},
    }  # fmt: skip


def strategies(rows: Sequence[Row]) -> list[str]:
    """Names of the strategies that compete, in the order of the leaderboard."""
    return list(dict.fromkeys(row["name"] for row in rows if row["kind"] in {"candidate", "baseline"}))


def colour(rows: Sequence[Row], palette: Palette) -> Spec:
    """Strategy to colour, the same in every chart."""
    names = strategies(rows)
    steps = [palette.series[position % len(palette.series)] for position in range(len(names))]
    return {"field": "name", "type": "nominal", "scale": {"domain": names, "range": steps}, "title": None}


def front(rows: Sequence[Row], x: str, y: str) -> list[Row]:
    """Points of the two-objective step front, best x first."""
    competing = [row for row in rows if row["kind"] in COMPETES and row[x] is not None and row[y] is not None]
    if not competing:
        return []
    values = np.array([[row[x] * OBJECTIVES[x], row[y] * OBJECTIVES[y]] for row in competing], float)
    best = [row for row, good in zip(competing, non_dominated(values), strict=True) if good]
    return [{x: row[x], y: row[y]} for row in sorted(best, key=lambda row: (row[x], row[y]))]


def panel(rows: Sequence[Row], x: str, y: str, palette: Palette, *, brushed: bool = True) -> Spec:
    """Runs in two objectives, their step front, "actual" as a cross; an interval selects runs in all panels."""
    chosen = {"test": "length(chosen) == 0 || indexof(chosen, datum.id) >= 0", "value": 0.95}
    tooltip = [{"field": "full_name", "title": "run"}, *(_tip(name) for name in (*OBJECTIVES, "economic_profit"))]
    channels = {"x": quantity(x), "y": quantity(y)}
    shared: Spec = {"opacity": {"condition": chosen, "value": 0.12}, "tooltip": tooltip}
    points: Spec = {
        "transform": [{"filter": "datum.kind == 'candidate' || datum.kind == 'baseline'"}],
        "mark": {"type": "point", "filled": True, "size": 70},
        "encoding": {**channels, **shared, "color": {**colour(rows, palette), "legend": None}},
    }
    if brushed:
        points["params"] = [{"name": "brush", "select": {"type": "interval", "mark": {"fill": palette.accent,
                             "fillOpacity": 0.12, "stroke": palette.accent}}}]  # fmt: skip
    step: Spec = {
        "data": {"values": front(rows, x, y)},
        "mark": {"type": "line", "interpolate": "step-after", "strokeDash": [4, 3], "color": palette.quiet,
                 "strokeWidth": 1.2},
        "encoding": {**channels, "order": {"field": x, "type": "quantitative"}},
    }  # fmt: skip
    cross: Spec = {
        "transform": [{"filter": "datum.kind == 'actual'"}],
        "mark": {"type": "point", "shape": "cross", "size": 190, "filled": True, "color": palette.ink},
        "encoding": {**channels, **shared},
    }
    return {
        **base(palette),
        "params": [{"name": "chosen", "value": []}],
        "data": {"name": "runs"},
        "layer": [step, points, cross],
    }


def _tip(name: str) -> Spec:
    shape = ".1%" if name in PERCENT else ",.0f"
    return {"field": name, "type": "quantitative", "format": shape, "title": TITLES.get(name, name)}


def service_against_capital(rows: Sequence[Row], palette: Palette) -> Spec:
    """Fill rate over working capital, the parameter sets of a strategy joined."""
    channels = {
        "x": quantity("working_capital"),
        "y": quantity("fill_rate"),
        "color": {**colour(rows, palette), "legend": None},
    }
    tooltip = [
        {"field": "full_name", "title": "run"},
        _tip("working_capital"),
        _tip("fill_rate"),
        _tip("economic_profit"),
    ]
    line: Spec = {
        "transform": [{"filter": "datum.kind == 'candidate' || datum.kind == 'baseline'"}],
        "mark": {"type": "line", "point": {"size": 45}, "strokeWidth": 1.6},
        "encoding": {
            **channels,
            "detail": {"field": "family"},
            "order": {"field": "working_capital"},
            "tooltip": tooltip,
        },
    }
    cross: Spec = {
        "transform": [{"filter": "datum.kind == 'actual'"}],
        "mark": {"type": "point", "shape": "cross", "size": 190, "filled": True, "color": palette.ink},
        "encoding": {"x": channels["x"], "y": channels["y"], "tooltip": tooltip},
    }
    return {**base(palette, 320), "data": {"name": "runs"}, "layer": [line, cross]}


def sweep_rows(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Per parameter with more than one numeric value in some strategy: ``name, value`` and figures of each run."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["kind"] not in {"candidate", "baseline"} or "=" not in row["parameters"]:
            continue
        for part in row["parameters"].split(","):
            parameter, _, text = part.partition("=")
            try:
                value = float(text)
            except ValueError:
                continue
            figures = {
                name: row[name] for name in ("economic_profit", "working_capital", "fill_rate", "full_name", "name")
            }
            others = ",".join(other for other in row["parameters"].split(",") if other != part)
            found.setdefault(parameter, []).append({"value": value, "others": others, "kind": row["kind"], **figures})
    return {
        parameter: points
        for parameter, points in sorted(found.items())
        if any(len({p["value"] for p in points if p["name"] == name}) > 1 for name in {p["name"] for p in points})
    }


def sweep_curve(points: Sequence[Row], rows: Sequence[Row], palette: Palette, title: str) -> Spec:
    """Economic profit over one parameter, a line per strategy and setting of its other parameters."""
    several = {
        name for name in {p["name"] for p in points} if len({p["value"] for p in points if p["name"] == name}) > 1
    }
    value = {
        "field": "value",
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False},
        "axis": {"tickCount": 5},
    }
    return {
        **base(palette, 220),
        "data": {"values": [point for point in points if point["name"] in several]},
        "mark": {"type": "line", "point": {"size": 45}, "strokeWidth": 1.6},
        "encoding": {
            "x": value,
            "y": quantity("economic_profit"),
            "color": {**colour(rows, palette), "legend": None},
            "detail": {"field": "others"},
            "tooltip": [{"field": "full_name", "title": "run"}, _tip("economic_profit"), _tip("working_capital"),
                        _tip("fill_rate")],
        },
    }  # fmt: skip


def weekly_capital(weekly: Row, names: Mapping[str, str], best: str | None, palette: Palette) -> Spec:
    """Working capital by week: own orders, the best policy in colour, the others quiet."""
    values = [
        {"week": week, "capital": capital, "name": names.get(strategy, strategy), "role": _role(strategy, best)}
        for strategy, curves in weekly["runs"].items()
        if strategy != "hindsight"
        for week, capital in zip(weekly["weeks"], curves["capital"], strict=True)
    ]
    colours = {"domain": ["own orders", "best", "others"], "range": [palette.ink, palette.accent, palette.grid]}
    return {
        **base(palette, 240),
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 1.8},
        "encoding": {
            "x": {"field": "week", "type": "temporal", "title": None, "axis": {"format": "%b %y", "tickCount": 6}},
            "y": quantity("capital", zero=True, title="working capital"),
            "detail": {"field": "name"},
            "color": {"field": "role", "type": "nominal", "scale": colours, "title": None},
            "tooltip": [{"field": "name", "title": "run"}, {"field": "week", "type": "temporal", "format": "%d %b %Y"},
                        {"field": "capital", "type": "quantitative", "format": ",.0f", "title": "working capital"}],
        },
    }  # fmt: skip


def _role(strategy: str, best: str | None) -> str:
    return "own orders" if strategy == "actual" else "best" if strategy == best else "others"


def item_changes(palette: Palette) -> Spec:
    """Items by change in capital and change in economic profit; an interval filters the item table."""
    cells = ["A", "B", "C"]
    colours = {"domain": cells, "range": [palette.series[0], palette.series[2], palette.quiet]}
    x = {"field": "capital_change", "type": "quantitative", "title": "change in working capital", "axis": {"format": "~s"},
         "scale": {"type": "symlog", "constant": 50}}  # fmt: skip
    y = {"field": "profit_change", "type": "quantitative", "title": "change in economic profit", "axis": {"format": "~s"},
         "scale": {"type": "symlog", "constant": 50}}  # fmt: skip
    return {
        **base(palette, 340),
        "data": {"name": "items"},
        "params": [{"name": "brush", "select": {"type": "interval", "mark": {"fill": palette.accent, "fillOpacity": 0.12,
                    "stroke": palette.accent}}}],
        "mark": {"type": "point", "filled": True, "size": 16},
        "encoding": {
            "x": x,
            "y": y,
            "color": {"field": "class", "type": "nominal", "scale": colours, "title": "ABC class"},
            "opacity": {"condition": {"param": "brush", "value": 0.7}, "value": 0.1},
        },
    }  # fmt: skip


def demand_of_item(palette: Palette) -> Spec:
    """Units sold by week, and on top of them what stock-outs hid."""
    colours = {"domain": ["sold", "hidden by stock-outs"], "range": [palette.series[2], palette.bad]}
    return {
        **base(palette, 200),
        "data": {"name": "demand"},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "week", "type": "temporal", "title": None, "axis": {"format": "%b %y", "tickCount": 6}},
            "y": {"field": "units", "type": "quantitative", "title": "units a week", "stack": "zero"},
            "color": {"field": "what", "type": "nominal", "scale": colours, "title": None},
            "order": {"field": "rank", "type": "quantitative"},
            "tooltip": [{"field": "week", "type": "temporal", "format": "%d %b %Y"}, {"field": "what"},
                        {"field": "units", "type": "quantitative", "format": ",.1f"}],
        },
    }  # fmt: skip


def calibration(rows: Sequence[Row], palette: Palette, figure: str) -> Spec:
    """Target against achieved before and after calibration, on the days that were held out.

    Args:
        rows: of ``calibration.parquet``; ``palette``: colours; ``figure``: ``fill_rate`` or ``cycle_service_level``.
    """
    part = "held_out" if any(row["part"] == "held_out" for row in rows) else "training"
    values = [
        {"target": row["target"], "achieved": row[f"{figure}_{when}"], "when": when, "strategy": row["strategy"]}
        for row in rows
        if row["part"] == part
        for when in ("before", "after")
    ]
    diagonal = {
        "data": {"values": [{"target": 0.5, "achieved": 0.5}, {"target": 1, "achieved": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 3], "color": palette.quiet, "clip": True},
    }
    points = {
        "mark": {"type": "point", "filled": True, "size": 60, "clip": True},
        "encoding": {
            "color": {"field": "when", "type": "nominal", "title": None,
                      "scale": {"domain": ["before", "after"], "range": [palette.bad, palette.accent]}},
            "tooltip": [{"field": "strategy"}, {"field": "when"}, {"field": "target", "format": ".1%", "type": "quantitative"},
                        {"field": "achieved", "format": ".1%", "type": "quantitative"}],
        },
    }  # fmt: skip
    lowest = min(
        [value[side] for value in values for side in ("target", "achieved") if value[side] is not None], default=0.8
    )
    scale = {"domain": [max(0.0, lowest - 0.02), 1.0], "nice": False}
    axis = {"format": ".0%", "tickCount": 5}
    words = "fill rate" if figure == "fill_rate" else "cycle service"
    return {
        **base(palette, 240),
        "data": {"values": values},
        "encoding": {
            "x": {"field": "target", "type": "quantitative", "title": "target", "scale": scale, "axis": axis},
            "y": {
                "field": "achieved",
                "type": "quantitative",
                "title": f"achieved {words}",
                "scale": scale,
                "axis": axis,
            },
        },
        "layer": [diagonal, points],
    }


def coverage(rows: Sequence[Row], palette: Palette) -> Spec:
    """Share of windows within the forecast's quantile, against the quantile, per information option."""
    values = [{"target": row["target"], "coverage": row["coverage"], "option": row["option"]} for row in rows
              if row["band"] == "all"]  # fmt: skip
    names = sorted({value["option"] for value in values})
    scale = {"domain": [0.5, 1.0]}
    ideal = {
        "data": {"values": [{"target": 0.5, "coverage": 0.5}, {"target": 1, "coverage": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 3], "color": palette.quiet, "clip": True},
    }
    points = {
        "mark": {"type": "line", "point": {"size": 50}, "strokeWidth": 1.5, "clip": True},
        "encoding": {"color": {"field": "option", "type": "nominal", "title": None,
                               "scale": {"domain": names, "range": list(palette.series[: len(names)])}},
                     "tooltip": [{"field": "option"}, {"field": "target", "format": ".0%", "type": "quantitative"},
                                 {"field": "coverage", "format": ".1%", "type": "quantitative"}]},
    }  # fmt: skip
    return {
        **base(palette, 240),
        "data": {"values": values},
        "encoding": {"x": {**quantity("target", title="quantile forecast"), "scale": scale},
                     "y": {**quantity("coverage", title="windows at or below it"), "scale": scale}},
        "layer": [ideal, points],
    }  # fmt: skip
