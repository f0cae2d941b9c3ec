"""Diagnostics of recovered demand as flat figures, small tables and pictures.

What belongs here: turning the engine's numbers into metadata and columns. What does not: computing them.
"""

from collections.abc import Sequence
from urllib.parse import quote

import dagster as dg

from arena_pipeline.metadata import markdown_table
from engine.demand.diagnostics import PLACEBO_TOLERANCE, Diagnostics
from engine.demand.hiding import HiddenScore, mean_bias

WIDTH, HEIGHT, GAP = 160, 56, 4


def quality_figures(found: Diagnostics) -> dict[str, float | None]:
    """One column per number; None where a shop's logs cannot tell."""
    return {
        "placebo_keep_rate": found.placebo_keep_rate,
        "keep_rate": found.keep_rate,
        "decoupling": found.decoupling,
        "coverage": found.coverage,
        **{f"keep_rate_from_day_{int(age)}": rate for age, rate, _ in found.keep_by_age},
        **{f"demand_share_{method}": share for method, share in found.demand_by_method.items()},
        **{f"demand_at_{row.assumption}_{row.value:.2f}": row.over_base for row in found.sensitivities},
    }


def quality_metadata(found: Diagnostics) -> dict[str, dg.MetadataValue]:
    """Tables and pictures for the UI."""
    ages = [
        {"days out of stock": f"from {age:.0f}", "keep rate": rate, "SKU-days": days}
        for age, rate, days in found.keep_by_age
    ]
    methods = {name: share for name, share in found.demand_by_method.items() if share > 0}
    method_rows = [{"method": name, "share": f"{share:.1%}"} for name, share in methods.items()]
    shown = [
        {"assumption": row.assumption, "value": f"{row.value:.0%}", "total demand": f"{row.over_base:+.1%}"}
        for row in found.sensitivities
    ]
    return {
        "keep_rate_by_age": markdown_table(ages),
        "keep_rate_by_age_picture": bars([rate for _, rate, _ in found.keep_by_age], "keep rate by age"),
        "demand_by_method": markdown_table(method_rows),
        "demand_by_method_picture": bars(list(methods.values()), "share of demand by method"),
        "sensitivities": markdown_table(shown),
    }


def quality_sentences(found: Diagnostics) -> list[str]:
    """What a reader should know before trusting the table."""
    lines = [f"stock and page views are known on {found.coverage:.1%} of listed SKU-days"]
    if found.placebo_keep_rate is None:
        lines.append("no placebo keep rate: no page views in stock before and after a random week")
    else:
        good = abs(found.placebo_keep_rate - 1) <= PLACEBO_TOLERANCE
        verdict = "as it must be" if good else f"not within {PLACEBO_TOLERANCE:.0%} of 1: keep rates are off as much"
        lines.append(f"placebo keep rate {found.placebo_keep_rate:.3f}, {verdict}")
    if found.decoupling is not None:
        lines.append(f"decoupling {found.decoupling:+.2f}: 0 if orders follow page views, 1 if views say nothing")
    return lines


def hidden_rows(scores: Sequence[HiddenScore]) -> list[dict[str, object]]:
    """One row per draw."""
    return [
        {
            "draw": score.seed,
            "hidden SKU-days": score.days,
            "units hidden": round(score.sold, 1),
            "units found": round(score.found, 1),
            "bias": "" if score.bias is None else f"{score.bias:+.2%}",
            "WAPE per item": "" if score.wape_per_item is None else f"{score.wape_per_item:.1%}",
        }
        for score in scores
    ]


def hidden_sentence(scores: Sequence[HiddenScore]) -> str:
    """The answer in one line."""
    bias = mean_bias(scores)
    if bias is None:
        return "nothing could be hidden: no item was in stock for a day with page views before and after"
    hidden = sum(score.sold for score in scores)
    return f"{hidden:,.0f} units hidden in {len(scores)} draws, found again with a mean bias of {bias:+.2%}"


def bars(values: Sequence[float], label: str) -> dg.MetadataValue:
    """Shares 0..1 as small bars."""
    width = (WIDTH - GAP * max(len(values) - 1, 0)) / max(len(values), 1)
    shapes = "".join(
        f'<rect x="{i * (width + GAP):.0f}" y="{HEIGHT * (1 - min(max(value, 0.0), 1.0)):.0f}" width="{width:.0f}" '
        f'height="{HEIGHT * min(max(value, 0.0), 1.0):.0f}" fill="#3a7ca5"/>'
        for i, value in enumerate(values)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{shapes}</svg>'
    return dg.MetadataValue.md(f"![{label}](data:image/svg+xml,{quote(svg, safe='')})")
