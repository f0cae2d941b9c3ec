"""Every scored run is remembered with what went into it, so that two can be compared.

What belongs here: manifests of scored runs. Dagster keeps its own run history; this one survives a clean-up of it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena_pipeline.settings import Settings
from arena_pipeline.store import write_whole
from engine.errors import InputError, nearest

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
    }
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    past = runs(settings)
    same = [run.name for run in past if run.name.endswith(digest)]
    if same:
        return same[-1]
    name = f"{len(past) + 1:04d}-{digest}"
    write_whole(folder(settings) / f"{name}.json", lambda path: path.write_text(text))
    return name


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
