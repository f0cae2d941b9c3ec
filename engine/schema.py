"""Axes of all matrices, and the columns of the engine's tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from engine.errors import InputError

DAYS_PER_YEAR = 365
MICRO = 1_000_000
SHARD_CELLS = 10_000_000
"""SKU-days that are worked on at once: 10,000 items x 1,000 days; a column of them takes 80 MB."""


@dataclass(frozen=True)
class Axes:
    """What rows and columns of a (SKU, day) matrix stand for.

    Attributes:
        items: item ids, sorted and unique; the position is the SKU index.
        first_day: date of day index 0.
        days: number of days T.
    """

    items: tuple[str, ...]
    first_day: date
    days: int

    def __post_init__(self) -> None:
        if list(self.items) != sorted(set(self.items)):
            raise InputError("items must be sorted and unique", place="axes")
        if self.days < 0:
            raise InputError("days must be >= 0", value=self.days, place="axes")

    @property
    def shape(self) -> tuple[int, int]:
        """(S, T)."""
        return len(self.items), self.days

    @cached_property
    def sku_of(self) -> dict[str, int]:
        """SKU index by item id."""
        return {item: sku for sku, item in enumerate(self.items)}

    def shards(self, cells: int = SHARD_CELLS) -> list[slice]:
        """Ranges of SKUs, each of at most ``cells`` SKU-days or one SKU; one empty range where there is no item."""
        size = max(cells // max(self.days, 1), 1)
        return [slice(at, min(at + size, len(self.items))) for at in range(0, max(len(self.items), 1), size)]

    def part(self, shard: slice) -> Axes:
        """Axes of a range of SKUs; their indices count from the start of the range."""
        return Axes(self.items[shard], self.first_day, self.days)

    def day_of(self, day: date) -> int:
        """Day index of a date; may lie outside 0..days-1."""
        return (day - self.first_day).days

    def date_of(self, day: int) -> date:
        """Date of a day index."""
        return self.first_day + timedelta(days=day)

    def weekday(self, day: int) -> int:
        """Weekday of a day index, Monday = 0."""
        return (self.first_day.weekday() + day) % 7
