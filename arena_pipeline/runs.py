"""Ordered runs on the workspace's own Dagster instance, in this process: base, one range run per strategy, scores.

The same assets, checks and instance that the UI shows; what belongs here is only the order, and telling how far it is.
"""

import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from arena_pipeline.build import build_definitions
from arena_pipeline.settings import Settings
from engine.errors import ArenaError

Tell = Callable[[str], None]
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
PROGRESS = "progress"
SKIPPED = "Dependencies for step "
"""How Dagster begins to tell of each step after one that failed."""
OWN_ERROR = r"^(dagster|engine|arena_pipeline)\.[\w.]+: "
BASE_GROUPS = {"ingest", "demand"}
BESIDE = {"scenario", "actual", "hindsight", "upper_bound"}
SELECTED = {"selection", "intervals", "calibration"}


class RunFailedError(ArenaError):
    """A run of the pipeline failed; the message is the first step's own."""


@dataclass(frozen=True)
class Stage:
    """One run: its title, its assets, and the range of partitions where it has some."""

    title: str
    assets: tuple[dg.AssetKey, ...]
    tags: dict[str, str]


@dataclass(frozen=True)
class StageResult:
    """How a stage went."""

    title: str
    run_id: str
    seconds: float


def stages(definitions: dg.Definitions, settings: Settings, only: str = "all") -> tuple[Stage, ...]:
    """The runs that bring everything up to date.

    Args:
        definitions: of the workspace.
        settings: its strategies.
        only: ``ingest`` (logs and demand), ``world`` (these, scenario and actual), ``backtests`` (scenario on)
            or ``all``.
    """
    specs = list(definitions.resolve_all_asset_specs())
    base = [spec.key for spec in specs if spec.group_name in BASE_GROUPS]
    world = [spec.key for spec in specs if spec.key.to_user_string() in BESIDE]
    scores = [spec.key for spec in specs if spec.group_name not in BASE_GROUPS | {"arena", "reports"}]
    reports = [spec.key for spec in specs if spec.group_name == "reports"]
    first = [Stage("logs and demand", tuple(base), {})] if only in {"ingest", "world", "all"} else []
    if only == "ingest":
        return tuple(first)
    backtests = [
        Stage(
            name.replace("_", " "),
            (dg.AssetKey(["backtests", name]),),
            {RANGE_START: grid.parameter_sets()[0].key, RANGE_END: grid.parameter_sets()[-1].key},
        )
        for name, grid in settings.strategies.items()
    ]
    beside = Stage("scenario, actual and bounds", tuple(world), {})
    if only == "world":
        return (*first, beside)
    selected = [spec.key for spec in specs if spec.key.to_user_string() in SELECTED]
    selection = Stage("calibration, selection, intervals", tuple(selected), {})
    middle = [beside, *backtests, selection]
    last = [Stage("scorecards", tuple(scores), {}), Stage("reports", tuple(reports), {})]
    return (*first, *middle, *last)


@contextmanager
def workspace_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of a workspace (its ``dagster.yaml``), with relative paths meant from there."""
    before, home = Path.cwd(), os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(settings.workspace)
    os.chdir(settings.workspace)
    try:
        with dg.DagsterInstance.get() as instance, _held_open(settings.var / "dagster"):
            yield instance
    finally:
        os.chdir(before)
        del os.environ["DAGSTER_HOME"]
        if home is not None:
            os.environ["DAGSTER_HOME"] = home


@contextmanager
def _held_open(folder: Path) -> Iterator[None]:
    """Keep a connection to each SQLite database below the folder.

    Dagster connects anew for each event, and the last connection to close writes SQLite's whole log back: with one that
    stays, an event costs half as much.
    """
    with ExitStack() as held:
        for path in sorted(folder.rglob("*.db")):
            connection = held.enter_context(closing(sqlite3.connect(path)))
            with suppress(sqlite3.DatabaseError):
                connection.execute("select count(*) from sqlite_master").fetchone()
        yield


def run_stages(settings: Settings, tell: Tell, begin: Tell, only: str = "all") -> list[StageResult]:
    """Run all stages in order; the first failure ends it.

    Args:
        settings: of the workspace.
        tell: called with each progress line of an asset.
        begin: called with the title of each stage.
        only: see ``stages``.

    Raises:
        RunFailedError: a step failed; what was materialised before it stays.
    """
    definitions = build_definitions(settings, {PROGRESS: _progress_logger(tell)})
    done = []
    with workspace_instance(settings) as instance:
        for stage in stages(definitions, settings, only):
            begin(stage.title)
            done.append(_run(definitions, instance, stage))
    return done


def _run(definitions: dg.Definitions, instance: dg.DagsterInstance, stage: Stage) -> StageResult:
    started = time.perf_counter()
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        run_config={"loggers": {PROGRESS: {}}},
        instance=instance,
        asset_selection=list(stage.assets),
        tags=stage.tags,
        raise_on_error=False,
    )
    if not result.success:
        raise RunFailedError(f"{stage.title}: {_first_failure(result)} (run {result.run_id})")
    return StageResult(stage.title, result.run_id, time.perf_counter() - started)


def _first_failure(result: dg.ExecuteInProcessResult) -> str:
    """What a blocking check found, else the first step's own message without the names of our error classes."""
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.blocking and not evaluation.passed:
            return f"check {evaluation.check_name} failed: {evaluation.description}"
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            return re.sub(OWN_ERROR, "", cause.message).strip() if cause else "a step failed"
    return "the run failed"


def _progress_logger(tell: Tell) -> dg.LoggerDefinition:
    """Passes on what assets say; Dagster's own events stay in its event log."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", None)
            if isinstance(meta, dict) and meta.get("dagster_event") is None:
                line = str(meta.get("orig_message") or record.getMessage())
                if not line.startswith(SKIPPED):
                    tell(line)

    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.getLogger("arena.progress")
        logger.handlers, logger.propagate = [Lines()], False
        logger.setLevel(logging.INFO)
        return logger

    return dg.LoggerDefinition(progress, description="Progress lines of assets.")


def seconds_by_stage(results: Sequence[StageResult]) -> str:
    """Seconds per stage, for the end of a report."""
    return ", ".join(f"{result.title} {result.seconds:.1f} s" for result in results)
