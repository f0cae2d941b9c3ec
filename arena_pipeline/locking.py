"""The door to a database file: a lock taken before DuckDB looks at the file and given back after DuckDB has closed it.

DuckDB 2.0 reads the headers of a file, or finds that there is none, *before* it asks for its own lock, and does not
look again once it has it. A process that was slow between the two steps goes on from headers that the holder of the
lock has replaced meanwhile, or writes a new database over the one that was just made: rows that the holder had
committed are gone, without an error. So processes of the arena queue here. DuckDB's own lock still keeps out others.

The lock is an advisory `flock` on a file beside the database. On the database itself it would not do: closing any
handle on a file gives up the locks that the process has on it by `fcntl`, which DuckDB uses.
"""

import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import fcntl

SUFFIX = ".lock"
HEADERS = 3 * 4096
"""Bytes that DuckDB writes before a file holds anything."""


@dataclass
class _Door:
    """A lock that this process has; connections of one kind share it, as DuckDB shares the database among them."""

    file: int | None
    shared: bool
    users: int = 1


_held: dict[str, _Door] = {}
_registry = threading.Lock()


def enter(path: Path, *, shared: bool) -> str | None:
    """Try to take the lock of a database, shared among readers.

    Returns:
        None when it is taken; else who has it.
    """
    key = os.path.realpath(path)
    with _registry:
        door = _held.get(key)
        if door is not None:
            if door.shared != shared:
                return "another connection of this process"
            door.users += 1
            return None
        file = _opened(key + SUFFIX)
        if file is not None and not try_lock(file, shared=shared):
            holder = _named(file)
            os.close(file)
            return holder
        if file is not None and not shared:
            _sign(file, str(os.getpid()))
            _remove_stillborn(Path(key))
        _held[key] = _Door(file, shared)
        return None


def is_made(path: Path) -> bool:
    """Whether there is a database whose making was not cut short."""
    try:
        return path.stat().st_size >= HEADERS
    except OSError:
        return False


def _remove_stillborn(path: Path) -> None:
    """A process that was killed while it made the file leaves headers that DuckDB refuses, and no rows."""
    if is_made(path) or not path.is_file():
        return
    with path.open("rb") as file:
        start = file.read(12)
    if not start or start[8:] == b"DUCK":
        path.unlink()


def leave(path: Path) -> None:
    """Give the lock back, after the connection was closed."""
    key = os.path.realpath(path)
    with _registry:
        door = _held[key]
        door.users -= 1
        if door.users:
            return
        del _held[key]
        if door.file is not None:
            if not door.shared:
                _sign(door.file, "")
            os.close(door.file)  # and with it the lock


def _forget() -> None:
    """In a forked child: what is held is the parent's, who gives it back."""
    global _registry  # noqa: PLW0603 - another thread may have held it at the fork
    _registry = threading.Lock()
    for door in _held.values():
        if door.file is not None:
            os.close(door.file)
    _held.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)


def _opened(path: str) -> int | None:
    """The lock file; None where none can be written: then DuckDB's own lock has to do."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None


def try_lock(file: int, *, shared: bool = False) -> bool:
    """Lock an open file against other processes, at once or not at all; true as well where files cannot be locked."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without such locks
        return True
    return True


def _sign(file: int, holder: str) -> None:
    with suppress(OSError):  # a full disk: the name is only for messages
        os.ftruncate(file, 0)
        os.pwrite(file, holder.encode(), 0)


def _named(file: int) -> str:
    """Who has the lock: a writer signs the file; readers, and writers that were killed, leave no name that holds."""
    signed = os.pread(file, 20, 0).decode(errors="replace")
    if not signed.isdecimal() or not _lives(int(signed)):
        return "another process"
    return f"another run of the arena (PID {signed})"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
