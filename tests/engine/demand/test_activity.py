"""Daily activity with numbers worked out by hand."""

import pytest
from polars.testing import assert_frame_equal

from engine.demand.activity import ACTIVITY_COLUMNS, build_activity, daily_activity
from engine.demand.codes import DayFlag
from engine.settings import DemandSettings
from tests.engine.demand.logs_by_hand import (
    SETTINGS,
    axes,
    daily_views,
    logs,
    purchases,
    sales,
    snapshots,
    views,
)


def activity(days=5, items="A", settings=SETTINGS, **tables):
    return daily_activity(logs(**tables), axes(items, days), settings)


def flagged(frame, flag):
    return [(row["sku"], row["day"]) for row in frame.iter_rows(named=True) if row["flags"] & flag]


def test_the_rectangle_is_complete_sorted_and_integer():
    frame = activity(items="BA", days=3)
    assert frame.columns == list(ACTIVITY_COLUMNS)
    assert frame.select("sku", "day").rows() == [(s, d) for s in (0, 1) for d in (0, 1, 2)]
    assert frame["stock_state"].to_list() == ["unknown"] * 6
    assert len(flagged(frame, DayFlag.NOT_LISTED)) == 6


def test_running_stock_between_snapshots_takes_receipts_sales_and_the_residual():
    frame = activity(
        days=6,
        conversions=sales(("A", 1, 10, 2), ("A", 3, 10, 1)),
        stock_snapshots=snapshots(("A", 0, 10), ("A", 4, 11)),
        purchase_orders=purchases(("A", 0, 2, 5)),
    )
    assert frame["stock_close"].to_list() == [10, 8, 13, 12, 11, 11]
    assert frame["stock_open"].to_list() == [10, 10, 8, 13, 12, 11]
    assert frame["adjustments"].to_list() == [0, 0, 0, 0, -1, 0]
    assert frame["stock_state"].to_list() == ["observed", *["reconstructed"] * 3, "observed", "reconstructed"]


def test_stock_before_the_first_snapshot_runs_backward_and_is_flagged():
    frame = activity(
        conversions=sales(("A", 0, 10, 2), ("A", 1, 10, 3)), stock_snapshots=snapshots(("A", 2, 7)), days=3,
        purchase_orders=purchases(("another item", 0, 1, 1)),
    )  # fmt: skip
    assert frame["stock_close"].to_list() == [10, 7, 7]
    assert frame["stock_open"].to_list() == [12, 10, 7]
    assert flagged(frame, DayFlag.BEFORE_FIRST_SNAPSHOT) == [(0, 0), (0, 1)]


