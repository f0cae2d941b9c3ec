import json
import os

import pytest

from arena_pipeline import history
from arena_pipeline.settings import parse_settings
from engine.errors import InputError

SHOP = {"name": "x", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False}
BOARD = [
    {"strategy": "min_max", "parameters": "target=0.9", "kind": "candidate", "economic_profit": 12.5, "fill_rate": 0.9},
    {"strategy": "actual", "parameters": "default", "kind": "actual", "economic_profit": 10.0, "fill_rate": 0.8},
]
INPUTS = [{"path": "a.csv", "content_sha256": "1"}, {"path": "b.csv", "content_sha256": "2"}]


@pytest.fixture
def settings(tmp_path):
    return parse_settings({"shop": SHOP, "sources": {}}, tmp_path)


def test_equal_runs_are_remembered_once(settings):
    first = history.remember(settings, "aa", BOARD, INPUTS)
    again = history.remember(settings, "aa", BOARD, INPUTS)
    other = history.remember(settings, "bb", BOARD, INPUTS)
    assert first == again
    assert first.startswith("0001-")
    assert other.startswith("0002-")
    assert [run.name for run in history.runs(settings)] == [first, other]


def test_going_back_to_an_earlier_state_names_the_earlier_run(settings):
    first = history.remember(settings, "aa", BOARD, INPUTS)
    history.remember(settings, "bb", BOARD, INPUTS)
    assert history.remember(settings, "aa", BOARD, INPUTS) == first


@pytest.mark.parametrize("name", ["1", "0001", "whole"])
def test_runs_are_found_by_number_or_name(settings, name):
    first = history.remember(settings, "aa", BOARD, INPUTS)
    history.remember(settings, "bb", BOARD, INPUTS)
    found = history.find(settings, first if name == "whole" else name)
    assert found.name == first
    assert found.manifest["scenario"] == "aa"
    assert found.manifest["settings"]["shop"]["currency"] == "GBP"
    assert found.manifest["leaderboard"] == BOARD


def test_an_unknown_run_names_the_nearest(settings):
    with pytest.raises(InputError, match=r"run must be one of those remembered, was '7'. See `arena runs`"):
        history.find(settings, "7")
    name = history.remember(settings, "aa", BOARD, INPUTS)
    with pytest.raises(InputError, match=f"Did you mean '{name}'"):
        history.find(settings, name[:-1])


def test_differences_are_dotted_keys_with_both_values():
    before = {"costs": {"rate": 0.1, "same": 1}, "gone": 1, "grid": [1, 2]}
    after = {"costs": {"rate": 0.2, "same": 1}, "grid": [1, 2, 3], "new": {"a": 1}}
    assert history.differences(before, after) == [
        ("costs.rate", 0.1, 0.2),
        ("gone", 1, None),
        ("grid", [1, 2], [1, 2, 3]),
        ("new", None, {"a": 1}),
    ]
    assert history.differences(before, before) == []


def test_changed_inputs_are_new_gone_and_changed_files():
    after = [{"path": "b.csv", "content_sha256": "3"}, {"path": "c.csv", "content_sha256": "1"}]
    first, second = (history.RunRecord("x", {"inputs": rows}) for rows in (INPUTS, after))
    assert history.changed_inputs(first, second) == [("c.csv", "new"), ("a.csv", "gone"), ("b.csv", "changed")]
    assert history.changed_inputs(first, first) == []


def test_changed_scores_pair_the_runs_that_both_have():
    better = [BOARD[0] | {"economic_profit": 13.0}, BOARD[1] | {"strategy": "newsvendor"}]
    first, second = (history.RunRecord("x", {"leaderboard": board}) for board in (BOARD, better))
    (row,) = history.changed_scores(first, second)
    assert (row["strategy"], row["parameters"]) == ("min_max", "target=0.9")
    assert row["economic_profit"] == (12.5, 13.0)
    assert row["fill_rate"] == (0.9, 0.9)
    assert row["gross_margin"] == (None, None)


def test_a_scored_run_is_remembered_with_every_log_file_and_its_hash(ran):
    (record,) = history.runs(ran.settings)
    files = {row["path"] for row in record.manifest["inputs"]}
    logs = {path.relative_to(ran.folder).as_posix() for path in (ran.folder / "shop/logs").rglob("*") if path.is_file()}
    assert files == logs
    assert record.manifest["scenario"] == ran.store.current_hash
    assert json.loads(json.dumps(record.manifest))["leaderboard"] == ran.leaderboard()


def remembered(settings, count):
    """Runs in scenarios "0", "1", …; the one of scenario "1" is the last good one."""
    names = [history.remember(settings, str(number), BOARD, INPUTS) for number in range(count)]
    summary = settings.results_path / "scorecard/scorecard.json"
    summary.parent.mkdir(parents=True)
    summary.write_text(json.dumps({"scenario": "1"}))
    for age, name in enumerate(reversed(names)):
        when = 2_000_000_000 - age * 86_400
        os.utime(history.folder(settings) / f"{name}.json", (when, when))
    return names


@pytest.mark.parametrize(("keep", "left"), [(1, [1]), (2, [1, 3]), (3, [1, 2, 3]), (9, [0, 1, 2, 3])])
def test_forgetting_by_count_never_touches_the_last_good_run(settings, keep, left):
    names = remembered(settings, 4)
    gone = history.forget(settings, keep)
    assert [run.name for run in history.runs(settings)] == [names[number] for number in left]
    assert set(gone) == set(names) - {names[number] for number in left}


def test_forgetting_by_age_never_touches_the_last_good_run(settings, monkeypatch):
    names = remembered(settings, 4)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000 + 0.5 * 86_400)
    history.forget(settings, keep=9, max_age_days=1)
    assert [run.name for run in history.runs(settings)] == [names[1], names[3]]


def test_numbers_are_not_given_twice_after_forgetting(settings):
    names = remembered(settings, 3)
    history.forget(settings, 2)
    assert [run.name for run in history.runs(settings)] == names[1:]
    assert history.remember(settings, "new", BOARD, INPUTS).startswith("0004-")


def test_a_comparison_names_inputs_settings_versions_and_scores(settings):
    first = history.find(settings, history.remember(settings, "aa", BOARD, INPUTS))
    changed = json.loads(json.dumps(first.manifest))
    changed["settings"]["shop"]["name"], changed["versions"]["numpy"] = "y", "9"
    changed["leaderboard"][0]["economic_profit"] = 20.0
    changed["inputs"] = INPUTS[:1]
    told = history.comparison(first, history.RunRecord("0002-b", changed))
    assert "- b.csv: gone" in told
    assert "- settings.shop.name: 'x' -> 'y'" in told
    assert "- versions.numpy: " in told
    assert "| min_max | target=0.9 | 12 -> 20 |" in told
    same = history.comparison(first, first)
    assert "The same files." in same
    assert "->" not in same


def test_the_manifest_names_versions(settings):
    manifest = history.find(settings, history.remember(settings, "aa", BOARD, INPUTS)).manifest
    assert set(manifest["versions"]) >= {"python", "numpy", "polars", "inventory-arena"}
