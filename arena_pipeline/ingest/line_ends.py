"""Text files put together from several: lines that end in different ways.

DuckDB reads CSV strictly, and then takes one kind of line end per file. A file with several is copied with one kind;
its rows stay the same ones, in the same order. Line breaks inside quotes change their kind with the others.
"""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from arena_pipeline.ingest.sniffing import first_bytes

_CHUNK = 1 << 20


@contextmanager
def with_one_line_end(path: Path) -> Iterator[Path | None]:
    """A temporary copy of a text file whose lines all end in a line feed; None where they end in one way already.

    Also None for encodings of more than one byte per character (told by zero bytes), and packed files that are broken.

    Raises:
        OSError: there is no room for the copy.
    """
    if b"\0" in first_bytes(path):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="arena-") as folder:
        copy = Path(folder) / path.name.removesuffix(".gz")
        try:
            kinds = _copy(path, copy)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            kinds = 0
        yield copy if kinds > 1 else None


def _copy(path: Path, copy: Path) -> int:
    """Write the copy; the number of kinds of line ends in the file."""
    returns_and_feeds, feeds, returns = 0, 0, 0
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with cast("IO[bytes]", opened(path, "rb")) as source, copy.open("wb") as target:
        while chunk := source.read(_CHUNK):
            if chunk.endswith(b"\r"):
                chunk += source.read(1)
            both = chunk.count(b"\r\n")
            returns_and_feeds += both
            feeds += chunk.count(b"\n") - both
            returns += chunk.count(b"\r") - both
            target.write(chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return sum(map(bool, (returns_and_feeds, feeds, returns)))
