"""What every strategy owes: sound levels, its own opinion, service that rises with the target, the owner's bounds."""

from dataclasses import fields, replace
from functools import partial
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.errors import InputError
from engine.forecast import OrderHistory
from engine.forecast.views import ViewHistory
from engine.plan import NEVER_ORDER, UNLIMITED, check_levels
from engine.segments import Segments
from engine.simulation import simulate
from engine.steppers.reference import run_reference
from engine.strategies import STRATEGIES
from engine.strategies.build import KnownHistory, gather_information, replanning_days
from tests.engine.make_information import Shop, make_information, make_shop
from tests.engine.make_scenario import Size, int64
from tests.engine.permuted import permuted, permuted_plan

DATES = replanning_days(91, 7)
SEVEN = tuple(name for name in STRATEGIES if name != "naive_min_max")
WITH_TARGET = ("continuous_review", "periodic_order_up_to", "min_max", "abc_xyz")
every_strategy = pytest.mark.parametrize("name", STRATEGIES)


def plan_of(name, information, /, **parameters):
    return STRATEGIES[name](**parameters).plan(information)


def top(plan):
    """The highest position a plan aims at, where it orders at all; -1 where it does not."""
    highest = np.where(plan.order_quantity > 0, plan.reorder_point + plan.order_quantity, plan.order_up_to)
    return np.where(plan.reorder_point > NEVER_ORDER, highest, -1)


def test_seven_strategies_compete():
    assert len(SEVEN) == 7


@given(seed=st.integers(0, 10**6), skus=st.integers(1, 9), days=st.integers(1, 120), every=st.sampled_from([1, 7, 30]))
@settings(max_examples=25, deadline=None)
def test_every_plan_is_sound_and_runs(seed, skus, days, every):
    shop = make_shop(seed, Size(skus=skus, days=days, everything=seed % 2 == 0))
    information = shop.information(replanning_days(days, every))
    for name in STRATEGIES:
        plan = plan_of(name, information)
        check_levels(plan, shop.scenario.axes, name)
        assert plan.days.tolist() == list(range(0, days, every))
    simulate(shop.scenario, plan)


@every_strategy
def test_a_shop_without_demand_or_offers_can_be_planned(name):
    shop = make_shop(3)
    silent = {field: getattr(shop.history.orders, field) * 0 for field in ("orders", "units", "squares")}
    history = replace(shop.history, orders=replace(shop.history.orders, **silent), demand_u6=shop.history.demand_u6 * 0)
    offers = replace(shop.scenario.offers, valid_until=shop.scenario.offers.valid_from)
    plan = plan_of(name, replace(shop, history=history).information(DATES))
    check_levels(plan, shop.scenario.axes, name)
    nothing = replace(shop, scenario=replace(shop.scenario, offers=offers))
    assert (plan_of(name, nothing.information(DATES)).reorder_point == NEVER_ORDER).all()


def test_plans_of_the_seven_differ():
    information = make_information(1)
    plans = {name: plan_of(name, information) for name in SEVEN}
    for one, other in combinations(SEVEN, 2):
        same = [np.array_equal(a, plans[other].matrices()[field]) for field, a in plans[one].matrices().items()]
        assert not all(same), f"{one} and {other} plan the same"


@pytest.mark.parametrize("kind", ["fill_rate", "cycle_service_level"])
@pytest.mark.parametrize("name", WITH_TARGET)
def test_a_higher_target_gives_no_lower_level(name, kind):
    for seed in range(4):
        information = make_information(seed)
        plans = [plan_of(name, information, target=target, target_kind=kind) for target in (0.6, 0.9, 0.95, 0.99)]
        for low, high in pairwise(plans):
            assert (high.reorder_point >= low.reorder_point).all()
            assert (top(high) >= top(low)).all() or name in {"min_max", "abc_xyz"}  # s rises, the lot may shrink
        assert (plans[-1].reorder_point > plans[0].reorder_point).any()


