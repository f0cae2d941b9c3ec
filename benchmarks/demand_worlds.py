"""Shops with known demand, drawn visit by visit; the generator shares no formula with the estimator.

Visitors come at random moments of the day; some order; the shelf is emptied order by order and refilled by the shop's
own purchasing, which orders some weeks' sales when stock is low. The buyer knows the item's own past sales per day in
stock and never the truth: levels set from the truth would tell about items what the logs do not. While the shelf is
empty, visitors stay away more and more. What comes out are logs as a shop writes them, and the truth beside them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from engine.demand.logs import ActivityLogs
from engine.kernels import kernel
from engine.schema import Axes

FIRST_DAY = date(2023, 1, 2)
MIDNIGHT = datetime(2023, 1, 2)  # noqa: DTZ001 shop-local wall clock
DAY_US = 86_400_000_000
LIST_PRICE = 1_000
UPLIFT = {0.1: 1.25, 0.2: 1.6, 0.3: 2.1}
"""What a promotion at a discount does to the share of visitors who order: a table, not a curve."""

AWAY, FOUND_STOCK, FOUND_NONE = 0, 1, 2
SKUS_AT_ONCE = 200
FIRST_GUESS_DAYS = 28
TRUTH = ("demand", "sold", "in_stock", "expected_lost", "rate", "lost_visits", "expected_demand")


@dataclass(frozen=True)
class WorldSettings:
    """What a world is like; views per day, rates per view.

    Attributes:
        safety: the buyer orders when stock falls to this times the expected demand of 12 days.
        stay_away: share of visitors lost from the first empty day on; ``stay_away_late`` after 20 empty days.
        drift: standard deviation between categories of the change of ln conversion over half the window.
        bot_views: views per item and day that never buy.
        extra_unit: probability of one more unit in an order, again and again.
        promotions: whether there are price promotions.
        views_tell_stock: page views log whether there was stock.
        daily_only: pre-aggregated views, and no time of day on orders and stock.
    """

    skus: int = 120
    days: int = 240
    categories: int = 5
    seed: int = 1
    views: float = 12.0
    conversion: float = 0.05
    stay_away: float = 0.30
    stay_away_late: float = 0.30
    cover_days: float = 25.0
    safety: float = 0.8
    drift: float = 0.0
    bot_views: float = 0.0
    extra_unit: float = 0.2
    promotions: bool = False
    views_tell_stock: bool = False
    daily_only: bool = False


@dataclass(frozen=True)
class World:
    """Logs and truth; matrices (S, T).

    Attributes:
        demand: units wanted.
        sold: units sold.
        in_stock: share of the day's visits that came while there was stock.
        expected_lost: units lost, expected from the true rate of each visit that found none or stayed away.
        rate: orders per visit.
        lost_visits: visits that found no stock, or stayed away because of it.
        expected_demand: units wanted, expected before any visit is drawn.
    """

    logs: ActivityLogs
    axes: Axes
    categories: list[str]
    demand: np.ndarray
    sold: np.ndarray
    in_stock: np.ndarray
    expected_lost: np.ndarray
    rate: np.ndarray
    lost_visits: np.ndarray
    expected_demand: np.ndarray

    @property
    def lost(self) -> np.ndarray:
        """Units lost, (S, T)."""
        return self.demand - self.sold


@dataclass(frozen=True)
class Traffic:
    """What comes to one item, (T,) each."""

    visits_a_day: np.ndarray
    rate: np.ndarray
    price: np.ndarray


@dataclass
class Rows:
    """Columns of the log tables, one part per item."""

    parts: dict[str, list[dict[str, np.ndarray]]] = field(
        default_factory=lambda: {name: [] for name in ("views", "orders", "snapshots", "receipts")}
    )

    def add(self, table: str, sku: int, columns: Mapping[str, np.ndarray]) -> None:
        """Add rows of one item."""
        size = len(next(iter(columns.values())))
        self.parts[table].append({"sku": np.full(size, sku, np.int32), **columns})

    def frame(self, table: str, items: tuple[str, ...]) -> pl.DataFrame:
        """All rows of a table, with item ids."""
        columns = {key: np.concatenate([part[key] for part in self.parts[table]]) for key in self.parts[table][0]}
        names = pl.Series(list(items))
        return pl.DataFrame(columns).with_columns(item_id=names.gather(pl.Series(columns["sku"]).cast(pl.UInt32)))


def make_world(settings: WorldSettings = WorldSettings()) -> World:
    """Draw a world whole."""
    return next(world_parts(settings, settings.skus))


def world_parts(settings: WorldSettings, skus_at_once: int = SKUS_AT_ONCE) -> Iterator[World]:
    """Draw a world in parts of some items each, so that its page views need not be in memory at once."""
    rng = np.random.default_rng(settings.seed)
    category = rng.integers(0, settings.categories, settings.skus)
    slope = rng.normal(0, settings.drift, settings.categories)
    season = np.array([_season(rng, settings.days) for _ in range(settings.categories)])
    for first in range(0, settings.skus, skus_at_once):
        skus = range(first, min(first + skus_at_once, settings.skus))
        shape = (len(skus), settings.days)
        truth = {name: np.zeros(shape) for name in TRUTH}
        rows = Rows()
        for row, sku in enumerate(skus):
            own = np.random.default_rng([settings.seed, sku])
            drift = slope[category[sku]] * np.linspace(-1, 1, settings.days)
            traffic = _traffic(settings, season[category[sku]], drift, own)
            _live(settings, row, traffic, own, truth, rows)
        items = tuple(f"item-{sku:05d}" for sku in skus)
        names = [f"c{category[sku]}" for sku in skus]
        yield World(_logs(rows, items, settings), Axes(items, FIRST_DAY, settings.days), names, **truth)


def _season(rng: np.random.Generator, days: int) -> np.ndarray:
    """Rhythm of a category over the year, and its weeks before Christmas."""
    day = np.arange(days)
    wave = rng.uniform(0, 0.3) * np.sin(2 * np.pi * (day / 365 + rng.uniform()))
    return wave + rng.uniform(0, 0.4) * ((day % 365 >= 325) & (day % 365 <= 357))


def _traffic(settings: WorldSettings, season: np.ndarray, drift: np.ndarray, rng: np.random.Generator) -> Traffic:
    days = settings.days
    visits = settings.views * np.exp(0.8 * rng.normal() + _wave(rng, days) + season)
    rate = settings.conversion * np.exp(0.4 * rng.normal() + drift)
    price, uplift = _promotions(rng, days) if settings.promotions else (np.full(days, LIST_PRICE), np.ones(days))
    return Traffic(visits, np.minimum(rate * uplift, 0.9), price)


def _wave(rng: np.random.Generator, days: int) -> np.ndarray:
    """Slow changes of popularity and a weekly rhythm."""
    steps = np.cumsum(rng.normal(0, 0.12, days // 14 + 2))
    slow = np.interp(np.arange(days), 14 * np.arange(steps.size), steps - steps.mean())
    return 0.8 * slow + 0.15 * np.sin(2 * np.pi * np.arange(days) / 7)


def _promotions(rng: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Price and uplift of every day: one or two weeks at a discount, every few months."""
    price, uplift, day = np.full(days, LIST_PRICE), np.ones(days), 0
    while (day := day + 5 + int(rng.exponential(90))) < days:
        end = day + int(rng.integers(5, 15))
        discount = float(rng.choice(list(UPLIFT)))
        price[day:end], uplift[day:end] = round(LIST_PRICE * (1 - discount)), UPLIFT[discount]
        day = end
    return price, uplift


