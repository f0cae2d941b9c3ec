"""Group ``arena``, behind the backtests: honest selection, and how sure the comparison is."""

import json

import dagster as dg
import polars as pl

from arena_pipeline import assumptions, calibrating, selecting
from arena_pipeline.assets.arena import GROUP, OWNER, configured_runs
from arena_pipeline.metadata import frame_metadata, markdown_table
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import Settings
from arena_pipeline.store import Store, load_arena, write_frame, write_whole

SHOWN = 8


def selection_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Walk-forward selection and intervals over all configured runs."""
    runs = [dg.AssetKey(["backtests", name]) for name in settings.strategies] + [dg.AssetKey("actual")]
    return [_selection(runs), _intervals(runs), _calibration(runs)]


def _selection(runs: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        group_name=GROUP,
        owners=[OWNER],
        kinds={"numpy"},
        deps=runs,
        code_version="1",
        description="Parameters chosen on earlier folds only: held-out scores, the winner's lead and its interval.",
    )
    def selection(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Scores of the folds held out, by strategy."""
        world, information = load_arena(arena.store)
        settings, store = arena.settings, arena.store
        if selecting.Folds.of(world.scenario, settings).count < selecting.FEWEST_FOLDS:
            context.log.warning("the scored window has one fold: nothing can be held out, parameters are not selected")
            result = selecting.NOTHING_HELD_OUT
        else:
            result = selecting.select(settings, store, world.scenario, information)
        _keep(arena, result)
        if result.winner:
            context.log.info(selecting.lead_sentence(result, settings, assumptions.stored(arena.store).yardstick))
        return dg.MaterializeResult(
            metadata={
                **frame_metadata(result.folds),
                **result.figures,
                "held_out": markdown_table(_shown(result.table)),
                "worth_tuning": markdown_table(result.tuning.to_dicts()),
            }
        )

    return selection


def _keep(arena: ArenaResource, result: selecting.HeldOut) -> None:
    """Files and tables; beside the scenario a copy for the leaderboard, which must not show another one's."""
    store = arena.store
    frames = {"selection": result.folds, "held_out": result.table, "tuning": result.tuning}
    for name, frame in frames.items():
        arena.publish(name, frame)
    write_frame(store.folder(store.current_hash) / "held_out.parquet", result.table)
    text = json.dumps(result.figures, indent=1, sort_keys=True) + "\n"
    write_whole(store.folder(store.current_hash) / "held_out.json", lambda path: path.write_text(text))


def _shown(table: pl.DataFrame) -> list[dict[str, object]]:
    columns = ("strategy", "economic_profit", "lead_over_actual", "lead_low", "lead_high")
    return table.head(SHOWN).select(columns).to_dicts()


def held_out_of(store: Store) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Held-out rows of the current scenario and figures of the winner; empty where nothing was selected."""
    folder = store.folder(store.current_hash)
    if not (folder / "held_out.json").exists():
        return [], {}
    return pl.read_parquet(folder / "held_out.parquet").to_dicts(), json.loads((folder / "held_out.json").read_text())


def _intervals(runs: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        group_name=GROUP,
        owners=[OWNER],
        kinds={"numpy"},
        deps=runs,
        code_version="1",
        description="95 % intervals of every run's figures: level, against actual and against the best; paired.",
    )
    def intervals(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Demand scenarios x blocks of items and weeks."""
        world, _ = load_arena(arena.store)
        settings = arena.settings
        points = {
            name: sets for name, sets in configured_runs(settings).items() if name in {*settings.strategies, "actual"}
        }
        table = selecting.interval_table(settings, arena.store, world.scenario, points)
        arena.publish("intervals", table)
        scenarios = settings.demand.scenarios
        told = f"{scenarios} demand scenarios and blocks" if scenarios > 1 else "blocks of items and weeks alone"
        context.log.info(f"intervals over {told}; set demand.scenarios above 1 to let recovered demand vary too"
                         if scenarios == 1 else f"intervals over {told}")  # fmt: skip
        leads = table.filter((pl.col("figure") == "economic_profit") & (pl.col("against") == "actual"))
        shown = leads.sort("estimate", descending=True).head(SHOWN)
        return dg.MaterializeResult(
            metadata={
                **frame_metadata(table),
                "scenarios": scenarios,
                "made_of": told,
                "lead_over_actual": markdown_table(
                    shown.select("strategy", "parameters", "estimate", "low", "high").to_dicts()
                ),
            }
        )

    return intervals


def _calibration(runs: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        group_name=GROUP,
        owners=[OWNER],
        kinds={"numba"},
        deps=runs,
        code_version="1",
        description="Service achieved against service planned for, and again with buffers adjusted on earlier folds.",
    )
    def calibration(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """One table: strategies that plan for service, by segment, on folds learned from and on folds held out."""
        world, information = load_arena(arena.store)
        table = calibrating.calibration_table(arena.settings, arena.store, world.scenario, information)
        arena.publish("calibration", table)
        whole = table.filter((pl.col("segment") == "all") & (pl.col("part") == "held_out")).to_dicts()
        rows = [
            {
                "strategy": row["strategy"],
                "target": row["target"],
                "before": row[f"{row['target_kind']}_before"],
                "after": row[f"{row['target_kind']}_after"],
                "verdict": row["verdict"],
            }
            for row in whole
        ]
        for row in rows:
            context.log.info(
                f"{row['strategy']}: planned for {row['target']:.1%}, held out {row['before']:.1%}, "
                f"calibrated {row['after']:.1%} ({row['verdict']})"
            )
        return dg.MaterializeResult(metadata={**frame_metadata(table), "held_out": markdown_table(rows)})

    return calibration
