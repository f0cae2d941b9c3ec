"""Group ``scorecards``, the second look: against real, return on capital, suppliers, weeks, sensitivity to rates.

The figures are ``engine.scorecard``'s; joining logs with replays is ``arena_pipeline.beside``'s.
"""

import dagster as dg
import polars as pl

from arena_pipeline import beside, weekly
from arena_pipeline.choice import stored_choice
from arena_pipeline.delisted import delisted_sensitivity
from arena_pipeline.metadata import frame_metadata, markdown_table, sparkline
from arena_pipeline.resources import ArenaResource
from engine.scorecard import comparison

GROUP = "scorecards"
OWNER = "team:arena"
SHOWN = 6


def _scores(arena: ArenaResource) -> pl.DataFrame:
    return pl.read_parquet(arena.store.scorecard("scorecard.parquet"))


def _scored_days(arena: ArenaResource) -> int:
    return weekly.scored_days(arena)


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=["scorecard"],
    code_version="1",
    description="Every policy against the replay of the shop's own orders, and both against its stock record.",
)
def simulated_against_real(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Lead view, distances to actual, hindsight and the bound, and the stock record under one mask."""
    scores = _scores(arena)
    groups = scores.filter(pl.col("level") != "item")
    table = comparison.against_actual(groups)
    distance = comparison.distances(scores)
    record = beside.stock_record(arena.store, arena.settings, stored_choice(arena.store))
    for name, frame in (
        ("simulated_against_real", table),
        ("distances", distance),
        ("stock_record", record),
        ("price_of_segmenting", comparison.price_of_segmenting(groups)),
    ):
        arena.publish(name, frame)
    shown = distance.head(SHOWN).select("strategy", "parameters", "over_actual", "gap_closed").to_dicts()
    best = distance.filter(pl.col("kind") == "candidate").head(1)
    closed = {"best_gap_closed": best["gap_closed"][0]} if best.height and best["gap_closed"][0] is not None else {}
    return dg.MaterializeResult(
        metadata={**frame_metadata(table), **closed, "distance_to_actual": markdown_table(shown)}
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=["scorecard"],
    code_version="1",
    description="What changing to a policy returns: capital released, margin recovered, economic profit gained.",
)
def roi(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Per run and group; a ratio only where capital goes up."""
    table = comparison.roi(_scores(arena), _scored_days(arena))
    arena.publish("roi", table)
    shown = (
        table.filter((pl.col("level") == "catalogue") & (pl.col("kind") == "candidate"))
        .sort("economic_profit_gained", descending=True)
        .head(SHOWN)
    )
    best = shown.head(1).to_dicts()
    figures = {
        name: float(best[0][name]) for name in ("capital_released", "margin_recovered", "economic_profit_gained")
    } if best else {}  # fmt: skip
    columns = ["strategy", "parameters", "capital_released", "economic_profit_gained"]
    return dg.MaterializeResult(
        metadata={**frame_metadata(table), **figures, "best": markdown_table(shown.select(columns).to_dicts())}
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=["scorecard"],
    code_version="1",
    description="Economic profit of every run with one rate halved or doubled, and who then leads.",
)
def rate_sensitivity(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Priced anew, not planned anew."""
    table = comparison.rate_sensitivity(_scores(arena), _scored_days(arena), arena.settings.costs.capital_rate)
    arena.publish("rate_sensitivity", table)
    leads = table.filter("leads").select("rate", "factor", "strategy", "parameters", "economic_profit")
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(table),
            "leaders": leads["strategy"].n_unique(),
            "who_leads": markdown_table(leads.to_dicts()),
        }
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=["scorecard", "purchase_orders"],
    code_version="1",
    description="Suppliers: promised against real lead time, on time, short, what lateness cost.",
)
def supplier_performance(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """From the shop's own order lines and their replay."""
    table = beside.supplier_table(arena)
    arena.publish("supplier_performance", table)
    worst = table.sort(["cost_of_lateness", "supplier_id"], descending=[True, False]).head(SHOWN)
    columns = ["supplier_id", "promised_days", "real_days", "on_time_share", "cost_of_lateness"]
    lines = int(table["lines"].sum())
    on_time = float((table["on_time_share"].fill_null(0) * table["lines"]).sum()) / max(lines, 1)
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(table),
            "on_time_share": on_time,
            "cost_of_lateness": float(table["cost_of_lateness"].fill_null(0).sum()),
            "worst": markdown_table(worst.select(columns).to_dicts()),
        }
    )


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=["scorecard"],
    code_version="1",
    description="Figures of every week for the shop's own orders and the best set of each strategy.",
)
def weekly_scorecard(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Catalogue and categories, week by week."""
    table = weekly.weekly_scorecard(arena)
    arena.publish("weekly_scorecard", table)
    context.log.info(f"weekly figures of {table['strategy'].n_unique()} runs")
    curves = {
        f"working_capital_{strategy}": sparkline(rows["working_capital"].fill_null(0).to_list(), strategy)
        for (strategy,), rows in table.filter(pl.col("level") == "catalogue")
        .sort("strategy", "week")
        .group_by(["strategy"], maintain_order=True)
    }
    return dg.MaterializeResult(metadata={**frame_metadata(table), **curves})


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb", "polars"},
    deps=["scorecard"],
    code_version="1",
    description="The comparison with items that ran out for good counted as out of stock.",
)
def possibly_delisted(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """As scored, and with their days listed and their demand replayed."""
    table = delisted_sensitivity(arena)
    arena.publish("possibly_delisted", table)
    columns = ["strategy", "economic_profit", "with_economic_profit", "stockout_rate", "with_stockout_rate"]
    return dg.MaterializeResult(
        metadata={
            **frame_metadata(table),
            "both": markdown_table(table.select(columns).to_dicts() if table.height else []),
        }
    )


FIGURE_ASSETS: list[dg.AssetsDefinition] = [
    simulated_against_real,
    roi,
    rate_sensitivity,
    supplier_performance,
    weekly_scorecard,
    possibly_delisted,
]
