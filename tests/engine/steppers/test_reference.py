"""Each rule of the tick on a trace small enough to compute by hand; both steppers, figures of every day.

A day is a window part of its own, so that totals are daily flows.
"""

import pytest

from engine.plan import NEVER_ORDER, Rule
from engine.steppers.compiled import run_compiled
from engine.steppers.reference import run_reference
from engine.totals import FIELDS
from tests.engine.small_world import levels, orders, small_world

STEPPERS = pytest.mark.parametrize("run", [run_reference, run_compiled])
NOTHING = {"reorder_point": NEVER_ORDER}


def daily(run, demand, plan, sku=0, **world):
    """Field -> values by day of one SKU. ``plan``: columns of ``levels`` or explicit orders."""
    days = len(demand[0]) if isinstance(demand[0], list) else len(demand)
    scenario = small_world(demand, part_ends=range(1, days + 1), **world)
    totals = run(scenario, levels(scenario, **plan) if isinstance(plan, dict) else plan)
    return {name: totals.field(name)[sku].tolist() for name in FIELDS} | {"totals": totals}


@STEPPERS
def test_an_order_placed_on_day_t_serves_demand_from_day_t_plus_lead_time_on(run):
    day = daily(run, [1, 1, 1, 1], {"reorder_point": 0, "order_up_to": 3}, opening=1, offers=[{"lead_time": 2}])
    assert day["sold"] == [1, 0, 1, 1]  # ordered at the close of day 0, on the shelf at the start of day 2
    assert day["lost"] == [0, 1, 0, 0]
    assert day["ordered"] == [3, 0, 0, 0]
    assert day["received"] == [0, 0, 3, 0]
    assert day["on_hand_end"] == [0, 0, 2, 1]


@STEPPERS
def test_the_position_counts_what_is_on_order_and_one_unit_above_the_reorder_point_orders_nothing(run):
    day = daily(run, [2, 0, 1, 0], {"reorder_point": 3, "order_up_to": 8}, opening=6, offers=[{"lead_time": 5}])
    assert day["ordered"] == [0, 0, 5, 0]  # 4 is above 3; 3 is not; then 3 + 5 on order is
    assert day["lines"] == [0, 0, 1, 0]


@STEPPERS
def test_receipts_come_before_demand_and_in_order_of_placement(run):
    placed = orders(
        {"ordered_on": 0, "arrives_on": 3, "quantity": 2, "unit_cost": 90},
        {"ordered_on": 1, "arrives_on": 3, "quantity": 2, "unit_cost": 110},
    )
    day = daily(run, [0, 0, 0, 4], placed)
    assert day["sold"] == [0, 0, 0, 4]
    assert day["spend"] == [0, 0, 0, 400]
    assert day["cost_of_goods_sold"] == [0, 0, 0, 400]


@STEPPERS
def test_an_order_overtakes_an_earlier_one_that_is_slower(run):
    placed = orders(
        {"ordered_on": 0, "arrives_on": 4, "quantity": 5},
        {"ordered_on": 1, "arrives_on": 2, "quantity": 1},
    )
    assert daily(run, [0] * 5, placed)["received"] == [0, 0, 1, 0, 5]


@STEPPERS
def test_lost_sales_are_lost(run):
    day = daily(run, [5, 0, 2], orders({"ordered_on": 0, "arrives_on": 1, "quantity": 4}), opening=3, price=500)
    assert day["sold"] == [3, 0, 2]
    assert day["lost"] == [2, 0, 0]
    assert day["revenue"] == [1500, 0, 1000]
    assert day["lost_revenue"] == [1000, 0, 0]
    assert day["waiting_end"] == [0, 0, 0]


