"""Files as they arrive: what their content is, whether they are still being written, whether they unpack without bound.

A file is known by the SHA-256 of its bytes. What does not belong here: what its rows mean.
"""

import hashlib
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from arena_pipeline.ingest.sniffing import SUFFIXES
from engine.errors import InputError

_CHUNK = 1 << 20
ALWAYS_FINE = 100 << 20
"""Unpacked bytes that any file may have."""
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Content:
    """A file's content: SHA-256 of its bytes, and size and time of change when they were read."""

    path: Path
    digest: str
    stamp: tuple[int, int]


def arrived(paths: Iterable[Path], still_seconds: float, max_expansion: float) -> tuple[list[Content], list[str]]:
    """Contents of the files that are complete, and what is said about the others.

    A file that changed less than `still_seconds` ago is looked at again once it has had that time: if it changed
    meanwhile, or is gone, it is left for the next ingest.

    Raises:
        InputError: a packed file grows beyond all measure.
    """
    contents: list[Content] = []
    notes: list[str] = []
    stamps = {path: stamp for path in paths if (stamp := _stamp(path)) is not None}
    _wait_until_still(stamps.values(), still_seconds)
    for path, stamp in stamps.items():
        if _stamp(path) != stamp:
            notes.append(f"{path.name} is still being written or was moved; it is taken in next time")
            continue
        try:
            contents.append(content_of(path, max_expansion))
        except FileNotFoundError:
            notes.append(f"{path.name} vanished before it was read")
    return contents, notes


def _wait_until_still(stamps: Iterable[tuple[int, int]], still_seconds: float) -> None:
    newest = max((changed for _, changed in stamps), default=0)
    age = (time.time_ns() - newest) / 1e9
    if 0 <= age < still_seconds:
        time.sleep(still_seconds - age)


def content_of(path: Path, max_expansion: float = 100.0) -> Content:
    """Hash a file, and measure what it unpacks to.

    Raises:
        InputError: see `arrived`, or the file cannot be read.
    """
    stamp = content_stamp(path)
    digest = hashlib.sha256()
    most = max(ALWAYS_FINE, int(max_expansion * stamp[0]))
    measure = Expansion(path, most) if path.suffix.lower() == ".gz" else None
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                if measure:
                    measure.add(chunk)
    except (PermissionError, IsADirectoryError) as error:
        raise InputError(f"file must be readable ({error.strerror})", place=str(path)) from error
    if SUFFIXES.get(path.suffix.lower()) == "parquet" and _told_size(path) > most:
        raise _too_large(path, most)
    return Content(path, digest.hexdigest(), stamp)


class Expansion:
    """Unpacked size of a gzip file, counted while its bytes go by; nothing unpacked is kept."""

    def __init__(self, path: Path, most: int) -> None:
        self.path, self.most, self.size = path, most, 0
        self.unpacking: zlib._Decompress | None = zlib.decompressobj(_GZIP)

    def add(self, packed: bytes) -> None:
        """Count further bytes; a broken file is left to its reader."""
        while packed and self.unpacking is not None:
            try:
                self.size += len(self.unpacking.decompress(packed, _CHUNK))
            except zlib.error:
                self.unpacking = None
                return
            if self.size > self.most:
                raise _too_large(self.path, self.most)
            packed = self.unpacking.unconsumed_tail
            if self.unpacking.eof:  # the next member
                packed = self.unpacking.unused_data
                self.unpacking = zlib.decompressobj(_GZIP)


def _told_size(path: Path) -> int:
    """Unpacked bytes that a Parquet file promises, a byte per row at least; a broken file is left to its reader."""
    try:
        told = parquet.read_metadata(path)
    except (pa.ArrowException, OSError):
        return 0
    return max(int(told.num_rows), sum(told.row_group(group).total_byte_size for group in range(told.num_row_groups)))


def _too_large(path: Path, most: int) -> InputError:
    return InputError(
        f"file must unpack to at most {most:,} bytes (ingest.max_expansion)",
        place=str(path),
        remedy="Look at what it holds; raise ingest.max_expansion if it is a log after all",
    )


def content_stamp(path: Path) -> tuple[int, int]:
    """Size and time of the last change."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _stamp(path: Path) -> tuple[int, int] | None:
    """The same; None when the file is gone."""
    try:
        return content_stamp(path)
    except FileNotFoundError:
        return None
