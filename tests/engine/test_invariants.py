"""The nine invariants of the optimisation contract (DESIGN 1.4), and that each check notices when one is broken.

When one of these fails, investigate the engine; do not fix the test.

Each invariant is held twice where it can be: on the syntax tree (``source_checks``: what the loop may not contain) and
on a run (``behaviour_checks``, ``past_checks``: what a run may not do). A benchmark would not do for any of them:

1. Pre-built offers. Locks: one table, passed by reference. Rebuilding it costs little on the small catalogue of a
   benchmark and everything on a large one, and a copy may differ from the table the planner used.
2. One ``partition_by``. Locks: days x rows never becomes a cost. On a short window a filter per day is as fast.
3. Bisect-sorted pending orders. Locks: order of arrival, then of placement, which decides values; a scan is as fast
   while the pipeline is short.
4. Incremental value. Locks: moving-average cost to the penny. A re-summed value is slower *and* rounds elsewhere; a
   benchmark sees only the former.
5. ``model_construct``. Locks: no validation per tick. Its cost shows in a benchmark, what the lean object leaves
   unset (equality, copies, pickles) does not.
6. Censored demand from data. Locks: the engine invents and drops no unit; no timing shows that.
7. Byte-equal determinism. Locks: runs can be compared and cached by hash; a benchmark never looks at the result.
8. The future cannot change the past. Locks: no look-ahead, which would make every figure better and none true.
9. Books balance, steppers agree. Locks: the fast stepper is the specification, only faster.
"""

import copy
import json
import os
import pickle
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import rules
from engine.errors import PlanError
from engine.look_ahead import first_leak, information_until
from engine.models import InventoryPosition, OrderableOffer, PurchaseOrder
from engine.plan import Rule
from engine.scenario import OfferTable
from engine.steppers.compiled import kernel, run_compiled
from engine.steppers.compiled.tables import (
    empty_output,
    lot_capacity,
    pending_capacity,
    plan_table,
    totals_of,
    world_table,
)
from engine.steppers.reference import run_reference
from engine.strategies import STRATEGIES
from engine.strategies.build import gather_information, replanning_days
from tests.engine import behaviour_checks, golden, past_checks, source_checks
from tests.engine.make_information import make_shop
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario
from tests.engine.make_shop_tables import day as day_of
from tests.engine.make_shop_tables import world
from tests.engine.planted import ENGINE, KERNEL, LEVELS, REFERENCE, STATE, load, plant, reference_of, sources

STEPPERS = pytest.mark.parametrize("run", [run_reference, run_compiled])


def as_function(run_class):
    return lambda scenario, plan: run_class(scenario, plan).run()


def planted_run(path, old, new):
    return reference_of(plant(path, old, new))


# --- source level ---------------------------------------------------------------------------------------------------

SOURCE_CHECKS = [
    source_checks.invariant_1,
    source_checks.invariant_2,
    source_checks.invariant_3,
    source_checks.invariant_4,
    source_checks.invariant_5,
    source_checks.invariant_6,
    source_checks.invariant_7,
    source_checks.compiled_without_allocation,
    source_checks.compiled_without_floats,
    source_checks.compiled_holds_no_formula_of_rules,
]


@pytest.mark.parametrize("check", SOURCE_CHECKS, ids=lambda check: check.__name__)
def test_sources_keep_the_invariant(check):
    check(sources())


