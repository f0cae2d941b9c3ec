"""The shop's year day by day: adjust, receive, serve, and let the buyer order."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from arena_pipeline.demo import keyed
from arena_pipeline.demo.buyer import Buyer
from arena_pipeline.demo.keyed import Floats, Ints
from arena_pipeline.demo.order_book import BEFORE_DAYS, OrderBook, Setting
from arena_pipeline.demo.serving import DayLines, Served, group_starts, serve

EMPTY_AT_OPENING = 0.08
DAMAGE_PER_DAY = 0.004
COUNT_EVERY_DAYS = 91
RESALEABLE_SHARE = 0.6
EARLY_DAYS = 56
LAUNCH_WEEKS = 5.0


@dataclass(frozen=True)
class Year:
    """Everything that happened to the stock; matrices of shape (S, T).

    Attributes:
        stock_open: closing stock of the day before.
        adjustments, receipts, sold, stock_close: units.
        empty_at, restock_at, empty_again_at: the shelf holds stock during [0, empty_at) and
            [restock_at, empty_again_at), minutes of the day.
        line_sold: units sold of each true order line, in the order of the sales table.
        orders: purchase order lines.
    """

    stock_open: Ints
    adjustments: Ints
    receipts: Ints
    sold: Ints
    stock_close: Ints
    empty_at: Ints
    restock_at: Ints
    empty_again_at: Ints
    line_sold: Ints
    orders: pl.DataFrame


def run_year(
    setting: Setting, sales: pl.DataFrame, returns: pl.DataFrame, progress: Callable[[str], None] | None = None
) -> Year:
    """Play the year: true order lines meet the stock that the buyer's past orders left.

    Args:
        setting: the shop.
        sales: true order lines sorted by (day, item_id, minute), with ``sku``.
        returns: returned lines with ``sku``; a share of them goes back on the shelf the next day.
        progress: told about every fourth month.
    """
    return _YearPlay(setting, sales, returns).play(progress)


class _YearPlay:
    """State of the year while it is played."""

    def __init__(self, setting: Setting, sales: pl.DataFrame, returns: pl.DataFrame) -> None:
        self.setting = setting
        catalogue = setting.catalogue
        shape = catalogue.axes.shape
        self.sku, self.minute, self.quantity = (sales[name].to_numpy() for name in ("sku", "minute", "quantity"))
        self.day_bounds = np.searchsorted(sales["day"].to_numpy(), np.arange(shape[1] + 1))
        demand = np.zeros(shape, dtype=np.int64)
        np.add.at(demand, (self.sku, sales["day"].to_numpy()), self.quantity)
        self.buyer = Buyer(catalogue, setting.suppliers, setting.first, setting.second, setting.seed)
        self.book = OrderBook(setting)
        self.prior = self.buyer.opening_feel(_early_weekly_units(demand, catalogue.listed_from))
        self.resaleable = _resaleable_returns(setting, returns)
        self.receipt_minute = 6 * 60 + keyed.choice(setting.seed, "receipt hour", 9, catalogue.keys) * 60
        names = ("stock_open", "adjustments", "receipts", "sold", "stock_close")
        self.books = {name: np.zeros(shape, dtype=np.int64) for name in names}
        minutes = ("empty_at", "restock_at", "empty_again_at")
        self.minutes = {name: np.zeros(shape, dtype=np.int64) for name in minutes}
        self.line_sold = np.zeros(len(sales), dtype=np.int64)
        self.sold_before = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)

    def play(self, progress: Callable[[str], None] | None) -> Year:
        """Open the shop and run all days."""
        on_hand = self._opening_stock()
        self._launches()
        for day in range(self.setting.catalogue.axes.days):
            if progress is not None and day % 120 == 0:
                progress(f"demo shop: {self.setting.catalogue.axes.date_of(day)}, day {day} of the year's purchasing")
            on_hand = self._one_day(day, on_hand)
        return Year(**self.books, **self.minutes, line_sold=self.line_sold, orders=self.book.lines())

    def _one_day(self, day: int, on_hand: Ints) -> Ints:
        """Adjust, receive, serve, review: the day's closing stock."""
        adjustment = np.maximum(self._adjustments(day, on_hand), -on_hand)
        receipts = self.book.receive(day)
        served = self._serve(day, on_hand + adjustment, receipts)
        sold = on_hand + adjustment + receipts - served.on_hand
        written = (on_hand, adjustment, receipts, sold, served.on_hand)
        for matrix, values in zip(self.books.values(), written, strict=True):
            matrix[:, day] = values
        for name, matrix in self.minutes.items():
            matrix[:, day] = getattr(served, name)
        if self.setting.is_open[day]:
            proposal = self.buyer.propose(day, self._felt(day), served.on_hand, self.book.on_order)
            self.book.place(np.full(len(proposal.sku), day), proposal.sku, proposal.second, proposal.quantity)
        self.sold_before[:, day + 1] = self.sold_before[:, day] + sold
        return served.on_hand

    def _serve(self, day: int, on_hand: Ints, receipts: Ints) -> Served:
        rows = slice(self.day_bounds[day], self.day_bounds[day + 1])
        sku = self.sku[rows]
        lines = DayLines(sku, self.minute[rows], self.quantity[rows], group_starts(sku))
        launches = self.setting.catalogue.listed_from == day
        served = serve(lines, on_hand, receipts, np.where(launches, 0, self.receipt_minute))
        self.line_sold[rows] = served.sold
        return served

    def _felt(self, day: int) -> Floats:
        """Weekly sales by feel: the last four and the last thirteen weeks of sales before today."""
        age = np.maximum((day - self.setting.catalogue.listed_from) / 7.0, 0.0)
        feel = np.zeros(len(age))
        for weeks, weight in ((4, 0.6), (13, 0.4)):
            sold = self.sold_before[:, day] - self.sold_before[:, max(day - 7 * weeks, 0)]
            feel += weight * (sold + self.prior * np.maximum(weeks - age, 0.0)) / weeks
        return feel

    def _opening_stock(self) -> Ints:
        """Stock and open orders of day one, as the buyer's habits would have left them."""
        setting, buyer = self.setting, self.buyer
        catalogue, seed, keys = setting.catalogue, setting.seed, setting.catalogue.keys
        listed = ~catalogue.launched
        weeks = (buyer.alert + buyer.cover * keyed.uniform(seed, "opening cover", keys)) * buyer.bias
        waiting = keyed.uniform(seed, "opening orders", keys) < buyer.lead_weeks / (buyer.lead_weeks + buyer.cover)
        weeks = weeks + np.where(waiting, 0.3, 0.7) * buyer.lead_weeks
        stock = np.rint(self.prior * weeks).astype(np.int64)
        stock = np.where(keyed.uniform(seed, "empty at opening", keys) < EMPTY_AT_OPENING, 0, np.maximum(stock, 1))
        sku = np.flatnonzero(listed & waiting & (catalogue.announced > 0))
        ago = 1 + (keyed.uniform(seed, "ordered before", keys) * setting.first.lead_mean).astype(np.int64)
        weekday = setting.suppliers.review_weekday[setting.first.supplier]
        placed = -ago - (catalogue.axes.weekday(0) - ago - weekday) % 7
        quantity = setting.first.rounded(np.maximum(self.prior * buyer.cover, 1.0))
        tolerable = quantity <= np.maximum(26 * self.prior, 2 * setting.first.multiple)
        sku = sku[tolerable[sku] & (placed[sku] > -BEFORE_DAYS)]
        self.book.place(placed[sku], sku, np.zeros(len(sku), dtype=np.bool_), quantity[sku])
        return np.where(listed, stock, 0)

    def _launches(self) -> None:
        """Launch stock: some weeks of a guess that is wrong by item."""
        catalogue, seed = self.setting.catalogue, self.setting.seed
        weeks = LAUNCH_WEEKS * keyed.lognormal(seed, "launch weeks", 0.5, catalogue.keys)
        quantity = self.setting.first.rounded(np.maximum(self.prior * (weeks + 0.5 * self.buyer.lead_weeks), 1.0))
        sku = np.flatnonzero(catalogue.launched)
        self.book.place_launch(catalogue.listed_from[sku], sku, quantity[sku])

    def _adjustments(self, day: int, on_hand: Ints) -> Ints:
        """Resaleable returns of yesterday, damage now and then, shrinkage found at the quarterly count."""
        seed, keys = self.setting.seed, self.setting.catalogue.keys
        counted = (day + keyed.choice(seed, "count day", COUNT_EVERY_DAYS, keys)) % COUNT_EVERY_DAYS == 0
        draw = keyed.uniform(seed, "shrinkage", keys, day)
        missing = np.where(counted, (on_hand * 0.02 * draw + draw).astype(np.int64), 0)
        damaged = keyed.uniform(seed, "damage", keys, day) < DAMAGE_PER_DAY * np.minimum(on_hand / 50.0, 1.0)
        return self.resaleable[:, day] - missing - damaged * (1 + keyed.choice(seed, "damaged units", 3, keys, day))


def _early_weekly_units(demand: Ints, listed_from: Ints) -> Floats:
    """Mean weekly units of the first eight listed weeks."""
    before = np.concatenate([np.zeros((len(demand), 1), dtype=np.int64), np.cumsum(demand, axis=1)], axis=1)
    end = np.minimum(listed_from + EARLY_DAYS, demand.shape[1])
    rows = np.arange(len(demand))
    units = before[rows, end] - before[rows, listed_from]
    return units * 7.0 / (end - listed_from)


def _resaleable_returns(setting: Setting, returns: pl.DataFrame) -> Ints:
    """Units that go back on the shelf on the day after their return, while the item is listed; shape (S, T)."""
    catalogue = setting.catalogue
    back = np.zeros(catalogue.axes.shape, dtype=np.int64)
    sku, day = returns["sku"].to_numpy(), returns["day"].to_numpy() + 1
    resaleable = keyed.uniform(setting.seed, "resaleable", catalogue.keys[sku], day, returns["minute"].to_numpy())
    fits = (resaleable < RESALEABLE_SHARE) & (day > catalogue.listed_from[sku]) & (day <= catalogue.listed_to[sku])
    np.add.at(back, (sku[fits], day[fits]), -returns["quantity"].to_numpy()[fits])
    return back