def test_without_any_receipts_logged_a_record_reaches_five_weeks_forward_and_not_a_day_backward():
    frame = activity(
        conversions=sales(*(("A", day, 10, 1) for day in range(60))),
        stock_snapshots=snapshots(("A", 10, 100), ("A", 50, 7)),
        days=60,
    )
    # sales alone carry 100 over days 10 to 45; what refilled the shelf after that, and before day 10, nobody logged
    known = [None] * 10 + [*range(100, 64, -1)] + [None] * 4 + [7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert frame["stock_close"].to_list() == known
    states = ["unknown"] * 10 + ["observed"] + ["reconstructed"] * 35 + ["unknown"] * 4 + ["observed"]
    assert frame["stock_state"].to_list() == states + ["reconstructed"] * 9
    assert set(frame["in_stock_share_u6"][:10]) == {1_000_000}
    assert frame["adjustments"].null_count() == 14


def test_the_sale_that_empties_the_shelf_is_the_instant_of_the_stock_out():
    # The profile of day 0 is flat but for the two sales: hours 0..11 hold 13 of 26 counts (one per hour, sale at 6 h).
    frame = activity(
        conversions=sales(("A", 0, 6, 1), ("A", 0, 12, 3)), stock_snapshots=snapshots(("A", 0, 0), ("A", 1, 0)), days=2
    )
    assert frame["stock_open"].to_list() == [4, 0]
    assert frame["in_stock_share_u6"].to_list() == [500_000, 0]
    assert frame["depleting_order"].to_list() == [1, 0]


def test_the_order_that_empties_the_shelf_is_marked():
    built = build_activity(
        logs(conversions=sales(("A", 0, 6, 1), ("A", 0, 12, 3)), stock_snapshots=snapshots(("A", 0, 0))),
        axes(days=1),
        SETTINGS,
    )
    assert built.orders.rows() == [(0, 0, 1, False), (0, 0, 3, True)]


@pytest.mark.parametrize(
    ("view_rows", "share"),
    [
        ((), 1_000_000 - 250_000),  # restock uniform before the first sale at 12 h: half of one half
        ((("A", 1, 3.0, False), ("A", 1, 9.0, True)), None),  # the shelf was seen empty at 3 h and filled at 9 h
    ],
)
def test_a_restock_lies_between_the_last_empty_view_and_the_first_sale(view_rows, share):
    tables = {
        "conversions": sales(("A", 0, 12, 4), ("A", 1, 12, 1)),
        "stock_snapshots": snapshots(("A", 0, 0), ("A", 1, 9)),
        "purchase_orders": purchases(("A", 0, 1, 10)),
    }
    if view_rows:
        tables["page_views"] = views(*view_rows)
    frame = activity(days=2, **tables)
    found = frame["in_stock_share_u6"][1]
    if share is None:  # one count per hour and one for each view: positions 3/26 and 10/26, middle 6.5/26
        assert found == pytest.approx(1_000_000 - 250_000, abs=3)
    else:  # profile: one per hour, sales of both days at 12 h: position of 12 h is 12/26
        assert found == pytest.approx(1_000_000 - 1_000_000 * 6 / 26, abs=3)


def test_restock_without_any_bound_is_mid_traffic():
    frame = activity(
        days=2, stock_snapshots=snapshots(("A", 0, 0), ("A", 1, 9)), purchase_orders=purchases(("A", 0, 1, 9))
    )
    assert frame["in_stock_share_u6"].to_list()[1] == 500_000


def test_orders_without_times_of_day_are_spread_over_the_traffic():
    frame = activity(conversions=sales(("A", 0, 0, 1), ("A", 0, 0, 1)), stock_snapshots=snapshots(("A", 0, 0)), days=1)
    assert frame["in_stock_share_u6"].to_list() == [666_666]


def test_views_are_split_at_the_instant_of_the_stock_out_or_by_their_own_flag():
    tables = {"conversions": sales(("A", 0, 12, 1)), "stock_snapshots": snapshots(("A", 0, 0))}
    by_instant = activity(days=1, page_views=views(("A", 0, 8), ("A", 0, 11.5), ("A", 0, 13)), **tables)
    assert by_instant.select("views_in", "views_oos").row(0) == (2, 1)
    by_flag = activity(days=1, page_views=views(("A", 0, 8, True), ("A", 0, 11.5, False), ("A", 0, 13, None)), **tables)
    assert by_flag.select("views_in", "views_oos").row(0) == (1, 2)


def test_daily_views_are_split_by_flag_else_by_share():
    frame = activity(
        days=1,
        conversions=sales(("A", 0, 0, 1)),
        stock_snapshots=snapshots(("A", 0, 0)),
        page_views_daily=daily_views(("A", 0, 11, None), ("A", 0, 3, True), ("A", 0, 4, False)),
    )
    assert frame.select("views_in", "views_oos").row(0) == (6 + 3, 5 + 4)  # 11 x 0.5, half up


def test_repeated_views_and_bots_do_not_count_and_are_flagged():
    rows = [("A", 0, hour, None, "s1") for hour in (8.0, 8.2, 8.4, 8.6)]  # 0, 12, 24, 36 minutes: windows 0, 0, 0, 1
    rows += [("A", 1, 8 + number / 100, None, None, "bot") for number in range(4)]
    built = build_activity(
        logs(page_views=views(*rows)), axes(days=2), DemandSettings(bot_views_per_day=3, dedupe_minutes=30)
    )
    assert built.daily["views_in"].to_list() == [2, 0]
    assert (built.counts.repeated_views, built.counts.bot_views) == (2, 4)
    assert flagged(built.daily, DayFlag.DUPLICATED) == [(0, 0), (0, 1)]
    assert flagged(built.daily, DayFlag.BOT_VIEWS) == [(0, 1)]


def test_a_day_of_views_given_twice_counts_once():
    frame = activity(days=1, page_views_daily=daily_views(("A", 0, 5, None), ("A", 0, 5, None)))
    assert frame["views_in"].to_list() == [5]
    assert flagged(frame, DayFlag.DUPLICATED) == [(0, 0)]


def test_returns_do_not_reduce_demand_and_a_line_logged_twice_counts_once():
    lines = sales(("A", 0, 9, 3), ("A", 0, 10, -2))
    built = build_activity(logs(conversions=lines.vstack(lines.head(1))), axes(days=1), SETTINGS)
    assert built.daily.select("orders", "units_sold").row(0) == (1, 3)
    assert (built.counts.return_lines, built.counts.duplicate_lines) == (1, 1)


def test_a_sale_while_the_record_says_zero_is_repaired_and_flagged():
    frame = activity(
        days=3,
        conversions=sales(("A", 1, 12, 2)),
        stock_snapshots=snapshots(("A", 0, 0), ("A", 1, 0), ("A", 2, 0)),
    )
    assert flagged(frame, DayFlag.REPAIRED_STOCK) == [(0, 1)]
    assert frame["adjustments"].to_list() == [0, 2, 0]
    assert frame["units_sold"].to_list() == [0, 2, 0]
    assert 0 < frame["in_stock_share_u6"][1] < 1_000_000


def test_running_stock_that_would_be_negative_is_repaired():
    frame = activity(days=4, conversions=sales(("A", 1, 9, 3), ("A", 2, 9, 1)), stock_snapshots=snapshots(("A", 0, 2)))
    assert frame["stock_close"].to_list() == [2, 0, 0, 0]
    assert frame["adjustments"].to_list() == [0, 1, 1, 0]
    assert flagged(frame, DayFlag.REPAIRED_STOCK) == [(0, 1), (0, 2)]


def test_a_negative_record_counts_as_zero_and_is_flagged():
    frame = activity(days=2, stock_snapshots=snapshots(("A", 0, -3), ("A", 1, 0)))
    assert frame["stock_close"].to_list() == [0, 0]
    assert flagged(frame, DayFlag.NEGATIVE_STOCK) == [(0, 0)]


def test_a_snapshot_with_a_time_is_brought_to_the_close_of_its_day():
    frame = activity(
        days=1, conversions=sales(("A", 0, 9, 1), ("A", 0, 15, 2)), stock_snapshots=snapshots(("A", 0, 10, 12.0))
    )
    assert frame.select("stock_open", "stock_close").row(0) == (11, 8)


def test_locations_add_up_and_a_silent_one_keeps_its_stock():
    frame = activity(
        days=2,
        stock_snapshots=snapshots(("A", 0, 4, None, "north"), ("A", 0, 3, None, "south"), ("A", 1, 1, None, "north")),
    )
    assert frame["stock_close"].to_list() == [7, 4]


def test_prices_are_carried_forward_and_the_first_one_backward():
    frame = activity(days=4, conversions=sales(("A", 1, 9, 1, 250), ("A", 3, 9, 1, 300)))
    assert frame["price"].to_list() == [250, 250, 250, 300]
    assert flagged(frame, DayFlag.LISTED_PRICE) == []


def test_listed_prices_come_before_prices_of_order_lines():
    frame = activity(
        days=3,
        conversions=sales(("A", 0, 9, 1, 180)),
        page_views=views(("A", 1, 9, None, None, None, 200), ("A", 1, 10, None, None, None, 210)),
    )
    assert frame["price"].to_list() == [200, 200, 200]
    assert flagged(frame, DayFlag.LISTED_PRICE) == [(0, 1), (0, 2)]


def test_long_spells_without_a_purchase_order_look_delisted():
    tables = {"stock_snapshots": snapshots(*((item, day, 0) for item in "AB" for day in range(8)))}
    frame = activity(
        days=8,
        items="AB",
        settings=DemandSettings(delisted_after_days=5),
        purchase_orders=purchases(("B", 7, None, 1)),
        **tables,
    )
    assert flagged(frame, DayFlag.POSSIBLY_DELISTED) == [(0, day) for day in range(8)]
    assert flagged(frame, DayFlag.LONG_OUT_SO_FAR) == [(0, 5), (0, 6), (0, 7), (1, 5), (1, 6)]


def test_without_a_stock_record_a_long_run_without_sales_is_inferred_as_out_of_stock():
    rows = [("A", day, 12, 1) for day in range(10)]
    seen = daily_views(*(("A", day, 10, None) for day in range(20)))
    frame = activity(days=20, conversions=sales(*rows), page_views_daily=seen)
    # 10 orders on 200 views: the run of 100 views would have brought 5 orders
    assert frame["stock_state"].to_list() == ["unknown"] * 10 + ["inferred"] * 10
    assert frame["in_stock_share_u6"].to_list() == [1_000_000] * 10 + [0] * 10
    short = activity(days=16, conversions=sales(*rows), page_views_daily=seen)
    assert set(short["stock_state"].to_list()) == {"unknown"}  # 10 / 160 x 60 = 3.75 orders


def test_rows_outside_the_axes_are_counted():
    built = build_activity(
        logs(conversions=sales(("A", 0, 9, 1), ("Z", 0, 9, 1), ("A", 9, 9, 1))), axes(days=2), SETTINGS
    )
    assert built.counts.outside_axes == 2


def test_the_order_of_rows_does_not_matter():
    tables = {
        "conversions": sales(("A", 0, 12, 2), ("B", 0, 12, 1), ("A", 1, 9, 1), ("A", 1, 9, 2)),
        "page_views": views(
            *((item, day, hour, None, f"s{day}") for item in "AB" for day in (0, 1) for hour in (9, 15))
        ),
        "stock_snapshots": snapshots(("A", 0, 3), ("A", 1, 0), ("B", 0, 0)),
    }
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables.items()}
    assert_frame_equal(activity(items="AB", days=2, **tables), activity(items="AB", days=2, **shuffled))