PLANTED_SOURCES = [
    (source_checks.invariant_1, STATE, "= scenario.offers.by_sku", "= tuple(list(scenario.offers.by_sku))"),
    (
        source_checks.invariant_1,
        REFERENCE,
        "in self.state.offers[sku]:",
        "in [OrderableOffer.model_construct(**vars(o)) for o in self.state.offers[sku]]:",
    ),
    (source_checks.invariant_2, REFERENCE, "self.demand.get(day, NO_ROWS)\n", "self.demand.filter(day=day)\n"),
    (
        source_checks.invariant_2,
        REFERENCE,
        "skus, quantities, prices = self.demand.get(",
        "skus, quantities, prices = self.scenario.demand.partition_by_day().get(",
    ),
    (source_checks.invariant_2, LEVELS, "import numpy as np\n", "import numpy as np\nimport polars as pl\n"),
    (source_checks.invariant_3, REFERENCE, "insort(state.pending, (", "state.pending.append(("),
    (source_checks.invariant_3, REFERENCE, "        self.placed += 1\n", "        state.pending.sort()\n"),
    (source_checks.invariant_3, REFERENCE, "in pending[:due]:", "in sorted(pending[:due]):"),
    (
        source_checks.invariant_3,
        REFERENCE,
        "del pending[:due]",
        "self.state.pending = [entry for entry in pending if entry[0] > day]",
    ),
    (
        source_checks.invariant_4,
        REFERENCE,
        "state.on_order.at[sku] -= order.quantity\n",
        "state.on_order.at[sku] -= order.quantity\n        state.value.at[sku] += 0\n",
    ),
    (
        source_checks.invariant_4,
        REFERENCE,
        "= self.state.category_value\n",
        "= [sum(self.state.value.at[sku] for sku in skus) for skus in self.members]\n",
    ),
    (source_checks.invariant_5, REFERENCE, "= InventoryPosition.model_construct(", "= InventoryPosition("),
    (source_checks.invariant_5, REFERENCE, "return PurchaseOrder.model_construct(", "return PurchaseOrder("),
    (source_checks.invariant_6, REFERENCE, "import numpy as np\n", "import random\n\nimport numpy as np\n"),
    (
        source_checks.invariant_6,
        REFERENCE,
        "rank = times.draws[offer.supplier, day]",
        "rank = np.random.default_rng(day).integers(9)",
    ),
    (
        source_checks.invariant_6,
        "strategies/base_stock.py",
        "from engine.plan import Levels",
        "from engine.randomness import uniforms",
    ),
    (source_checks.invariant_7, "kernels.py", "fastmath=False", "fastmath=True"),
    (source_checks.invariant_7, "kernels.py", "nogil=True", "parallel=True"),
    (source_checks.invariant_7, "bounds.py", "in sorted(pairs):", "in {*pairs}:"),
    (source_checks.compiled_without_allocation, KERNEL, "        arrived = False\n", "        arrived = np.zeros(1)\n"),
    (
        source_checks.compiled_without_allocation,
        KERNEL,
        "            cycle_open, cycle_demand, cycle_lost = 1, 0, 0\n",
        "            pending = pending[1:]\n",
    ),
    (source_checks.compiled_without_floats, KERNEL, "stockout_days += end_out - first_out", "stockout_days += 1.0"),
    (source_checks.compiled_without_floats, "rules.py", "return value * quantity // on_hand", "return value / on_hand"),
    (source_checks.compiled_holds_no_formula_of_rules, KERNEL, "    rules.is_refused,\n", ""),
    (
        source_checks.compiled_holds_no_formula_of_rules,
        KERNEL,
        "cost = cost_share(value, quantity, on_hand, unit_cost)",
        "cost = value * quantity // on_hand",
    ),
]


@pytest.mark.parametrize(
    ("check", "path", "old", "new"),
    PLANTED_SOURCES,
    ids=[f"{check.__name__}-{number}" for number, (check, *_) in enumerate(PLANTED_SOURCES)],
)
def test_source_check_catches_a_planted_regression(check, path, old, new):
    text = plant(path, old, new)
    with pytest.raises(AssertionError):
        check(text)


def test_every_source_check_has_a_planted_regression():
    assert {check for check, *_ in PLANTED_SOURCES} == set(SOURCE_CHECKS)


# --- invariants 1 to 5: the reference stepper ----------------------------------------------------------------------

BEHAVIOUR = {
    1: behaviour_checks.invariant_1,
    2: behaviour_checks.invariant_2,
    3: behaviour_checks.invariant_3,
    4: behaviour_checks.invariant_4,
    5: behaviour_checks.invariant_5,
}


@pytest.mark.parametrize("number", BEHAVIOUR)
def test_reference_run_keeps_the_invariant(number):
    BEHAVIOUR[number]()


