"""Small shops with known demand, drawn event by event; shares no formula with the estimator.

Visitors come at random moments of the day; some order; the shelf is emptied order by order and refilled by the shop's
own purchasing, which orders a fixed quantity when stock is low. While the shelf is empty, visitors stay away more and
more.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from engine.demand.logs import ActivityLogs
from engine.schema import Axes

FIRST_DAY = date(2023, 1, 2)
MIDNIGHT = datetime(2023, 1, 2)  # noqa: DTZ001 shop-local wall clock
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class WorldSettings:
    """What a world is like; views per day, rates per view."""

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


@dataclass(frozen=True)
class World:
    """Logs and truth; matrices (S, T)."""

    logs: ActivityLogs
    axes: Axes
    categories: list[str]
    demand: np.ndarray
    sold: np.ndarray
    in_stock: np.ndarray
    expected_lost: np.ndarray

    @property
    def lost(self):
        return self.demand - self.sold


def make_world(settings: WorldSettings = WorldSettings()) -> World:
    rng = np.random.default_rng(settings.seed)
    skus, days = settings.skus, settings.days
    category = rng.integers(0, settings.categories, skus)
    slope = rng.normal(0, settings.drift, settings.categories)
    truth = {name: np.zeros((skus, days)) for name in ("demand", "sold", "in_stock", "expected_lost")}
    rows = {"views": [], "orders": [], "snapshots": [], "receipts": []}
    for sku in range(skus):
        traffic = settings.views * np.exp(0.8 * rng.normal() + _wave(rng, days))
        rate = settings.conversion * np.exp(0.4 * rng.normal() + slope[category[sku]] * np.linspace(-1, 1, days))
        _live(settings, sku, traffic, np.minimum(rate, 0.9), rng, truth, rows)
    items = tuple(f"item-{sku:05d}" for sku in range(skus))
    logs = _logs(rows, items)
    return World(logs, Axes(items, FIRST_DAY, days), [f"c{code}" for code in category], **truth)


def _wave(rng, days):
    """Slow changes of popularity and a weekly rhythm."""
    steps = np.cumsum(rng.normal(0, 0.12, days // 14 + 2))
    slow = np.interp(np.arange(days), 14 * np.arange(steps.size), steps - steps.mean())
    return 0.8 * slow + 0.15 * np.sin(2 * np.pi * np.arange(days) / 7)


def _live(settings, sku, traffic, rate, rng, truth, rows):
    """The life of one item."""
    usual = float((traffic * rate).mean()) / (1 - settings.extra_unit)
    guess = usual * np.exp(0.5 * rng.normal())  # the buyer does not know the truth
    point, lot = int(settings.safety * guess * 12), max(1, round(guess * settings.cover_days))
    stock, coming, empty_days = point + lot, {}, 0.0
    for day in range(settings.days):
        arrival, restock = coming.pop(day, 0), rng.uniform(0.33, 0.75)  # working hours
        visits = np.sort(rng.beta(2.2, 1.8, rng.poisson(traffic[day] * rng.gamma(4.0, 0.25))))
        buys = rng.random(visits.size) < rate[day]
        wanted = rng.geometric(1 - settings.extra_unit, visits.size)
        stays = rng.random(visits.size)
        seen_in = 0
        for at, buy, units, stay in zip(visits, buys, wanted, stays, strict=True):
            if arrival and at > restock:
                stock, arrival = stock + arrival, 0
            truth["demand"][sku, day] += units if buy else 0
            if stock > 0:
                seen_in += 1
                rows["views"].append((sku, day, at))
                if buy:
                    got = min(units, stock)
                    rows["orders"].append((sku, day, at, got))
                    truth["sold"][sku, day] += got
                    stock -= got
                    if stock == 0:
                        truth["expected_lost"][sku, day] += settings.extra_unit / (1 - settings.extra_unit)
            else:
                truth["expected_lost"][sku, day] += rate[day] / (1 - settings.extra_unit)
                away = min(1.0, empty_days / 20)
                gone = settings.stay_away + (settings.stay_away_late - settings.stay_away) * away
                if stay > gone:
                    rows["views"].append((sku, day, at))
        stock += arrival
        truth["in_stock"][sku, day] = seen_in / visits.size if visits.size else float(stock > 0)
        empty_days = 0.0 if seen_in or stock > 0 else empty_days + 1
        rows["views"].extend((sku, day, at) for at in rng.random(rng.poisson(settings.bot_views)))
        rows["snapshots"].append((sku, day, stock))
        if stock + sum(coming.values()) <= point:
            due = day + 3 + int(rng.gamma(4.0, 3.0))
            coming[due] = coming.get(due, 0) + lot
            rows["receipts"].append((sku, day, due, lot))


def _frame(rows, names, items):
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    frame = pl.DataFrame({name: list(column) for name, column in zip(names, columns, strict=True)})
    return frame.with_columns(item_id=pl.Series([items[sku] for sku in frame["sku"]], dtype=pl.String))


def _date(name):
    return pl.lit(FIRST_DAY) + pl.duration(days=pl.col(name))


def _moment():
    moment = pl.lit(MIDNIGHT).cast(pl.Datetime("us"))
    return moment + pl.duration(microseconds=1 + pl.col("day") * DAY_US + (pl.col("at") * (DAY_US - 2)).cast(pl.Int64))


def _logs(rows, items):
    views = _frame(rows["views"], ("sku", "day", "at"), items).with_columns(event_timestamp=_moment(), day=_date("day"))
    orders = _frame(rows["orders"], ("sku", "day", "at", "quantity"), items).with_row_index("number")
    orders = orders.with_columns(
        event_timestamp=_moment(), day=_date("day"), transaction_id=pl.col("number").cast(pl.String), price=pl.lit(100)
    )
    snapshots = _frame(rows["snapshots"], ("sku", "day", "quantity_on_hand"), items)
    closing = pl.lit(MIDNIGHT + timedelta(days=1, microseconds=-1)).cast(pl.Datetime("us"))
    snapshots = snapshots.with_columns(snapshot_timestamp=closing + pl.duration(days=pl.col("day")), day=_date("day"))
    receipts = _frame(rows["receipts"], ("sku", "day", "due", "order_quantity"), items)
    receipts = receipts.with_columns(order_date=_date("day"), received_date=_date("due"))
    return ActivityLogs(conversions=orders, page_views=views, stock_snapshots=snapshots, purchase_orders=receipts)
