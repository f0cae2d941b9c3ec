"""Suppliers, offers and lead times of a scenario, from the shop's tables."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import gamma

from engine import rules
from engine.errors import ScenarioError
from engine.randomness import draw_index, sku_key
from engine.scenario.offers import OfferTable
from engine.scenario.world import NO_LIMIT, LeadTimes, Limits, SupplierTable
from engine.schema import MICRO, Axes
from engine.settings import CostRates, LimitSettings

IntArray = NDArray[np.int64]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RANKS = 256
"""Equally likely ranks of a lead-time distribution."""
DEFAULT_LEAD_TIME_DAYS = 14.0
OFFER_ORDER = ["sku", "supplier", "smallest_quantity", "valid_from", "unit_cost"]


def supplier_table(suppliers: pl.DataFrame, axes: Axes, rates: CostRates) -> SupplierTable:
    """Suppliers sorted by id; a missing order cost is the assumed one, missing terms are payment on receipt."""
    rows = suppliers.sort("supplier_id")
    return SupplierTable(
        names=tuple(rows["supplier_id"].to_list()),
        next_order_day=_order_calendars(rows, axes),
        order_cost=_filled(rows, "order_cost", rates.order_cost),
        prepayment_u6=np.rint(rows["prepayment_share"].fill_null(0.0).to_numpy() * MICRO).astype(np.int64),
        terms_days=_filled(rows, "payment_terms_days", 0),
    )


def order_limits(suppliers: pl.DataFrame, settings: LimitSettings) -> Limits:
    """The limits of the settings, with the suppliers' own minimum order values; suppliers sorted by id."""
    minimum = _filled(suppliers.sort("supplier_id"), "min_order_value", 0)
    return Limits(
        supplier_minimum=minimum if settings.supplier_minimum != "ignore" else np.zeros_like(minimum),
        tops_up=settings.supplier_minimum == "top_up",
        open_capital=NO_LIMIT if settings.open_capital is None else settings.open_capital,
        weekly_spend=NO_LIMIT if settings.weekly_spend is None else settings.weekly_spend,
    )


def _filled(rows: pl.DataFrame, column: str, default: int) -> IntArray:
    return rows[column].cast(pl.Int64).fill_null(default).to_numpy().copy()


def _order_calendars(rows: pl.DataFrame, axes: Axes) -> IntArray:
    """(V, T) first order day on or after each day."""
    weekday = (axes.first_day.weekday() + np.arange(axes.days)) % 7
    is_open = np.ones((rows.height, axes.days), bool)
    for row, (name, days, holidays) in enumerate(rows.select("supplier_id", "order_weekdays", "holidays").iter_rows()):
        if days:
            open_days = [_weekday(day, name) for day in days.split(",")]
            is_open[row] = np.isin(weekday, open_days)
        for holiday in (holidays or "").split(","):
            if holiday.strip():
                day = axes.day_of(pl.Series([holiday.strip()]).str.to_date()[0])
                is_open[row, max(day, 0) : max(day + 1, 0)] = False
    return next_order_days(is_open)


def _weekday(text: str, supplier: str) -> int:
    name = text.strip().lower()[:3]
    if name not in WEEKDAYS:
        raise ScenarioError(
            "order_weekdays must be names of weekdays", value=text, place=f"supplier {supplier!r}",
            remedy="Write for example 'mon,thu'",
        )  # fmt: skip
    return WEEKDAYS.index(name)


def next_order_days(is_open: NDArray[np.bool_]) -> IntArray:
    """First open day on or after each day, (V, T); ``rules.NEVER`` where none is left."""
    days = np.where(is_open, np.arange(is_open.shape[1]), rules.NEVER)
    return np.ascontiguousarray(np.minimum.accumulate(days[:, ::-1], axis=1)[:, ::-1]).astype(np.int64)


