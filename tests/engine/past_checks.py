"""Invariant 8 as assertions: whatever changes from a day on, plans and totals before it stay bit-equal."""

from dataclasses import fields, replace

import numpy as np

from engine.plan import Levels, Orders
from engine.scenario import DayTable
from engine.strategies.build import KnownHistory, gather_information
from tests.engine.make_information import Shop
from tests.engine.make_scenario import day_table


def _other_matrices(history, day, random):
    """Every matrix of a history with other values from ``day`` on."""

    def other(matrix):
        changed = matrix.copy()
        changed[:, day:] = random.permutation(matrix[:, day:].ravel()).reshape(matrix[:, day:].shape) * 3 + 7
        return changed

    orders = history.orders
    changed = replace(orders, **{name: other(getattr(orders, name)) for name in ("orders", "units", "squares")})
    changed = replace(changed, exposure=np.minimum(other(orders.exposure), 1.0))
    views = replace(history.views, views=other(history.views.views), logged=other(history.views.logged) % 2)
    return KnownHistory(changed, other(history.demand_u6), other(history.variance_u6), other(history.price), views)


def _ended(history, day):
    """The history of which nothing from ``day`` on is there."""
    return history.until(day)


def _orders_before(orders, day):
    keep = orders.ordered_on < day
    return Orders(**{field.name: getattr(orders, field.name)[keep] for field in fields(orders)})


def _other_run(run, day):
    changed = replace(run, inventory_value=run.inventory_value.copy(), on_order_value=run.on_order_value.copy())
    changed.inventory_value[:, day:] *= 5
    changed.on_order_value[:, day:] += 10_000
    return changed


def _other_world(scenario, day, random):
    """Lead times, views, demand, offers and adjustments of ``day`` and after are others."""
    draws = scenario.lead_times.draws.copy()
    draws[:, day:] = random.permutation(draws[:, day:].ravel()).reshape(draws[:, day:].shape)
    views = scenario.views.copy()
    views[:, day:] += 5
    offers, later = scenario.offers, scenario.offers.valid_from > day
    return replace(
        scenario,
        lead_times=replace(scenario.lead_times, draws=draws),
        views=views,
        offers=replace(offers, unit_cost=np.where(later, offers.unit_cost // 3 + 1, offers.unit_cost)),
        demand=other_rows(scenario, scenario.demand, day, random),
        adjustments=other_rows(scenario, scenario.adjustments, day, random),
    )


def other_rows(scenario, table: DayTable, day, random):
    """A sparse table with other rows from ``day`` on."""
    skus, days = scenario.axes.shape
    dense, amount = np.zeros((2, skus, days), np.int64)
    dense[table.sku, table.day], amount[table.sku, table.day] = table.quantity, table.amount
    dense[:, day:] = random.integers(0, 9, (skus, days - day))
    amount[:, day:] = 777
    sku, when = np.nonzero(dense)
    return day_table(skus, sku, when, dense[sku, when], amount[sku, when])


def same_levels(left: Levels, right: Levels, dates, name):
    """Bit-equal rows of the given dates."""
    for field, matrix in left.matrices().items():
        other = right.matrices()[field]
        assert matrix[dates].tobytes() == other[dates].tobytes(), f"{name}: {field} before the change"


def plans_keep_their_past(strategy, shop: Shop, dates, day, gather=gather_information):
    """Plans for dates up to ``day`` when everything from ``day`` on is changed, and when it is not there at all."""
    random = np.random.default_rng(day)
    name = type(strategy).__name__
    plan = strategy.plan(shop.information(dates, gather))
    past = dates <= day
    changed = Shop(
        _other_world(shop.scenario, day, random),
        _other_matrices(shop.history, day, random),
        _orders_before(shop.actual, day),
        _other_run(shop.run, day),
        shop.rates,
    )
    same_levels(plan, strategy.plan(changed.information(dates, gather)), past, f"{name}, other future")
    ended = replace(shop, history=_ended(shop.history, day))
    known = dates[past]
    same_levels(
        replace(plan, **{field: matrix[past] for field, matrix in plan.matrices().items()}),
        _plan_without_future(strategy, ended, known, gather),
        slice(None),
        f"{name}, no future",
    )


def _plan_without_future(strategy, ended, known, gather):
    try:
        return strategy.plan(ended.information(known, gather))
    except IndexError as error:
        raise AssertionError(f"{type(strategy).__name__} reads days that have not been: {error}") from error


def totals_keep_their_past(run, scenario, plan, day):
    """Curves before ``day`` and parts that end by it, when demand and luck from ``day`` on are others."""
    changed = _other_world(scenario, day, np.random.default_rng(day))
    totals, other = run(scenario, plan), run(changed, plan)
    parts = np.flatnonzero(scenario.part_ends <= day)
    assert totals.rows[:, parts].tobytes() == other.rows[:, parts].tobytes(), "parts that ended before the change"
    for name in ("inventory_value", "on_order_value", "stockouts", "supplier_lines"):
        left, right = getattr(totals, name)[:, :day], getattr(other, name)[:, :day]
        assert left.tobytes() == right.tobytes(), f"{name} before the change"
