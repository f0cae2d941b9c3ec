"""Units per order, from order sizes of which some were cut short by an empty shelf (DEMAND 2, step 6).

An order that empties the shelf shows only that it wanted at least what was left: a censored observation. The survival
curve of order sizes is therefore a Kaplan-Meier product (Kaplan and Meier 1958), with a prior of 20 orders: the curve
of the category for an item, that of the shop for a category (Susarla and Van Ryzin 1976). For geometric sizes this is
the ratio (units - orders) / (orders that did not empty the shelf); for the lumpy sizes of real orders it is right as
well, where that ratio is not: large orders are the ones that empty shelves. Sizes are capped at the category's 99.9 %
quantile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.demand.arrays import DemandArrays
from engine.kernels import kernel

Vector = NDArray[np.float64]
Indices = NDArray[np.int64]
Matrix = NDArray[np.float64]

CAP_QUANTILE = 0.999
PRIOR_ORDERS = 20.0


@dataclass(frozen=True)
class SizeCurves:
    """What items share: curves of the orders of items alike.

    Attributes:
        values: (V,) sizes that occur, ascending.
        cap: (C,) largest size that counts in a category: the 99.9 % quantile.
        mean: (C,) mean size in a category.
        curves: (B, V) probability of each size, by band of items of like order size.
    """

    values: Indices
    cap: Indices
    mean: Vector
    curves: Matrix


@dataclass(frozen=True)
class OrderSizes:
    """Units per order.

    Attributes:
        mean: (S,) expected units of an order.
        second_over_first: (S,) E[q**2] / E[q].
        cut_units: (S, T) units that the orders which emptied the shelf on a day still wanted.
    """

    mean: Vector
    second_over_first: Vector
    cut_units: NDArray[np.float32]


@kernel
def _survival(events: Vector, cuts: Vector, prior: Vector, weight: float) -> tuple[Vector, Vector]:
    """Probability of each size, and of at least that size, from orders that ended and orders that were cut at it."""
    sizes = events.size
    at_risk, prior_left = np.zeros(sizes + 1), np.zeros(sizes + 1)
    for i in range(sizes - 1, -1, -1):
        at_risk[i] = at_risk[i + 1] + events[i] + (cuts[i + 1] if i + 1 < sizes else 0.0)
        prior_left[i] = prior_left[i + 1] + prior[i]
    probability, left = np.zeros(sizes), np.zeros(sizes)
    survival = 1.0
    for i in range(sizes):
        left[i] = survival
        exposed = at_risk[i] + weight * prior_left[i]
        hazard = (events[i] + weight * prior[i]) / exposed if exposed > 0.0 else 0.0
        if i == sizes - 1:
            hazard = 1.0  # what is left has the largest size seen (Efron's completion)
        probability[i] = survival * hazard
        survival -= probability[i]
    return probability, left


@kernel
def _curve(
    first: int, last: int, size: Indices, cut: NDArray[np.bool_], prior: Vector, weight: float
) -> tuple[Vector, Vector]:
    """Curve of the orders first..last-1; ``size`` are positions on the grid of ``prior``."""
    events, cuts = np.zeros(prior.size), np.zeros(prior.size)
    for k in range(first, last):
        if cut[k]:
            cuts[size[k]] += 1.0
        else:
            events[size[k]] += 1.0
    return _survival(events, cuts, prior, weight)


@kernel
def _group_curves(
    first: Indices, size: Indices, cut: NDArray[np.bool_], prior: Matrix, group: NDArray[np.int32], weight: float
) -> Matrix:
    curves = np.zeros((first.size - 1, prior.shape[1]))
    for g in range(first.size - 1):
        curves[g] = _curve(first[g], first[g + 1], size, cut, prior[group[g]], weight)[0]
    return curves


@kernel
def _item_sizes(
    first: Indices, size: Indices, cut: NDArray[np.bool_], prior: Matrix, group: NDArray[np.int32], weight: float,
    values: Vector, asked_first: Indices, asked: Indices,
) -> tuple[Vector, Vector, Vector]:  # fmt: skip
    """Mean and mean square of each item's order sizes, and the expected excess over each size that is asked for."""
    items = first.size - 1
    mean, square, excess = np.zeros(items), np.zeros(items), np.zeros(asked.size)
    for s in range(items):
        probability, left = _curve(first[s], first[s + 1], size, cut, prior[group[s]], weight)
        for i in range(values.size):
            mean[s] += probability[i] * values[i]
            square[s] += probability[i] * values[i] * values[i]
        for k in range(asked_first[s], asked_first[s + 1]):
            wanted = 0.0
            for i in range(asked[k] + 1, values.size):
                wanted += probability[i] * (values[i] - values[asked[k]])
            excess[k] = wanted / left[asked[k]] if left[asked[k]] > 0.0 else 0.0
    return mean, square, excess


