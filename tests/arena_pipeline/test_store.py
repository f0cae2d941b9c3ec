import json
import os
from itertools import pairwise

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena_pipeline.arena import build_current_world
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import ParameterSet
from arena_pipeline.store import Store, load_arena, row_groups, write_frame, write_frames, write_whole
from engine.errors import InputError

CURRENT, OLDER, OLDEST = (f"{name}{'0' * 60}" for name in ("aaaa", "bbbb", "cccc"))


@pytest.fixture
def store(tmp_path):
    """Three scenarios, the current one with the oldest file."""
    store = Store(tmp_path)
    for age, name in enumerate((OLDEST, OLDER, CURRENT), start=1):
        world = store.folder(name) / "world.npz"
        write_whole(world, lambda path: path.write_bytes(b"x"))
        os.utime(world, (1000 - age, 1000 - age) if name == CURRENT else (1000 + age, 1000 + age))
    store.make_current(CURRENT)
    return store


def test_write_whole_leaves_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "new/folder/file.txt"
    write_whole(path, lambda partial: partial.write_text("old"))

    def fail(partial):
        partial.write_text("half of the n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    assert path.read_text() == "old"
    write_whole(path, lambda partial: partial.write_text("new"))
    assert path.read_text() == "new"


def test_equal_rows_give_equal_bytes_whatever_their_chunks(tmp_path):
    rows = pl.DataFrame({"a": range(1000), "b": [f"name {number % 7}" for number in range(1000)]})
    write_frame(tmp_path / "whole.parquet", rows)
    write_frame(tmp_path / "chunks.parquet", pl.concat([rows[:10], rows[10:]], rechunk=False))
    assert (tmp_path / "whole.parquet").read_bytes() == (tmp_path / "chunks.parquet").read_bytes()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 30))
def test_rows_come_in_groups_of_fixed_size_whatever_the_frames(sizes, rows):
    """An empty shop still gives its columns."""
    whole = pl.DataFrame({"a": range(sum(sizes))}, schema={"a": pl.Int64})
    frames = [whole.slice(sum(sizes[:at]), size) for at, size in enumerate(sizes)]
    groups = list(row_groups(frames, rows))
    assert pl.concat(groups).equals(whole)
    assert all(group.height == rows for group in groups[:-1])
    assert 0 < groups[-1].height <= rows or groups[-1].height == whole.height == 0


def test_frames_give_the_same_bytes_wherever_they_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("arena_pipeline.store.ROW_GROUP", 300)
    names = pl.Series("b", [f"n{number % 3}" for number in range(1000)], dtype=pl.Enum(["n0", "n1", "n2"]))
    rows = pl.DataFrame({"a": range(1000), "b": names, "c": [None if number % 5 else 0.1 for number in range(1000)]})
    for name, cuts in (("whole", ()), ("few", (10, 600)), ("many", range(0, 1000, 7))):
        write_frames(tmp_path / name, (rows[start:stop] for start, stop in pairwise((0, *cuts, 1000))))
    digests = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(digests) == 1
    assert pl.read_parquet(tmp_path / "whole").equals(rows)
    assert pl.read_parquet(tmp_path / "whole").schema == rows.schema
    assert pq.ParquetFile(tmp_path / "whole").num_row_groups == 4


def test_frames_are_asked_for_one_after_another_and_a_failure_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "rows.parquet"
    write_frames(path, [pl.DataFrame({"a": [1]})])

    def failing():
        yield pl.DataFrame({"a": [2]})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_frames(path, failing())
    assert pl.read_parquet(path)["a"].to_list() == [1]
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="there must be a frame to write"):
        write_frames(path, [])


def test_without_a_scenario_the_error_says_what_to_materialise(tmp_path):
    with pytest.raises(InputError, match=r"scenario must be built first.*Materialise 'scenario'"):
        _ = Store(tmp_path).current_hash


@pytest.mark.parametrize(
    ("keep", "gone"), [(1, [OLDER, OLDEST]), (2, [OLDEST]), (3, []), (0, [OLDER, OLDEST])], ids=str
)
def test_forgetting_keeps_the_current_scenario_and_the_newest_others(store, keep, gone):
    assert sorted(store.forget_others(keep)) == sorted(name[:16] for name in gone)
    left = {path.name for path in store.root.iterdir() if path.is_dir()}
    assert left == {name[:16] for name in (CURRENT, OLDER, OLDEST) if name not in gone}
    assert store.current_hash == CURRENT


def test_forgetting_leaves_folders_that_are_no_scenario(store):
    write_whole(store.scorecard("scorecard.json"), lambda path: path.write_text("{}"))
    write_whole(store.demand("axes.npz"), lambda path: path.write_text(""))
    store.forget_others(1)
    assert store.scorecard("scorecard.json").exists()
    assert store.demand("axes.npz").exists()


def test_missing_names_runs_without_a_result(store):
    sets = tuple(ParameterSet(key=key, parameters={}) for key in ("target=0.9", "target=0.95"))
    write_frame(store.result(CURRENT, "min_max", "target=0.9"), pl.DataFrame({"a": [1]}))
    assert store.missing(CURRENT, {"min_max": sets}) == ["min_max/target=0.95"]
    assert store.result(CURRENT, "min_max", "target=0.9", "days").name == "target=0.9.days.parquet"


def test_a_scenario_built_anew_is_read_anew(copy):
    """The same frozen world with other re-planning dates: neither settings nor world are served from memory."""
    arena = ArenaResource(workspace=str(copy.folder))
    scenario, before = arena.store.current_hash, load_arena(arena.store)[1].forecast.dates
    copy.edit("replan_days = 28", "replan_days = 56")
    build_current_world(arena)
    assert arena.store.current_hash == scenario
    assert load_arena(arena.store)[1].forecast.dates.tolist() == before[::2].tolist()


def test_forgetting_never_touches_the_last_good_run(store):
    """A scenario that was built but not scored yet is current; the scorecard is still that of an older one."""
    write_whole(store.scorecard("scorecard.json"), lambda path: path.write_text(json.dumps({"scenario": OLDEST})))
    assert store.forget_others(1) == [OLDER[:16]]
    assert store.folder(OLDEST).exists()
    assert store.forget_others(1, max_age_days=0.0) == []


def test_forgetting_by_age_takes_what_is_older(store, monkeypatch):
    newest = max((store.folder(name) / "world.npz").stat().st_mtime for name in (OLDER, OLDEST))
    monkeypatch.setattr("time.time", lambda: newest + 86_400)
    assert store.forget_others(9, max_age_days=2.0) == []
    assert set(store.forget_others(9, max_age_days=0.5)) == {OLDER[:16], OLDEST[:16]}
