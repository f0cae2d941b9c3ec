"""Group ``scorecards``: all runs side by side, by level. The figures are ``engine.scorecard``'s."""

import json

import dagster as dg
import polars as pl

from arena_pipeline import assumptions, history
from arena_pipeline.assets.arena import HEADLINE, configured_runs
from arena_pipeline.assets.selection import held_out_of
from arena_pipeline.choice import choose
from arena_pipeline.metadata import frame_metadata, markdown_table
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import Settings
from arena_pipeline.store import Store, write_whole
from engine.errors import InputError
from engine.scorecard import leaderboard
from engine.scorecard.ranking import trade_off_sentence

GROUP = "scorecards"
OWNER = "team:arena"
SHOWN_RUNS = 10
EXTREME_ITEMS = 20
SUMMARISED = ("economic_profit", "working_capital", "stockout_rate", "fill_rate", "gross_margin", "lost_margin")


def read_runs(store: Store, settings: Settings) -> tuple[pl.DataFrame, list[str]]:
    """Scores of all configured runs of the current scenario, and the names of those that are missing.

    Raises:
        InputError: there is none at all.
    """
    wanted = configured_runs(settings)
    current = store.current_hash
    missing = store.missing(current, wanted)
    paths = [
        store.result(current, strategy, point.key)
        for strategy, points in wanted.items()
        for point in points
        if f"{strategy}/{point.key}" not in missing
    ]
    if not paths:
        raise InputError("at least one run must be materialised", place="backtests", remedy="Materialise a strategy")
    return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal"), missing


def scorecard_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The scorecard of all runs, and one asset per level and view."""
    upstream = [dg.AssetKey(["backtests", name]) for name in settings.strategies]
    beside = [dg.AssetKey("actual"), dg.AssetKey("hindsight"), dg.AssetKey("upper_bound")]

    @dg.asset(
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "polars"},
        deps=[*upstream, *beside, dg.AssetKey("selection")],
        code_version="1",
        description="Every figure of every run, for the catalogue, categories, suppliers, cells and items.",
    )
    def scorecard(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        scores, missing = read_runs(arena.store, arena.settings)
        runs = sum(len(points) for points in configured_runs(arena.settings).values())
        if missing:
            context.log.warning(f"{runs - len(missing)} of {runs} runs; missing: {', '.join(missing)}")
        scores = scores.sort("level", "name", "strategy", "parameters")
        board = leaderboard(scores)
        arena.publish("scorecard", scores)
        write_whole(
            arena.store.scorecard("scorecard.json"),
            lambda path: path.write_text(_as_json(scores, board, arena, missing)),
        )
        arena.publish("leaderboard", board)
        name = history.remember(arena.settings, arena.store.current_hash, board.to_dicts(), _inputs(arena))
        shown = board.head(SHOWN_RUNS).select("strategy", "parameters", *HEADLINE[:4]).to_dicts()
        return dg.MaterializeResult(
            metadata={
                **frame_metadata(scores),
                "remembered_as": name,
                "runs": runs - len(missing),
                "runs_missing": len(missing),
                **_best_candidate(board),
                "trade_off": trade_off_sentence(board, assumptions.stored(arena.store).yardstick),
                "leaderboard": markdown_table(shown),
            }
        )

    levels = [_level_card(level) for level in ("category", "supplier", "segment", "item")]
    return [scorecard, pareto_front, *levels]


def _best_candidate(board: pl.DataFrame) -> dict[str, str | float]:
    """The first candidate of the board; nothing where none was run yet."""
    names = {"best_strategy": "strategy", "best_parameters": "parameters", "best_economic_profit": "economic_profit"}
    best = board.filter(pl.col("kind") == "candidate").head(1).to_dicts()
    return {label: best[0][column] for label, column in names.items()} if best else {}


def _inputs(arena: ArenaResource) -> list[dict[str, object]]:
    """Log files that were taken in."""
    query = "select path, content_sha256 from logs.manifest order by all"
    return arena.warehouse.read(query).to_dicts()


def summary(scores: pl.DataFrame, board: pl.DataFrame) -> dict[str, list[dict[str, object]]]:
    """The best candidate beside the shop's own orders: categories, suppliers, items with most to gain and to lose.

    Daily rows are never part of it; every item's figures are in ``scorecard.parquet``.
    """
    choice = choose(board)
    if choice.best is None or choice.actual is None:
        return {}
    best, real = (
        scores.filter((pl.col("strategy") == row["strategy"]) & (pl.col("parameters") == row["parameters"]))
        for row in (choice.best, choice.actual)
    )
    pairs = real.select("level", "name", *(pl.col(name).alias(f"real_{name}") for name in SUMMARISED)).join(
        best.select("level", "name", *SUMMARISED), on=["level", "name"], how="inner", maintain_order="left"
    )
    gain = pl.col("economic_profit") - pl.col("real_economic_profit")
    ranked = pairs.with_columns(economic_profit_gained=gain).sort(
        ["economic_profit_gained", "name"], descending=[True, False], nulls_last=True
    )
    items = ranked.filter((pl.col("level") == "item") & pl.col("economic_profit_gained").is_not_null())
    parts = {
        "categories": ranked.filter(pl.col("level") == "category"),
        "suppliers": ranked.filter(pl.col("level") == "supplier"),
        "items_most_to_gain": items.filter(pl.col("economic_profit_gained") > 0).head(EXTREME_ITEMS),
        "items_most_to_lose": items.filter(pl.col("economic_profit_gained") < 0).tail(EXTREME_ITEMS).reverse(),
    }
    return {name: frame.drop("level").to_dicts() for name, frame in parts.items()}


def _as_json(scores: pl.DataFrame, board: pl.DataFrame, arena: ArenaResource, missing: list[str]) -> str:
    shop = arena.settings.shop
    rows, winner = held_out_of(arena.store)
    assumed = assumptions.stored(arena.store)
    content = {
        "shop": shop.name,
        "currency": shop.currency,
        "synthetic": assumed.note(arena.settings) or None,
        "scenario": arena.store.current_hash,
        "missing": missing,
        "trade_off": trade_off_sentence(board, assumed.yardstick),
        "leaderboard": board.to_dicts(),
        **summary(scores, board),
        "held_out": rows,
        "held_out_winner": winner,
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"duckdb"},
    deps=["scorecard"],
    code_version="1",
    description="Runs that no other beats on working capital, stock-out rate and gross margin at once.",
)
def pareto_front(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The non-dominated set."""
    board = leaderboard(pl.read_parquet(arena.store.scorecard("scorecard.parquet")))
    front = board.filter("non_dominated").select(
        "strategy", "parameters", "working_capital", "stockout_rate", "gross_margin", "economic_profit"
    )
    arena.publish("pareto_front", front)
    return dg.MaterializeResult(
        metadata=frame_metadata(front) | {"front": markdown_table(front.head(SHOWN_RUNS).to_dicts())}
    )


def _level_card(level: str) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"{level}_scorecard",
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb"},
        deps=["scorecard"],
        code_version="1",
        description=f"Every figure of every run by {level}, the shop's own orders beside.",
    )
    def level_scorecard(arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        scores = pl.read_parquet(arena.store.scorecard("scorecard.parquet")).filter(pl.col("level") == level)
        card = scores.drop("level").rename({"name": level})
        arena.publish(f"{level}_scorecard", card)
        return dg.MaterializeResult(metadata={**frame_metadata(card), "groups": card[level].n_unique()})

    return level_scorecard