def order_sizes(
    orders: pl.DataFrame, arrays: DemandArrays, until: int | None = None, shop: SizeCurves | None = None
) -> tuple[OrderSizes, SizeCurves]:
    """Order sizes of each item, and what the orders that emptied the shelf still wanted; with the curves they share.

    Args:
        orders: ``sku, day, quantity, depleting``, one row per order, sorted by SKU.
        arrays: the world whose days ``cut_units`` covers; it gives the categories.
        until: estimate from orders of earlier days only; default all.
        shop: curves of other items of the same shop; default: those of these orders. A size that they do not know
            counts as the next larger one.
    """
    seen = orders if until is None else orders.filter(pl.col("day") < until)
    asked = orders.filter(pl.col("depleting") & (pl.col("day") < arrays.shape[1]))
    shared = shop or _size_curves(seen, arrays)
    skus = np.arange(arrays.shape[0], dtype=np.int32)
    cap = shared.cap[arrays.category]
    band = np.minimum(_size_bands(seen, arrays, shared.mean), len(shared.curves) - 1)
    asked_first, asked_size, _ = _grouped(asked, shared.values, cap, skus, skus.size)
    mean, square, excess = _item_sizes(
        *_grouped(seen, shared.values, cap, skus, skus.size), shared.curves, band, PRIOR_ORDERS,
        shared.values.astype(np.float64), asked_first, asked_size,
    )  # fmt: skip
    cut_units = np.zeros(arrays.shape, dtype=np.float32)
    np.add.at(cut_units, (asked["sku"].to_numpy(), asked["day"].to_numpy()), excess.astype(np.float32))
    return OrderSizes(mean, square / mean, cut_units), shared


def _size_curves(orders: pl.DataFrame, arrays: DemandArrays) -> SizeCurves:
    """Curves of all orders together, then of each band of items, shrunk to that by 20 orders."""
    sku = orders["sku"].to_numpy()
    mean = _category_means(orders, arrays)
    by_category = _caps(orders, arrays)
    cap = by_category[arrays.category]
    values = np.unique(np.concatenate([[1], np.minimum(orders["quantity"].to_numpy(), cap[sku])]))
    band = _size_bands(orders, arrays, mean)
    bands = np.arange(int(band.max()) + 1, dtype=np.int32)
    code = band[sku] if orders.height else np.zeros(0, dtype=np.int32)
    in_bands = orders[np.argsort(code, kind="stable")]
    whole = _group_curves(
        *_grouped(orders, values, cap, None, 1), np.zeros((1, values.size)), np.zeros(1, dtype=np.int32), 0.0
    )
    curves = _group_curves(*_grouped(in_bands, values, cap, band, bands.size), whole, bands * 0, PRIOR_ORDERS)
    return SizeCurves(values, by_category, mean, curves)


def _category_means(orders: pl.DataFrame, arrays: DemandArrays) -> Vector:
    """Mean order size of each category, (C,), with one order of one unit added."""
    by_category = (np.bincount(arrays.category, of_sku, len(arrays.categories)) for of_sku in _totals(orders, arrays))
    mean: Vector = np.divide(*(total + 1.0 for total in by_category))
    return mean


def _totals(orders: pl.DataFrame, arrays: DemandArrays) -> tuple[Vector, Vector]:
    """Units and number of orders of each SKU, (S,)."""
    sku, quantity = orders["sku"].to_numpy(), orders["quantity"].to_numpy()
    units, count = (np.bincount(sku, weights, arrays.shape[0]) for weights in (quantity, np.ones(sku.size)))
    return units.astype(np.float64), count.astype(np.float64)


def _size_bands(orders: pl.DataFrame, arrays: DemandArrays, category_mean: Vector) -> NDArray[np.int32]:
    """Group of items of like order size, (S,): half octaves of the mean size, shrunk to the category's by 20 orders."""
    units, count = _totals(orders, arrays)
    mean = (units + PRIOR_ORDERS * category_mean[arrays.category]) / (count + PRIOR_ORDERS)
    return np.floor(2.0 * np.log2(np.maximum(mean, 1.0))).astype(np.int32)


def _caps(orders: pl.DataFrame, arrays: DemandArrays) -> Indices:
    """Largest size that counts in each category, (C,); 1 where nothing was ordered."""
    quantile = pl.col("quantity").quantile(CAP_QUANTILE, interpolation="higher").cast(pl.Int64)
    placed = orders.with_columns(category=pl.Series(arrays.category[orders["sku"].to_numpy()]))
    found = placed.group_by("category").agg(cap=quantile)
    cap = np.ones(len(arrays.categories), dtype=np.int64)
    cap[found["category"].to_numpy()] = found["cap"].to_numpy()
    return cap


def _grouped(
    orders: pl.DataFrame, values: Indices, cap: Indices, group: NDArray[np.int32] | None, groups: int
) -> tuple[Indices, Indices, NDArray[np.bool_]]:
    """Offsets of each group's orders (sorted by group), their positions on the grid of sizes, and which were cut."""
    sku = orders["sku"].to_numpy()
    code = np.zeros(orders.height, dtype=np.int64) if group is None else group[sku].astype(np.int64)
    first = np.searchsorted(code, np.arange(groups + 1))
    capped = np.minimum(orders["quantity"].to_numpy(), cap[sku]) if orders.height else np.zeros(0, dtype=np.int64)
    size = np.minimum(np.searchsorted(values, capped), values.size - 1)
    return first, size, orders["depleting"].to_numpy()
