import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arena_pipeline.demo.serving import DAY_MINUTES, DayLines, group_starts, serve


def one_by_one(lines, on_hand, receipts, receipt_minute):
    """Minute by minute, the slow and obvious way."""
    sold, left, arrived = [], on_hand.copy(), receipts == 0
    for sku, minute, quantity in lines:
        if not arrived[sku] and minute >= receipt_minute[sku]:
            left[sku] += receipts[sku]
            arrived[sku] = True
        units = min(quantity, left[sku])
        left[sku] -= units
        sold.append(units)
    return sold, left + np.where(arrived, 0, receipts)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(400, 1100), st.integers(1, 9)), max_size=25),
    st.lists(st.integers(0, 20), min_size=4, max_size=4),
    st.lists(st.integers(0, 15), min_size=4, max_size=4),
    st.lists(st.integers(300, 1200), min_size=4, max_size=4),
)
def test_served_like_one_line_after_the_other(rows, on_hand, receipts, minutes):
    rows = sorted(rows, key=lambda row: row[:2])
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    lines = DayLines(table[:, 0], table[:, 1], table[:, 2], group_starts(table[:, 0]))
    arrays = [np.array(values, dtype=np.int64) for values in (on_hand, receipts, minutes)]
    served = serve(lines, *arrays)
    sold, closing = one_by_one(rows, *arrays)
    assert served.sold.tolist() == sold
    assert served.on_hand.tolist() == closing.tolist()
    has_stock_late = served.empty_again_at == np.where(served.restock_at == DAY_MINUTES, served.empty_at, DAY_MINUTES)
    assert ((served.empty_at <= served.restock_at) & (served.restock_at <= served.empty_again_at)).all()
    arrives = arrays[1] > 0
    assert ((served.on_hand > 0) == np.where(arrives, has_stock_late, served.empty_at == DAY_MINUTES)).all()


def test_a_line_is_cut_then_lost_then_served_after_the_receipt():
    sku = np.zeros(4, dtype=np.int64)
    lines = DayLines(sku, np.array([500, 600, 700, 900]), np.array([3, 4, 2, 6]), group_starts(sku))
    served = serve(lines, np.array([5]), np.array([4]), np.array([800]))
    assert served.sold.tolist() == [3, 2, 0, 4]
    assert (served.empty_at[0], served.restock_at[0], served.empty_again_at[0]) == (600, 800, 900)