@pytest.mark.parametrize("name", [name for name in SEVEN if name not in WITH_TARGET])
def test_strategies_that_weigh_margins_have_no_target(name):
    information = make_information(2)
    low, high = (plan_of(name, information, target=target) for target in (0.6, 0.99))
    assert np.array_equal(low.order_up_to, high.order_up_to)


def twins(spread):
    """One history twice; the second item's supplier delivers within 10 days, more or less ``spread``."""
    shop = make_shop(5, Size(skus=2, days=91, suppliers=2, everything=False))
    one = {"sku": [0, 1], "supplier": [0, 1], "lead_time": [10, 10], "distribution": [0, 1]}
    same = {"smallest_quantity": 1, "multiple": 1, "unit_cost": 400, "line_cost": 20, "valid_from": 0}
    count = len(shop.scenario.offers)
    columns = {name: int64(values) for name, values in one.items()}
    columns |= {name: int64([value, value]) for name, value in (same | {"valid_until": 91}).items()}
    assert count
    offers = replace(shop.scenario.offers, first_row=int64([0, 1, 2]), **columns)
    ranks = np.arange(264)
    quantiles = int64([9 + ranks * 3 // 264, 10 - spread + ranks * (2 * spread + 1) // 264])
    scenario = replace(
        shop.scenario,
        offers=offers,
        catalogue=replace(
            shop.scenario.catalogue, replacement_cost=int64([400, 400]), category=int64([0, 0]),
            salvage_value=int64([100, 100]), shelf_life=int64([0, 0]),
        ),
        suppliers=replace(shop.scenario.suppliers, order_cost=int64([300, 300])),
        lead_times=replace(shop.scenario.lead_times, quantiles=quantiles),
    )  # fmt: skip

    def twice(matrix):
        return np.repeat(matrix[:1], 2, axis=0)

    orders = shop.history.orders
    history = KnownHistory(
        OrderHistory(
            twice(orders.orders) + 1, twice(orders.exposure) * 0 + 1, twice(orders.units) + 1,
            twice(orders.squares) + 1, int64([0, 0]), 0,
        ),
        twice(shop.history.demand_u6),
        twice(shop.history.variance_u6),
        twice(shop.history.price),
    )  # fmt: skip
    assert quantiles.mean(axis=1).tolist() == [10.0, 10.0]
    return replace(shop, scenario=scenario, history=history)


@pytest.mark.parametrize("name", ["continuous_review", "periodic_order_up_to", "min_max", "newsvendor", "base_stock"])
def test_an_erratic_supplier_gets_a_larger_buffer_than_a_steady_one_of_equal_mean(name):
    erratic = plan_of(name, twins(5).information(DATES))  # 5 to 15 days against 9 to 11
    assert (erratic.reorder_point[:, 1] >= erratic.reorder_point[:, 0]).all()
    assert (erratic.reorder_point[4:, 1] > erratic.reorder_point[4:, 0]).all()
    steady = plan_of(name, twins(1).information(DATES))
    assert np.array_equal(steady.reorder_point[:, 1], steady.reorder_point[:, 0])


@every_strategy
def test_what_is_not_to_be_ordered_is_not_ordered(name):
    shop = make_shop(7)
    stop = np.arange(8) % 2
    scenario = replace(shop.scenario, catalogue=replace(shop.scenario.catalogue, do_not_order=stop))
    plan = plan_of(name, replace(shop, scenario=scenario).information(DATES))
    assert (plan.reorder_point[:, stop == 1] == NEVER_ORDER).all()
    assert simulate(scenario, plan).field("ordered")[stop == 1].sum() == 0
    assert simulate(scenario, plan).field("ordered")[stop == 0].sum() > 0


def bounded_run(name, **bounds):
    shop = make_shop(7)
    catalogue = shop.scenario.catalogue
    empty = catalogue.opening_on_hand * 0
    columns = {field: np.full(8, value) for field, value in bounds.items()}
    scenario = replace(
        shop.scenario, catalogue=replace(catalogue, opening_on_hand=empty, opening_value=empty, **columns)
    )
    plan = plan_of(name, replace(shop, scenario=scenario).information(DATES))
    check_levels(plan, scenario.axes, name)
    return scenario, plan


@every_strategy
def test_min_stock_lifts_the_reorder_point(name):
    _, plan = bounded_run(name, min_stock=60)
    active = plan.reorder_point > NEVER_ORDER
    assert active.any()
    assert (plan.reorder_point[active] >= 59).all()


@every_strategy
def test_max_stock_caps_the_levels(name):
    _, plan = bounded_run(name, max_stock=10)
    active = plan.reorder_point > NEVER_ORDER
    assert (plan.reorder_point[active] < 10).all()
    assert (plan.order_up_to[active] <= 10).all()
    assert (plan.max_position <= 10).all()


@every_strategy
def test_no_position_exceeds_max_stock(name):
    scenario, plan = bounded_run(name, max_stock=10)
    highest = []
    run_reference(scenario, plan, lambda _, state: highest.append(int((state.on_hand.all + state.on_order.all).max())))
    assert 0 < max(highest) <= 10


@every_strategy
def test_a_minimum_beyond_the_longest_cover_is_not_ordered(name):
    shop = make_shop(1)
    offers = shop.scenario.offers
    scenario = replace(shop.scenario, offers=replace(offers, smallest_quantity=np.full(len(offers), 5_000)))
    plan = plan_of(name, replace(shop, scenario=scenario).information(DATES), max_cover_days=90)
    assert simulate(scenario, plan).field("ordered").sum() == 0


@every_strategy
@pytest.mark.parametrize("days", [1, 20])
def test_no_level_reaches_beyond_its_cover(name, days):
    information = make_shop(1).information(DATES)
    plan = plan_of(name, information, level_cover_days=days)
    free = plan_of(name, information)
    most = np.maximum(np.ceil(information.daily_mean * days), 1)
    active = plan.reorder_point > NEVER_ORDER
    lots = active & (plan.order_quantity > 0)
    assert (plan.reorder_point[active] < most[active]).all()
    assert (plan.order_up_to[active] <= most[active]).all()
    assert (plan.order_quantity[lots] <= np.maximum(most - plan.reorder_point, 1)[lots]).all()
    assert np.array_equal(active, free.reorder_point > NEVER_ORDER)
    assert (plan.order_up_to <= free.order_up_to).all()
    assert (plan.order_up_to < free.order_up_to).any() or days > 1


@every_strategy
def test_the_owners_minimum_stands_above_the_cover(name):
    shop = make_shop(1)
    catalogue = replace(shop.scenario.catalogue, min_stock=np.full(8, 60))
    scenario = replace(shop.scenario, catalogue=catalogue)
    plan = plan_of(name, replace(shop, scenario=scenario).information(DATES), level_cover_days=5)
    active = plan.reorder_point > NEVER_ORDER
    assert (plan.reorder_point[active] >= 59).all()


@every_strategy
def test_a_shop_without_any_offer_can_be_planned(name):
    shop = make_shop(3)
    offers = shop.scenario.offers
    none = {field.name: getattr(offers, field.name)[:0] for field in fields(offers) if field.name != "first_row"}
    scenario = replace(shop.scenario, offers=replace(offers, first_row=offers.first_row * 0, **none))
    plan = plan_of(name, replace(shop, scenario=scenario).information(DATES))
    assert (plan.reorder_point == NEVER_ORDER).all()


@every_strategy
def test_bounds_that_contradict_each_other_still_give_sound_levels(name):
    bounded_run(name, min_stock=50, max_stock=10)
    _, plan = bounded_run(name, max_stock=0)
    assert (plan.reorder_point == NEVER_ORDER).all()
    _, free = bounded_run(name, max_stock=UNLIMITED)
    assert (free.reorder_point > NEVER_ORDER).any()


@pytest.mark.parametrize("name", ["continuous_review", "periodic_order_up_to", "min_max", "newsvendor", "base_stock"])
def test_a_larger_safety_multiplier_gives_no_lower_level_above_the_mean(name):
    information = make_information(4)
    one, two = (plan_of(name, information, safety_multiplier=multiplier) for multiplier in (1.0, 1.5))
    differs = two.reorder_point - one.reorder_point
    assert (differs[one.reorder_point > information.daily_mean * 40] >= 0).all()
    assert differs.any()


def test_a_smaller_budget_ties_up_less_and_a_large_one_does_not_bind():
    information = make_information(6)
    shares = (0.02, 0.2, 1.0, 10.0)
    levels = [np.maximum(top(plan_of("budget_constrained", information, budget_share=s)), 0) for s in shares]
    spent = [(level * information.catalogue.replacement_cost).sum(axis=1) for level in levels]
    for low, high in pairwise(spent):
        assert (low <= high).all()
    assert spent[0].sum() < spent[-1].sum()


@pytest.mark.parametrize(
    "wrong",
    [{"target": 1.0}, {"target": 0.0}, {"review_period": 0}, {"safety_multiplier": -1}, {"max_cover_days": 0},
     {"target_kind": "luck"}, {"colour": "red"}],
    ids=str,
)  # fmt: skip
@every_strategy
def test_parameters_are_checked(name, wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        STRATEGIES[name](**wrong)


def shop_in_order(shop, order):
    """The same shop with its SKUs in another order."""
    orders, history = shop.history.orders, shop.history
    moved = OrderHistory(
        orders.orders[order], orders.exposure[order], orders.units[order], orders.squares[order],
        orders.category[order], orders.first_weekday,
    )  # fmt: skip
    scenario, actual = permuted(shop.scenario, order), permuted_plan(shop.actual, order)
    views = ViewHistory(history.views.views[order], history.views.logged[order])
    known = KnownHistory(moved, history.demand_u6[order], history.variance_u6[order], history.price[order], views)
    return Shop(scenario, known, actual, run_reference(scenario, actual), shop.rates)


@every_strategy
def test_plans_do_not_depend_on_the_order_of_skus(name):
    for seed in range(5):
        shop = make_shop(seed)
        order = np.random.default_rng(seed).permutation(8)
        plan = plan_of(name, shop.information(DATES))
        moved = plan_of(name, shop_in_order(shop, order).information(DATES))
        active = moved.reorder_point > NEVER_ORDER
        for field, matrix in plan.matrices().items():
            same = matrix[:, order] == moved.matrices()[field]
            assert (same | ~active).all(), field
        assert np.array_equal(active, plan.reorder_point[:, order] > NEVER_ORDER)


@every_strategy
@pytest.mark.parametrize("option", ["views", "croston", "sba", "tsb", "ses"])
def test_every_strategy_plans_through_every_information_option(name, option):
    shop = make_shop(11)
    information = shop.information(DATES, partial(gather_information, options=(option, "views")))
    plan, usual = plan_of(name, information, information=option), plan_of(name, information)
    check_levels(plan, shop.scenario.axes, name)
    assert any((plan.matrices()[field] != matrix).any() for field, matrix in usual.matrices().items())
    seen = information.through(option)
    assert seen.seen_through == option
    assert seen.through("exposure").forecast is information.forecast


def test_an_option_that_was_not_forecast_is_named():
    with pytest.raises(
        InputError, match=r"information must be one of those forecast \(exposure, views\), was 'croston'"
    ):
        plan_of("newsvendor", make_information(1), information="croston")


def test_abc_xyz_senses_its_erratic_best_sellers_by_views():
    shop = make_shop(6, Size(skus=40, days=91, everything=False))
    louder = replace(shop.history.views, views=shop.history.views.views.copy())
    louder.views[:, 77:] *= 5
    more = replace(shop, history=replace(shop.history, views=louder))
    erratic = np.arange(40) % 2 == 0
    cells = np.broadcast_to(np.where(erratic, 2, 1), (len(DATES), 40))  # AZ and AY
    calm, loud = (
        plan_of("abc_xyz", replace(each.information(DATES), segments=Segments(cells * 0, cells)))
        for each in (shop, more)
    )
    assert np.array_equal(calm.order_up_to[:, ~erratic], loud.order_up_to[:, ~erratic])
    assert (loud.order_up_to[12, erratic] > calm.order_up_to[12, erratic]).mean() > 0.5
