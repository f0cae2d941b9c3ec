"""How many visitors look at an item on a day, in stock and out of stock.

A process of its own: interest follows the true order lines of the surrounding weeks (whatever was sold), times drifting
popularity, category campaigns, the weekday, the price, a common shock of the day and a shock of the item-day. An empty
shelf loses visitors gradually, at a pace that differs by item. Nothing here is a formula of the demand estimator.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.ndimage import convolve1d

from arena_pipeline.demo import keyed
from arena_pipeline.demo.keyed import Flags, Floats, Ints
from arena_pipeline.demo.order_book import Setting
from arena_pipeline.demo.purchasing import Year
from arena_pipeline.demo.serving import DAY_MINUTES

VIEWS_PER_ORDER = 24.0
# Chosen against the truth, among eleven pairs of half-width (12-60 days) and own share (0.7-1.0): views x conversion /
# keep rate, at the true keep rate, came to 95-107 % of the year's lost lines over these pairs and to 102 % here (105 %
# without the last four weeks). Recovery on the demo is therefore no independent test of an estimator.
KERNEL_HALF_WIDTH = 24
OWN_INTEREST = 0.88
PRICE_RESPONSE = 0.7
SHOCK_SHAPE = 9.0
DRIFT_DAYS = 14
CAMPAIGN_GAP_DAYS = 45
CHRISTMAS_DAYS = range(23, 34)
_WEEKDAY = np.array([1.06, 1.05, 1.02, 1.04, 0.92, 0.62, 0.88])
_HOUR = np.array(
    [9, 5, 3, 2, 2, 4, 10, 22, 45, 70, 84, 90, 96, 92, 86, 82, 72, 60, 52, 56, 60, 54, 38, 20], dtype=np.float64
)


@dataclass(frozen=True)
class Traffic:
    """Views by item and day; matrices of shape (S, T).

    Attributes:
        cumulative: share of a day's visits before each minute; shape (1441,).
        browsing_in, browsing_out: views without an order, with and without stock.
        lost_view: whether a lost true order line still showed as a view; aligned to the sales table.
        ordered_in, ordered_out: views that belong to true order lines.
        in_stock_share: share of the day's usual visits that would have met stock.
        list_price: price on the page in pence.
        keep_rate: share of the usual visitors who still come while the shelf is empty.
    """

    cumulative: Floats
    browsing_in: Ints
    browsing_out: Ints
    lost_view: Flags
    ordered_in: Ints
    ordered_out: Ints
    in_stock_share: Floats
    list_price: Ints
    keep_rate: Floats


def simulate_traffic(setting: Setting, sales: pl.DataFrame, year: Year) -> Traffic:
    """Draw the views of all items and days.

    Args:
        setting: the shop.
        sales: true order lines with ``sku``.
        year: what was on the shelf when.
    """
    catalogue, seed = setting.catalogue, setting.seed
    cumulative = visit_curve()
    share = cumulative[year.empty_at] + cumulative[year.empty_again_at] - cumulative[year.restock_at]
    sku, day = sales["sku"].to_numpy(), sales["day"].to_numpy()
    orders = _count(catalogue.axes.shape, sku, day)
    prices = _list_prices(setting, sales)
    interest = _interest(setting, orders) * _price_response(prices, catalogue.price)
    keep = _keep_rate(setting, share)
    browsing_in, browsing_out = _draw_browsing(setting, interest, share, keep)
    lost = year.line_sold == 0
    line_keys = (catalogue.keys[sku], day, sales["minute"].to_numpy(), sales["line"].to_numpy())
    lost_view = lost & (keyed.uniform(seed, "lost order view", *line_keys) < keep[sku, day])
    return Traffic(
        cumulative=cumulative,
        browsing_in=browsing_in,
        browsing_out=browsing_out,
        lost_view=lost_view,
        ordered_in=_count(catalogue.axes.shape, sku[~lost], day[~lost]),
        ordered_out=_count(catalogue.axes.shape, sku[lost_view], day[lost_view]),
        in_stock_share=share,
        list_price=prices,
        keep_rate=keep,
    )


def visit_curve() -> Floats:
    """Share of a day's visits before each minute 0..1440; shape (1441,)."""
    return np.interp(np.arange(DAY_MINUTES + 1), np.arange(25) * 60.0, np.r_[0.0, np.cumsum(_HOUR)] / _HOUR.sum())


def _count(shape: tuple[int, int], sku: Ints, day: Ints) -> Ints:
    return np.bincount(sku * shape[1] + day, minlength=shape[0] * shape[1]).reshape(shape)


