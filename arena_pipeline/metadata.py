"""Metadata that the Dagster UI shows well: column schemas, small tables, sparklines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import polars as pl

SPARK_WIDTH, SPARK_HEIGHT = 160, 28
SPARK_POINTS = 40


def frame_metadata(frame: pl.DataFrame) -> dict[str, dg.MetadataValue | int]:
    """Row count and schema under the names that Dagster knows."""
    return table_metadata(frame.height, frame.schema)


def file_metadata(path: Path) -> dict[str, dg.MetadataValue | int]:
    """The same of a Parquet file, which is not read."""
    rows = pl.scan_parquet(path)
    return table_metadata(rows.select(pl.len()).collect().item(), rows.collect_schema())


def table_metadata(rows: int, schema: pl.Schema) -> dict[str, dg.MetadataValue | int]:
    """Row count and schema of a table."""
    columns = dg.TableSchema(columns=[dg.TableColumn(name, str(kind)) for name, kind in schema.items()])
    return {
        "dagster/row_count": dg.MetadataValue.int(rows),
        "dagster/column_schema": dg.MetadataValue.table_schema(columns),
    }


def markdown_table(rows: Sequence[Mapping[str, object]]) -> dg.MetadataValue:
    """A short table; keep it below 1,000 characters so that it shows inline."""
    if not rows:
        return dg.MetadataValue.md("(no rows)")
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in head) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.0f}"
    return "" if value is None else str(value).replace("|", r"\|")


def sparkline(values: Sequence[float], label: str) -> dg.MetadataValue:
    """A curve as a small inline picture, thinned to a few dozen points."""
    step = max(1, -(-len(values) // SPARK_POINTS))
    points = [sum(values[i : i + step]) / len(values[i : i + step]) for i in range(0, len(values), step)]
    low, high = min(points, default=0.0), max(points, default=0.0)
    span, last = (high - low) or 1.0, max(len(points) - 1, 1)
    path = " ".join(
        f"{round(SPARK_WIDTH * i / last)},{round(SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * (value - low) / span)}"
        for i, value in enumerate(points)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}">'
        f'<polyline fill="none" stroke="#3a7ca5" points="{path}"/></svg>'
    )
    return dg.MetadataValue.md(f"![{label}](data:image/svg+xml,{quote(svg, safe='')}) {low:,.0f} … {high:,.0f}")


def dot_plot(rows: Mapping[str, Sequence[float]], label: str, reach: float = 10.0) -> dg.MetadataValue:
    """Deviations from zero as dots on one line per row, cut off at ``reach``; a small inline picture."""
    dots = "".join(
        f"M{round(SPARK_WIDTH / 2 * (1 + max(-1.0, min(1.0, value / reach))))},{8 + 9 * index}h0"
        for index, values in enumerate(rows.values())
        for value in values
    )
    height = 9 * len(rows) + 7
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SPARK_WIDTH}" height="{height}">'
        f'<path d="M{SPARK_WIDTH // 2},0v{height}" stroke="#999"/>'
        f'<path d="{dots}" stroke="#3a7ca5" stroke-width="4" stroke-linecap="round"/></svg>'
    )
    text = f"{label}: {', '.join(rows)} downwards, ±{reach:g} across"
    return dg.MetadataValue.md(f"![{label}](data:image/svg+xml,{quote(svg, safe=',')})\n\n{text}")
