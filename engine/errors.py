"""Every error the arena raises on purpose.

ArenaError
├── InputError        data or configuration that breaks a rule; says place, rule, value, remedy
│   └── SettingsError a key or value of arena.toml
├── ScenarioError     the frozen world cannot be built (overflow, unknown item)
└── PlanError         a strategy's plan breaks a rule; says strategy, SKU, date
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ArenaError(Exception):
    """Base of all errors that the arena raises on purpose."""


class InputError(ArenaError):
    """Input that breaks a rule, told so that its owner can mend it.

    Args:
        rule: what must hold, e.g. ``"price must be >= 0"``.
        value: what was found; shown with ``repr``, omitted when ``None``.
        place: where, e.g. ``"products.csv, row 17"``.
        remedy: what to do about it.
    """

    def __init__(self, rule: str, *, value: object = None, place: str = "", remedy: str = "") -> None:
        self.rule, self.value, self.place, self.remedy = rule, value, place, remedy
        found = "" if value is None else f", was {value!r}"
        where = f"{place}: " if place else ""
        todo = f". {remedy}" if remedy else ""
        super().__init__(f"{where}{rule}{found}{todo}")


class SettingsError(InputError):
    """A key or value of the configuration breaks a rule."""


class ScenarioError(InputError):
    """The frozen world of a backtest cannot be built from these tables."""


class PlanError(InputError):
    """A strategy's plan breaks a rule of the tick contract."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"Did you mean 'x'?"`` for the known name closest to ``name``, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {matches[0]!r}?" if matches else ""
