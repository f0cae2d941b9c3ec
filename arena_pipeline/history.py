"""Every scored run is remembered with what went into it, so that two can be compared.

What belongs here: manifests of scored runs. Dagster keeps its own run history; this one survives a clean-up of it.
"""

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from arena_pipeline.settings import Settings
from arena_pipeline.store import Store, outdated, write_whole
from engine.errors import InputError, nearest

PACKAGES = ("inventory-arena", "numpy", "polars", "duckdb", "numba", "scipy")
SMALL = 10
COMPARED = ("economic_profit", "working_capital", "stockout_rate", "fill_rate", "gross_margin")


@dataclass(frozen=True)
class RunRecord:
    """One scored run: its name, and the manifest."""

    name: str
    manifest: dict[str, Any]


def folder(settings: Settings) -> Path:
    """Where manifests lie."""
    return settings.results_path / "history"


def remember(settings: Settings, scenario: str, leaderboard: list[dict[str, Any]], inputs: list[dict[str, Any]]) -> str:
    """Write the manifest of a scored run; equal content is written once. Returns its name.

    Args:
        settings: of the workspace.
        scenario: content hash.
        leaderboard: rows by economic profit.
        inputs: path and content hash of every log file used.
    """
    manifest = {
        "scenario": scenario,
        "settings": settings.model_dump(mode="json"),
        "inputs": inputs,
        "leaderboard": leaderboard,
        "versions": versions(),
    }
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    past = runs(settings)
    same = [run.name for run in past if run.name.endswith(digest)]
    if same:
        return same[-1]
    last = max((int(run.name.split("-")[0]) for run in past), default=0)
    name = f"{last + 1:04d}-{digest}"
    write_whole(folder(settings) / f"{name}.json", lambda path: path.write_text(text))
    return name


def versions() -> dict[str, str]:
    """Python and the packages that results depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def forget(settings: Settings, keep: int, max_age_days: float | None = None) -> list[str]:
    """Remove old manifests; that of the last good run always stays. Returns the names removed.

    Args:
        settings: of the workspace.
        keep: runs that stay, the last good one included.
        max_age_days: runs remembered longer ago go too; None: no limit of age.
    """
    scored = Store.of(settings).last_scored
    records = runs(settings)
    good = [run.name for run in records if run.manifest["scenario"] == scored] or [run.name for run in records]
    paths = {folder(settings) / f"{run.name}.json" for run in records if run.name != good[-1]} if good else set()
    gone = outdated({path: path.stat().st_mtime for path in paths}, keep - 1, max_age_days)
    for path in gone:
        path.unlink()
    return [path.stem for path in gone]


def runs(settings: Settings) -> list[RunRecord]:
    """All remembered runs, oldest first."""
    paths = sorted(folder(settings).glob("[0-9]*.json"))
    return [RunRecord(path.stem, json.loads(path.read_text())) for path in paths]


def find(settings: Settings, name: str) -> RunRecord:
    """A run by its name, or by the number it begins with.

    Raises:
        InputError: there is none, with the nearest name.
    """
    known = runs(settings)
    matches = [run for run in known if run.name == name or run.name.split("-")[0].lstrip("0") == name.lstrip("0")]
    if not matches:
        names = [run.name for run in known]
        raise InputError(
            "run must be one of those remembered", value=name, remedy=nearest(name, names) or "See `arena runs`"
        )
    return matches[-1]


def differences(first: dict[str, Any], second: dict[str, Any], prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Keys whose values differ, with both values."""
    rows: list[tuple[str, Any, Any]] = []
    for key in sorted({*first, *second}):
        before, after = first.get(key), second.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            rows += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            rows.append((prefix + key, before, after))
    return rows


def changed_inputs(first: RunRecord, second: RunRecord) -> list[tuple[str, str]]:
    """Log files that are new, gone or changed in the second run."""
    before = {row["path"]: row["content_sha256"] for row in first.manifest["inputs"]}
    after = {row["path"]: row["content_sha256"] for row in second.manifest["inputs"]}
    rows = [(path, "new") for path in sorted(after.keys() - before.keys())]
    rows += [(path, "gone") for path in sorted(before.keys() - after.keys())]
    return rows + [(path, "changed") for path in sorted(before.keys() & after.keys()) if before[path] != after[path]]


def changed_scores(first: RunRecord, second: RunRecord) -> list[dict[str, Any]]:
    """Headline figures of the runs that both have, before and after."""
    before = {(row["strategy"], row["parameters"]): row for row in first.manifest["leaderboard"]}
    rows = []
    for row in second.manifest["leaderboard"]:
        old = before.get((row["strategy"], row["parameters"]))
        if old is not None:
            pairs = {name: (old.get(name), row.get(name)) for name in COMPARED}
            rows.append({"strategy": row["strategy"], "parameters": row["parameters"], **pairs})
    return rows


def comparison(first: RunRecord, second: RunRecord) -> str:
    """What changed in inputs, settings, versions and scores, as Markdown."""
    files = [f"- {path}: {how}" for path, how in changed_inputs(first, second)]
    keys = [
        f"- {part}.{key}: {before!r} -> {after!r}"
        for part in ("settings", "versions")
        for key, before, after in differences(first.manifest.get(part, {}), second.manifest.get(part, {}))
    ]
    rows = changed_scores(first, second)
    heads = " | ".join(name.replace("_", " ") for name in COMPARED)
    lines = [f"| strategy | parameters | {heads} |", "|---|---|" + "---:|" * len(COMPARED)]
    for row in rows:
        cells = " | ".join(told_change(row[name]) for name in COMPARED)
        lines.append(f"| {row['strategy']} | {row['parameters']} | {cells} |")
    parts = {
        "Inputs": files or ["The same files."],
        "Settings and versions": keys or ["The same."],
        "Scores of the runs that both have": lines if rows else ["None in common."],
    }
    body = "".join(f"\n## {title}\n\n" + "\n".join(part) + "\n" for title, part in parts.items())
    return f"# Run {first.name} against {second.name}\n{body}"


def told_change(pair: tuple[Any, Any]) -> str:
    """Value before and after; one value where they are equal."""
    before, after = pair
    if before is None or after is None:
        return ""
    shape = "{:,.0f}" if abs(before) >= SMALL else "{:.4f}"
    return shape.format(before) if before == after else f"{shape.format(before)} -> {shape.format(after)}"
