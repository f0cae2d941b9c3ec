"""The compiled stepper is the reference stepper: by feature, at the limits of its rings, and how it is cached."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels import sources_hash
from engine.plan import UNLIMITED
from engine.steppers.compiled import run_compiled
from engine.steppers.compiled.tables import lot_capacity, pending_capacity
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, int64, make_levels, make_orders, make_scenario
from tests.engine.planted import ENGINE
from tests.engine.small_world import levels, orders, small_world

SEEDS = st.integers(0, 2**31)


def same_bytes(scenario, plan):
    reference, compiled = run_reference(scenario, plan), run_compiled(scenario, plan)
    for name in ("rows", "inventory_value", "on_order_value", "stockouts", "supplier_lines"):
        left, right = getattr(reference, name), getattr(compiled, name)
        assert (left.dtype, left.shape) == (right.dtype, right.shape), name
        assert np.array_equal(left, right), (name, np.argwhere(left != right)[:3].tolist())
    assert reference.digest() == compiled.digest()


def with_facts(scenario, **columns):
    catalogue = scenario.catalogue
    filled = {name: np.full(len(catalogue.category), value, np.int64) for name, value in columns.items()}
    return replace(scenario, catalogue=replace(catalogue, **filled))


FEATURES = {
    "everything perishes in a day": lambda world: with_facts(world, shelf_life=1),
    "everything perishes in five days": lambda world: with_facts(world, shelf_life=5),
    "all unserved demand waits": lambda world: with_facts(world, waiting_share_u6=1_000_000),
    "a third waits, and perishes": lambda world: with_facts(world, waiting_share_u6=333_333, shelf_life=3),
    "listed for a day": lambda world: with_facts(world, listed_from=7, listed_until=8),
    "never listed": lambda world: with_facts(world, listed_from=0, listed_until=0),
    "empty shelves": lambda world: with_facts(world, opening_on_hand=0, opening_value=0),
    "worthless stock": lambda world: with_facts(world, opening_value=0),
    "a part per day": lambda world: replace(world, part_ends=np.arange(1, world.axes.days + 1)),
    "one part": lambda world: replace(world, part_ends=int64([world.axes.days])),
    "suppliers closed for good": lambda world: replace(
        world,
        suppliers=replace(world.suppliers, next_order_day=np.full_like(world.suppliers.next_order_day, 1 << 30)),
    ),
    "paid in advance": lambda world: replace(
        world, suppliers=replace(world.suppliers, prepayment_u6=world.suppliers.prepayment_u6 * 0 + 1_000_000)
    ),
    "long terms": lambda world: replace(
        world, suppliers=replace(world.suppliers, terms_days=world.suppliers.terms_days * 0 + 400)
    ),
    "goods arrive once a week": lambda world: replace(
        world,
        lead_times=replace(
            world.lead_times,
            arrival_day=-(-np.arange(len(world.lead_times.arrival_day)) // 7) * 7,
        ),
    ),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_the_steppers_agree_on_each_feature(feature):
    @given(seed=SEEDS)
    @settings(max_examples=12, deadline=None)
    def agree(seed):
        scenario = FEATURES[feature](make_scenario(seed, Size(skus=4, days=35)))
        same_bytes(scenario, make_levels(seed, scenario))
        same_bytes(scenario, make_orders(seed, scenario))

    agree()


@given(seed=SEEDS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_steppers_agree_on_drawn_levels(seed, data):
    """Levels that Hypothesis chooses itself, cell by cell, so that it can shrink them."""
    scenario = make_scenario(seed, Size(skus=2, days=30))
    dates = data.draw(st.lists(st.integers(0, 35), min_size=1, max_size=3, unique=True).map(sorted))
    shape = (len(dates), 2)

    def drawn(values):
        cells = shape[0] * shape[1]
        return int64(data.draw(st.lists(values, min_size=cells, max_size=cells))).reshape(shape)

    point = drawn(st.sampled_from([-(1 << 40), -1, 0, 3, 40]))
    plan = levels(
        scenario,
        days=dates,
        reorder_point=point,
        order_up_to=np.maximum(point, -1) + drawn(st.integers(1, 50)),
        order_quantity=drawn(st.sampled_from([0, 0, 1, 24])),
        review_period=drawn(st.sampled_from([1, 2, 7, 90])),
        carry_u6=drawn(st.sampled_from([0, 1_000, 10**7])),
        supplier=drawn(st.integers(0, 2)),
        lead_time=drawn(st.integers(1, 12)),
        max_position=drawn(st.sampled_from([0, 20, UNLIMITED])),
    )
    same_bytes(scenario, plan)


def test_a_world_of_large_money_agrees():
    scenario = small_world([7, 0, 9] * 10, opening=10**6, opening_value=10**15, price=10**12)
    same_bytes(scenario, levels(scenario, reorder_point=10**6, order_up_to=10**6 + 5))


def test_the_ring_of_open_orders_holds_one_a_day_over_the_longest_lead_time():
    scenario = small_world([9] * 90, offers=[{"lead_time": 60}], order_days=[range(90)])
    plan = levels(scenario, reorder_point=10**6, order_quantity=2 * 10**6)
    assert pending_capacity(scenario, plan) >= 61
    same_bytes(scenario, levels(scenario, reorder_point=10**6, order_up_to=10**6 + 1))


def test_the_ring_of_open_orders_holds_all_explicit_and_opening_orders_at_once():
    scenario = small_world([1] * 30, opening_orders=[{"arrives_on": 29}] * 25)
    plan = orders(*({"ordered_on": 0, "arrives_on": 28, "quantity": units} for units in range(1, 60)))
    same_bytes(scenario, plan)


def test_the_ring_of_lots_holds_a_receipt_and_a_find_of_every_day():
    found = [(0, day, 2, 100) for day in range(60)]
    scenario = small_world([1] * 60, shelf_life=20, adjustments=found)
    plan = orders(*({"ordered_on": day, "arrives_on": day + 1, "quantity": 3} for day in range(59)))
    assert lot_capacity(scenario) >= 22
    same_bytes(scenario, plan)


def test_rows_do_not_share_what_the_rings_leave_behind():
    """A row that ends with open orders and lots says nothing to the next one."""
    busy = [{"sku": 0, "ordered_on": day, "arrives_on": day + 40, "quantity": 9} for day in range(30)]
    scenario = small_world([[3] * 30, [1] * 30], shelf_life=9, opening=[50, 2])
    totals = run_compiled(scenario, orders(*busy, {"sku": 1, "ordered_on": 3, "arrives_on": 5, "quantity": 4}))
    alone = run_compiled(
        small_world([[0] * 30, [1] * 30], shelf_life=9, opening=[0, 2]),
        orders({"sku": 1, "ordered_on": 3, "arrives_on": 5, "quantity": 4}),
    )
    assert np.array_equal(totals.rows[1], alone.rows[1])


# --- compilation ------------------------------------------------------------------------------------------------------


def engine_copy(folder):
    for path in ENGINE.rglob("*.py"):
        target = folder / path.relative_to(ENGINE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def test_an_edit_of_rules_alone_changes_the_key_of_the_compiled_code(tmp_path):
    copied = engine_copy(tmp_path / "engine")
    before = sources_hash(copied)
    assert before == sources_hash(copied) == sources_hash()
    rules = copied / "rules.py"
    rules.write_text(rules.read_text() + "\n# an edit\n")
    edited = sources_hash(copied)
    assert edited != before
    (copied / "steppers" / "moved.py").write_text("")
    assert sources_hash(copied) != edited


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ENGINE.parent, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("modules", ["engine", "engine, engine.steppers.reference, engine.simulation, engine.plan"])
def test_the_engine_and_its_specification_do_not_import_numba(modules):
    printed = python(f"import sys, {modules}; print('numba' in sys.modules)").stdout
    assert printed.strip() == "False"


def test_the_engine_imports_neither_dagster_nor_duckdb():
    code = (
        "import sys, engine.simulation, engine.strategies.build, engine.scorecard, engine.bounds, "
        "engine.scenario.build, engine.steppers.compiled;"
        "print({'dagster', 'duckdb', 'arena_pipeline'} & set(sys.modules))"
    )
    assert python(code).stdout.strip() == "set()"