def _live(
    settings: WorldSettings, sku: int, traffic: Traffic, rng: np.random.Generator, truth: dict[str, np.ndarray],
    rows: Rows,
) -> None:  # fmt: skip
    """The life of one item: draw its visits, walk through them, note what the logs and the truth say."""
    days = settings.days
    guess = float(traffic.visits_a_day[:FIRST_GUESS_DAYS].mean()) * settings.conversion / (1 - settings.extra_unit)
    misjudged = np.exp(0.5 * rng.normal())
    low, cover = 12 * settings.safety * misjudged, settings.cover_days * misjudged
    visits = rng.poisson(traffic.visits_a_day * rng.gamma(4.0, 0.25, days))
    day = np.repeat(np.arange(days), visits)
    at = rng.beta(2.2, 1.8, day.size)
    at = at[np.lexsort((at, day))]
    buys = rng.random(day.size) < traffic.rate[day]
    wanted = np.where(buys, rng.geometric(1 - settings.extra_unit, day.size), 0)
    lead = 3 + rng.gamma(4.0, 3.0, days).astype(np.int64)
    fate, got, emptied, closing, found, due, lot = walk(
        np.concatenate([[0], np.cumsum(visits)]), at, wanted, rng.random(day.size), rng.uniform(0.33, 0.75, days),
        lead, guess, low, cover, settings.stay_away, settings.stay_away_late,
    )  # fmt: skip
    mean_size, lost = 1 / (1 - settings.extra_unit), fate != FOUND_STOCK
    truth["demand"][sku] = np.bincount(day, wanted, days)
    truth["sold"][sku] = np.bincount(day, got, days)
    truth["rate"][sku] = traffic.rate
    truth["expected_demand"][sku] = traffic.visits_a_day * traffic.rate * mean_size
    truth["lost_visits"][sku] = np.bincount(day, lost, days)
    truth["in_stock"][sku] = found
    truth["expected_lost"][sku] = traffic.rate * mean_size * truth["lost_visits"][sku]
    truth["expected_lost"][sku] += (mean_size - 1) * np.bincount(day, emptied, days)
    _note(settings, sku, traffic, (day, at, fate, got, closing, due, lot), rng, rows)


