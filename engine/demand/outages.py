"""When within a day an item was out of stock.

The sale that brings the running stock to zero is the instant of the stock-out. A receipt carries only a date: it came
between that instant (or the day's start) and the first sale, or the first page view that saw stock, after it. With
nothing but these bounds the restock is uniform over the traffic up to the upper one: from ``lower`` to ``upper`` the
item was out for an expected (upper - lower)**2 / (2 upper) of the day's traffic. Page views that saw an empty shelf
move the lower bound. All positions are micro-units of the day's traffic (``day_profile``).
"""

from __future__ import annotations

import polars as pl

from engine.schema import MICRO

KEYS = ["sku", "day"]


def day_stories(orders: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Bounds of the outages of days on which stock may have been out for a part.

    Args:
        orders: ``sku, day, position, quantity, rank`` in order of time; rank 1, 2, ... within the day.
        days: one row per such day: ``sku, day, stock_open, stock_close, inflow`` (receipts and upward adjustments).

    Returns:
        ``days`` with ``emptied`` (position of the sale that emptied the opening stock; 0 if it was empty at once;
        null if stock never ran out before the inflow), ``upper`` (next sale, or the day's end), ``sold_out``
        (position of the sale that emptied the shelf for the rest of the day, or null), ``sold_out_rank``.
    """
    running = orders.with_columns(sold=pl.col("quantity").cum_sum().over(KEYS)).join(days, on=KEYS)
    running = running.with_columns(
        next_sale=pl.col("position").shift(-1).over(KEYS),
        is_last=pl.col("rank") == pl.len().over(KEYS),
    )
    nothing_left = (pl.col("sold") == pl.col("stock_open") + pl.col("inflow")) & (pl.col("stock_close") <= 0)
    all_sold = nothing_left & pl.col("is_last")
    hits = (pl.col("sold") == pl.col("stock_open")) & ~all_sold
    summary = running.group_by(KEYS).agg(
        first_sale=pl.col("position").min(),
        hit=pl.col("position").filter(hits).first(),
        after_hit=pl.col("next_sale").filter(hits).first(),
        hit_rank=pl.col("rank").filter(hits).first(),
        sold_out=pl.col("position").filter(all_sold).first(),
        sold_out_rank=pl.col("rank").filter(all_sold).first(),
    )
    empty_at_start = pl.col("stock_open") <= 0
    return days.join(summary, on=KEYS, how="left").select(
        *days.columns,
        emptied=pl.when(empty_at_start).then(0).otherwise("hit"),
        upper=pl.when(empty_at_start).then("first_sale").otherwise("after_hit").fill_null(MICRO),
        hit_rank="hit_rank",
        sold_out="sold_out",
        sold_out_rank="sold_out_rank",
    )


def refine_by_views(stories: pl.DataFrame, views: pl.DataFrame) -> pl.DataFrame:
    """Narrow the bounds of the restock by page views that know whether there was stock.

    Args:
        stories: result of ``day_stories``.
        views: ``sku, day, position, in_stock`` (not null).

    Returns:
        ``stories`` with ``lower`` (last view of an empty shelf, null if none was seen) and a narrowed ``upper``.
    """
    inside = views.join(stories.filter(pl.col("emptied").is_not_null()), on=KEYS)
    inside = inside.filter(pl.col("position").is_between("emptied", "upper"))
    lower = inside.filter(~pl.col("in_stock")).group_by(KEYS).agg(lower=pl.col("position").max())
    stocked = inside.filter("in_stock").join(lower, on=KEYS, how="left")
    stocked = stocked.filter(pl.col("position") > pl.coalesce("lower", "emptied"))
    upper = stocked.group_by(KEYS).agg(seen=pl.col("position").min())
    joined = stories.join(lower, on=KEYS, how="left").join(upper, on=KEYS, how="left")
    return joined.with_columns(upper=pl.min_horizontal("upper", "seen")).drop("seen")


def outage_bounds(stories: pl.DataFrame) -> pl.DataFrame:
    """Turn bounds into ``out_from, out_to, out_again_from, in_stock_share_u6, depleting_order`` per (sku, day).

    The item is out in [out_from, out_to) and from out_again_from to the end of the day.
    """
    refilled = pl.col("inflow") > 0
    width = pl.col("upper") - pl.col("emptied")
    expected = pl.when(pl.col("upper") > 0).then(width * width // (2 * pl.col("upper"))).otherwise(0)
    seen = (pl.col("lower") + pl.col("upper")) // 2
    restock = pl.when(pl.col("lower").is_null()).then(pl.col("emptied") + expected).otherwise(seen)
    out = stories.with_columns(
        out_from=pl.col("emptied").fill_null(0),
        out_to=pl.when(pl.col("emptied").is_null()).then(0).when(refilled).then(restock).otherwise(MICRO),
        out_again_from=pl.col("sold_out").fill_null(MICRO),
    )
    share = MICRO - (pl.col("out_to") - pl.col("out_from")) - (MICRO - pl.col("out_again_from"))
    likely = pl.col("lower").is_not_null() | (2 * width >= pl.col("upper"))
    hit = (pl.col("stock_open") > 0) & pl.col("emptied").is_not_null() & likely
    return out.select(
        *KEYS,
        "out_from",
        "out_to",
        "out_again_from",
        in_stock_share_u6=share.clip(0, MICRO),
        depleting_order=hit.cast(pl.Int64) + pl.col("sold_out").is_not_null().cast(pl.Int64),
        hit_rank=pl.when(hit).then("hit_rank"),
        sold_out_rank="sold_out_rank",
    )


def mark_depleting(orders: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """Add ``depleting``: whether the order emptied the shelf, and was perhaps itself cut short."""
    ranks = bounds.select(*KEYS, "hit_rank", "sold_out_rank").filter(
        pl.col("sold_out_rank").is_not_null() | pl.col("hit_rank").is_not_null()
    )
    joined = orders.join(ranks, on=KEYS, how="left", maintain_order="left")
    emptied = (pl.col("rank") == pl.col("hit_rank")) | (pl.col("rank") == pl.col("sold_out_rank"))
    return joined.with_columns(depleting=emptied.fill_null(value=False)).drop("hit_rank", "sold_out_rank")
