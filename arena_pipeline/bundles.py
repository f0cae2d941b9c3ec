"""Engine objects in one file: dataclasses of arrays, plain values and settings, as an uncompressed .npz.

What belongs here: turning a dataclass into named arrays and back. What does not: knowing any particular dataclass.
"""

import json
import os
import types
import typing
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from pydantic import BaseModel

T = TypeVar("T")
PLAIN = "plain.json"


def save_bundle(path: Path, value: Any) -> None:
    """Write a dataclass; the file appears whole or not at all."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    plain: dict[str, Any] = {}
    _flatten("", value, arrays, plain)
    arrays[PLAIN] = np.frombuffer(json.dumps(plain, sort_keys=True).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def load_bundle(path: Path, kind: type[T]) -> T:
    """Read what ``save_bundle`` wrote; arrays come back as they were."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    plain = json.loads(arrays.pop(PLAIN).tobytes())
    return typing.cast("T", _restore("", kind, arrays, plain))


def _flatten(name: str, value: Any, arrays: dict[str, Any], plain: dict[str, Any]) -> None:
    if isinstance(value, np.ndarray):
        arrays[name] = value
    elif isinstance(value, pl.DataFrame):
        plain[name] = value.columns
        for column in value.columns:
            arrays[f"{name}.{column}"] = value[column].to_numpy()
    elif isinstance(value, dict):
        plain[name] = list(value)
        for key, part in value.items():
            _flatten(f"{name}/{key}", part, arrays, plain)
    elif is_dataclass(value):
        for field in fields(value):
            _flatten(f"{name}/{field.name}", getattr(value, field.name), arrays, plain)
    elif isinstance(value, BaseModel):
        plain[name] = value.model_dump(mode="json")
    else:
        plain[name] = value.isoformat() if isinstance(value, date) else value


def _restore(name: str, kind: Any, arrays: dict[str, Any], plain: dict[str, Any]) -> Any:
    if isinstance(kind, types.UnionType):  # something or None
        if name in plain and plain[name] is None:
            return None
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if typing.get_origin(kind) is dict:
        part = typing.get_args(kind)[1]
        return {key: _restore(f"{name}/{key}", part, arrays, plain) for key in plain[name]}
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(  # type: ignore[operator]
            **{field.name: _restore(f"{name}/{field.name}", hints[field.name], arrays, plain) for field in fields(kind)}
        )
    if kind is pl.DataFrame:
        return pl.DataFrame({column: arrays[f"{name}.{column}"] for column in plain[name]})
    return arrays[name] if name in arrays else _restore_plain(name, kind, plain)


def _restore_plain(name: str, kind: Any, plain: dict[str, Any]) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_validate(plain[name])
    if kind is date:
        return date.fromisoformat(plain[name])
    return tuple(plain[name]) if isinstance(plain[name], list) else plain[name]
