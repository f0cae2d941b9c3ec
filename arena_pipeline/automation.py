"""When things run by themselves: weekly, on new files, and whatever lies downstream of demand once it is outdated."""

import hashlib
from datetime import timedelta

import dagster as dg

from arena_pipeline import history
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import TABLES, Settings

WEEKLY = "0 5 * * 1"
LATEST_AFTER = timedelta(days=8)

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.groups("ingest", "demand"),
    description="Ingest new log files and recover demand; backtests and scorecards follow by themselves.",
    executor_def=dg.in_process_executor,
)

weekly = dg.ScheduleDefinition(
    name="weekly",
    job=refresh,
    cron_schedule=WEEKLY,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Monday 05:00: ingest, recover demand, re-run everything.",
)

follow = dg.AutomationConditionSensorDefinition(
    "follow",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Runs backtests and scorecards when what they are made of changed and its blocking checks passed.",
)

WHEN_UPSTREAM_CHANGED = (
    dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
)

WHEN_ALL_RAN = WHEN_UPSTREAM_CHANGED & ~dg.AutomationCondition.any_deps_match(
    dg.AutomationCondition.will_be_requested()
)
"""For the scorecard: not beside the backtests that it is to read, but once after them."""

FRESH = dg.FreshnessPolicy.time_window(fail_window=LATEST_AFTER)


def files_state(settings: Settings) -> str:
    """Fingerprint of names, sizes and times of all log files."""
    sha = hashlib.sha256()
    for table in TABLES:
        for path in settings.files_of(table):
            try:
                status = path.stat()
            except FileNotFoundError:  # moved meanwhile: the next look sees it
                continue
            sha.update(f"{settings.label(path)}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return sha.hexdigest()[:16]


@dg.sensor(job=refresh, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.STOPPED)
def new_files(context: dg.SensorEvaluationContext, arena: ArenaResource) -> dg.SensorResult | dg.SkipReason:
    """Request a run when the log files changed since the last one and have not changed since the last look."""
    state = files_state(arena.settings)
    seen, _, ran = (context.cursor or "|").partition("|")
    if state == ran:
        return dg.SkipReason("no new or changed log file")
    if state != seen:
        context.update_cursor(f"{state}|{ran}")
        return dg.SkipReason("log files are changing; a run follows when they have been still for one look")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=f"{state}|{state}")


@dg.op(
    config_schema={
        "keep": dg.Field(int, default_value=5, description="scenarios and remembered runs that stay"),
        "max_age_days": dg.Field(float, default_value=0.0, description="older ones go too; 0: no limit of age"),
    }
)
def remove_old_results(context: dg.OpExecutionContext, arena: ArenaResource) -> None:
    """Remove results and manifests of old runs; those of the current scenario and the last good run always stay."""
    keep, age = context.op_config["keep"], context.op_config["max_age_days"] or None
    removed = arena.store.forget_others(keep, age)
    manifests = history.forget(arena.settings, keep, age)
    context.log.info(f"removed {len(removed)} scenarios: {', '.join(removed) or 'none'}; {len(manifests)} manifests")


@dg.job(description="Remove results of old scenarios.", executor_def=dg.in_process_executor)
def clean_up() -> None:
    """One op."""
    remove_old_results()
