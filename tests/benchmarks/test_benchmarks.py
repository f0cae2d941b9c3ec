import json
import shutil
import subprocess

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import (
    activity_large,
    bare,
    construct,
    demand,
    ingest,
    ingest_large,
    measure,
    network,
    peers,
    pipeline,
    shop,
    stepper,
    sweeps,
    table,
)
from benchmarks.measure import TINY, Figure
from engine.steppers.compiled import run_compiled

GROUPS = {
    "speed": stepper.speed,
    "bare": stepper.over_bare,
    "growth": stepper.growth,
    "construct": construct.construct,
    "small": sweeps.small_backtest,
    "sweep": sweeps.large_sweep,
    "recovery": demand.recovery,
    "forecast": demand.forecasts,
    "ingest": ingest.ingest,
    "ingest_100m": ingest_large.hundred_million,
    "activity_100k": activity_large.large_shop,
    "network": network.network,
    "demo": pipeline.demo,
    "100k": pipeline.hundred_thousand,
}


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    for module in (measure, peers, sweeps, ingest, ingest_large, activity_large, pipeline):
        monkeypatch.setattr(module, "SCRATCH", tmp_path)
    return tmp_path


@pytest.mark.parametrize("group", GROUPS)
def test_each_asserts_its_answer_and_gives_the_figures_it_announces(group):
    figures = list(GROUPS[group](TINY))
    names = {figure.name for figure in figures}
    announced = {name for name in command.BENCHMARKS[group].figures if not name.endswith("_100k")}
    assert announced <= names
    assert all(figure.value is None or figure.value > 0 for figure in figures)
    assert all(figure.note for figure in figures if figure.value is None)


def test_every_goal_belongs_to_a_figure_that_a_benchmark_announces():
    announced = {name for benchmark in command.BENCHMARKS.values() for name in benchmark.figures}
    assert set(table.REACH) <= announced


def test_a_shard_goes_from_activity_to_scorecards():
    clock = pipeline.Clock()
    shared, seconds = shop.learnt(2, 40, 200)
    assert seconds > 0
    scores = pipeline.run_shard(40, 200, 0, shared, clock)
    assert len(scores) == len(sweeps.SEVEN)
    assert set(clock.seconds) >= {"recovery", "as-of recovery", "forecast", "strategies"}


def test_the_bare_loop_counts_what_happened():
    scenario, plan = stepper.long_tail(TINY)
    out, rows = np.zeros((TINY.skus, 6), np.int64), scenario.demand
    bare.bare_loop(
        rows.first_row, rows.day, rows.quantity, TINY.days, plan.days, plan.reorder_point, plan.order_up_to, 1_000, 14,
        scenario.catalogue.opening_on_hand, out,
    )  # fmt: skip
    assert out[:, bare.SOLD].sum() + out[:, bare.LOST].sum() == rows.quantity.sum()
    assert 0 < out[:, bare.EVENTS].sum() <= stepper.events_of(scenario, plan, run_compiled(scenario, plan))


def test_a_peer_that_cannot_be_installed_is_skipped_with_a_word(monkeypatch):
    def fails(peer):
        raise subprocess.CalledProcessError(1, ["pip"])

    monkeypatch.setattr(peers, "environment", fails)
    figure = peers.compare(peers.PEERS["stockcast"], TINY)
    assert figure.value is None
    assert "could not be installed" in figure.note
    assert "value" not in figure.entry()


@pytest.mark.parametrize("name", peers.PEERS)
def test_a_peer_must_give_the_same_totals(name, monkeypatch):
    peer = peers.PEERS[name]
    scenario, plan, _ = peers.peer_world(TINY.peer_skus, TINY.days, waits=peer.waits)
    skus = max(2, round(TINY.peer_skus * peer.share))
    totals = peers.expected(peer, run_compiled(scenario, plan), skus)
    monkeypatch.setattr(peers, "environment", lambda _peer: "python")
    monkeypatch.setattr(peers, "child_json", lambda *_rest: {"seconds": 1.0, "totals": totals})
    assert peers.compare(peer, TINY).value > 1
    wrong = {key: value + 1 for key, value in totals.items()}
    monkeypatch.setattr(peers, "child_json", lambda *_rest: {"seconds": 1.0, "totals": wrong})
    with pytest.raises(AssertionError):
        peers.compare(peer, TINY)


def test_a_failing_benchmark_leaves_the_others_and_says_why():
    def fails(size):
        raise AssertionError("not the same digest")

    told = []
    group = {"speed": command.Benchmark(fails, ("compiled_ns_per_event",)), "network": command.BENCHMARKS["network"]}
    figures = command.run(group, TINY, told.append)
    assert figures[0] == Figure("compiled_ns_per_event", None, "", "failed: AssertionError: not the same digest")
    assert len(figures) == 3
    assert told


def test_tables_are_written_between_markers_only(tmp_path):
    page = tmp_path / "benchmarks.md"
    shutil.copy(command.PAGE, page)
    figures = [
        Figure("sweep_seconds", 14.0, "s", "x"),
        Figure("compiled_ns_per_event", 31.0, "ns", "y"),
        Figure("growth_1e3_events_seconds", 0.001, "s", "1,027 events, 9 SKUs, 1 ms"),
        Figure("growth_1e3_ns_per_event", 97.0, "ns", "z"),
    ]
    table.write(page, figures, {"commit": "abc", "engine_sources": "def"})
    written = page.read_text()
    assert "| `sweep_seconds` | 14 | s | ≤ 15 | yes | x |" in written
    assert "| `compiled_ns_per_event` | 31 | ns | ≤ 15 | **no** | y |" in written
    assert "| 10^3 (1,027) | 1 | 97 | 9 SKUs |" in written
    table.write(page, figures, {"commit": "abc", "engine_sources": "def"})
    assert page.read_text() == written
    assert written.split("<!--")[0] == command.PAGE.read_text().split("<!--")[0]


def test_latest_names_the_commit_and_only_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmarks", "gsm_tree_2000_seconds", "--quick"])
    assert command.main() == 0
    latest = json.loads((tmp_path / "latest.json").read_text())
    assert set(latest) == {"gsm_tree_2000_seconds", "serial_10k_seconds", "commit", "engine_sources"}


def test_earlier_figures_are_kept_on_demand_and_only_of_the_same_commit(tmp_path, monkeypatch):
    latest = tmp_path / "latest.json"
    old = {"sweep_seconds": {"value": 1.0, "unit": "s", "note": "old"}, "commit": {"unit": "git", "note": "a"}}
    latest.write_text(json.dumps(old))
    monkeypatch.setattr(command, "LATEST", latest)
    assert command.earlier({"commit": "a"}, []) == [Figure("sweep_seconds", 1.0, "s", "old")]
    assert command.earlier({"commit": "a"}, [Figure("sweep_seconds", 2.0, "s")]) == []
    assert command.earlier({"commit": "b"}, []) == []


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(SystemExit, match="compiled_ns_per_event"):
        command.chosen(["compiled_ns"])
