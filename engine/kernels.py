"""How the engine compiles: cached Numba kernels that notice an edit in any of the engine's sources.

Numba's own cache looks only at the file of the decorated function, so an edit of ``rules.py`` alone would be served
stale. Here the cache directory is named by a hash over all sources of the engine. Importing this module imports
Numba; only modules of numeric kernels do.
"""

from __future__ import annotations

import getpass
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])
_ENGINE = Path(__file__).parent
STALE_AFTER_SECONDS = 24 * 3600


def sources_hash(root: Path = _ENGINE) -> str:
    """Hash over names and contents of all Python files below ``root`` and Numba's version."""
    sha = hashlib.sha256(numba.__version__.encode())
    for path in sorted(root.rglob("*.py")):
        sha.update(path.relative_to(root).as_posix().encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


def _cache_directory() -> Path:
    """Directory for this state of the sources; those of earlier states are removed once no run can use them."""
    name = f"kernels-{sources_hash()}"
    base = _ENGINE / "__pycache__"
    try:
        (base / name).mkdir(parents=True, exist_ok=True)
    except OSError:  # an installation the user may not write to
        base = Path(tempfile.gettempdir()) / f"inventory-arena-{getpass.getuser()}"
        (base / name).mkdir(parents=True, exist_ok=True)
    for stale in base.glob("kernels-*"):
        if stale.name != name and time.time() - stale.stat().st_mtime > STALE_AFTER_SECONDS:
            shutil.rmtree(stale, ignore_errors=True)
    return base / name


setattr(numba.config, "CACHE_DIR", str(_cache_directory()))  # noqa: B010 - the attribute is made at run time


def kernel(function: F) -> F:
    """Compile to machine code on first call; releases the GIL, never reorders floating-point sums."""
    decorate: Any = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
    return cast("F", decorate(function))