def placed_offers(offers: pl.DataFrame, suppliers: pl.DataFrame, axes: Axes, rates: CostRates) -> pl.DataFrame:
    """Offers on the axes, with defaults filled in: one row per price break, in the order of the offer table.

    Offers of items or suppliers that the other tables do not know are left out. An offer without lead time takes
    its supplier's.
    """
    names = sorted(suppliers["supplier_id"].to_list())
    known = suppliers.select("supplier_id", supplier_lead_time=pl.col("lead_time_days").cast(pl.Float64))
    rows = offers.join(known, on="supplier_id", how="inner").with_columns(
        sku=pl.col("item_id").cast(pl.Enum(axes.items), strict=False).to_physical().cast(pl.Int64),
        supplier=pl.col("supplier_id").cast(pl.Enum(names)).to_physical().cast(pl.Int64),
    )
    lead_time = pl.coalesce("lead_time_days", "supplier_lead_time", pl.lit(DEFAULT_LEAD_TIME_DAYS)).cast(pl.Float64)
    first_day = pl.lit(axes.first_day)
    return (
        rows.filter(pl.col("sku").is_not_null())
        .with_columns(
            mean=pl.max_horizontal(lead_time, pl.lit(1.0)),
            deviation=pl.col("lead_time_std_days").cast(pl.Float64).fill_null(0.0),
            smallest_quantity=pl.max_horizontal(
                pl.col("min_quantity").fill_null(1), pl.col("min_order_quantity").fill_null(1), pl.lit(1)
            ).cast(pl.Int64),
            multiple=pl.max_horizontal(pl.col("order_multiple").fill_null(1), pl.lit(1)).cast(pl.Int64),
            line_cost=pl.col("line_cost").fill_null(rates.line_cost).cast(pl.Int64),
            valid_from=(pl.col("valid_from") - first_day).dt.total_days().fill_null(0).clip(0),
            valid_until=(pl.col("valid_to") - first_day).dt.total_days().fill_null(axes.days - 1).clip(-1) + 1,
        )
        .with_columns(lead_time=pl.col("mean").round().cast(pl.Int64), unit_cost=pl.col("unit_cost").cast(pl.Int64))
        .filter(pl.col("valid_until") > pl.col("valid_from"))
        .sort(OFFER_ORDER)
    )


def offer_table(placed: pl.DataFrame, skus: int) -> tuple[OfferTable, pl.DataFrame]:
    """The orderable-offers table, and its lead-time distributions (mean, deviation) in the order of their index."""
    kinds = placed.select("mean", "deviation").unique().sort("mean", "deviation").with_row_index("distribution")
    rows = placed.join(kinds, on=["mean", "deviation"], how="left", maintain_order="left")
    columns = {name: rows[name].cast(pl.Int64).to_numpy().copy() for name in (
        "sku", "supplier", "smallest_quantity", "multiple", "unit_cost", "line_cost", "lead_time", "distribution",
        "valid_from", "valid_until",
    )}  # fmt: skip
    first_row = np.searchsorted(columns["sku"], np.arange(skus + 1)).astype(np.int64)
    return OfferTable(first_row=first_row, **columns), kinds


def lead_time_quantiles(mean: float, deviation: float) -> IntArray:
    """Lead time at ``RANKS`` equally likely ranks, whole days >= 1: a gamma distribution of that mean and spread."""
    if deviation <= 0:
        return np.full(RANKS, max(1, round(mean)), np.int64)
    shape = (mean / deviation) ** 2
    ranks = (np.arange(RANKS) + 0.5) / RANKS
    return np.maximum(np.rint(gamma.ppf(ranks, shape, scale=mean / shape)), 1).astype(np.int64)


def lead_times(kinds: pl.DataFrame, suppliers: SupplierTable, axes: Axes, seed: int) -> LeadTimes:
    """Quantile tables and one keyed rank per supplier and order day."""
    quantiles = [lead_time_quantiles(mean, deviation) for mean, deviation in kinds.select("mean", "deviation").rows()]
    table = np.array(quantiles, np.int64).reshape(len(quantiles), RANKS)
    days = np.arange(axes.days)
    draws = [draw_index(seed, 0, sku_key(name), days, RANKS) for name in suppliers.names]
    longest = int(table.max(initial=1))
    return LeadTimes(
        quantiles=table,
        draws=np.array(draws, np.int64).reshape(len(draws), axes.days),
        arrival_day=np.arange(axes.days + longest + 2, dtype=np.int64),
    )
