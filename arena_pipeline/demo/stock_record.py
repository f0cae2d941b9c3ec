"""The nightly stock export, with the gaps and contradictions that such exports have."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from arena_pipeline.demo import keyed
from arena_pipeline.demo.keyed import Flags, Ints
from arena_pipeline.demo.order_book import Setting
from arena_pipeline.demo.order_lines import DAYS, FIRST_DAY
from arena_pipeline.demo.purchasing import Year

WEEKLY_SHARE = 0.10
MISSING_ROW_SHARE = 0.004
NIGHTS_WITHOUT_EXPORT = 5
CONTRADICTIONS = 40
_FRIDAY = 4


@dataclass(frozen=True)
class StockRecord:
    """Rows of the export, and what was left out or put in on purpose.

    Attributes:
        frame: one row per exported SKU-day, sorted by (snapshot_date, item_id).
        counts: rows, gaps and contradictions.
    """

    frame: pl.DataFrame
    counts: dict[str, int]


def stock_record(setting: Setting, year: Year) -> StockRecord:
    """Closing stock of listed items as the shop exported it."""
    listed = setting.catalogue.listed()
    weekly = keyed.uniform(setting.seed, "weekly record", setting.catalogue.keys) < WEEKLY_SHARE
    exported = listed & _has_row(setting, weekly)
    wrong = _contradictions(setting, year, exported)
    quantity = year.stock_close.copy()
    quantity[wrong] = 0
    day, sku = np.nonzero(exported.T)
    frame = pl.DataFrame(
        {
            "snapshot_date": pl.Series(np.datetime64(FIRST_DAY, "D") + day).cast(pl.Date),
            "item_id": pl.Series(setting.catalogue.axes.items)[sku],
            "quantity_on_hand": quantity[sku, day],
            "location_id": pl.repeat("MAIN", len(sku), eager=True),
            "quantity_on_order": _on_order(year.orders, listed.shape)[sku, day],
        }
    )
    counts = {
        "listed_sku_days": int(listed.sum()),
        "rows": len(frame),
        "weekly_only_skus": int(weekly.sum()),
        "nights_without_export": NIGHTS_WITHOUT_EXPORT,
        "missing_rows_of_daily_skus": int((listed & ~exported)[~weekly].sum()),
        "contradictions": len(wrong[0]),
    }
    return StockRecord(frame, counts)


def _has_row(setting: Setting, weekly: Flags) -> Flags:
    """Days and items that the export covers; shape (S, T)."""
    days = np.arange(DAYS)
    nights = np.argsort(keyed.uniform(setting.seed, "failed export", days[1:]))[:NIGHTS_WITHOUT_EXPORT] + 1
    lost = keyed.uniform(setting.seed, "lost row", setting.catalogue.keys[:, None], days) < MISSING_ROW_SHARE
    lost[:, nights] = True
    lost[weekly] |= (setting.catalogue.axes.weekday(0) + days) % 7 != _FRIDAY
    return ~lost


def _contradictions(setting: Setting, year: Year, exported: Flags) -> tuple[Ints, Ints]:
    """A few SKU-days with stock, sold from next day without a receipt, that the record calls empty."""
    fits = exported[:, :-1] & (year.stock_close[:, :-1] > 0) & (year.sold[:, 1:] > 0) & (year.receipts[:, 1:] == 0)
    sku, day = np.nonzero(fits)
    chosen = np.argsort(keyed.uniform(setting.seed, "contradiction", setting.catalogue.keys[sku], day), kind="stable")
    chosen = np.sort(chosen[:CONTRADICTIONS])
    return sku[chosen], day[chosen]


def _on_order(orders: pl.DataFrame, shape: tuple[int, int]) -> Ints:
    """Units on open purchase orders at the close of each day; shape (S, T)."""
    change = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    sku, quantity = orders["sku"].to_numpy(), orders["order_quantity"].to_numpy()
    np.add.at(change, (sku, np.clip(orders["order_day"].to_numpy(), 0, shape[1])), quantity)
    np.add.at(change, (sku, np.clip(orders["received_day"].to_numpy(), 0, shape[1])), -quantity)
    return np.cumsum(change[:, :-1], axis=1)
