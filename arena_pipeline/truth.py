"""Recovered demand against known truth, where a shop has one (the demo does); for judging only."""

from dataclasses import dataclass, field

import polars as pl

from arena_pipeline.settings import Settings
from engine.schema import MICRO, Axes


@dataclass(frozen=True)
class TruthReport:
    """Bias and error of raw sales and of recovered demand; empty where no truth is known."""

    figures: dict[str, float] = field(default_factory=dict)
    table: list[dict[str, object]] = field(default_factory=list)
    sentences: tuple[str, ...] = ()


def compare_with_truth(replay: pl.LazyFrame, axes: Axes, settings: Settings) -> TruthReport:
    """Total bias and per-SKU WAPE (Σ |estimate - truth| ÷ Σ truth) of raw sales, expectation and sample.

    The truth file (``paths.truth``) has one row per ``item_id, day`` with ``demand`` units.
    """
    if settings.truth_path is None or not settings.truth_path.exists():
        return TruthReport()
    true = pl.read_parquet(settings.truth_path).group_by("item_id").agg(pl.col("demand").sum())
    expected = pl.col("units_sold").sum() + pl.col("lost_expected_u6").sum() / MICRO
    by_item = (
        replay.group_by("sku")
        .agg(raw_sales=pl.col("units_sold").sum(), recovered=expected, sampled=pl.col("demand_s00").sum())
        .sort("sku")
        .collect(engine="in-memory")
        .with_columns(item_id=pl.Series(list(axes.items)))
        .join(true, on="item_id", how="left")
        .with_columns(pl.col("demand").fill_null(0))
    )
    total = float(by_item["demand"].sum())
    figures: dict[str, float] = {}
    table: list[dict[str, object]] = []
    for name in ("raw_sales", "recovered", "sampled"):
        bias = float(by_item[name].sum()) / total - 1
        wape = float((by_item[name] - by_item["demand"]).abs().sum()) / total
        figures |= {f"{name}_bias": bias, f"{name}_wape_per_item": wape}
        table.append({"estimate": name, "total bias": f"{bias:+.2%}", "WAPE per item": f"{wape:.2%}"})
    sentence = "; ".join(
        f"{row['estimate']}: bias {row['total bias']}, WAPE per item {row['WAPE per item']}" for row in table
    )
    return TruthReport(figures, table, (f"against the known truth: {sentence}",))