@kernel
def walk(first, at, wanted, luck, restock, lead, guess, low, cover, stay_away, stay_away_late):  # noqa: ANN001, ANN201
    """Serve the visits of one item in order of time.

    Args:
        first: (T + 1,) offsets of each day's visits.
        at: moment of each visit within its day, 0..1.
        wanted: units each visitor would buy.
        luck: uniform number of each visit: whether it stays away from an empty shelf.
        restock: (T,) moment at which deliveries arrive.
        lead: (T,) days until an order of that day arrives.
        guess: units a day that the buyer expects before any sale; it counts as much as four weeks of sales.
        low, cover: days of expected sales at which the buyer orders, and which an order covers.
        stay_away, stay_away_late: share that stays away at once, and after 20 empty days.

    Returns:
        Fate and units got of each visit, and whether it emptied the shelf; closing stock, share of visits that found
        stock, day on which an order placed that day arrives (-1: none) and its units, (T,) each.
    """
    days = first.size - 1
    fate, got, emptied = np.zeros(at.size, np.int8), np.zeros(at.size, np.int64), np.zeros(at.size, np.bool_)
    closing, share, due = np.zeros(days, np.int64), np.zeros(days), np.full(days, -1, np.int64)
    coming, lot = np.zeros(days + 1, np.int64), np.zeros(days, np.int64)
    stock, on_order, empty_days = int(low * guess) + max(1, int(np.rint(cover * guess))), 0, 0.0
    sold, days_in_stock = FIRST_GUESS_DAYS * guess, float(FIRST_GUESS_DAYS)
    for day in range(days):
        arrival, found = coming[day], 0
        on_order -= arrival
        for k in range(first[day], first[day + 1]):
            if arrival > 0 and at[k] > restock[day]:
                stock, arrival = stock + arrival, 0
            if stock > 0:
                fate[k], found = FOUND_STOCK, found + 1
                got[k] = min(wanted[k], stock)
                stock -= got[k]
                sold += got[k]
                emptied[k] = stock == 0 and got[k] > 0
                continue
            gone = stay_away + (stay_away_late - stay_away) * min(1.0, empty_days / 20.0)
            fate[k] = FOUND_NONE if luck[k] > gone else AWAY
        stock += arrival
        visits = first[day + 1] - first[day]
        share[day] = found / visits if visits else (1.0 if stock > 0 else 0.0)
        empty_days = 0.0 if found or stock > 0 else empty_days + 1.0
        closing[day] = stock
        days_in_stock += share[day]
        usual = sold / days_in_stock
        if stock + on_order <= int(low * usual):
            lot[day], due[day] = max(1, int(np.rint(cover * usual))), day + lead[day]
            on_order += lot[day]
            coming[min(due[day], days)] += lot[day]
    return fate, got, emptied, closing, share, due, lot


