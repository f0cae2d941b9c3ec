"""Where results lie: engine tables, one folder per scenario hash, the scorecards.

What belongs here: paths, and writing a file whole or not at all. What does not: what is in the files.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from arena_pipeline.bundles import load_bundle
from arena_pipeline.settings import ParameterSet, Settings
from engine.errors import InputError
from engine.scenario.build import World
from engine.strategies import Information

SECONDS_PER_DAY = 86_400
ROW_GROUP = 262_144


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
        """One run: ``score`` (figures per group), ``days`` (curves) ``plan`` (levels or orders) or ``rows`` (days)."""
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

    @property
    def last_scored(self) -> str | None:
        """Hash of the scenario behind the scorecard that is there now: the last good run."""
        summary = self.scorecard("scorecard.json")
        return json.loads(summary.read_text()).get("scenario") if summary.exists() else None

    def forget_others(self, keep: int, max_age_days: float | None = None) -> list[str]:
        """Remove the results of old scenarios; the current one and that of the last good run always stay.

        Args:
            keep: scenarios that stay, the current one included.
            max_age_days: scenarios built longer ago go too; None: no limit of age.
        """
        spared = {self.folder(name) for name in (self.current_hash, self.last_scored) if name}
        folders = [path for path in self.root.iterdir() if (path / "world.npz").exists() and path not in spared]
        gone = outdated(
            {path: (path / "world.npz").stat().st_mtime for path in folders}, keep - len(spared), max_age_days
        )
        for path in gone:
            shutil.rmtree(path)
        return [path.name for path in gone]


def outdated(times: dict[Path, float], keep: int, max_age_days: float | None) -> list[Path]:
    """Paths beyond the newest ``keep``, and those older than a number of days; newest first."""
    newest = sorted(times, key=lambda path: (-times[path], path.name))
    oldest = -1.0 if max_age_days is None else time.time() - max_age_days * SECONDS_PER_DAY
    return [path for number, path in enumerate(newest) if number >= max(keep, 0) or times[path] < oldest]


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the target, then move: a killed run leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(partial)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write Parquet with fixed row groups and compression: equal rows give equal bytes."""
    frame = frame.rechunk()
    write_whole(path, lambda partial: frame.write_parquet(partial, compression="zstd", row_group_size=ROW_GROUP))


def write_frames(path: Path, frames: Iterable[pl.DataFrame]) -> None:
    """Write frames of equal columns one after another as one Parquet file, whole or not at all.

    The row groups are of fixed size wherever one frame ends and the next begins: equal rows give equal bytes. Of the
    frames only one, and less than a row group of the rows before it, is in memory.
    """
    write_whole(path, lambda partial: _write_groups(partial, frames))


def _write_groups(path: Path, frames: Iterable[pl.DataFrame]) -> None:
    groups = row_groups(frames, ROW_GROUP)
    first = next(groups).to_arrow()
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for group in groups:
            writer.write_table(group.to_arrow())


def row_groups(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The rows of all frames in frames of ``rows`` rows, the last one shorter; one empty frame if there is no row.

    Raises:
        InputError: there is no frame at all, so that not even the columns are known.
    """
    rest: pl.DataFrame | None = None
    empty = True
    for frame in frames:
        rest = frame if rest is None else pl.concat([rest, frame])
        while rest.height >= rows:
            yield rest[:rows].rechunk()
            rest, empty = rest[rows:], False
    if rest is None:
        raise InputError("there must be a frame to write", place="frames")
    if rest.height or empty:
        yield rest.rechunk()


@lru_cache(maxsize=1)
def _load_arena(folder: Path, _built_at: int) -> tuple[World, Information]:
    return load_bundle(folder / "world.npz", World), load_bundle(folder / "information.npz", Information)


def load_arena(store: Store) -> tuple[World, Information]:
    """The current world and what strategies may know in it; kept in memory between runs of one process."""
    folder = store.folder(store.current_hash)
    return _load_arena(folder, (folder / "information.npz").stat().st_mtime_ns)
