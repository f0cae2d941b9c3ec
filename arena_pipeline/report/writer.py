"""One self-contained HTML file: page, styles, scripts, charts and data; the same facts give the same bytes.

The content security policy allows the file's own scripts and styles by their hashes and nothing else: no request, no
evaluation of text (Vega's expressions run in its interpreter).
"""

import base64
import hashlib
import json
import re
import zlib
from functools import lru_cache
from html import escape
from importlib import resources
from typing import Any

import vl_convert

from arena_pipeline.choice import PARAMETER_NAMES
from arena_pipeline.report import specs
from arena_pipeline.report.html import Writer, section
from arena_pipeline.report.page import sections
from engine.scorecard.ranking import OBJECTIVES

Facts = dict[str, Any]
RUN_FIGURES = ("strategy", "parameters", "kind", "name", "full_name", *OBJECTIVES, "economic_profit", "fill_rate")
VEGA_LITE = "6.1"


def render(facts: Facts) -> str:
    """The whole file."""
    writer = Writer(facts["shop"]["currency"])
    parts = sections(facts, writer)
    style, code = static("report.css"), static("player.js") + "\n" + static("report.js")
    scripts = [vega_bundle(), code]
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(_hash(script) for script in scripts),
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in parts)
    body = "".join(section(name, title, html) for name, title, html in parts)
    shop = escape(facts["shop"]["name"])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>Inventory arena: {shop}</title>\n<style>{style}</style>\n</head>\n<body>\n'
        f'<a class="skip" href="#answer">Skip to the answer</a><header><h1>Inventory arena</h1><p>{shop}, '
        f"{writer.amount(facts['days']['scored_from'], 'date')} to {writer.amount(facts['days']['last'], 'date')}</p></header>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main>\n{body}\n</main>\n'
        f"<footer>Scenario {facts['scenario']}. This file needs no network.</footer>\n"
        f'<script type="application/octet-stream" id="facts">{packed(payload(facts))}</script>\n'
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def payload(facts: Facts) -> dict[str, Any]:
    """What the page's scripts need: data once and by column, and the charts."""
    runs = [
        {"id": position, "family": row["parameters"].partition(",")[2]} | {name: row[name] for name in RUN_FIGURES}
        for position, row in enumerate(facts["runs"])
    ]
    best = facts["choice"]["best"]
    return {
        "shop": facts["shop"],
        "days": facts["days"],
        "runs": runs,
        "shown": [{name: row[name] for name in ("strategy", "full_name")} for row in facts["choice"]["shown"]],
        "best": best["strategy"] if best else None,
        "items": facts["items"],
        "demand": facts["demand"],
        "film": facts["film"],
        "specs": charts(facts, specs.PAGE),
    }


def charts(facts: Facts, palette: specs.Palette) -> dict[str, specs.Spec]:
    """Every chart of the report by name."""
    rows, best = facts["runs"], facts["choice"]["best"]
    made = {f"panel-{number}": specs.panel(rows, x, y, palette) for number, (x, y) in enumerate(specs.PANELS)}
    for parameter, points in specs.sweep_rows(rows).items():
        title = PARAMETER_NAMES.get(parameter, parameter.replace("_", " "))
        made[f"sweep-{parameter}"] = specs.sweep_curve(points, rows, palette, title)
    made["service"] = specs.service_against_capital(rows, palette)
    if facts["weekly"]:
        names = {row["strategy"]: row["name"] for row in facts["choice"]["shown"]}
        made["weekly"] = specs.weekly_capital(facts["weekly"], names, best["strategy"] if best else None, palette)
    made |= {"items": specs.item_changes(palette), "demand": specs.demand_of_item(palette)}
    calibrated = [row for row in facts["tables"].get("calibration", []) if row["segment"] == "all"]
    for figure in ("fill_rate", "cycle_service_level") if calibrated else ():
        made[f"calibration-{figure}"] = specs.calibration(calibrated, palette, figure)
    if facts["tables"].get("forecast_coverage"):
        made["coverage"] = specs.coverage(facts["tables"]["forecast_coverage"], palette)
    return made


def packed(value: Any) -> str:
    """JSON, deflated, in base64; the page unpacks it."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


@lru_cache(maxsize=1)
def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script; wrapped, as its globals collide."""
    bundle = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
    return "(function(){" + re.sub("</(?=script)", r"<\\/", bundle, flags=re.IGNORECASE) + "\n})();"


@lru_cache(maxsize=8)
def static(name: str) -> str:
    """A file of this package's ``static`` folder."""
    return resources.files("arena_pipeline.report").joinpath("static", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
