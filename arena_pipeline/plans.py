"""Plans as files: what a run would have ordered, kept beside its scores so that reports need not plan again.

Levels are stored only on dates on which they changed, as they mostly do not. Rules in plain Python are not stored.
"""

from dataclasses import fields
from pathlib import Path

import numpy as np
import polars as pl

from arena_pipeline.store import write_frame
from engine.errors import InputError
from engine.plan import Levels, Orders, Plan

DATE, SKU, LIMIT = "date", "sku", "capital_limit"


def save_plan(path: Path, plan: Plan) -> None:
    """Write levels or orders."""
    if isinstance(plan, Levels):
        write_frame(path, _level_rows(plan))
    elif isinstance(plan, Orders):
        write_frame(path, pl.DataFrame({field.name: getattr(plan, field.name) for field in fields(plan)}))


def load_plan(path: Path, skus: int) -> Plan:
    """Read what ``save_plan`` wrote.

    Raises:
        InputError: the plan was not kept.
    """
    if not path.exists():
        raise InputError("the plan of a run must have been kept", place=str(path), remedy="Materialise its backtest")
    frame = pl.read_parquet(path)
    if DATE not in frame.columns:
        return Orders(**{name: frame[name].to_numpy().copy() for name in frame.columns})
    return _levels(frame, skus)


def _level_rows(levels: Levels) -> pl.DataFrame:
    matrices = levels.matrices()
    changed = np.zeros((len(levels.days), matrices["reorder_point"].shape[1]), bool)
    changed[:1] = True
    for matrix in matrices.values():
        changed[1:] |= matrix[1:] != matrix[:-1]
    if changed.size:
        changed[:, 0] = True  # every date stays known
    date, sku = np.nonzero(changed)
    columns = {name: matrix[date, sku] for name, matrix in matrices.items()}
    if levels.capital_limit is not None:
        columns[LIMIT] = levels.capital_limit[date]
    return pl.DataFrame({DATE: levels.days[date], SKU: sku.astype(np.int32)} | columns)


def _levels(frame: pl.DataFrame, skus: int) -> Levels:
    days = np.unique(frame[DATE].to_numpy())
    date, sku = np.searchsorted(days, frame[DATE].to_numpy()), frame[SKU].to_numpy()
    source = np.zeros((len(days), skus), np.int64)
    source[date, sku] = np.arange(frame.height)
    source = np.maximum.accumulate(source, axis=0)  # rows ascend by date: a later change has a larger number
    columns = {name: frame[name].to_numpy()[source] for name in frame.columns if name not in {DATE, SKU, LIMIT}}
    limit = frame[LIMIT].to_numpy()[source[:, 0]] if LIMIT in frame.columns else None  # row 0 of every date is kept
    return Levels(days=days, capital_limit=limit, **columns)
