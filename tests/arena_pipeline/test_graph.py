import json

import dagster as dg
import pytest

from arena_pipeline.build import build_definitions
from arena_pipeline.settings import parse_settings
from engine.errors import SettingsError
from tests.arena_pipeline.asset_graph import PINNED, asset_graph, demo_definitions

SHOP = {"name": "x", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False}
GROUPS = {"ingest", "demand", "arena", "scorecards", "reports"}
MOST_INLINE = 160


@pytest.fixture(scope="module")
def definitions():
    return demo_definitions()


def test_definitions_load(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_the_graph_is_the_pinned_one(definitions):
    """After a wanted change: python -m tests.arena_pipeline.asset_graph."""
    assert asset_graph(definitions) == json.loads(PINNED.read_text())


def test_every_asset_says_what_it_is(definitions):
    specs = list(definitions.resolve_all_asset_specs())
    assert len(specs) > 20
    for spec in specs:
        assert spec.group_name in GROUPS, spec.key
        assert spec.owners == ["team:arena"], spec.key
        assert spec.kinds, spec.key
        assert spec.code_version, spec.key
        assert spec.description, spec.key
        assert len(spec.description) < MOST_INLINE, spec.key
        assert spec.description.endswith("."), spec.key


def test_everything_downstream_of_demand_follows_and_the_scorecard_has_a_date(definitions):
    for spec in definitions.resolve_all_asset_specs():
        followed = spec.group_name in {"arena", "scorecards", "reports"}
        assert (spec.automation_condition is not None) == followed, spec.key
        assert (spec.freshness_policy is not None) == (spec.key.to_user_string() == "scorecard")


def test_every_strategy_is_one_asset_whose_range_is_one_run(definitions):
    graph = definitions.resolve_asset_graph()
    backtests = [key for key in graph.get_all_asset_keys() if key.path[0] == "backtests"]
    assert len(backtests) == 8
    for key in backtests:
        assert graph.get(key).backfill_policy == dg.BackfillPolicy.single_run()


def test_jobs_schedules_and_sensors_are_there(definitions):
    repository = definitions.get_repository_def()
    assert {"refresh", "clean_up"} <= set(repository.job_names)
    assert [schedule.name for schedule in repository.schedule_defs] == ["weekly"]
    assert {sensor.name for sensor in repository.sensor_defs} == {"follow", "new_files"}
    for job in ("refresh", "clean_up"):
        assert definitions.resolve_job_def(job).executor_def is dg.in_process_executor


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        ({"min_maxx": {}}, r"strategies\]: strategy must be one of.*was 'min_maxx'.*Did you mean 'min_max'"),
        ({"min_max": {"targt": 0.9}}, r"strategies.min_max\]: parameter.*was 'targt'.*Did you mean 'target'"),
        ({"newsvendor": {"target": "high"}}, r"strategies.newsvendor\]: target must be a valid number.*was 'high'"),
        (
            {"min_max": {"target": [0.9, 1.5]}},
            r"strategies.min_max\]: target must be less than 1, was 1.5. target: serv",
        ),
    ],
)
def test_a_misspelt_strategy_or_parameter_stops_the_load(tmp_path, strategies, message):
    settings = parse_settings({"shop": SHOP, "sources": {}, "strategies": strategies}, tmp_path)
    with pytest.raises(SettingsError, match=message):
        build_definitions(settings)


def test_optional_tables_are_assets_where_they_are_configured(tmp_path):
    def tables(**sources):
        settings = parse_settings({"shop": SHOP, "sources": sources}, tmp_path)
        return {key for key, node in asset_graph(build_definitions(settings)).items() if node["group"] == "ingest"}

    assert "planned_promotions" not in tables()
    assert tables(planned_promotions=["p/*"]) - tables() == {"planned_promotions"}