def _list_prices(setting: Setting, sales: pl.DataFrame) -> Ints:
    """Price on the page: median price of the week's order lines, else the week before's; shape (S, T)."""
    catalogue = setting.catalogue
    weeks = -(-catalogue.axes.days // 7)
    weekly = np.full((len(catalogue.keys), weeks), np.nan)
    medians = sales.group_by("sku", week=pl.col("day") // 7).agg(pl.col("price").median())
    weekly[medians["sku"].to_numpy(), medians["week"].to_numpy()] = medians["price"].to_numpy()
    known = np.where(np.isnan(weekly), -1, np.arange(weeks))
    last = np.maximum.accumulate(known, axis=1)
    filled = np.take_along_axis(weekly, np.maximum(last, 0), axis=1)
    filled = np.where(last < 0, catalogue.price[:, None], filled)
    return np.rint(filled).astype(np.int64)[:, np.arange(catalogue.axes.days) // 7]


def _interest(setting: Setting, orders: Ints) -> Floats:
    """Expected browsing views at the typical price with a full shelf; shape (S, T)."""
    catalogue, seed, keys = setting.catalogue, setting.seed, setting.catalogue.keys
    listed = catalogue.listed()
    exposure = (listed & setting.is_open).astype(np.float64)
    kernel = np.convolve(np.ones(KERNEL_HALF_WIDTH), np.ones(KERNEL_HALF_WIDTH)) / KERNEL_HALF_WIDTH**2
    near = convolve1d(orders.astype(np.float64), kernel, axis=1, mode="constant")
    near /= np.maximum(convolve1d(exposure, kernel, axis=1, mode="constant"), 0.05)
    overall = orders.sum(axis=1, keepdims=True) / np.maximum(exposure.sum(axis=1, keepdims=True), 1.0)
    by_category = np.array(
        [0.75 + 0.7 * value for value in keyed.uniform(seed, "ratio", np.arange(len(catalogue.first_levels)))]
    )
    ratio = VIEWS_PER_ORDER * by_category[catalogue.first_level] * keyed.lognormal(seed, "ratio", 0.35, keys)
    level = ratio[:, None] * (OWN_INTEREST * near + (1 - OWN_INTEREST) * overall)
    return level * listed * _drift(setting) * _campaigns(setting)[catalogue.first_level] * _calendar(setting)


def _drift(setting: Setting) -> Floats:
    """Popularity that wanders slowly, interpolated between fortnightly knots; shape (S, T)."""
    days = setting.catalogue.axes.days
    knots = -(-days // DRIFT_DAYS) + 1
    steps = keyed.normal(setting.seed, "drift", setting.catalogue.keys[:, None], np.arange(knots))
    level = np.zeros_like(steps)
    for knot in range(knots):
        level[:, knot] = (0.8 * level[:, knot - 1] if knot else 0.0) + 0.12 * steps[:, knot]
    at = np.arange(days) / DRIFT_DAYS
    left = at.astype(np.int64)
    return np.exp(level[:, left] * (1 - (at - left)) + level[:, left + 1] * (at - left))


def _campaigns(setting: Setting) -> Floats:
    """Campaigns of a week or so for whole categories; shape (first levels, T)."""
    catalogue, seed = setting.catalogue, setting.seed
    factor = np.ones((len(catalogue.first_levels), catalogue.axes.days))
    for level in range(len(catalogue.first_levels)):
        for campaign in range(catalogue.axes.days // CAMPAIGN_GAP_DAYS):
            draws = keyed.uniform(seed, "campaign", level, campaign, np.arange(3))
            start = int((campaign + draws[0]) * CAMPAIGN_GAP_DAYS)
            factor[level, start : start + 5 + int(8 * draws[1])] *= 1.1 + 0.35 * draws[2]
    return factor


def _calendar(setting: Setting) -> Floats:
    """Weekday, Christmas break and the day's common shock; shape (T,)."""
    days = np.arange(setting.catalogue.axes.days)
    factor = _WEEKDAY[(setting.catalogue.axes.weekday(0) + days) % 7]
    factor = np.where((days >= CHRISTMAS_DAYS.start) & (days < CHRISTMAS_DAYS.stop), 0.45 * factor, factor)
    return factor * keyed.lognormal(setting.seed, "day shock", 0.07, days)


def _price_response(list_price: Ints, typical: Ints) -> Floats:
    """More visitors when the price drops; shape (S, T)."""
    return np.clip(list_price / np.maximum(typical, 1)[:, None], 0.4, 2.5) ** -PRICE_RESPONSE


def _keep_rate(setting: Setting, in_stock_share: Floats) -> Floats:
    """Visitors who still come to an empty shelf: falls with the age of the stock-out, by item; shape (S, T)."""
    keys, seed = setting.catalogue.keys, setting.seed
    start = 0.70 + 0.25 * keyed.uniform(seed, "keep start", keys)
    floor = 0.15 + 0.35 * keyed.uniform(seed, "keep floor", keys)
    pace = 8.0 * keyed.lognormal(seed, "keep pace", 0.5, keys)
    keep = np.empty_like(in_stock_share)
    age = np.zeros(len(keys))
    for day in range(in_stock_share.shape[1]):
        age = np.where(in_stock_share[:, day] > 0, 0.0, age + 1.0)
        keep[:, day] = start * (floor + (1 - floor) / (1 + (age / pace) ** 1.5))
    return keep


def _draw_browsing(setting: Setting, interest: Floats, share: Floats, keep: Floats) -> tuple[Ints, Ints]:
    """Views with and without stock; one generator per item."""
    inside, outside = np.zeros(interest.shape, dtype=np.int64), np.zeros(interest.shape, dtype=np.int64)
    for sku, key in enumerate(setting.catalogue.keys.tolist()):
        draws = keyed.generator(setting.seed, "views", key)
        level = interest[sku] * draws.gamma(SHOCK_SHAPE, 1 / SHOCK_SHAPE, interest.shape[1])
        inside[sku] = draws.poisson(level * share[sku])
        outside[sku] = draws.poisson(level * (1 - share[sku]) * keep[sku])
    return inside, outside
