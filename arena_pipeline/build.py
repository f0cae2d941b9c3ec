"""The code location: everything put together from the settings of a workspace."""

from collections.abc import Mapping

import dagster as dg

from arena_pipeline.assets import arena, demand, forecasting, planning
from arena_pipeline.assets.checks import CHECKS
from arena_pipeline.assets.figures import FIGURE_ASSETS
from arena_pipeline.assets.ingest import ingest_assets
from arena_pipeline.assets.network import network_assets
from arena_pipeline.assets.reports import report_assets
from arena_pipeline.assets.scorecards import scorecard_assets
from arena_pipeline.assets.selection import selection_assets
from arena_pipeline.automation import (
    FRESH,
    WHEN_ALL_RAN,
    WHEN_UPSTREAM_CHANGED,
    clean_up,
    follow,
    new_files,
    refresh,
    weekly,
)
from arena_pipeline.plugins import load_plugins
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import Settings

AFTER_ALL_RUNS = {"selection", "intervals", "calibration"}
DOWNSTREAM = {"arena", "scorecards", "reports"}
REPORTED = {"scorecards", "network"}


def build_definitions(settings: Settings, loggers: Mapping[str, dg.LoggerDefinition] | None = None) -> dg.Definitions:
    """Definitions of one workspace; a changed grid needs a reload of the code location.

    Args:
        settings: of the workspace.
        loggers: where runs of this process log to; Dagster's console by default.
    """
    load_plugins(settings)
    assets = [
        *ingest_assets(settings),
        demand.daily_activity,
        demand.recovered_demand,
        demand.demand_quality,
        demand.hidden_and_recovered,
        demand.demand_forecasts,
        forecasting.forecast_coverage,
        forecasting.drift,
        arena.scenario,
        arena.actual,
        arena.hindsight,
        arena.upper_bound,
        *arena.backtest_assets(settings),
        *selection_assets(settings),
        *scorecard_assets(settings),
        *FIGURE_ASSETS,
        planning.recommended_plan,
        *network_assets(settings),
    ]
    shown = [key for asset in assets for key in asset.keys if asset.group_names_by_key[key] in REPORTED]
    assets += report_assets(sorted(shown))
    return dg.Definitions(
        assets=dg.map_asset_specs(_automated, assets),
        asset_checks=CHECKS,
        jobs=[refresh, clean_up],
        schedules=[weekly],
        sensors=[follow, new_files],
        resources={"arena": ArenaResource(workspace=str(settings.workspace))},
        executor=dg.in_process_executor,
        loggers=dict(loggers or {}),
    )


def _automated(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Downstream of demand everything follows; the scorecard has a date by which it must be new."""
    if spec.group_name not in DOWNSTREAM:
        return spec
    if spec.key.to_user_string() in AFTER_ALL_RUNS:
        return spec.replace_attributes(automation_condition=WHEN_ALL_RAN)
    if spec.key.to_user_string() == "scorecard":
        return spec.replace_attributes(automation_condition=WHEN_ALL_RAN, freshness_policy=FRESH)
    return spec.replace_attributes(automation_condition=WHEN_UPSTREAM_CHANGED)