PLANTED_RUNS = [
    (1, STATE, "= scenario.offers.by_sku", "= tuple(list(scenario.offers.by_sku))"),
    (
        1,
        REFERENCE,
        "in self.state.offers[sku]:",
        "in [OrderableOffer.model_construct(**vars(o)) for o in self.state.offers[sku]]:",
    ),
    (
        2,
        REFERENCE,
        "skus, quantities, prices = self.demand.get(",
        "skus, quantities, prices = self.scenario.demand.partition_by_day().get(",
    ),
    (
        2,
        REFERENCE,
        "= scenario.demand.partition_by_day()",
        "= scenario.demand.partition_by_day() and scenario.demand.partition_by_day()",
    ),
    (
        3,
        REFERENCE,
        "insort(state.pending, (order.arrives_on, self.placed, order))",
        "state.pending.append((order.arrives_on, self.placed, order))",
    ),
    (3, REFERENCE, "pending[due][0] <= day", "pending[due][0] < day"),
    (4, STATE, "        self.value.at[sku] -= cost\n", ""),
    (
        4,
        STATE,
        "        self.value.at[sku] -= cost\n        self.category_value[self.category[sku]] -= cost\n",
        "        self.value.at[sku] -= cost\n",
    ),
    (
        4,
        STATE,
        "cost = rules.cost_share(self.value.at[sku], quantity, self.on_hand.at[sku])\n",
        "cost = self.value.at[sku] // max(self.on_hand.at[sku], 1) * quantity\n",
    ),
    (5, REFERENCE, "= InventoryPosition.model_construct(", "= InventoryPosition("),
    (5, REFERENCE, "return PurchaseOrder.model_construct(", "return PurchaseOrder("),
]


@pytest.mark.parametrize(("number", "path", "old", "new"), PLANTED_RUNS)
def test_behaviour_catches_a_planted_regression(number, path, old, new):
    run_class = planted_run(path, old, new)
    with pytest.raises(AssertionError):
        BEHAVIOUR[number](run_class)


def test_invariant_1_catches_a_table_built_on_each_access(monkeypatch):
    monkeypatch.setattr(OfferTable, "by_sku", property(OfferTable.by_sku.func))
    with pytest.raises(AssertionError):
        behaviour_checks.invariant_1()


def test_sources_without_a_plant_give_a_sound_stepper():
    run_class = reference_of(sources())
    for check in BEHAVIOUR.values():
        check(run_class)


@pytest.mark.parametrize("number", range(1, 10))
def test_invariant_n_catches_a_planted_regression(number):
    """Every invariant has at least one plant; those of 6 to 9 are below."""
    planted = {int(check.__name__[-1]) for check, *_ in PLANTED_SOURCES if check.__name__.startswith("invariant")}
    planted |= {number for number, *_ in PLANTED_RUNS} | {number for number, *_ in PLANTED_TOTALS} | {8}
    assert number in planted


# --- invariant 5: what lean objects are ------------------------------------------------------------------------------

LEAN = [
    (OrderableOffer, {"row": 3, "sku": 1, "supplier": 0, "smallest_quantity": 1, "multiple": 6, "unit_cost": 250,
                      "line_cost": 50, "lead_time": 4, "valid_from": 0, "valid_until": 90}),
    (PurchaseOrder, {"sku": 1, "supplier": -1, "ordered_on": -2, "arrives_on": 3, "quantity": 7, "unit_cost": 9,
                     "line_cost": 0}),
    (InventoryPosition, {"sku": 1, "day": 4, "on_hand": 3, "on_order": 8, "waiting": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "values"), LEAN, ids=lambda case: getattr(case, "__name__", ""))
def test_invariant_5_lean_objects_behave_like_validated_ones(model, values):
    lean, validated = model.model_construct(**values), model(**values)
    assert lean == validated
    assert validated == lean
    assert lean != model.model_construct(**(values | {"sku": 2}))
    assert lean.model_dump() == validated.model_dump() == values
    assert lean.model_dump_json() == validated.model_dump_json()
    assert model.model_validate_json(lean.model_dump_json()) == validated
    assert repr(lean) == repr(validated)
    assert hash(lean) == hash(validated)
    assert lean.model_fields_set == validated.model_fields_set
    assert lean.model_extra is None
    assert not hasattr(lean, "colour")
    with pytest.raises(ValueError, match="frozen"):
        lean.sku = 5


@pytest.mark.parametrize(("model", "values"), LEAN, ids=lambda case: getattr(case, "__name__", ""))
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda thing: thing.model_copy(), lambda thing: pickle.loads(pickle.dumps(thing))],  # noqa: S301 - our own bytes
    ids=["copy", "deepcopy", "model_copy", "pickle"],
)
def test_invariant_5_lean_objects_can_be_copied(model, values, copied):
    lean = model.model_construct(**values)
    assert copied(lean) == lean == copied(model(**values))
    assert copied(lean).model_dump() == values


# --- invariants 6, 7 and 9: totals -----------------------------------------------------------------------------------

