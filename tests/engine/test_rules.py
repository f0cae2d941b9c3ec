"""The arithmetic of a SKU-day: hand-made numbers, then properties against slow and obvious definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import rules

units = st.integers(0, 10_000)
money = st.integers(0, 10**9)


def test_cost_share_rounds_down_and_the_last_unit_takes_the_rest():
    assert rules.cost_share(100, 1, 3) == 33
    assert rules.cost_share(67, 1, 2) == 33
    assert rules.cost_share(34, 1, 1) == 34
    assert rules.cost_share(100, 0, 0) == 0


@given(value=money, sales=st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_cost_shares_sum_up_to_the_value(value, sales):
    on_hand, left, gone = sum(sales), value, 0
    for sold in sales:
        cost = rules.cost_share(left, sold, on_hand)
        assert 0 <= cost <= left
        assert left * sold - on_hand < cost * on_hand <= left * sold  # never more than a unit below the exact share
        left, on_hand, gone = left - cost, on_hand - sold, gone + cost
    assert (left, gone) == (0, value)


@given(on_hand=units, unit_cost=st.integers(0, 50), guess=st.integers(0, 50), data=st.data())
def test_a_guess_of_the_unit_cost_changes_no_share(on_hand, unit_cost, guess, data):
    value = data.draw(st.sampled_from([on_hand * unit_cost, on_hand * guess, on_hand * unit_cost + 1]))
    quantity = data.draw(st.integers(0, on_hand))
    expected = value * quantity // on_hand if on_hand else 0
    assert rules.cost_share(value, quantity, on_hand, guess) == expected


@given(on_hand=units, demand=units)
def test_served_is_what_is_there(on_hand, demand):
    sold = rules.served(on_hand, demand)
    assert sold <= on_hand
    assert sold <= demand
    assert sold in (on_hand, demand)


@pytest.mark.parametrize(
    ("amount", "share_u6", "part"), [(9, 500_000, 4), (9, 1_000_000, 9), (9, 0, 0), (1, 999_999, 0)]
)
def test_share_of_rounds_down(amount, share_u6, part):
    assert rules.share_of(amount, share_u6) == part


@pytest.mark.parametrize(
    ("views", "demand", "unserved", "on_hand", "met_empty"),
    [
        (12, 4, 0, 9, 0),  # all served
        (12, 4, 1, 3, 3),  # a quarter of the units, a quarter of the views
        (12, 4, 4, 0, 12),  # nothing there
        (10, 3, 2, 1, 6),  # rounded down
        (12, 0, 0, 0, 12),  # nobody asked, shelf empty
        (12, 0, 0, 5, 0),  # nobody asked, shelf full
    ],
)
def test_views_on_empty_shelf(views, demand, unserved, on_hand, met_empty):
    assert rules.views_on_empty_shelf(views, demand, unserved, on_hand) == met_empty


@given(lots=st.lists(st.integers(0, 20), min_size=1, max_size=8), gone=st.integers(0, 200))
def test_expired_units_are_what_first_in_first_out_leaves_in_the_oldest_lots(lots, gone):
    left, remaining = list(lots), gone
    for index, lot in enumerate(left):
        taken = min(lot, remaining)
        left[index], remaining = lot - taken, remaining - taken
    for count in range(1, len(lots) + 1):
        assert rules.expired_units(sum(lots[:count]), gone) == sum(left[:count])


@pytest.mark.parametrize(
    ("position", "reorder_point", "order_up_to", "order_quantity", "need"),
    [
        (4, 5, 20, 0, 16),
        (5, 5, 20, 0, 15),
        (-3, 0, 1, 0, 4),
        (5, 5, 0, 12, 12),  # at the reorder point: one lot
        (-7, 5, 0, 12, 24),  # one lot would reach 5, which is not above it
        (-6, 5, 0, 12, 12),
        (-20, 5, 0, 12, 36),
    ],
)
def test_needed_quantity(position, reorder_point, order_up_to, order_quantity, need):
    assert rules.needed_quantity(position, reorder_point, order_up_to, order_quantity) == need


@given(position=st.integers(-200, 50), gap=units, quantity=st.integers(1, 300))
def test_needed_lots_are_the_fewest_that_lift_the_position_above_the_reorder_point(position, gap, quantity):
    reorder_point = position + gap
    need = rules.needed_quantity(position, reorder_point, 0, quantity)
    assert need % quantity == 0
    assert position + need > reorder_point
    assert position + need - quantity <= reorder_point


@given(need=st.integers(1, 500), smallest=st.integers(1, 200), multiple=st.integers(1, 60))
def test_rounded_quantity_is_the_least_multiple_that_covers(need, smallest, multiple):
    quantity = rules.rounded_quantity(need, smallest, multiple)
    assert quantity == next(q for q in range(max(need, smallest), 2000) if q % multiple == 0)


def test_rounded_quantity_raises_to_the_minimum_first_then_to_the_pack():
    assert rules.rounded_quantity(8, 12, 5) == 15  # MOQ 12, pack 5
    assert rules.rounded_quantity(13, 12, 5) == 15
    assert rules.rounded_quantity(16, 12, 5) == 20


@given(
    need=st.lists(st.integers(1, 500), min_size=1, max_size=5), smallest=st.integers(1, 99), multiple=st.integers(1, 9)
)
def test_branch_free_rules_take_arrays(need, smallest, multiple):
    array = np.array(need)
    each = [rules.rounded_quantity(value, smallest, multiple) for value in need]
    assert rules.rounded_quantity(array, smallest, multiple).tolist() == each
    costs = [rules.landed_cost_u6(value, 37, 50, 1_234) for value in each]
    assert rules.landed_cost_u6(np.array(each), 37, 50, 1_234).tolist() == costs
    assert rules.inventory_position(array, 3, 1).tolist() == [value + 2 for value in need]


def test_landed_cost_spreads_the_line_and_adds_the_carrying_cost():
    assert rules.landed_cost_u6(10, 100, 50, 0) == 105_000_000  # (1000 + 50) / 10
    assert rules.landed_cost_u6(10, 100, 50, 20_000) == 105_200_000  # + 10 x 0.02
    assert rules.landed_cost_u6(3, 100, 50, 0) == 116_666_666  # 350 / 3, rounded down


def test_a_price_break_is_taken_only_while_its_extra_stock_costs_less_than_it_saves():
    small, large = (5, 100, 0), (50, 90, 0)

    def cost(offer, carry):
        return rules.landed_cost_u6(*offer, carry)

    assert cost(large, 100_000) < cost(small, 100_000)  # saves 10, carries 45 x 0.1 more
    assert cost(large, 300_000) > cost(small, 300_000)  # 45 x 0.3


OFFERS = st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3))  # cost, lead time, quantity


@given(st.lists(OFFERS, min_size=1, max_size=8))
def test_the_best_offer_costs_least_then_is_faster_then_larger_then_first(offers):
    best = 0
    for row, offer in enumerate(offers[1:], 1):
        if rules.is_better_offer(*offer, *offers[best]):
            best = row
    expected = min(range(len(offers)), key=lambda row: (offers[row][0], offers[row][1], -offers[row][2], row))
    assert best == expected


@pytest.mark.parametrize(
    ("quantity", "need", "position", "max_position", "refused"),
    [
        (40, 5, 10, 49, True),  # the minimum pushes it beyond
        (40, 5, 10, 50, False),
        (5, 5, 100, 50, False),  # no minimum or multiple at work: the level itself wants it
    ],
)
def test_is_refused(quantity, need, position, max_position, refused):
    assert rules.is_refused(quantity, need, position, max_position) is refused


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 15), st.data())
def test_next_review_is_the_first_order_day_on_or_after_a_multiple_of_the_period(is_open, period, data):
    days = len(is_open)
    day = data.draw(st.integers(0, days - 1))
    next_order_day = [next((d for d in range(t, days) if is_open[d]), rules.NEVER) for t in range(days)]
    reviews = {next_order_day[nominal] for nominal in range(0, days, period)} - {rules.NEVER}
    expected = min((review for review in reviews if review >= day), default=rules.NEVER)
    assert rules.next_review(day, period, np.array([next_order_day, next_order_day[::-1]]), 0) == expected


@given(*[st.integers(-20, 60)] * 4)
def test_overlap_counts_the_days_in_both(start, end, first, last):
    assert rules.overlap(start, end, first, last) == len(set(range(start, end)) & set(range(first, last)))


@given(
    cost=st.integers(0, 10_000),
    share=st.integers(0, 1_000_000),
    ordered_on=st.integers(-10, 40),
    lead_time=st.integers(1, 20),
    terms=st.integers(0, 30),
    window=st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted),
)
def test_payable_value_days_day_by_day(cost, share, ordered_on, lead_time, terms, window):
    prepaid, arrives_on = rules.share_of(cost, share), ordered_on + lead_time
    expected = 0
    for day in range(*window):
        expected += prepaid * (ordered_on <= day < arrives_on)
        expected -= (cost - prepaid) * (arrives_on <= day < arrives_on + terms)
    assert rules.payable_value_days(cost, prepaid, ordered_on, arrives_on, terms, *window) == expected
