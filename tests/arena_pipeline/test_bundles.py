from dataclasses import dataclass, fields, is_dataclass
from datetime import date

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from arena_pipeline.bundles import load_bundle, save_bundle
from engine.demand.logs import LogCounts
from engine.scenario.build import World
from engine.schema import Axes
from engine.settings import CostRates
from engine.strategies import Information
from engine.strategies.build import KnownHistory


@dataclass(frozen=True)
class Inner:
    matrix: NDArray[np.int64]
    flags: NDArray[np.bool_]


@dataclass(frozen=True)
class Everything:
    inner: Inner
    names: tuple[str, ...]
    no_names: tuple[str, ...]
    first_day: date
    count: int
    share: float
    empty: NDArray[np.float64]
    frame: pl.DataFrame
    rates: CostRates
    absent: str | None
    maybe: Inner | None
    no_inner: Inner | None
    by_name: dict[str, Inner]


def same(first, second):
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    if isinstance(first, pl.DataFrame):
        return first.equals(second) and first.schema == second.schema
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if is_dataclass(first):
        return all(same(getattr(first, field.name), getattr(second, field.name)) for field in fields(first))
    return type(first) is type(second) and first == second


@pytest.fixture
def everything():
    return Everything(
        inner=Inner(np.arange(6).reshape(2, 3), np.array([True, False])),
        names=("a", "ü/β"),
        no_names=(),
        first_day=date(2011, 2, 28),
        count=2**62,
        share=0.1,
        empty=np.zeros((0, 3)),
        frame=pl.DataFrame({"a": [1, 2], "b": [0.5, float("inf")]}),
        rates=CostRates(holding_rate=0.2),
        absent=None,
        maybe=Inner(np.zeros((1, 2)), np.array([True])),
        no_inner=None,
        by_name={"one": Inner(np.ones(3), np.array([False])), "other": Inner(np.arange(2), np.array([], bool))},
    )


def test_every_kind_of_field_comes_back_as_it_was(tmp_path, everything):
    save_bundle(tmp_path / "deep/er/all.npz", everything)
    assert same(everything, load_bundle(tmp_path / "deep/er/all.npz", Everything))
    assert [path.name for path in (tmp_path / "deep/er").iterdir()] == ["all.npz"]


def test_equal_content_gives_equal_bytes(tmp_path, everything):
    for name in ("first", "second"):
        save_bundle(tmp_path / f"{name}.npz", everything)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_a_bundle_that_cannot_be_written_leaves_the_old_one(tmp_path, everything):
    path = tmp_path / "all.npz"
    save_bundle(path, everything)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_bundle(path, Inner(np.arange(2), object()))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("axes", Axes),
        ("counts", LogCounts),
        ("known_history", KnownHistory),
        ("world", World),
        ("information", Information),
    ],
)
def test_every_stored_engine_object_survives_a_round_trip(ran, tmp_path, name, kind):
    store = ran.store
    below = store.folder(store.current_hash) if name in {"world", "information"} else store.demand("")
    loaded = load_bundle(below / f"{name}.npz", kind)
    save_bundle(tmp_path / "again.npz", loaded)
    assert (tmp_path / "again.npz").read_bytes() == (below / f"{name}.npz").read_bytes()
    assert same(loaded, load_bundle(tmp_path / "again.npz", kind))


def test_the_stored_world_keeps_its_content_hash(ran):
    store = ran.store
    world = load_bundle(store.folder(store.current_hash) / "world.npz", World)
    assert world.scenario.content_hash == store.current_hash