TOTALS = {
    6: behaviour_checks.invariant_6,
    7: behaviour_checks.invariant_7_permuted,
    9: behaviour_checks.invariant_9,
}


@STEPPERS
@pytest.mark.parametrize("number", TOTALS)
def test_totals_keep_the_invariant(run, number):
    TOTALS[number](run)


@STEPPERS
def test_invariant_7_two_weeks_twice(run):
    behaviour_checks.invariant_7_twice(run)


def test_invariant_9_the_steppers_agree():
    behaviour_checks.invariant_9(run_reference, twin=run_compiled)


PLANTED_TOTALS = [
    (6, "        unserved = demand - sold\n", "        unserved = (demand - sold) // 2 * 2\n"),
    (7, "sold * price", "sold * (price + sku)"),
    (7, "zip(skus, quantities, prices, strict=True):", "list(zip(skus, quantities, prices))[:3]:"),
    (9, '        total["spend"].at[sku] += cost\n', ""),
    (9, '            total["expired"].at[sku] += units\n', ""),
    (9, '                total["adjusted"].at[sku] += quantity\n', ""),
    (9, "            state.waiting.at[sku] += waits\n", ""),
]


@pytest.mark.parametrize(("number", "old", "new"), PLANTED_TOTALS)
def test_totals_catch_a_planted_regression(number, old, new):
    run = as_function(planted_run(REFERENCE, old, new))
    with pytest.raises(AssertionError):
        TOTALS[number](run)


def test_invariant_6_catches_a_world_that_is_written_to():
    def run(scenario, plan):
        totals = run_reference(scenario, plan)
        scenario.demand.quantity[:1] += 1
        return totals

    with pytest.raises(AssertionError):
        behaviour_checks.invariant_6(run)


def test_invariant_7_catches_state_that_outlives_a_run():
    seen = []

    def run(scenario, plan):
        totals = run_reference(scenario, plan)
        seen.append(1)
        totals.rows[:1] += len(seen)
        return totals

    with pytest.raises(AssertionError):
        behaviour_checks.invariant_7_twice(run)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (REFERENCE, "position.position, levels.max_position", "position.on_hand, levels.max_position"),
        (REFERENCE, "arrives_on=int(times.arrival_day[day + lead_time])", "arrives_on=day + lead_time"),
        (REFERENCE, "empty[self.demand.get(day, NO_ROWS)[0]] = False", "pass"),
        (STATE, "lots[0][0] <= day", "lots[0][0] < day"),
    ],
)
def test_invariant_9_catches_steppers_that_differ(path, old, new):
    run = as_function(planted_run(path, old, new))
    with pytest.raises(AssertionError):
        behaviour_checks.invariant_9(run, twin=run_compiled)


# --- invariant 7: other processes ------------------------------------------------------------------------------------

SHOW = "import json; from tests.engine.golden import digests; print(json.dumps(digests()))"
ENVIRONMENTS = [
    {"PYTHONHASHSEED": "1", "NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "4242", "NUMBA_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"},
]


def process_agrees(code, expected, environment):
    """What a fresh process with these settings prints equals what this one found."""
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        cwd=ENGINE.parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(printed) == expected, f"another process differs under {environment}"


@cache
def own_digests():
    return golden.digests()


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=["one thread", "two threads"])
def test_invariant_7_other_processes_agree(environment):
    process_agrees(SHOW, own_digests(), environment)


def test_invariant_7_catches_a_result_that_depends_on_the_hash_seed():
    code = 'import json; print(json.dumps({"order": [*{"a", "b", "c", "d", "e", "f"}][0] + str(hash("a"))}))'
    found = {}
    for environment in ENVIRONMENTS:
        with pytest.raises(AssertionError):
            process_agrees(code, found, environment)


# --- invariant 8 -----------------------------------------------------------------------------------------------------

CHANGED_ON = (1, 29, 56)


@cache
def shop():
    return make_shop(11)


DATES = replanning_days(91, 7)


