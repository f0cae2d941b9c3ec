"""The assets of a configured network, on the small shop with the demo's network around it."""

import dagster as dg
import numpy as np
import polars as pl
import pytest

from arena_pipeline import demand
from arena_pipeline.assets.network import network_assets
from arena_pipeline.build import build_definitions
from arena_pipeline.bundles import load_bundle
from arena_pipeline.demo.network import LOCATIONS, TRANSFERS, remove_network, write_network
from arena_pipeline.runs import RunFailedError, Stage, _run, workspace_instance
from engine.schema import Axes

SOURCES = '[sources]\nlocations = ["network/locations/*"]\ntransfers = ["network/transfers/*"]\n'
ASSETS = ("locations", "transfers", "multi_echelon_plan", "network_scorecard")
STAGE = Stage("network", tuple(dg.AssetKey(name) for name in ASSETS), {})


def with_network(workspace):
    workspace.edit("[sources]\n", SOURCES)
    write_network(workspace.folder / "network")
    return workspace


def run_network(workspace):
    settings = workspace.settings
    with workspace_instance(settings) as instance:
        return _run(build_definitions(settings, {"progress": dg.colored_console_logger}), instance, STAGE)


@pytest.fixture(scope="module")
def planned(ran, tmp_path_factory):
    """The small shop, its network planned and simulated."""
    workspace = with_network(ran.copied(tmp_path_factory.mktemp("network") / "workspace"))
    run_network(workspace)
    return workspace


def read_results(workspace):
    store = workspace.store
    return (
        pl.read_parquet(store.demand("multi_echelon_plan.parquet")),
        pl.read_parquet(store.scorecard("network_scorecard.parquet")),
    )


def test_the_assets_appear_with_the_files_of_the_network_and_go_with_them(copy):
    names = set(ASSETS)

    def known():
        return names & {
            spec.key.to_user_string() for spec in build_definitions(copy.settings).resolve_all_asset_specs()
        }

    assert not known()
    copy.edit("[sources]\n", SOURCES)
    assert not known()
    write_network(copy.folder / "network")
    assert known() == names
    assert len(network_assets(copy.settings)) == 2
    remove_network(copy.folder / "network")
    assert not known()


def test_every_item_with_demand_has_a_level_at_every_location(ran, planned):
    del ran
    plan, _ = read_results(planned)
    axes = load_bundle(planned.store.demand("axes.npz"), Axes)
    replay = demand.read_demand(planned.store, demand.REPLAY)
    units = demand.matrix(replay, "units_sold", axes) + demand.matrix(replay, "lost_expected_u6", axes)
    wanted = {axes.items[sku] for sku in np.flatnonzero(units.sum(axis=1) > 0)}
    assert set(plan["item_id"]) == wanted
    assert plan.height == len(wanted) * LOCATIONS.height
    assert set(plan["level"]) == {"stockroom", "hub", "store"}
    assert (plan["base_stock"] >= 0).all()
    assert (plan["safety_stock"] >= 0).all()


def test_promises_of_the_plan_fit_its_lead_times(ran, planned):
    """Net time = promise of the source + lead time - own promise, recounted from the tables as written."""
    del ran
    plan, _ = read_results(planned)
    promise = {(row["item_id"], row["location_id"]): row["service_days"] for row in plan.to_dicts()}
    ways = {row["to_location_id"]: row for row in TRANSFERS.to_dicts()}
    for row in plan.to_dicts():
        way = ways[row["location_id"]]
        before = promise[row["item_id"], way["from_location_id"]] if way["from_location_id"] else 0
        assert row["net_days"] == before + way["lead_time_days"] - row["service_days"] >= 0
        assert row["level"] != "store" or row["service_days"] == 0


def test_the_joint_plan_serves_as_well_with_less_safety_capital_than_every_location_alone(ran, planned):
    del ran
    plan, card = read_results(planned)
    assert set(card["policy"]) == {"guaranteed_service", "every_location_alone"}
    assert set(card["level"]) == {"stockroom", "hub", "store"}
    assert card["fill_rate"].is_between(0.5, 1.0).all()
    totals = card.group_by("policy").agg(pl.sum("mean_on_hand"), pl.first("fill_rate")).sort("policy").to_dicts()
    alone, joint = totals
    assert joint["fill_rate"] >= alone["fill_rate"] - 0.03 or joint["mean_on_hand"] < alone["mean_on_hand"]
    in_hubs = {row["policy"]: row["mean_on_hand"] for row in card.filter(pl.col("level") == "hub").to_dicts()}
    assert in_hubs["guaranteed_service"] <= in_hubs["every_location_alone"]
    assert plan["base_stock"].sum() > 0


def test_the_same_run_writes_the_same_bytes(ran, planned):
    del ran
    files = [planned.store.demand("multi_echelon_plan.parquet"), planned.store.scorecard("network_scorecard.parquet")]
    before = [path.read_bytes() for path in files]
    run_network(planned)
    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("london,store,0.35", "london,store,0.45", "demand_share must be >= 0 and sum to 1"),
        ("hub-north,leeds", "hub-nord,leeds", "from_location_id must be a location, was 'hub-nord'"),
    ],
)
def test_a_wrong_network_is_told_by_location_and_rule(copy, old, new, said):
    with_network(copy)
    for path in (copy.folder / "network").rglob("*.csv"):
        path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RunFailedError, match=said):
        run_network(copy)
