"""Where results lie: engine tables, one folder per scenario hash, the scorecards.

What belongs here: paths, and writing a file whole or not at all. What does not: what is in the files.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from arena_pipeline.bundles import load_bundle
from arena_pipeline.settings import ParameterSet, Settings
from engine.errors import InputError
from engine.scenario.build import World
from engine.strategies import Information


@dataclass(frozen=True)
class Store:
    """Files below the results folder of a workspace."""

    root: Path

    @classmethod
    def of(cls, settings: Settings) -> "Store":
        """Store of a workspace."""
        return cls(settings.results_path)

    def demand(self, name: str) -> Path:
        """A demand table in the engine's own axes."""
        return self.root / "demand" / name

    def scorecard(self, name: str) -> Path:
        """A file of the scorecards."""
        return self.root / "scorecard" / name

    def report(self, name: str) -> Path:
        """A file for people."""
        return self.root / "reports" / name

    @property
    def current_hash(self) -> str:
        """Hash of the scenario that runs now.

        Raises:
            InputError: no scenario was built yet.
        """
        pointer = self.root / "current_scenario"
        if not pointer.exists():
            raise InputError("a scenario must be built first", place=str(pointer), remedy="Materialise 'scenario'")
        return pointer.read_text().strip()

    @property
    def has_scenario(self) -> bool:
        """Whether a scenario was built."""
        return (self.root / "current_scenario").exists()

    def make_current(self, scenario_hash: str) -> None:
        """Point to a scenario; the last step of building it."""
        write_whole(self.root / "current_scenario", lambda path: path.write_text(scenario_hash + "\n"))

    def folder(self, scenario_hash: str) -> Path:
        """Everything computed in one scenario."""
        return self.root / scenario_hash[:16]

    def result(self, scenario_hash: str, strategy: str, key: str, kind: str = "score") -> Path:
        """One run: ``score`` (figures per group), ``days`` (curves) or ``plan`` (levels or orders)."""
        suffix = "" if kind == "score" else f".{kind}"
        return self.folder(scenario_hash) / strategy / f"{key}{suffix}.parquet"

    def missing(self, scenario_hash: str, wanted: dict[str, tuple[ParameterSet, ...]]) -> list[str]:
        """Configured runs that have no result yet."""
        return [
            f"{strategy}/{point.key}"
            for strategy, points in wanted.items()
            for point in points
            if not self.result(scenario_hash, strategy, point.key).exists()
        ]

    def forget_others(self, keep: int) -> list[str]:
        """Remove the results of all but the newest ``keep`` scenarios; the current one always stays."""
        current = self.folder(self.current_hash)
        folders = [path for path in self.root.iterdir() if (path / "world.npz").exists() and path != current]
        folders.sort(key=lambda path: (path / "world.npz").stat().st_mtime, reverse=True)
        for path in folders[max(keep - 1, 0) :]:
            shutil.rmtree(path)
        return [path.name for path in folders[max(keep - 1, 0) :]]


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the target, then move: a killed run leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    write(partial)
    partial.replace(path)


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write Parquet with fixed row groups and compression: equal rows give equal bytes."""
    frame = frame.rechunk()
    write_whole(path, lambda partial: frame.write_parquet(partial, compression="zstd", row_group_size=262_144))


@lru_cache(maxsize=1)
def _load_arena(folder: Path, _built_at: int) -> tuple[World, Information]:
    return load_bundle(folder / "world.npz", World), load_bundle(folder / "information.npz", Information)


def load_arena(store: Store) -> tuple[World, Information]:
    """The current world and what strategies may know in it; kept in memory between runs of one process."""
    folder = store.folder(store.current_hash)
    return _load_arena(folder, (folder / "information.npz").stat().st_mtime_ns)