@pytest.mark.parametrize("name", STRATEGIES)
def test_invariant_8_plans(name):
    strategy = STRATEGIES[name]()
    for day in CHANGED_ON:
        past_checks.plans_keep_their_past(strategy, shop(), DATES, day)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("strategies/build.py", "known = np.maximum(dates - 1, 0)", "known = dates"),
        ("strategies/build.py", "complete = dates // BUCKET_DAYS", "complete = dates // BUCKET_DAYS + 1"),
        ("strategies/build.py", "cumulated[np.maximum(dates - 1, 0)] / np", "cumulated[dates] / np"),
        (
            "strategies/build.py",
            "np.concatenate([[0], np.cumsum(counts)])[dates]",
            "np.cumsum(counts)[np.minimum(dates + 9, days - 1)]",
        ),
        (
            "strategies/build.py",
            "history.demand_u6 / MICRO, dates)",
            "history.demand_u6 / MICRO, np.minimum(dates + 1, scenario.axes.days))",
        ),
    ],
)
def test_invariant_8_catches_a_planted_look_ahead(path, old, new):
    gather = load(plant(path, old, new), path).gather_information

    def whole_registry():
        for strategy in STRATEGIES.values():
            for day in CHANGED_ON:
                past_checks.plans_keep_their_past(strategy(), shop(), DATES, day, gather)

    with pytest.raises(AssertionError):
        whole_registry()


class Peeks:
    """Adds the highest price there will ever be."""

    def plan(self, information):
        plan = STRATEGIES["base_stock"]().plan(information)
        plan.order_up_to[:] += information.forecast.mean_size.max().astype(int) + information.price.max()
        plan.max_position[:] += int(information.forecast.shape.sum())
        return plan


def test_invariant_8_catches_a_strategy_that_peeks():
    with pytest.raises(AssertionError):
        past_checks.plans_keep_their_past(Peeks(), shop(), DATES, 56, gather_information)


@pytest.mark.parametrize("name", STRATEGIES)
def test_invariant_8_as_users_check_their_own_strategy(name):
    assert _leak(STRATEGIES[name]()) is None


def test_invariant_8_as_users_check_it_names_the_leak():
    assert "on 2024-01-01 depends on later days" in _leak(Peeks())


def _leak(strategy):
    whole = shop().information(DATES)
    scenario, history, actual, rates = shop().scenario, shop().history, shop().actual, shop().rates
    return first_leak(strategy, whole, information_until(scenario, history, actual, rates, 57, 7))


def test_invariant_8_an_offer_of_later_does_not_change_what_is_known_today():
    today = {"supplier_id": "acme", "item_id": "apple", "unit_cost": 100}
    later = today | {"unit_cost": 40, "valid_from": day_of(20)}
    known, with_later = (world(offers=offers).scenario.catalogue for offers in ([today], [today, later]))
    for name in ("replacement_cost", "salvage_value", "primary_supplier"):
        assert np.array_equal(getattr(known, name), getattr(with_later, name)), name


@STEPPERS
@given(seed=st.integers(0, 10**6), day=st.integers(1, 39))
@settings(max_examples=15, deadline=None)
def test_invariant_8_totals(run, seed, day):
    scenario = make_scenario(seed, Size(skus=4, days=40))
    past_checks.totals_keep_their_past(run, scenario, make_levels(seed, scenario), day)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("skus, quantities, prices = self.demand.get(day,", "skus, quantities, prices = self.demand.get(day + 1,"),
        ("rank = times.draws[offer.supplier, day]", "rank = times.draws[offer.supplier, -1]"),
        ("self.scenario.views[:, day], 0)", "self.scenario.views[:, -1], 0)"),
    ],
)
def test_invariant_8_catches_a_run_that_looks_ahead(old, new):
    run = as_function(planted_run(REFERENCE, old, new))

    def every_day():
        for seed in range(4):
            scenario = make_scenario(seed, Size(skus=4, days=40))
            for day in range(1, 40):
                past_checks.totals_keep_their_past(run, scenario, make_levels(seed, scenario), day)

    with pytest.raises(AssertionError):
        every_day()


# --- invariant 9 over many worlds -------------------------------------------------------------------------------------

SIZES = st.builds(
    Size,
    skus=st.integers(0, 6),
    days=st.integers(1, 50),
    suppliers=st.integers(1, 4),
    demand_share=st.sampled_from([0.0, 0.02, 0.4, 1.0]),
    largest_demand=st.sampled_from([1, 6, 60]),
    everything=st.booleans(),
    lead_time=st.integers(1, 30),  # beyond the horizon of a short world
)