@STEPPERS
def test_moving_average_cost_rounds_down_and_the_last_unit_takes_the_rest(run):
    placed = orders({"ordered_on": 0, "arrives_on": 1, "quantity": 1, "unit_cost": 101})
    day = daily(run, [0, 1, 1, 1], placed, opening=2, opening_value=199)
    assert day["value_end"] == [199, 200, 100, 0]  # 199 + 101 - 300 // 3, then 200 // 2, then what is left
    assert day["cost_of_goods_sold"] == [0, 100, 100, 100]
    day = daily(run, [1, 1, 1], NOTHING, opening=3, opening_value=100)
    assert day["cost_of_goods_sold"] == [33, 33, 34]


@STEPPERS
def test_the_oldest_lot_expires_first_and_takes_its_share_of_the_value(run):
    placed = orders({"ordered_on": 0, "arrives_on": 2, "quantity": 6, "unit_cost": 200})
    day = daily(run, [3, 0, 0, 0, 0], placed, opening=10, shelf_life=3)
    assert day["on_hand_end"] == [7, 7, 13, 6, 6]  # 7 of the opening lot are left when it ends on day 3
    assert day["expired"] == [0, 0, 0, 7, 0]
    assert day["write_offs"] == [0, 0, 0, 1900 * 7 // 13, 0]
    longer = daily(run, [3, 0, 0, 0, 0, 2], placed, opening=10, shelf_life=3)
    assert longer["expired"] == [0, 0, 0, 7, 0, 6]  # before demand is served
    assert longer["sold"] == [3, 0, 0, 0, 0, 0]


@STEPPERS
def test_what_was_sold_since_came_from_the_oldest_lot(run):
    placed = orders({"ordered_on": 0, "arrives_on": 1, "quantity": 4})
    day = daily(run, [0, 5, 0, 0, 0], placed, opening=3, shelf_life=2)
    assert day["expired"] == [0, 0, 0, 2, 0]  # opening lot sold out; two of four are left of the second


@STEPPERS
def test_a_share_of_unserved_demand_waits_and_is_filled_first(run):
    placed = orders({"ordered_on": 0, "arrives_on": 2, "quantity": 5, "unit_cost": 100})
    day = daily(run, [4, 3, 2], placed, opening=1, price=500, waiting_share_u6=500_000)
    assert day["waited"] == [1, 1, 0]  # half of 3 and of 3, rounded down
    assert day["late"] == [0, 0, 2]
    assert day["sold"] == [1, 0, 2]  # fill counts units served on the day only
    assert day["lost"] == [3, 3, 0]
    assert day["lost_revenue"] == [2 * 500, 2 * 500, 0]
    assert day["revenue"] == [500, 0, 4 * 500]
    assert day["waiting_end"] == [1, 2, 0]


@STEPPERS
def test_a_receipt_too_small_fills_part_of_the_waiting_demand(run):
    placed = orders(
        {"ordered_on": 0, "arrives_on": 1, "quantity": 2}, {"ordered_on": 0, "arrives_on": 2, "quantity": 9}
    )
    day = daily(run, [3, 0, 0], placed, waiting_share_u6=1_000_000, price=[500])
    assert day["late"] == [0, 2, 1]
    assert day["revenue"] == [0, 1000, 500]
    assert day["on_hand_end"] == [0, 0, 8]


@STEPPERS
def test_waiting_demand_lowers_the_position(run):
    day = daily(
        run, [4, 0], {"reorder_point": 0, "order_up_to": 2}, waiting_share_u6=1_000_000, offers=[{"lead_time": 9}]
    )
    assert day["ordered"] == [6, 0]


@STEPPERS
def test_adjustments_come_first_and_removals_are_capped_at_the_stock(run):
    day = daily(run, [0, 2, 0], NOTHING, opening=3, adjustments=[(0, 0, -5, 100), (0, 1, 4, 70), (0, 2, -1, 0)])
    assert day["shrunk"] == [3, 0, 1]
    assert day["write_offs"] == [300, 0, 70]
    assert day["adjusted"] == [0, 4, 0]
    assert day["adjusted_value"] == [0, 280, 0]
    assert day["sold"] == [0, 2, 0]  # found in the morning, sold the same day
    assert day["on_hand_end"] == [0, 2, 1]


@STEPPERS
@pytest.mark.parametrize(
    ("period", "open_days", "reviewed"),
    [
        (1, range(10), range(10)),
        (3, range(10), [0, 3, 6, 9]),
        (1, [2, 5], [2, 5]),
        (3, [1, 4, 8], [1, 4, 8]),  # due on 0, 3, 6, 9: each on the supplier's next order day
        (7, [3, 4], [3]),  # due on 0 and 7; nothing is open after 7
    ],
)
def test_a_review_falls_on_the_suppliers_next_order_day(run, period, open_days, reviewed):
    plan = {"reorder_point": 99, "order_quantity": 100, "review_period": period}
    day = daily(run, [200] * 10, plan, order_days=[open_days], offers=[{"lead_time": 1}])
    assert [index for index, lines in enumerate(day["lines"]) if lines] == list(reviewed)


@STEPPERS
def test_goods_arrive_on_a_day_on_which_the_shop_receives(run):
    arrival = [0, 1, 4, 4, 4, 5, 6, 7]
    day = daily(run, [0] * 6, {"reorder_point": 0, "order_up_to": 2}, offers=[{"lead_time": 2}], arrival_day=arrival)
    assert day["received"] == [0, 0, 0, 0, 2, 0]


@STEPPERS
def test_the_lead_time_met_is_that_of_the_order_day(run):
    plan = {"reorder_point": 0, "order_up_to": 1, "lead_time": 9}
    day = daily(run, [1, 1, 1, 1, 1, 1], plan, offers=[{"lead_time": 2}], delivers_in=[3, 9, 9, 1, 1, 1])
    assert day["received"] == [0, 0, 0, 1, 1, 1]


@STEPPERS
def test_an_order_that_a_minimum_pushes_beyond_the_cover_is_not_placed(run):
    plan = {"reorder_point": 2, "order_up_to": 4, "max_position": 20}
    refused = daily(run, [0, 0], plan, opening=1, offers=[{"smallest_quantity": 24}])
    assert refused["ordered"] == [0, 0]
    allowed = daily(run, [0, 0], plan | {"max_position": 25}, opening=1, offers=[{"smallest_quantity": 24}])
    assert allowed["ordered"] == [24, 0]
    wanted = daily(run, [0, 0], plan | {"order_up_to": 30}, opening=1)
    assert wanted["ordered"] == [29, 0]  # the level itself may go beyond


@STEPPERS
def test_a_price_break_is_taken_where_it_pays_to_carry_it(run):
    offers = [{"unit_cost": 100}, {"unit_cost": 90, "smallest_quantity": 50}]
    plan = {"reorder_point": 0, "order_up_to": 5}
    assert daily(run, [0], plan | {"carry_u6": 200_000}, offers=offers)["ordered"] == [50]  # 90 + 10 < 100 + 1
    assert daily(run, [0], plan | {"carry_u6": 300_000}, offers=offers)["ordered"] == [5]  # 90 + 15 > 100 + 1.5


@STEPPERS
def test_the_line_cost_counts_when_offers_compete(run):
    offers = [{"unit_cost": 100}, {"unit_cost": 98, "line_cost": 20, "supplier": 1}]
    small = daily(run, [0], {"reorder_point": 0, "order_up_to": 9}, offers=offers)
    assert small["totals"].supplier_lines[:, 0].tolist() == [1, 0]  # 98 + 20 / 9 > 100
    large = daily(run, [0], {"reorder_point": 0, "order_up_to": 11}, offers=offers)
    assert large["totals"].supplier_lines[:, 0].tolist() == [0, 1]
    assert large["line_costs"] == [20]


@STEPPERS
def test_ties_go_to_the_faster_then_the_larger_then_the_first_supplier(run):
    plan = {"reorder_point": 0, "order_up_to": 5}
    faster = daily(run, [0], plan, offers=[{"lead_time": 4}, {"lead_time": 3, "supplier": 1}])
    assert faster["totals"].supplier_lines[:, 0].tolist() == [0, 1]
    larger = daily(run, [0], plan, offers=[{}, {"multiple": 3, "supplier": 1}])
    assert larger["ordered"] == [6]
    first = daily(run, [0], plan, offers=[{}, {"supplier": 1}])
    assert first["totals"].supplier_lines[:, 0].tolist() == [1, 0]


@STEPPERS
def test_offers_that_are_slower_than_the_levels_or_closed_or_not_valid_do_not_compete(run):
    offers = [
        {"unit_cost": 10, "lead_time": 5},
        {"unit_cost": 20, "supplier": 1, "valid_from": 1},
        {"unit_cost": 30, "supplier": 2},
        {"unit_cost": 40, "supplier": 3},
    ]
    every, plan = range(3), {"reorder_point": 0, "order_up_to": 1, "lead_time": 4, "supplier": 3}
    day = daily(run, [0], plan, offers=offers, order_days=[every, every, [1, 2], every])
    assert day["totals"].supplier_lines[:, 0].tolist() == [0, 0, 0, 1]


@STEPPERS
def test_reorder_lots_are_multiples_of_the_order_quantity(run):
    plan = {"reorder_point": 4, "order_quantity": 6}
    day = daily(run, [3, 13], plan, opening=6, waiting_share_u6=1_000_000, offers=[{"lead_time": 9}])
    assert day["ordered"] == [6, 12]  # from 3 one lot; from 3 + 6 - 13 = -4 two: one would reach 2


@STEPPERS
def test_levels_change_on_replanning_dates_and_before_the_first_nothing_is_ordered(run):
    plan = {"days": (1, 3), "reorder_point": [[0], [5]], "order_up_to": [[2], [9]]}
    day = daily(run, [0, 0, 0, 0], plan, offers=[{"lead_time": 9}])
    assert day["ordered"] == [0, 2, 0, 7]


@STEPPERS
def test_outside_its_listing_nothing_is_ordered_and_no_stock_out_counts_but_demand_does(run):
    day = daily(
        run, [1, 1, 1, 1, 1], {"reorder_point": 0, "order_up_to": 1}, listed_from=1, listed_until=4,
        offers=[{"lead_time": 1}],
    )  # fmt: skip
    assert day["lines"] == [0, 1, 1, 1, 0]
    assert day["stockout_days"] == [0, 1, 1, 1, 0]
    assert day["sold"] == [0, 0, 1, 1, 1]
    assert day["lost"] == [1, 1, 0, 0, 0]


@STEPPERS
def test_payment_terms_and_prepayment_are_booked_in_the_parts_they_touch(run):
    placed = orders({"ordered_on": 1, "arrives_on": 3, "quantity": 10, "unit_cost": 100})
    day = daily(run, [0] * 7, placed, prepayment_u6=300_000, terms_days=2)
    assert day["payable_value_days"] == [0, 300, 300, -700, -700, 0, 0]
    unknown = orders({"ordered_on": 1, "arrives_on": 3, "quantity": 10, "supplier": -1})
    assert daily(run, [0] * 7, unknown, prepayment_u6=300_000, terms_days=2)["payable_value_days"] == [0] * 7
    opened = [{"ordered_on": -2, "arrives_on": 2, "quantity": 10, "unit_cost": 100}]
    before = daily(run, [0] * 5, NOTHING, opening_orders=opened, prepayment_u6=1_000_000)
    assert before["payable_value_days"] == [1000, 1000, 0, 0, 0]


@STEPPERS
def test_on_order_value_counts_from_the_close_of_the_order_day_to_the_receipt(run):
    placed = orders({"ordered_on": 1, "arrives_on": 3, "quantity": 10, "unit_cost": 100})
    day = daily(run, [0] * 5, placed)
    assert day["on_order_value_days"] == day["on_order_value_end"] == [0, 1000, 1000, 0, 0]
    assert day["totals"].on_order_value.tolist() == [[0, 1000, 1000, 0, 0]]
    assert day["totals"].inventory_value.tolist() == [[0, 0, 0, 1000, 1000]]


@STEPPERS
def test_a_cycle_runs_from_receipt_to_receipt(run):
    placed = orders(*({"ordered_on": 0, "arrives_on": when, "quantity": 2} for when in (1, 3, 5, 7)))
    day = daily(run, [9, 1, 1, 5, 0, 0, 0, 1], placed)
    # Before the first receipt: no cycle. 1-2 served; 3-4 with lost units; 5-6 without demand; 7 on is incomplete.
    assert day["cycles"] == [0, 0, 0, 1, 0, 1, 0, 0]
    assert day["short_cycles"] == [0, 0, 0, 0, 0, 1, 0, 0]


@STEPPERS
def test_two_receipts_on_one_day_close_one_cycle(run):
    placed = orders(*({"ordered_on": 0, "arrives_on": when, "quantity": 1} for when in (1, 3, 3)))
    day = daily(run, [0, 1, 0, 0], placed)
    assert sum(day["cycles"]) == 1


@STEPPERS
def test_views_that_meet_an_empty_shelf(run):
    views = [[10, 10, 10, 10]]
    day = daily(run, [2, 4, 0, 1], NOTHING, opening=4, views=views)
    assert day["views_out"] == [0, 5, 10, 10]  # half of the units unserved; nobody asked of an empty shelf; none there
    sold_out = daily(run, [4, 0], NOTHING, opening=4, views=[[10, 10]])
    assert sold_out["views_out"] == [0, 10]  # the last unit went to a customer: no view was in vain


@STEPPERS
def test_stock_out_days_and_unit_days_are_those_of_the_close(run):
    day = daily(run, [1, 1, 0], orders({"ordered_on": 1, "arrives_on": 2, "quantity": 3}), opening=2)
    assert day["stockout_days"] == [0, 1, 0]
    assert day["unit_days"] == [1, 0, 3]
    assert day["value_days"] == [100, 0, 300]
    assert day["last_sale_day"] == [0, 1, 1]


@STEPPERS
def test_order_lines_are_counted_by_supplier_and_day(run):
    placed = orders(
        {"sku": 0, "ordered_on": 1, "arrives_on": 2},
        {"sku": 1, "ordered_on": 1, "arrives_on": 3},
        {"sku": 1, "ordered_on": 2, "arrives_on": 3, "supplier": -1},
    )
    totals = daily(run, [[0] * 4, [0] * 4], placed)["totals"]
    assert totals.supplier_lines.tolist() == [[0, 2, 0, 0]]
    assert totals.field("lines").sum(axis=1).tolist() == [1, 2]


def test_a_rule_in_plain_python_sees_the_position_and_is_asked_at_each_review():
    seen = []

    def order_quantity(position):
        seen.append((position.day, position.on_hand, position.on_order, position.waiting, position.position))
        return 5 if position.position < 3 else 0

    scenario = small_world([2, 0, 2, 0, 0], opening=4, offers=[{"lead_time": 3}], part_ends=range(1, 6))
    totals = run_reference(scenario, Rule(order_quantity=order_quantity, review_period=2))
    assert seen == [(0, 2, 0, 0, 2), (2, 0, 5, 0, 5), (4, 5, 0, 0, 5)]
    assert totals.field("ordered")[0].tolist() == [5, 0, 0, 0, 0]


def test_an_observer_sees_the_close_of_every_day():
    scenario = small_world([1, 1, 1], opening=2)
    seen = []
    run_reference(scenario, levels(scenario, **NOTHING), lambda day, state: seen.append((day, state.on_hand.at[0])))
    assert seen == [(0, 1), (1, 0), (2, 0)]
