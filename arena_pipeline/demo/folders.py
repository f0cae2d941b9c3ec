"""A folder that is either the old one or the new one, and says what it holds."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import InputError

MARKER = "shop.json"


def content_key(parts: dict[str, Any]) -> str:
    """SHA-256 of what determines the content of a folder."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_marker(directory: Path) -> dict[str, Any] | None:
    """What the folder holds; ``None`` where it holds no finished shop."""
    path = directory / MARKER
    if not path.is_file():
        return None
    try:
        marker = json.loads(path.read_text())
    except json.JSONDecodeError:
        return None
    return marker if isinstance(marker, dict) else None


def replace_folder(directory: Path, fill: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Fill a sibling folder, then put it in the place of ``directory``.

    A run killed while filling leaves the old folder. A run killed between the two renames leaves the old folder under
    its ``.old`` name; ``recover`` brings it back.

    Args:
        directory: folder to replace; must be empty, absent or hold a marker.
        fill: writes the files and returns the marker.

    Raises:
        InputError: the folder holds files of somebody else.
    """
    recover(directory)
    if directory.exists() and (
        not directory.is_dir() or (any(directory.iterdir()) and not (directory / MARKER).is_file())
    ):
        raise InputError(
            "the folder of the demo shop must be empty or hold a demo shop",
            place=str(directory),
            remedy="Choose another folder, or move its files away",
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}.new-{os.getpid()}-", dir=directory.parent))
    try:
        fresh.chmod(0o755)
        marker = fill(fresh)
        (fresh / MARKER).write_text(json.dumps(marker, indent=2, sort_keys=True) + "\n")
        old = _old(directory)
        if directory.exists():
            directory.rename(old)
        fresh.rename(directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(_old(directory), ignore_errors=True)
    return marker


def recover(directory: Path) -> None:
    """Undo half a replacement, and remove what runs left behind whose processes are gone."""
    old = _old(directory)
    if old.exists() and directory.exists():
        shutil.rmtree(old)
    elif old.exists():
        old.rename(directory)
    for left in directory.parent.glob(f".{directory.name}.new-*-*"):
        if not _is_running(int(left.name.rsplit(".new-", 1)[1].split("-")[0])):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _old(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.old")
