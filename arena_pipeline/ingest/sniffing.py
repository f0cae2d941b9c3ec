"""What a file says about itself: format, encoding, delimiter, decimal mark, header.

Reads only the first part of a file. What does not belong here: which columns a table needs (`contract`).
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from arena_pipeline.settings import Source
from engine.errors import InputError

Format = Literal["csv", "ndjson", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}
SAVE_AS_UTF8 = "Save it as UTF-8 (Excel: 'CSV UTF-8')"
SAMPLE_BYTES = 1 << 18
SAMPLE_ROWS = 2_000
DELIMITERS = ",;\t|"
_COMMA_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
_POINT_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)\.\d+")
_SIGN = "[$€£¥₹¤\x80]|[A-Z]{3}|kr|zł|Kč|Fr"  # 0x80 is the euro of Windows read as Latin-1
CURRENCY_SIGN = rf"^([+-]?)\s*(?:{_SIGN})\.?\s*|\s*(?:{_SIGN})\.?$"
"""A currency before or after an amount; what stays is its first group."""
GROUP_MARKS = " \u00a0\u202f'\u2019"
GROUPED = rf"[+-]?\d{{1,3}}([{GROUP_MARKS}]\d{{3}})+([.,]\d+)?"
"""Thousands set apart by blanks or apostrophes."""


@dataclass(frozen=True)
class TextSample:
    """The start of a text file: names as written in the header, and rows of values beside them."""

    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    delimiter: str = ","
    encoding: str = "utf-8"


def format_of(path: Path) -> Format:
    """Format by suffix, `.gz` left aside.

    Raises:
        InputError: the suffix is unknown.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    known = SUFFIXES.get(suffixes[-1]) if suffixes else None
    if known is None:
        raise InputError(
            "file name must end in a known suffix",
            value=path.name,
            place=str(path),
            remedy=f"Known are {', '.join(SUFFIXES)}, text also with .gz; change the glob if this is no log file",
        )
    return known


def sample_csv(path: Path, source: Source) -> TextSample:
    """Header, delimiter and first rows of a CSV or TSV file."""
    text, encoding = _start_of(path, source)
    first_line = text.partition("\n")[0]
    delimiter = source.delimiter or max(DELIMITERS, key=first_line.count)
    lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    header = tuple(name.strip() for name in lines[0]) if lines else ()
    rows = tuple(dict(zip(header, line, strict=False)) for line in lines[1:SAMPLE_ROWS])
    return TextSample(header, rows, delimiter, encoding)


def sample_ndjson(path: Path, source: Source) -> TextSample:
    """Keys and first rows of a file with one JSON object per line."""
    text, encoding = _start_of(path, source)
    objects = [found for line in text.splitlines()[:SAMPLE_ROWS] if isinstance(found := _json(line), dict)]
    if not objects:
        raise InputError("file must hold one JSON object per line", place=str(path), remedy="Export it as NDJSON")
    header = tuple(dict.fromkeys(key for row in objects for key in row))
    rows = tuple({key: value for key, value in row.items() if isinstance(value, str)} for row in objects)
    return TextSample(header, rows, encoding=encoding)


def first_text(path: Path) -> str:
    """The start of a file of unknown kind, decoded as UTF-8 as far as that goes."""
    return first_bytes(path).decode("utf-8", errors="replace")


def is_utf8(path: Path) -> bool:
    """Whether the start of a file can be read as UTF-8, or as UTF-16 by its mark; if not, it is Latin-1.

    Raises:
        InputError: it is neither, as files of Windows with a euro sign are.
    """
    raw = first_bytes(path)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[:4] == b"PAR1":
        return True
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3 and len(raw) == SAMPLE_BYTES:  # a letter that the sample's end cuts
            return True
        if re.search(rb"[\x80-\x9f]", raw):
            raise InputError("text must be UTF-8 or Latin-1", place=path.name, remedy=SAVE_AS_UTF8) from error
        return False
    return True


def decimal_mark(rows: Iterable[dict[str, str]], names: Sequence[str]) -> Literal[".", ","]:
    """The mark that the values of the numeric columns `names` show; a point when they show none or both."""
    values = [bare(row[name]) for row in rows for name in names if row.get(name)]
    points = any(_POINT_NUMBER.fullmatch(value) and not _thousands(value) for value in values)
    return "," if not points and any(_COMMA_NUMBER.fullmatch(value) for value in values) else "."


def bare(value: str) -> str:
    """An amount without currency and without blanks or apostrophes between its digits."""
    plain = re.sub(CURRENCY_SIGN, r"\1", value.strip())
    return re.sub(f"[{GROUP_MARKS}]", "", plain) if re.fullmatch(GROUPED, plain) else plain


def adorned(rows: Iterable[dict[str, str]], names: Sequence[str]) -> bool:
    """Whether values of the numeric columns `names` carry currencies or separators of thousands beside a point."""
    values = [row[name].strip() for row in rows for name in names if row.get(name)]
    return any(bare(value) != value or ("," in value and _POINT_NUMBER.fullmatch(value)) for value in values)


def _thousands(value: str) -> bool:
    return re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+", value) is not None


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _start_of(path: Path, source: Source) -> tuple[str, str]:
    """Decoded start of a text file, without a last incomplete line, and its encoding."""
    raw = first_bytes(path)
    if not raw.strip():
        raise InputError("file must not be empty", place=str(path), remedy="Export it again, or remove it")
    encoding = source.encoding or ("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    whole = len(raw) < SAMPLE_BYTES or "\n" not in text
    return (text if whole else text[: text.rindex("\n")]), encoding


def first_bytes(path: Path) -> bytes:
    """At most SAMPLE_BYTES; of a cut gzip file, what can be read (the reader reports the cut)."""
    if path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            return file.read(SAMPLE_BYTES)
    chunks: list[bytes] = []
    try:
        with gzip.open(path) as packed:
            while sum(map(len, chunks)) < SAMPLE_BYTES and (chunk := packed.read(1 << 14)):
                chunks.append(chunk)
    except EOFError as error:
        if not chunks:
            raise InputError("gzip file must be complete", place=str(path), remedy="Copy or export it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            "file must be gzip, as its name says", place=str(path), remedy="Rename or repack it"
        ) from error
    return b"".join(chunks)[:SAMPLE_BYTES]
