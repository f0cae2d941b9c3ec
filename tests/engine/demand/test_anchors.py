"""One stock record is enough where receipts are logged: stock of all days by the flows, and what was repaired."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.demand.activity import daily_activity
from engine.demand.codes import DayFlag
from engine.demand.repairs import stock_repairs
from tests.engine.demand.logs_by_hand import SETTINGS, axes, logs, purchases, sales, snapshots

LOGGED = purchases(("another item", 0, 1, 1))
"""The shop logs what it receives."""


def activity(days=5, **tables):
    tables = {"purchase_orders": LOGGED} | tables
    return daily_activity(logs(**tables), axes("A", days), SETTINGS)


def test_a_record_after_the_last_day_is_carried_back_over_later_sales_and_receipts():
    frame = activity(
        days=4,
        conversions=sales(("A", 1, 10, 2), ("A", 3, 10, 1), ("A", 5, 10, 4)),
        purchase_orders=purchases(("A", 0, 2, 5), ("A", 0, 6, 3)),
        stock_snapshots=snapshots(("A", 7, 10)),
    )
    # 10 - 3 received on day 6 + 4 sold on day 5 = 11 at the close of day 3
    assert frame["stock_close"].to_list() == [9, 7, 12, 11]
    assert frame["stock_state"].to_list() == ["reconstructed"] * 4
    assert frame["adjustments"].to_list() == [0, 0, 0, 0]
    assert all(flags & DayFlag.BEFORE_FIRST_SNAPSHOT for flags in frame["flags"])


def test_a_record_before_the_first_day_is_carried_forward_and_is_no_hindsight():
    frame = activity(
        days=3,
        conversions=sales(("A", -2, 10, 1), ("A", 0, 10, 2)),
        purchase_orders=purchases(("A", -9, -1, 4)),
        stock_snapshots=snapshots(("A", -3, 5)),
    )
    assert frame["stock_close"].to_list() == [6, 6, 6]
    assert frame["stock_open"].to_list() == [8, 6, 6]
    assert not any(flags & DayFlag.BEFORE_FIRST_SNAPSHOT for flags in frame["flags"])


def test_records_within_the_days_know_better_than_later_ones():
    frame = activity(days=3, stock_snapshots=snapshots(("A", 1, 5), ("A", 9, 50)))
    assert frame["stock_close"].to_list() == [5, 5, 5]


def test_where_no_receipts_are_logged_a_later_record_tells_of_its_own_day_only():
    nothing = LOGGED.clear()
    frame = activity(
        days=3, purchase_orders=nothing, conversions=sales(("A", 1, 10, 2)), stock_snapshots=snapshots(("A", 4, 5))
    )
    assert frame["stock_close"].to_list() == [None, None, 5]
    assert frame["stock_state"].to_list() == ["unknown", "unknown", "reconstructed"]
    assert stock_repairs(frame).is_empty()


@settings(max_examples=40, deadline=None)
@given(
    opening=st.integers(0, 30),
    flows=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=2, max_size=12),
    taken=st.integers(-3, 14),
)
def test_one_record_of_any_day_gives_the_stock_of_every_day(opening, flows, taken):
    """Books that balance: the record of one day, wherever it lies, must reproduce all of them."""
    stock, sold, received, closing = opening, [], [], {}
    for day, (inward, wanted) in enumerate(flows):
        stock += inward
        out = min(stock, wanted)
        stock -= out
        closing[day] = stock
        sold += [("A", day, 12, out)] if out else []
        received += [("A", -1, day, inward)] if inward else []
    days = len(flows)
    tables = {"stock_snapshots": snapshots(("A", taken, closing.get(taken, opening if taken < 0 else stock)))}
    if sold:
        tables["conversions"] = sales(*sold)
    if received:
        tables["purchase_orders"] = purchases(*received)
    frame = activity(days, **tables)
    assert frame["stock_close"].to_list() == [closing[day] for day in range(days)]
    assert not np.any(frame["adjustments"].to_numpy())
    assert stock_repairs(frame).is_empty()


def test_contradictions_are_listed_with_what_was_made_of_them():
    frame = activity(
        days=5,
        conversions=sales(("A", 1, 9, 3), ("A", 3, 9, 1)),
        purchase_orders=purchases(("A", 0, 2, 4)),
        stock_snapshots=snapshots(("A", 0, 2), ("A", 2, 9), ("A", 4, 5)),
    )
    assert stock_repairs(frame).rows() == [
        (0, 1, "sold beyond stock", -1, 0),
        (0, 2, "more than receipts and sales explain", 4, 9),
        (0, 4, "less than receipts and sales explain", 8, 5),
    ]
