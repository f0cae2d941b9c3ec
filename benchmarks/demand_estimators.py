"""What others do about sales that stock-outs hid, for comparison: each a few lines, all (S, T) units per day.

An estimator sees what a shop's logs show: units and orders sold, the in-stock share of each day, page views. None may
return less than was sold.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import poisson

from engine.demand.arrays import DemandArrays
from engine.demand.codes import FULL_SHARE

EM_STEPS = 40
EM_TOLERANCE = 1e-5

Matrix = np.ndarray


def raw_sales(seen: DemandArrays) -> Matrix:
    """Demand is what was sold."""
    return seen.units.astype(float)


def in_stock_mean(seen: DemandArrays) -> Matrix:
    """On days with a stock-out, the mean of the item's other days."""
    full = seen.share >= FULL_SHARE
    mean = (seen.units * full).sum(axis=1) / np.maximum(full.sum(axis=1), 1)
    return np.where(full, seen.units, np.maximum(seen.units, mean[:, None]))


def exposure_rate(seen: DemandArrays) -> Matrix:
    """Sales, and for the part of a day out of stock the item's sales per day in stock."""
    rate = seen.units.sum(axis=1) / np.maximum(seen.share.sum(axis=1, dtype=float), 1e-9)
    return seen.units + (1.0 - seen.share) * rate[:, None]


def kaplan_meier(seen: DemandArrays) -> Matrix:
    """Expected demand beyond a stock-out day's sales, from the survival curve of daily demand.

    Kaplan and Meier (1958); for inventory Huh, Levi, Rusmevichientong and Orlin (2011).
    """
    return np.array([_kaplan_meier_of_item(u, f < FULL_SHARE) for u, f in zip(seen.units, seen.share, strict=True)])


def _kaplan_meier_of_item(units: np.ndarray, cut: np.ndarray) -> np.ndarray:
    values = np.arange(units.max(initial=0) + 1)
    events, cuts = (np.bincount(units[which], minlength=values.size) for which in (~cut, cut))
    # A cut at v says demand >= v and nothing about demand = v: it leaves the risk set before the events at v.
    at_risk = (events + cuts)[::-1].cumsum()[::-1] - cuts
    above = np.cumprod(1.0 - np.divide(events, at_risk, out=np.zeros(values.size), where=at_risk > 0))
    above[-1] = 0.0  # Efron's completion
    at_least = np.concatenate([[1.0], above[:-1]])
    more = above[::-1].cumsum()[::-1]
    expected = values + np.divide(more, at_least, out=np.zeros(values.size), where=at_least > 1e-12)
    return np.where(cut, expected[units], units)


def em_poisson(seen: DemandArrays) -> Matrix:
    """Poisson demand per day, censored at the sales of stock-out days; fitted by expectation and maximisation."""
    cut = seen.share < FULL_SHARE
    units, rate = seen.units.astype(float), np.maximum(seen.units.mean(axis=1), 1e-6)
    sku, day = np.nonzero(cut)
    floor, demand = units[cut], units.copy()
    for _ in range(EM_STEPS):
        mean = rate[sku]
        beyond = np.where(floor >= 1, poisson.sf(floor - 2, mean), 1.0)
        reached = np.where(floor >= 1, poisson.sf(floor - 1, mean), 1.0)
        demand[sku, day] = np.maximum(floor, mean * beyond / np.maximum(reached, 1e-12))
        before, rate = rate, np.maximum(demand.mean(axis=1), 1e-6)
        if np.max(np.abs(rate - before) / before) < EM_TOLERANCE:
            break
    return demand


def views_times_conversion(seen: DemandArrays) -> Matrix:
    """Sales, and the views of an empty shelf times the item's raw units per view; views that stay away are ignored."""
    views, units = seen.views_in.sum(axis=1), seen.units.sum(axis=1)
    shop = units.sum() / max(views.sum(), 1)
    conversion = np.where(views > 0, units / np.maximum(views, 1), shop)
    return seen.units + seen.views_out * conversion[:, None]


COMPARED: dict[str, Callable[[DemandArrays], Matrix]] = {
    "raw sales": raw_sales,
    "in-stock mean": in_stock_mean,
    "Kaplan-Meier": kaplan_meier,
    "EM, censored Poisson": em_poisson,
    "exposure rate": exposure_rate,
    "views x raw conversion": views_times_conversion,
}
