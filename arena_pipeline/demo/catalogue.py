"""Products around the real items: names, generated categories and costs, listing dates."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from arena_pipeline.demo import keyed
from arena_pipeline.demo.categories import FIRST_LEVELS, category_path
from arena_pipeline.demo.keyed import Flags, Floats, Ints, Keys
from arena_pipeline.demo.order_lines import DAYS, FIRST_DAY
from engine.schema import Axes

LAUNCH_AFTER = (date(2011, 3, 1) - FIRST_DAY).days
STOP_BEFORE = (date(2011, 9, 1) - FIRST_DAY).days
SHORTEST_LISTING_DAYS = 56


@dataclass(frozen=True)
class Catalogue:
    """Items of the shop, sorted by id; every array has shape (S,).

    Attributes:
        axes: items and days.
        keys: random key of each item.
        names, categories: text; categories are two-level paths.
        first_level: index into ``first_levels``.
        price: typical price in pence.
        unit_cost: generated cost in pence.
        listed_from, listed_to: first and last listed day index, inclusive.
        launched, discontinued: whether the dates are the shop's or only the window's.
        announced: day from which the shop knows of a discontinuation; DAYS where there is none.
        lines, units: true order lines and units in the window.
        first_sale: day index of the first true order line.
    """

    axes: Axes
    keys: Keys
    names: tuple[str, ...]
    categories: tuple[str, ...]
    first_levels: tuple[str, ...]
    first_level: Ints
    price: Ints
    unit_cost: Ints
    listed_from: Ints
    listed_to: Ints
    launched: Flags
    discontinued: Flags
    announced: Ints
    lines: Ints
    units: Ints
    first_sale: Ints

    @property
    def weekly_units(self) -> Floats:
        """Mean true units per listed week."""
        return self.units * 7.0 / (self.listed_to - self.listed_from + 1)

    def listed(self) -> Flags:
        """Whether an item is listed on a day; shape (S, T)."""
        days = np.arange(self.axes.days)
        return (days >= self.listed_from[:, None]) & (days <= self.listed_to[:, None])


def build_catalogue(sales: pl.DataFrame, is_open: Flags, seed: int) -> Catalogue:
    """Derive the catalogue from true sales lines.

    Args:
        sales: ``OrderLines.sales``.
        is_open: shape (T,), days on which the shop is open.
        seed: seed of costs and dates.
    """
    facts = _item_facts(sales)
    axes = Axes(tuple(facts["item_id"]), FIRST_DAY, DAYS)
    keys = keyed.item_keys(axes.items)
    paths = tuple(category_path(name) for name in facts["name"])
    price = facts["price"].to_numpy()
    first, last = facts["first"].to_numpy(), facts["last"].to_numpy()
    launched, discontinued = first > LAUNCH_AFTER, last < STOP_BEFORE
    listed_from, listed_to = _listing(first, last, launched, discontinued, is_open, keys, seed)
    announced = np.where(discontinued, listed_to - 14 - keyed.choice(seed, "announced", 29, keys), DAYS)
    return Catalogue(
        axes=axes,
        keys=keys,
        names=tuple(facts["name"]),
        categories=paths,
        first_levels=FIRST_LEVELS,
        first_level=np.array([FIRST_LEVELS.index(path.split("/")[0]) for path in paths]),
        price=price,
        unit_cost=np.maximum(1, np.rint(price * _cost_share(keys, price, seed)).astype(np.int64)),
        listed_from=listed_from,
        listed_to=listed_to,
        launched=launched,
        discontinued=discontinued,
        announced=announced,
        lines=facts["lines"].to_numpy(),
        units=facts["units"].to_numpy(),
        first_sale=first,
    )


def _item_facts(sales: pl.DataFrame) -> pl.DataFrame:
    """One row per item: most frequent name, median price, first and last day, lines and units."""
    names = (
        sales.filter(pl.col("name").is_not_null())
        .group_by("item_id", "name")
        .len()
        .sort("item_id", "len", "name", descending=[False, True, False])
        .unique("item_id", keep="first", maintain_order=True)
        .select("item_id", "name")
    )
    facts = sales.group_by("item_id").agg(
        price=pl.col("price").median().round().cast(pl.Int64),
        first=pl.col("day").min(),
        last=pl.col("day").max(),
        lines=pl.len().cast(pl.Int64),
        units=pl.col("quantity").sum(),
    )
    named = facts.join(names, on="item_id", how="left").sort("item_id")
    return named.with_columns(name=pl.col("name").fill_null(pl.col("item_id")))


def _cost_share(keys: Keys, price: Ints, seed: int) -> Floats:
    """35-60 % of the price, a little more on dear items."""
    dear = np.clip(np.log(np.maximum(price, 1) / 200.0) * 0.02, -0.04, 0.05)
    return np.clip(0.47 + dear + 0.055 * keyed.normal(seed, "cost share", keys), 0.33, 0.62)


def _listing(
    first: Ints, last: Ints, launched: Flags, discontinued: Flags, is_open: Flags, keys: Keys, seed: int
) -> tuple[Ints, Ints]:
    """First and last listed day: launches 2-14 days before the first sale, on a weekday the shop receives goods."""
    receiving = receiving_days(is_open)
    wish = first - 2 - keyed.choice(seed, "launch gap", 13, keys)
    days = np.flatnonzero(receiving)
    launch_day = days[np.maximum(np.searchsorted(days, wish, side="right") - 1, 0)]
    listed_from = np.where(launched, launch_day, 0)
    end = last + 3 + keyed.choice(seed, "discontinuation gap", 19, keys)
    end = np.minimum(np.maximum(end, listed_from + SHORTEST_LISTING_DAYS), DAYS - 1)
    return listed_from, np.where(discontinued, end, DAYS - 1)


def receiving_days(is_open: Flags) -> Flags:
    """Days on which goods arrive: Monday to Friday while the shop is open; shape (T,)."""
    weekday = (FIRST_DAY.weekday() + np.arange(len(is_open))) % 7
    return np.asarray(is_open & (weekday < 5), dtype=np.bool_)


def to_date(day: int) -> date:
    """Calendar date of a day index; may lie before the first day."""
    return FIRST_DAY + timedelta(days=day)
