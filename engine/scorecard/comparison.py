"""Policies beside what really happened and what could have been: lead view, return, distances, price of rules.

All read the scores of ``score_run`` with ``strategy``, ``parameters`` and ``kind``; one function per table.
"""

from __future__ import annotations

import polars as pl

from engine.schema import DAYS_PER_YEAR

REDUCED = ("stockout_rate", "average_inventory_value", "working_capital", "lost_margin", "orders", "order_lines")
"""Figures of which less is better: shown as a reduction."""
IMPROVED = ("fill_rate", "cycle_service_level", "in_stock_rate", "gross_margin", "economic_profit")
"""Figures of which more is better: shown as an improvement."""
RUN = ("strategy", "parameters", "kind")
GROUP = ("level", "name")
RATES = ("holding_rate", "capital_rate", "order_cost")
FACTORS = (0.5, 1.0, 2.0)
SEGMENTED = "abc_xyz"


def _actual(scores: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The replay of the shop's own orders, columns prefixed with ``real_``."""
    real = scores.filter(pl.col("kind") == "actual").select(*GROUP, *columns)
    return real.rename({name: f"real_{name}" for name in columns})


def against_actual(scores: pl.DataFrame) -> pl.DataFrame:
    """Simulated against real, one row per run, group and figure.

    ``reduction`` = (real - simulated) / real for figures of which less is better, null where real is 0;
    ``improvement`` = simulated - real for the others. Bounds and the shop's own orders are left out.
    """
    figures = [name for name in (*REDUCED, *IMPROVED) if name in scores.columns]
    runs = scores.filter(pl.col("kind").is_in(["candidate", "baseline"])).select(*RUN, *GROUP, *figures)
    simulated = runs.unpivot(on=figures, index=[*RUN, *GROUP], variable_name="figure", value_name="simulated")
    real = scores.filter(pl.col("kind") == "actual").unpivot(
        on=figures, index=list(GROUP), variable_name="figure", value_name="real"
    )
    less = pl.col("figure").is_in(list(REDUCED))
    share = pl.when(pl.col("real") != 0).then((pl.col("real") - pl.col("simulated")) / pl.col("real"))
    return (
        simulated.join(real, on=[*GROUP, "figure"], how="left", maintain_order="left")
        .with_columns(
            reduction=pl.when(less).then(share),
            improvement=pl.when(~less).then(pl.col("simulated") - pl.col("real")),
        )
        .sort(*RUN, *GROUP, "figure")
    )


def roi(scores: pl.DataFrame, days: int) -> pl.DataFrame:
    """What changing to a policy returns, one row per run and group.

    ``capital_released`` = working capital of the shop's own orders - the run's; ``margin_recovered`` = lost margin of
    the shop's own orders - the run's; ``economic_profit_gained``; ``return_on_added_capital`` = annual gain before
    the cost of that capital / capital added, only where the run ties up more.

    Args:
        scores: of all runs; ``days``: scored days.
    """
    columns = ("working_capital", "lost_margin", "economic_profit", "profit")
    runs = scores.filter(pl.col("kind").is_in(["candidate", "baseline"])).select(*RUN, *GROUP, *columns)
    joined = runs.join(_actual(scores, *columns), on=list(GROUP), how="inner", maintain_order="left")
    released = pl.col("real_working_capital") - pl.col("working_capital")
    annual = (pl.col("profit") - pl.col("real_profit")) * (DAYS_PER_YEAR / days)
    return joined.select(
        *RUN,
        *GROUP,
        capital_released=released,
        margin_recovered=pl.col("real_lost_margin") - pl.col("lost_margin"),
        economic_profit_gained=pl.col("economic_profit") - pl.col("real_economic_profit"),
        return_on_added_capital=pl.when(released < 0).then(annual / -released),
    ).sort(*GROUP, *RUN)


def distances(scores: pl.DataFrame) -> pl.DataFrame:
    """Economic profit of each run of the catalogue less that of ``actual``, ``hindsight`` and ``upper_bound``.

    ``gap_closed`` = (run - actual) / (upper bound - actual): the share of all that could be gained.
    """
    catalogue = scores.filter(pl.col("level") == "catalogue")
    marks = {row["strategy"]: row["economic_profit"] for row in catalogue.filter(_beside()).to_dicts()}
    result = catalogue.filter(~_beside()).select(*RUN, "economic_profit")
    for name in ("actual", "hindsight", "upper_bound"):
        mark = pl.lit(marks.get(name), dtype=pl.Float64)
        result = result.with_columns((pl.col("economic_profit") - mark).alias(f"over_{name}"))
    reach = pl.lit(marks.get("upper_bound"), dtype=pl.Float64) - pl.lit(marks.get("actual"), dtype=pl.Float64)
    gap = pl.when(reach > 0).then(pl.col("over_actual") / reach)
    return result.with_columns(gap_closed=gap).sort(
        ["economic_profit", *RUN], descending=[True, False, False, False], nulls_last=True
    )


def _beside() -> pl.Expr:
    return pl.col("kind").is_in(["actual", "bound"])


def price_of_segmenting(scores: pl.DataFrame) -> pl.DataFrame:
    """Economic profit given up by one rule per cell instead of levels for every item, per group.

    The best parameter set of the segmented strategy over the catalogue against the best of the candidates that
    optimise every item; empty where either was not run.
    """
    catalogue = scores.filter((pl.col("level") == "catalogue") & (pl.col("kind") == "candidate"))
    order = catalogue.sort(["economic_profit", "strategy", "parameters"], descending=[True, False, False])
    segmented, single = (
        order.filter((pl.col("strategy") == SEGMENTED) == flag).head(1).select("strategy", "parameters")
        for flag in (True, False)
    )
    one, other = (scores.join(best, on=["strategy", "parameters"], how="semi") for best in (single, segmented))
    per_item = one.select(*GROUP, per_item_strategy="strategy", per_item=pl.col("economic_profit"))
    return (
        other.select(*GROUP, by_cell=pl.col("economic_profit"))
        .join(per_item, on=list(GROUP), how="inner")
        .with_columns(price=pl.col("per_item") - pl.col("by_cell"))
        .sort(*GROUP)
    )


def rate_sensitivity(scores: pl.DataFrame, days: int, capital_rate: float) -> pl.DataFrame:
    """Economic profit of every catalogue run with one rate halved or doubled, and which candidate then leads.

    The runs are priced anew, not planned anew: ``economic_profit - (factor - 1) x what the rate costs the run``.

    Args:
        scores: of all runs; ``days``: scored days; ``capital_rate``: per year, as scored.
    """
    runs = scores.filter((pl.col("level") == "catalogue") & pl.col("kind").is_in(["candidate", "baseline", "actual"]))
    cost = {
        "holding_rate": pl.col("holding_cost"),
        "capital_rate": capital_rate * days / DAYS_PER_YEAR * pl.col("working_capital"),
        "order_cost": pl.col("fixed_order_cost"),
    }
    frames = []
    for rate in RATES:
        for factor in FACTORS:
            profit = pl.col("economic_profit") - (factor - 1) * cost[rate]
            priced = runs.select(
                pl.lit(rate).alias("rate"), pl.lit(factor).alias("factor"), *RUN, profit.alias("economic_profit")
            )
            leads = priced.filter(pl.col("kind") == "candidate")["economic_profit"].max()
            is_best = (pl.col("kind") == "candidate") & (pl.col("economic_profit") == leads)
            frames.append(priced.with_columns(leads=is_best.fill_null(value=False)))
    return pl.concat(frames).sort("rate", "factor", "strategy", "parameters")
