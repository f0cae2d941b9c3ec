"""Raw page-view events of the last weeks: moments, sessions, visitors, reloads, duplicates, bots."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from arena_pipeline.demo import keyed
from arena_pipeline.demo.keyed import Flags, Floats, Ints, Keys
from arena_pipeline.demo.order_book import Setting
from arena_pipeline.demo.order_lines import DAYS, FIRST_DAY
from arena_pipeline.demo.purchasing import Year
from arena_pipeline.demo.traffic import Traffic

RAW_DAYS = 28
VIEWS_PER_SESSION = 6
VISITOR_POOL = 60_000
RELOAD_SHARE = 0.03
DUPLICATE_SHARE = 0.002
BOTS = ((5, "bot one"), (13, "bot two"), (14, "bot two"), (22, "bot three"))
_SOURCES = np.array(["search", "direct", "email", "paid", "affiliate", "social"])
_SOURCE_SHARES = np.cumsum([0.38, 0.27, 0.12, 0.13, 0.06, 0.04])
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class _Events:
    """Columns of events; shape (n,).

    Attributes:
        at: milliseconds since the first day, UTC.
        event, session: random keys.
    """

    sku: Ints
    at: Ints
    in_stock: Flags
    session: Keys
    event: Keys

    def take(self, chosen: Flags) -> "_Events":
        return _Events(
            self.sku[chosen], self.at[chosen], self.in_stock[chosen], self.session[chosen], self.event[chosen]
        )


@dataclass(frozen=True)
class RawViews:
    """Raw events of some days and what was put into them on purpose.

    Attributes:
        frame: one row per event, sorted by time and event id.
        counts: rows by kind.
    """

    frame: pl.DataFrame
    counts: dict[str, int]


_NOTHING = _Events(
    np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.uint64), np.zeros(0, np.uint64)
)


def raw_views(setting: Setting, sales: pl.DataFrame, year: Year, traffic: Traffic, days: range) -> RawViews:
    """Spread the views of some days over their minutes, and group them into visits.

    Visits end at midnight, so that any split of the days gives the same events.
    """
    parts = {
        "browsing_in_stock": _browsing(setting, year, traffic, days, inside=True),
        "browsing_out_of_stock": _browsing(setting, year, traffic, days, inside=False),
        "with_an_order": _with_orders(setting, sales, year, traffic, days),
    }
    parts["reloads"] = _reloads(setting, parts)
    parts["bots"] = _bots(setting, year, days)
    events = _concatenate(list(parts.values()))
    frame = _to_frame(setting, events, traffic)
    duplicates = frame.filter(pl.Series(keyed.uniform(setting.seed, "duplicate", events.event) < DUPLICATE_SHARE))
    frame = pl.concat([frame, duplicates]).sort("event_timestamp", "event_id")
    counts = {name: len(part.sku) for name, part in parts.items()}
    return RawViews(frame, {**counts, "exact_duplicates": len(duplicates)})


def _browsing(setting: Setting, year: Year, traffic: Traffic, days: range, *, inside: bool) -> _Events:
    """Events without an order, within (or outside) the hours with stock."""
    seed = setting.seed
    counts = (traffic.browsing_in if inside else traffic.browsing_out)[:, days.start : days.stop]
    sku, day = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    day = day + days.start
    ends = np.cumsum(counts.ravel())
    number = np.arange(len(sku)) - np.repeat(ends - counts.ravel(), counts.ravel())
    event = keyed.keyed_bits(seed, f"view {inside}", setting.catalogue.keys[sku], day, number)
    minute = _minute_of_visit(year, traffic, sku, day, keyed.uniform(seed, "moment", event), inside=inside)
    at = day * _DAY_MS + np.minimum((minute * 60_000).astype(np.int64), _DAY_MS - 1)
    return _Events(sku, at, np.full(len(sku), inside), _visits(setting, at, event), event)


def _minute_of_visit(year: Year, traffic: Traffic, sku: Ints, day: Ints, draw: Floats, *, inside: bool) -> Floats:
    """Moment of the day, by the hourly curve restricted to the hours with (or without) stock."""
    curve = traffic.cumulative
    empty, restock, again = (
        curve[matrix[sku, day]] for matrix in (year.empty_at, year.restock_at, year.empty_again_at)
    )
    if inside:
        position = draw * (empty + again - restock)
        position = np.where(position < empty, position, position - empty + restock)
    else:
        gap = restock - empty
        position = draw * (gap + 1.0 - again)
        position = np.where(position < gap, empty + position, again + position - gap)
    return np.interp(position, curve, np.arange(len(curve), dtype=np.float64))


def _visits(setting: Setting, at: Ints, event: Keys) -> Keys:
    """Sessions: the views of a half hour are dealt to as many visits as that traffic makes."""
    window = at // 1_800_000
    visits = np.maximum(np.bincount(window)[window] // VIEWS_PER_SESSION, 1) if len(window) else window
    slot = (keyed.uniform(setting.seed, "visit", event) * visits).astype(np.int64)
    return keyed.keyed_bits(setting.seed, "session", window, slot)


def _with_orders(setting: Setting, sales: pl.DataFrame, year: Year, traffic: Traffic, days: range) -> _Events:
    """One view for each order line, minutes before it; a visit per invoice."""
    day = sales["day"].to_numpy()
    shown = (day >= days.start) & (day < days.stop) & ((year.line_sold > 0) | traffic.lost_view)
    rows = sales.filter(pl.Series(shown))
    sku, minute = rows["sku"].to_numpy(), rows["minute"].to_numpy()
    invoice = keyed.item_keys(rows["invoice"].to_list())
    event = keyed.keyed_bits(setting.seed, "order view", invoice, rows["line"].to_numpy())
    earlier = (keyed.uniform(setting.seed, "before order", event) * 25 * 60_000).astype(np.int64)
    at = day[shown] * _DAY_MS + minute * 60_000 - earlier
    sold = year.line_sold[shown] > 0
    return _Events(sku, at, sold, keyed.keyed_bits(setting.seed, "order session", invoice), event)


def _reloads(setting: Setting, parts: dict[str, _Events]) -> _Events:
    """The same visitor opens the same page again within a quarter of an hour."""
    events = _concatenate(list(parts.values()))
    again = events.take(keyed.uniform(setting.seed, "reload", events.event) < RELOAD_SHARE)
    later = (1 + keyed.uniform(setting.seed, "reload gap", again.event) * 15 * 60_000).astype(np.int64)
    at = np.minimum(again.at + later, again.at // _DAY_MS * _DAY_MS + _DAY_MS - 1)
    event = keyed.keyed_bits(setting.seed, "reload event", again.event)
    return _Events(again.sku, at, again.in_stock, again.session, event)


def _bots(setting: Setting, year: Year, days: range) -> _Events:
    """A few crawlers that open every listed page within some hours."""
    listed = setting.catalogue.listed()
    parts = [_NOTHING]
    for offset, name in BOTS:
        day = DAYS - RAW_DAYS + offset
        if day not in days:
            continue
        sku = np.flatnonzero(listed[:, day])
        event = keyed.keyed_bits(setting.seed, name, setting.catalogue.keys[sku], day)
        minute = 60 + keyed.choice(setting.seed, "crawl", 300, event)
        has_stock = (minute < year.empty_at[sku, day]) | (
            (minute >= year.restock_at[sku, day]) & (minute < year.empty_again_at[sku, day])
        )
        at = day * _DAY_MS + minute * 60_000 + keyed.choice(setting.seed, "crawl second", 60_000, event)
        session = np.repeat(keyed.keyed_bits(setting.seed, name, 0), len(sku))
        parts.append(_Events(sku, at, has_stock, session, event))
    return _concatenate(parts)


def _concatenate(parts: list[_Events]) -> _Events:
    columns = ("sku", "at", "in_stock", "session", "event")
    return _Events(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def _to_frame(setting: Setting, events: _Events, traffic: Traffic) -> pl.DataFrame:
    """Columns of the export; ids are random strings, times UTC (London keeps UTC in these weeks)."""
    sessions, session = np.unique(events.session, return_inverse=True)
    bots = {int(keyed.keyed_bits(setting.seed, name, 0)[0]): name for _, name in BOTS}
    is_bot = np.isin(sessions, np.array(list(bots), dtype=np.uint64))
    person = keyed.choice(setting.seed, "visitor", VISITOR_POOL, sessions)
    visitors = np.where(is_bot, sessions, keyed.keyed_bits(setting.seed, "visitor name", person))
    source = _SOURCES[np.searchsorted(_SOURCE_SHARES[:-1], keyed.uniform(setting.seed, "source", sessions))]
    start = np.datetime64(FIRST_DAY, "ms")
    day = np.minimum(events.at // _DAY_MS, DAYS - 1)
    return pl.DataFrame(
        {
            "event_timestamp": pl.Series(start + events.at.astype("timedelta64[ms]")).dt.replace_time_zone("UTC"),
            "item_id": pl.Series(setting.catalogue.axes.items)[events.sku],
            "visitor_id": _hex_series(visitors)[session],
            "session_id": _hex_series(sessions)[session],
            "event_id": _hex_series(events.event),
            "price": traffic.list_price[events.sku, day] / 100,
            "in_stock": events.in_stock,
            "source": pl.Series(source)[session],
        }
    )


def _hex_series(keys: Keys) -> pl.Series:
    """Strings of 16 hexadecimal digits, built without a Python loop."""
    offsets = np.arange(len(keys) + 1, dtype=np.int32) * 16
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(keyed.hex_bytes(keys).tobytes())]
    return pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.string(), len(keys), buffers)))