def _note(
    settings: WorldSettings, sku: int, traffic: Traffic, life: tuple, rng: np.random.Generator, rows: Rows
) -> None:
    """Write the log rows of one item."""
    day, at, fate, got, closing, due, lot = life
    seen, sold, ordered = fate != AWAY, got > 0, np.flatnonzero(due >= 0)
    bots = np.repeat(np.arange(settings.days), rng.poisson(settings.bot_views, settings.days))
    moments = np.concatenate([at[seen], rng.random(bots.size)])
    days = np.concatenate([day[seen], bots])
    stocked = np.concatenate([fate[seen] == FOUND_STOCK, closing[bots] > 0])
    rows.add("views", sku, {"day": days, "at": moments, "in_stock": stocked, "price": traffic.price[days]})
    price = traffic.price[day[sold]]
    rows.add("orders", sku, {"day": day[sold], "at": at[sold], "quantity": got[sold], "price": price})
    rows.add("snapshots", sku, {"day": np.arange(settings.days), "quantity_on_hand": closing})
    rows.add("receipts", sku, {"day": ordered, "due": due[ordered], "order_quantity": lot[ordered]})


def _date(name: str) -> pl.Expr:
    return pl.lit(FIRST_DAY) + pl.duration(days=pl.col(name))


def _moment() -> pl.Expr:
    moment = pl.lit(MIDNIGHT).cast(pl.Datetime("us"))
    return moment + pl.duration(microseconds=1 + pl.col("day") * DAY_US + (pl.col("at") * (DAY_US - 2)).cast(pl.Int64))


def _logs(rows: Rows, items: tuple[str, ...], settings: WorldSettings) -> ActivityLogs:
    views = rows.frame("views", items)
    if not settings.views_tell_stock:
        views = views.with_columns(in_stock=pl.lit(None, dtype=pl.Boolean))
    orders = rows.frame("orders", items).with_row_index("number")
    number = pl.col("number").cast(pl.String)
    orders = orders.with_columns(event_timestamp=_moment(), day=_date("day"), transaction_id=number)
    if settings.daily_only:
        orders = orders.with_columns(event_timestamp=pl.col("event_timestamp").dt.truncate("1d"))
    closing = pl.lit(MIDNIGHT + timedelta(days=1, microseconds=-1)).cast(pl.Datetime("us"))
    snapshots = rows.frame("snapshots", items)
    snapshots = snapshots.with_columns(snapshot_timestamp=closing + pl.duration(days=pl.col("day")), day=_date("day"))
    receipts = rows.frame("receipts", items).with_columns(order_date=_date("day"), received_date=_date("due"))
    seen = {"page_views": views.with_columns(event_timestamp=_moment(), day=_date("day"))}
    if settings.daily_only:
        daily = views.group_by("item_id", "day", "in_stock").agg(views=pl.len().cast(pl.Int64))
        seen = {"page_views_daily": daily.with_columns(day=_date("day"))}
    return ActivityLogs(conversions=orders, stock_snapshots=snapshots, purchase_orders=receipts, **seen)
