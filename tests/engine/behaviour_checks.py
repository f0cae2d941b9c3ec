"""The nine invariants as assertions on what a run does: each takes a stepper (a class or a function) and raises."""

from contextlib import contextmanager
from itertools import pairwise
from unittest import mock

import numpy as np
import polars as pl

from engine.models import InventoryPosition, OrderableOffer, PurchaseOrder
from engine.plan import Levels, Orders
from engine.steppers.reference import ReferenceRun
from engine.totals import FIELDS
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario
from tests.engine.oracle import keep_ledger
from tests.engine.permuted import permuted, permuted_plan

SEEDS = range(4)
SMALL = Size(skus=5, days=40)
ENDS = ("on_hand_end", "value_end", "on_order_value_end", "waiting_end", "last_sale_day")


def worlds(size=SMALL):
    """Scenarios with levels and with explicit orders."""
    for seed in SEEDS:
        scenario = make_scenario(seed, size)
        yield scenario, make_levels(seed, scenario)
        yield scenario, make_orders(seed, scenario)


@contextmanager
def counted(owner, name):
    """Calls of ``owner.name``, which still does what it does."""
    calls = []
    original = owner.__dict__.get(name, getattr(owner, name))
    plain = original.__func__ if isinstance(original, classmethod) else original

    def counting(*arguments, **named):
        calls.append(arguments)
        return plain(*arguments, **named)

    with mock.patch.object(owner, name, classmethod(counting) if isinstance(original, classmethod) else counting):
        yield calls


def invariant_1(run_class=ReferenceRun):
    """Same offers, by identity, at every tick; none is made while it runs."""
    for scenario, plan in worlds():
        table, seen = scenario.offers.by_sku, []
        run = run_class(scenario, plan)
        with counted(OrderableOffer, "model_construct") as made, counted(OrderableOffer, "__init__") as validated:
            run.run(lambda _, state, seen=seen: seen.append(state.offers))
        assert not made, "offers were made in the loop"
        assert not validated, "offers were validated in the loop"
        assert len(seen) == scenario.axes.days
        assert all(offers is table for offers in seen), "the table is another one than the scenario's"
        assert scenario.offers.by_sku is table, "the table is built again on each access"


def invariant_2(run_class=ReferenceRun):
    """One ``partition_by`` per table, before the first tick; no filter or group-by at all."""
    for scenario, plan in worlds():
        with counted(pl.DataFrame, "partition_by") as before:
            run = run_class(scenario, plan)
        assert len(before) == 2, "demand and adjustments are partitioned once each"
        verbs = ("partition_by", "filter", "group_by", "sort", "to_dicts", "lazy")
        counters = [counted(pl.DataFrame, verb) for verb in verbs]
        loop = [counter.__enter__() for counter in counters]
        try:
            run.run()
        finally:
            for counter in counters:
                counter.__exit__(None, None, None)
        assert not any(loop), f"frames are touched in the loop: {dict(zip(verbs, map(len, loop), strict=True))}"


def invariant_3(run_class=ReferenceRun):
    """Pending orders are sorted by (arrival, placement) at every tick, and none of them is due."""
    for scenario, plan in worlds():
        longest = []

        def look(day, state, longest=longest):
            keys = [entry[:2] for entry in state.pending]
            assert all(a < b for a, b in pairwise(keys)), f"day {day}: pending orders are not sorted"
            assert not keys or keys[0][0] > day, f"day {day}: a due order was left"
            longest.append(len(keys))

        run_class(scenario, plan).run(look)
        assert max(longest) > 1


def invariant_4(run_class=ReferenceRun):
    """At every tick the value per SKU is that of an independent ledger, and a category's is the sum over its SKUs."""
    for scenario, plan in worlds():
        ledger = keep_ledger(scenario, plan)
        category = scenario.catalogue.category

        def look(day, state, ledger=ledger, category=category):
            assert np.array_equal(state.value.all, ledger["value"][:, day]), f"day {day}: value by SKU"
            assert np.array_equal(state.on_hand.all, ledger["on_hand"][:, day]), f"day {day}: stock by SKU"
            assert np.array_equal(state.on_order_value.all, ledger["on_order_value"][:, day])
            names = range(len(state.category_value))
            assert state.category_value == [int(state.value.all[category == c].sum()) for c in names], f"day {day}"
            on_order = [int(state.on_order_value.all[category == c].sum()) for c in names]
            assert state.category_on_order == on_order, f"day {day}: on order by category"
            assert (state.value.all >= 0).all()
            assert not state.value.all[state.on_hand.all == 0].any(), "value without stock"

        run_class(scenario, plan).run(look)


