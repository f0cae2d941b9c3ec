"""The tables of ``docs/benchmarks.md``, written between markers from the figures of a full run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Figure

# What DESIGN asks for: name, comparison, limit.
REACH: dict[str, tuple[str, float]] = {
    "compiled_sku_days_per_second_core": (">=", 5e8),
    "compiled_ns_per_event": ("<=", 15),
    "compiled_over_reference": (">=", 100),
    "reference_sku_days_per_second": (">=", 1.5e6),
    "compiled_over_bare_numba": (">=", 0.7),
    "compiled_over_stockcast": (">=", 1_000),
    "compiled_over_replenishment": (">=", 300),
    "compiled_over_inventorize": (">=", 300),
    "compiled_over_stockpyl": (">=", 10_000),
    "sweep_seconds": ("<=", 15),
    "sweep_peak_rss_mb": ("<=", 2_048),
    "small_backtest_seconds": ("<=", 1),
    "recover_seconds_10k": ("<=", 3),
    "recover_seconds_100k": ("<=", 30),
    "forecast_seconds_10k": ("<=", 1),
    "forecast_seconds_100k": ("<=", 10),
    "ingest_parquet_rows_per_second": (">=", 1e6),
    "ingest_csv_rows_per_second": (">=", 3e5),
    "ingest_over_plain_load": ("<=", 2.5),
    "ingest_100m_rows_per_second": (">=", 1e6),
    "ingest_100m_peak_rss_mb": ("<=", 8192),
    "activity_100k_peak_rss_mb": ("<=", 8192),
    "demand_100k_peak_rss_mb": ("<=", 8192),
    "pipeline_demo_seconds": ("<=", 60),
    "pipeline_100k_seconds": ("<=", 600),
    "pipeline_100k_peak_rss_mb": ("<=", 8_192),
}
GROWTH = "growth_1e"


def is_reached(figure: Figure) -> bool | None:
    """Whether a figure meets its goal; None where there is no goal or no value."""
    if figure.name not in REACH or figure.value is None:
        return None
    sign, limit = REACH[figure.name]
    return figure.value >= limit if sign == ">=" else figure.value <= limit


def show(value: float | None) -> str:
    """Four significant digits at most, thousands apart."""
    if value is None:
        return ""
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.4g} million"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def figure_rows(figures: Sequence[Figure]) -> Iterator[str]:
    """Markdown table of all figures but those of growth, by name."""
    yield "| figure | value | unit | goal | met | note |"
    yield "|---|---:|---|---:|---|---|"
    for figure in sorted(figures, key=lambda figure: figure.name):
        if figure.name.startswith(GROWTH):
            continue
        sign, limit = REACH.get(figure.name, ("", None))
        goal = f"{sign.replace('>=', '≥').replace('<=', '≤')} {show(limit)}".strip()
        met = {None: "", True: "yes", False: "**no**"}[is_reached(figure)]
        yield f"| `{figure.name}` | {show(figure.value)} | {figure.unit} | {goal} | {met} | {figure.note} |"


def growth_rows(figures: Sequence[Figure]) -> Iterator[str]:
    """Markdown table of seconds and nanoseconds per event by number of events."""
    yield "| events | ms | ns per event | world |"
    yield "|---:|---:|---:|---|"
    by_name = {figure.name: figure for figure in figures}
    for name, figure in by_name.items():
        if name.startswith(GROWTH) and name.endswith("_events_seconds") and figure.value is not None:
            each = by_name[name.replace("_events_seconds", "_ns_per_event")]
            power = name.removeprefix(GROWTH).partition("_")[0]
            counted, _, world = figure.note.partition(" events, ")
            cells = f"10^{power} ({counted})", show(figure.value * 1e3), show(each.value), world.split(", ")[0]
            yield f"| {' | '.join(cells)} |"


def write(path: Path, figures: Sequence[Figure], measured: dict[str, str]) -> None:
    """Replace what stands between the markers; all other text stays."""
    text = path.read_text(encoding="utf-8")
    of = ", ".join(f"{name.replace('_', ' ')} `{value[:12]}`" for name, value in measured.items())
    parts = {
        "figures": [f"Measured at {of}.", "", *figure_rows(figures)],
        "growth": list(growth_rows(figures)),
    }
    for name, lines in parts.items():
        start, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(start)
        after = rest.partition(end)[2]
        text = f"{before}{start}\n" + "\n".join(lines) + f"\n{end}{after}"
    path.write_text(text, encoding="utf-8")