@given(seed=st.integers(0, 2**31), size=SIZES)
@settings(max_examples=120, deadline=None)
def test_invariant_9_over_random_worlds(seed, size):
    scenario = make_scenario(seed, size)
    for plan in (make_levels(seed, scenario), make_orders(seed, scenario)):
        totals = run_reference(scenario, plan)
        behaviour_checks.books_balance(scenario, plan, totals)
        assert totals.digest() == run_compiled(scenario, plan).digest()


@pytest.mark.parametrize(
    "size",
    [Size(skus=0, days=10), Size(skus=1, days=30), Size(skus=1, days=1), Size(demand_share=0.0), Size(lead_time=90)],
    ids=["no SKU", "one SKU", "one day", "no demand", "arrivals beyond the horizon"],
)
def test_invariant_9_at_the_edges(size):
    for seed in range(5):
        scenario = make_scenario(seed, size)
        plan = make_levels(seed, scenario)
        totals = run_reference(scenario, plan)
        behaviour_checks.books_balance(scenario, plan, totals)
        assert totals.digest() == run_compiled(scenario, plan).digest()


# --- the compiled twins of 1 to 5 -------------------------------------------------------------------------------------


def test_compiled_tables_hold_integers_only():
    scenario = make_scenario(3)
    plans = (make_levels(3, scenario), make_orders(3, scenario))
    tables = [world_table(scenario), *(plan_table(scenario, plan) for plan in plans), empty_output(scenario)]
    for table in tables:
        for name, array in table._asdict().items():
            assert array.dtype in (np.int64, np.int32), name
            assert array.flags.c_contiguous, name


def test_compiled_registers_the_very_rules_of_the_reference():
    assert set(kernel.RULES) == {function for function in vars(rules).values() if callable(function) and hasattr(function, "__code__")}  # noqa: E501  # fmt: skip
    for rule in kernel.RULES:
        assert getattr(rules, rule.__name__) is rule
        bound = getattr(kernel, rule.__name__, rule)
        assert bound is rule, f"the kernel means another {rule.__name__}"
    assert "engine.rules" in {rule.__module__ for rule in kernel.RULES}


def test_rules_give_integers_for_integers():
    examples = {
        "cost_share": (100, 3, 7), "served": (3, 5), "share_of": (9, 300_000), "views_on_empty_shelf": (9, 4, 2, 0),
        "expired_units": (9, 4), "inventory_position": (3, 4, 5), "needed_quantity": (1, 4, 9, 0),
        "rounded_quantity": (5, 3, 4), "landed_cost_u6": (5, 100, 50, 3), "next_review": (3, 2, np.arange(5)[None], 0),
        "overlap": (1, 5, 2, 9), "order_rank": (5000, 3, 4), "payable_value_days": (100, 30, 1, 5, 10, 0, 50),
    }  # fmt: skip
    truths = {"is_better_offer": (1, 2, 3, 4, 5, 6), "is_refused": (5, 3, 2, 4)}
    assert set(examples) | set(truths) == {rule.__name__ for rule in kernel.RULES}
    for name, arguments in examples.items():
        assert type(getattr(rules, name)(*arguments)) is int, name
    for name, arguments in truths.items():
        assert type(getattr(rules, name)(*arguments)) is bool, name


def test_compiled_cannot_ask_a_rule_in_plain_python():
    scenario = make_scenario(1)
    with pytest.raises(PlanError, match="reference stepper"):
        run_compiled(scenario, Rule(order_quantity=lambda _: 1))


def test_compiled_rows_can_be_advanced_in_steps():
    """``advance`` takes up rows where they stand: what couples rows may stop at each review day."""
    for seed in range(6):
        scenario = make_scenario(seed, Size(skus=3, days=40))
        plan = make_levels(seed, scenario)
        assert run_compiled(scenario, plan).digest() == _in_steps(scenario, plan, (1, 9, 10, 33, 40)).digest()


def _in_steps(scenario, plan, stops):
    skus, output = len(scenario.axes.items), empty_output(scenario)
    states = np.zeros((skus, kernel.STATE_SIZE), np.int64)
    requests = np.zeros((0, kernel.REQUEST_SIZE), np.int64)
    pending = np.zeros((skus, pending_capacity(scenario, plan), 3), np.int64)
    lots = np.zeros((skus, lot_capacity(scenario), 2), np.int64)
    for stop in stops:
        tables = world_table(scenario), plan_table(scenario, plan), output
        kernel.advance(*tables, states, pending, lots, requests, 0, skus, stop == stops[0], stop)
    return totals_of(output)
