"""A shop's daily activity with known truth, drawn as matrices: views, orders, stock-outs that hide demand."""

import time
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.worlds import CATEGORIES, FIRST_DAY
from engine.demand.activity import Activity
from engine.demand.arrays import DemandArrays, demand_arrays, stacked
from engine.demand.codes import DayFlag, StockState, enum_series
from engine.demand.learning import LEARNING_CELLS, SharedDemand, learn, learning_items, orders_of
from engine.demand.logs import LogCounts
from engine.schema import MICRO, Axes
from engine.settings import DemandSettings

VIEWS, CONVERSION, KEEP_RATE = 4.0, 0.03, 0.7
SPELL_DAYS, OUT_SHARE = 8, 0.08
PRICE = 2_000


@dataclass(frozen=True)
class Shop:
    """Daily activity of a shop and what it hides.

    Attributes:
        axes, activity, categories: as the pipeline has them.
        expected_demand: units that all visitors, also those who stayed away, would have bought; expectation of lost
            units, realised units where they were sold.
        out_share: share of SKU-days out of stock.
    """

    axes: Axes
    activity: Activity
    categories: list[str]
    expected_demand: float
    out_share: float


def shop(skus: int, days: int, seed: int = 0) -> Shop:
    """Draw a shop: log-normal traffic with a weekly rhythm, gamma conversion, spells without stock of whole days."""
    random = np.random.default_rng(seed)
    traffic = random.lognormal(np.log(VIEWS) - 0.32, 0.8, skus)[:, None] * (
        1 + 0.2 * np.sin(np.arange(days) * 2 * np.pi / 7)
    )
    conversion = random.gamma(4.0, CONVERSION / 4.0, (skus, 1))
    out = spells(random, skus, days)
    views_in = np.where(out, 0, random.poisson(traffic)).astype(np.int64)
    views_out = np.where(out, random.poisson(traffic * KEEP_RATE), 0).astype(np.int64)
    orders = random.binomial(views_in, np.minimum(conversion, 1.0)).astype(np.int64)
    lost = float((traffic * conversion * out).sum())
    axes = Axes(tuple(f"{sku:07d}" for sku in range(skus)), FIRST_DAY, days)
    activity = Activity(_daily(axes, views_in, views_out, orders, out), _sizes(orders), LogCounts(0, 0, 0, 0, 0))
    categories = [f"c{sku % CATEGORIES:02d}" for sku in range(skus)]
    return Shop(axes, activity, categories, float(orders.sum()) + lost, float(out.mean()))


def learnt(shards: int, skus: int, days: int) -> tuple[SharedDemand, float]:
    """What the items of all shards share, learnt from a sample, and the seconds it took; drawing is off the clock."""
    parts: tuple[list[DemandArrays], list[DemandArrays]] = ([], [])
    orders, seconds = [], 0.0
    for seed in range(shards):
        drawn = shop(skus, days, seed)
        started = time.perf_counter()
        chosen = learning_items(drawn.axes.items, drawn.categories, days, LEARNING_CELLS // shards)
        first = sum(len(part.category) for part in parts[0])
        for as_of, matrices in enumerate(parts):
            matrices.append(demand_arrays(drawn.activity.daily, drawn.categories, as_of=bool(as_of)).of(chosen))
        orders.append(orders_of(drawn.activity.orders, chosen).with_columns(pl.col("sku") + first))
        seconds += time.perf_counter() - started
    started = time.perf_counter()
    shared = learn(stacked(parts[0]), stacked(parts[1]), pl.concat(orders), DemandSettings())
    return shared, seconds + time.perf_counter() - started


def spells(random: np.random.Generator, skus: int, days: int) -> np.ndarray:
    """(S, T) days without stock: spells of a fixed length that begin at random."""
    begins = random.random((skus, days)) < OUT_SHARE / SPELL_DAYS
    started = np.cumsum(begins, axis=1)
    before = np.hstack([np.zeros((skus, SPELL_DAYS), started.dtype), started[:, :-SPELL_DAYS]])
    return started - before > 0


def _daily(
    axes: Axes, views_in: np.ndarray, views_out: np.ndarray, orders: np.ndarray, out: np.ndarray
) -> pl.DataFrame:
    """The complete rectangle, stock observed every evening; every order is of one unit."""
    skus, days = axes.shape
    stock = np.where(out, 0, 1_000).reshape(-1)
    size = skus * days
    return pl.DataFrame(
        {
            "sku": np.repeat(np.arange(skus, dtype=np.int32), days),
            "day": np.tile(np.arange(days, dtype=np.int32), skus),
            "views_in": views_in.reshape(-1), "views_oos": views_out.reshape(-1), "orders": orders.reshape(-1),
            "units_sold": orders.reshape(-1), "in_stock_share_u6": np.where(out, 0, MICRO).reshape(-1),
            "stock_open": stock, "stock_close": stock, "receipts": np.zeros(size, np.int64),
            "adjustments": np.zeros(size, np.int64), "price": np.full(size, PRICE, np.int64),
            "stock_state": enum_series("stock_state", np.full(size, StockState.OBSERVED, np.uint8), StockState),
            "depleting_order": np.zeros(size, np.int64),
            "flags": np.full(size, int(DayFlag.LISTED_PRICE), np.int32),
        }
    )  # fmt: skip


def _sizes(orders: np.ndarray) -> pl.DataFrame:
    sku, day = np.nonzero(orders)
    count = orders[sku, day]
    return pl.DataFrame(
        {
            "sku": np.repeat(sku, count).astype(np.int32),
            "day": np.repeat(day, count).astype(np.int32),
            "quantity": np.ones(int(count.sum()), np.int64),
            "depleting": np.zeros(int(count.sum()), bool),
        }
    )
