"""What a bare loop costs: event-driven (s, S) with Numba that keeps only key figures; no rules, no money but one cost.

Fixed lead time, one price, 64 open orders at most, no packs, suppliers, calendars, parts or curves.
"""

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

OPEN_ORDERS = 64
SOLD, LOST, LINES, VALUE_DAYS, STOCKOUT_DAYS, EVENTS = range(6)


@numba.njit(nogil=True)
def bare_loop(  # noqa: C901 - one loop is the point of it
    first: Ints, day: Ints, quantity: Ints, horizon: int, dates: Ints, reorder_point: Ints, order_up_to: Ints,
    cost: int, lead_time: int, opening: Ints, out: Ints,
) -> None:  # fmt: skip
    """Run all SKUs.

    Args:
        first, day, quantity: sparse demand rows by SKU.
        horizon: T.
        dates: (D,) re-planning days; ``reorder_point, order_up_to``: (D, S).
        cost, lead_time: the same for all SKUs.
        opening: (S,) units on hand.
        out: (S, 6) key figures; the last column counts events.
    """
    arrives, units = np.empty(OPEN_ORDERS, np.int64), np.empty(OPEN_ORDERS, np.int64)
    for sku in range(first.shape[0] - 1):
        on_hand, on_order, head, count, last, date = opening[sku], 0, 0, 0, 0, 0
        row, end = first[sku], first[sku + 1]
        sold, lost, lines, unit_days, stockout_days, events, point, up_to = 0, 0, 0, 0, 0, 0, -1, 0
        while True:
            today = horizon
            if row < end:
                today = day[row]
            if count > 0 and arrives[head] < today:
                today = arrives[head]
            if date < dates.shape[0] and dates[date] < today:
                today = dates[date]
            unit_days += on_hand * (today - last)
            if on_hand == 0:
                stockout_days += today - last
            last = today
            if today >= horizon:
                break
            events += 1
            while count > 0 and arrives[head] <= today:
                on_hand += units[head]
                on_order -= units[head]
                head = (head + 1) & (OPEN_ORDERS - 1)
                count -= 1
            if row < end and day[row] == today:
                served = min(on_hand, quantity[row])
                sold += served
                lost += quantity[row] - served
                on_hand -= served
                row += 1
            if date < dates.shape[0] and dates[date] == today:
                point, up_to = reorder_point[date, sku], order_up_to[date, sku]
                date += 1
            position = on_hand + on_order
            if position <= point and count < OPEN_ORDERS:
                slot = (head + count) & (OPEN_ORDERS - 1)
                arrives[slot], units[slot] = today + lead_time, up_to - position
                on_order += up_to - position
                count += 1
                lines += 1
        out[sku, SOLD], out[sku, LOST], out[sku, LINES] = sold, lost, lines
        out[sku, VALUE_DAYS], out[sku, STOCKOUT_DAYS], out[sku, EVENTS] = unit_days * cost, stockout_days, events