def invariant_5(run_class=ReferenceRun):
    """No validating constructor runs in the loop; positions and orders come from ``model_construct``."""
    for scenario, plan in worlds():
        run = run_class(scenario, plan)
        with (
            counted(InventoryPosition, "__init__") as positions,
            counted(PurchaseOrder, "__init__") as orders,
            counted(InventoryPosition, "model_construct") as made,
        ):
            run.run()
        assert not positions, "InventoryPosition(...) in the loop"
        assert not orders, "PurchaseOrder(...) in the loop"
        assert made or isinstance(plan, Orders)


def _parts(scenario, values):
    return np.stack([values[:, slice(*scenario.part_bounds(part))].sum(axis=1) for part in range(scenario.parts)], 1)


def demand_by_part(scenario):
    dense = np.zeros(scenario.axes.shape, np.int64)
    dense[scenario.demand.sku, scenario.demand.day] = scenario.demand.quantity
    return _parts(scenario, dense)


def invariant_6(run):
    """Demanded = sold + lost = the table, per SKU and part; the table itself is not touched."""
    for scenario, plan in worlds():
        before = scenario.content_hash
        totals = run(scenario, plan)
        demanded = totals.field("sold") + totals.field("lost")
        assert np.array_equal(demanded, demand_by_part(scenario)), "demand is drawn, dropped or counted twice"
        vars(scenario).pop("content_hash")
        assert scenario.content_hash == before, "the world changed while it ran"


def invariant_7_twice(run):
    """Two weeks, twice, byte for byte."""
    for scenario, plan in worlds(Size(skus=5, days=14)):
        assert run(scenario, plan).digest() == run(scenario, plan).digest(), "the second run differs"


def invariant_7_permuted(run):
    """SKUs in another order give the same totals in that order, and the same curves."""
    for seed, (scenario, plan) in enumerate(worlds()):
        order = np.random.default_rng(seed).permutation(len(scenario.axes.items))
        plain, moved = run(scenario, plan), run(permuted(scenario, order), permuted_plan(plan, order))
        assert np.array_equal(plain.rows[order], moved.rows), "a SKU's totals depend on its place"
        for name in ("inventory_value", "on_order_value", "stockouts", "supplier_lines"):
            assert np.array_equal(getattr(plain, name), getattr(moved, name)), f"{name} depends on the order of SKUs"


def books_balance(scenario, plan, totals):
    """Units and value: what came in less what went out is what is there, over every part."""
    field = {name: totals.rows[:, :, index].cumsum(axis=1) for index, name in enumerate(FIELDS) if name not in ENDS}
    opening = scenario.catalogue.opening_on_hand[:, None]
    out = field["sold"] + field["late"] + field["expired"] + field["shrunk"]
    assert np.array_equal(opening + field["received"] + field["adjusted"] - out, totals.field("on_hand_end")), "units"
    value = scenario.catalogue.opening_value[:, None] + field["spend"] + field["adjusted_value"]
    assert np.array_equal(value - field["cost_of_goods_sold"] - field["write_offs"], totals.field("value_end")), "value"
    assert np.array_equal(field["waited"] - field["late"], totals.field("waiting_end")), "waiting demand"
    ends = scenario.part_ends - 1
    for name, curve in (("value_end", totals.inventory_value), ("on_order_value_end", totals.on_order_value)):
        assert np.array_equal(totals.field(name).sum(axis=0), curve.sum(axis=0)[ends]), f"{name}: curve"
    days = _parts(scenario, totals.inventory_value).sum(axis=0)
    assert np.array_equal(totals.field("value_days").sum(axis=0), days), "value-days"
    shown = _parts(scenario, totals.stockouts).sum(axis=0)
    assert np.array_equal(totals.field("stockout_days").sum(axis=0), shown), "stock-out days"
    if isinstance(plan, Levels):
        assert totals.supplier_lines.sum() == totals.field("lines").sum(), "order lines"


def invariant_9(run, twin=None):
    """Books balance; the twin gives the same bytes."""
    for scenario, plan in worlds():
        totals = run(scenario, plan)
        books_balance(scenario, plan, totals)
        if twin is not None:
            assert totals.digest() == twin(scenario, plan).digest(), "the steppers differ"
