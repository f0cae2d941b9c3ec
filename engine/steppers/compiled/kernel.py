"""Event by event, SKU by SKU: nothing is touched on a day on which nothing happens.

The arithmetic is ``engine.rules``, registered as it is; the order of events within a day is that of
``reference.ReferenceRun.tick``. Holding accrues over the gap between two events. Nothing is allocated per event.
"""

# Kernels are long on purpose: every call boundary that Numba does not inline costs more than the arithmetic.
# ruff: noqa: PLR0912, PLR0915, C901

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from engine import rules
from engine.kernels import kernel
from engine.rules import NEVER
from engine.steppers.compiled.tables import Output, PlanTable, World
from engine.totals import FIELD_INDEX

IntArray = NDArray[np.int64]

RULES = (
    rules.cost_share,
    rules.served,
    rules.share_of,
    rules.views_on_empty_shelf,
    rules.expired_units,
    rules.inventory_position,
    rules.needed_quantity,
    rules.rounded_quantity,
    rules.landed_cost_u6,
    rules.is_better_offer,
    rules.is_refused,
    rules.next_review,
    rules.overlap,
    rules.payable_value_days,
)
for _rule in RULES:
    register_jitable(_rule)

cost_share, served, share_of = rules.cost_share, rules.served, rules.share_of
views_on_empty_shelf, expired_units = rules.views_on_empty_shelf, rules.expired_units
inventory_position, needed_quantity = rules.inventory_position, rules.needed_quantity
rounded_quantity, landed_cost_u6, is_better_offer = rules.rounded_quantity, rules.landed_cost_u6, rules.is_better_offer
is_refused, next_review, overlap = rules.is_refused, rules.next_review, rules.overlap
payable_value_days = rules.payable_value_days

F_SOLD, F_LOST, F_WAITED, F_LATE = (FIELD_INDEX[name] for name in ("sold", "lost", "waited", "late"))
F_REVENUE, F_LOST_REVENUE = FIELD_INDEX["revenue"], FIELD_INDEX["lost_revenue"]
F_COGS, F_WRITE_OFFS = FIELD_INDEX["cost_of_goods_sold"], FIELD_INDEX["write_offs"]
F_EXPIRED, F_SHRUNK = FIELD_INDEX["expired"], FIELD_INDEX["shrunk"]
F_RECEIVED, F_SPEND = FIELD_INDEX["received"], FIELD_INDEX["spend"]
F_ADJUSTED, F_ADJUSTED_VALUE = FIELD_INDEX["adjusted"], FIELD_INDEX["adjusted_value"]
F_ORDERED, F_LINES, F_LINE_COSTS = (FIELD_INDEX[name] for name in ("ordered", "lines", "line_costs"))
F_VALUE_DAYS, F_UNIT_DAYS = FIELD_INDEX["value_days"], FIELD_INDEX["unit_days"]
F_ON_ORDER_DAYS, F_PAYABLE = FIELD_INDEX["on_order_value_days"], FIELD_INDEX["payable_value_days"]
F_STOCKOUT_DAYS, F_VIEWS_OUT = FIELD_INDEX["stockout_days"], FIELD_INDEX["views_out"]
F_CYCLES, F_SHORT_CYCLES = FIELD_INDEX["cycles"], FIELD_INDEX["short_cycles"]
F_ON_HAND_END, F_VALUE_END = FIELD_INDEX["on_hand_end"], FIELD_INDEX["value_end"]
F_ON_ORDER_END, F_WAITING_END = FIELD_INDEX["on_order_value_end"], FIELD_INDEX["waiting_end"]
F_LAST_SALE = FIELD_INDEX["last_sale_day"]

# State of a row between two calls of ``advance``: columns of the state table.
(
    ON_HAND, VALUE, ON_ORDER, ON_ORDER_VALUE, WAITING, WAITING_REVENUE, GONE, RECEIVED_THROUGH, CYCLE_OPEN,
    CYCLE_DEMAND, CYCLE_LOST, LAST_SALE, LAST_DAY, LAST_DEMANDED, PART, NEXT_DEMAND, NEXT_ADJUSTMENT, NEXT_ORDER,
    NEXT_DATE, NEXT_REVIEW, PENDING_HEAD, PENDING_COUNT, LOT_HEAD, LOT_COUNT,
) = range(24)  # fmt: skip
STATE_SIZE = 24


@register_jitable
def _book_payable(world: World, row: IntArray, part: int, cost: int, supplier: int, ordered: int, arrives: int) -> None:
    """Capital of one order, in every window part it touches."""
    if supplier < 0:
        return
    prepaid = share_of(cost, world.prepayment_u6[supplier])
    terms = world.terms_days[supplier]
    if prepaid == 0 and terms == 0:
        return
    for index in range(part, world.part_ends.shape[0]):
        first = world.part_ends[index - 1] if index > 0 else 0
        if first >= arrives + terms:
            break
        row[index, F_PAYABLE] += payable_value_days(
            cost, prepaid, ordered, arrives, terms, first, world.part_ends[index]
        )


@register_jitable
def _expect(pending: IntArray, head: int, count: int, arrives: int, quantity: int, cost: int) -> None:
    """Enter an order into the ring of open orders, sorted by arrival, later ones of a day behind."""
    size = pending.shape[0]
    slot = (head + count) % size
    place = count
    while place > 0:
        before = (head + place - 1) % size
        if pending[before, 0] <= arrives:
            break
        for column in range(3):
            pending[slot, column] = pending[before, column]
        slot = before
        place -= 1
    pending[slot, 0] = arrives
    pending[slot, 1] = quantity
    pending[slot, 2] = cost


@register_jitable
def _best_offer(  # the offer row and quantity; -1 when none may, -2 when none ever may at this position
    world: World, sku: int, day: int, position: int, need: int, lead_limit: int, max_position: int, carry: int
) -> tuple[int, int]:
    best, best_quantity, best_cost, possible = -1, 0, 0, False
    for row in range(world.offer_first[sku], world.offer_first[sku + 1]):
        if world.offer_lead_time[row] > lead_limit:
            continue
        quantity = rounded_quantity(need, world.offer_smallest[row], world.offer_multiple[row])
        if is_refused(quantity, need, position, max_position):
            continue
        possible = True
        is_open = world.next_order_day[world.offer_supplier[row], day] == day
        if not is_open or day < world.offer_valid_from[row] or day >= world.offer_valid_until[row]:
            continue
        cost = landed_cost_u6(quantity, world.offer_unit_cost[row], world.offer_line_cost[row], carry)
        if best < 0 or is_better_offer(
            cost, world.offer_lead_time[row], quantity, best_cost, world.offer_lead_time[best], best_quantity
        ):
            best, best_quantity, best_cost = row, quantity, cost
    if best < 0 and not possible:
        return -2, 0
    return best, best_quantity


@register_jitable
def _open(
    world: World, plan: PlanTable, output: Output, sku: int, state: IntArray, pending: IntArray, lots: IntArray
) -> None:
    """Set a row to the start of day 0."""
    state[:] = 0
    on_hand = world.opening_on_hand[sku]
    category = world.category[sku]
    state[ON_HAND] = on_hand
    state[VALUE] = world.opening_value[sku]
    state[RECEIVED_THROUGH] = on_hand
    state[LAST_SALE] = -1
    state[NEXT_DEMAND] = world.demand_first[sku]
    state[NEXT_ADJUSTMENT] = world.adjustment_first[sku]
    state[NEXT_ORDER] = plan.order_first[sku]
    state[NEXT_REVIEW] = NEVER
    output.inventory_value[category, 0] += world.opening_value[sku]
    if world.shelf_life[sku] > 0 and on_hand > 0:
        lots[0, 0] = world.shelf_life[sku]
        lots[0, 1] = on_hand
        state[LOT_COUNT] = 1
    for index in range(plan.opening_first[sku], plan.opening_first[sku + 1]):
        quantity = plan.opening_units[index]
        cost = quantity * plan.opening_cost[index]
        _expect(pending, 0, state[PENDING_COUNT], plan.opening_arrives[index], quantity, cost)
        state[PENDING_COUNT] += 1
        state[ON_ORDER] += quantity
        state[ON_ORDER_VALUE] += cost
        output.on_order_value[category, 0] += cost
        _book_payable(
            world, output.rows[sku], 0, cost, plan.opening_supplier[index], plan.opening_day[index],
            plan.opening_arrives[index],
        )  # fmt: skip


@register_jitable
def _add_lot(lots: IntArray, head: int, count: int, expires: int, received_through: int) -> int:
    """Open a lot, or widen the one that expires on the same day; returns the number of lots."""
    size = lots.shape[0]
    if count > 0:
        last = (head + count - 1) % size
        if lots[last, 0] == expires:
            lots[last, 1] = received_through
            return count
    slot = (head + count) % size
    lots[slot, 0] = expires
    lots[slot, 1] = received_through
    return count + 1


@kernel
def advance(
    world: World, plan: PlanTable, output: Output, sku: int, state: IntArray, pending: IntArray, lots: IntArray,
    until: int,
) -> None:  # fmt: skip
    """Run one row from where its state stands to the start of day ``until``.

    Args:
        world, plan, output: tables; the kernel writes ``output`` only.
        sku: row.
        state: (STATE_SIZE,) state of the row, read and written back.
        pending: (capacity, 3) ring of open orders: arrival day, units, cost; ``lots``: (capacity, 2) ring of lots.
        until: first day not to run; T to finish.
    """
    rows = output.rows[sku]
    category = world.category[sku]
    listed_from, listed_until = world.listed_from[sku], world.listed_until[sku]
    shelf_life, waiting_share = world.shelf_life[sku], world.waiting_share_u6[sku]
    demand_end, adjustment_end = world.demand_first[sku + 1], world.adjustment_first[sku + 1]
    order_end, dates = plan.order_first[sku + 1], plan.level_days.shape[0]
    pending_size, lot_size = pending.shape[0], lots.shape[0]

    on_hand, value, on_order, on_order_value = state[ON_HAND], state[VALUE], state[ON_ORDER], state[ON_ORDER_VALUE]
    waiting, waiting_revenue = state[WAITING], state[WAITING_REVENUE]
    gone, received_through = state[GONE], state[RECEIVED_THROUGH]
    cycle_open, cycle_demand, cycle_lost = state[CYCLE_OPEN], state[CYCLE_DEMAND], state[CYCLE_LOST]
    last_sale, last, demanded = state[LAST_SALE], state[LAST_DAY], state[LAST_DEMANDED]
    part, next_demand, next_adjustment = state[PART], state[NEXT_DEMAND], state[NEXT_ADJUSTMENT]
    next_order, next_date, review_day = state[NEXT_ORDER], state[NEXT_DATE], state[NEXT_REVIEW]
    head, count, lot_head, lot_count = state[PENDING_HEAD], state[PENDING_COUNT], state[LOT_HEAD], state[LOT_COUNT]

    date = next_date - 1
    part_end = world.part_ends[part] if part < world.part_ends.shape[0] else NEVER
    sold_units = lost_units = revenue = cost_of_goods = value_days = unit_days = on_order_days = 0
    stockout_days = views_out = received = spend = ordered = lines = 0

    while True:
        day = until
        if next_demand < demand_end and world.demand_day[next_demand] < day:
            day = world.demand_day[next_demand]
        if count > 0 and pending[head, 0] < day:
            day = pending[head, 0]
        day = min(day, review_day)
        if next_date < dates and plan.level_days[next_date] < day:
            day = plan.level_days[next_date]
        if next_adjustment < adjustment_end and world.adjustment_day[next_adjustment] < day:
            day = world.adjustment_day[next_adjustment]
        if lot_count > 0 and lots[lot_head, 0] < day:
            day = lots[lot_head, 0]
        if next_order < order_end and plan.order_day[next_order] < day:
            day = plan.order_day[next_order]
        closes_part = part_end <= day
        if closes_part:
            day = part_end

        gap = day - last
        if gap > 0:
            value_days += value * gap
            unit_days += on_hand * gap
            on_order_days += on_order_value * gap
            if on_hand == 0:
                views_out += world.views_before[sku, day] - world.views_before[sku, last + demanded]
                first_out, end_out = max(last, listed_from), min(day, listed_until)
                if end_out > first_out:
                    stockout_days += end_out - first_out
                    output.stockouts[category, first_out] += 1
                    output.stockouts[category, end_out] -= 1
            last = day
            demanded = 0
        if closes_part:
            row = rows[part]
            row[F_SOLD] += sold_units
            row[F_LOST] += lost_units
            row[F_REVENUE] += revenue
            row[F_COGS] += cost_of_goods
            row[F_RECEIVED] += received
            row[F_SPEND] += spend
            row[F_ORDERED] += ordered
            row[F_LINES] += lines
            row[F_VALUE_DAYS] += value_days
            row[F_UNIT_DAYS] += unit_days
            row[F_ON_ORDER_DAYS] += on_order_days
            row[F_STOCKOUT_DAYS] += stockout_days
            row[F_VIEWS_OUT] += views_out
            row[F_ON_HAND_END], row[F_VALUE_END], row[F_ON_ORDER_END] = on_hand, value, on_order_value
            row[F_WAITING_END], row[F_LAST_SALE] = waiting, last_sale
            sold_units = lost_units = revenue = cost_of_goods = value_days = unit_days = on_order_days = 0
            stockout_days = views_out = received = spend = ordered = lines = 0
            part += 1
            part_end = world.part_ends[part] if part < world.part_ends.shape[0] else NEVER
            continue
        if day >= until:
            break

        value_before, on_order_before = value, on_order_value
        # adjust
        while next_adjustment < adjustment_end and world.adjustment_day[next_adjustment] == day:
            quantity = world.adjustment_quantity[next_adjustment]
            if quantity > 0:
                cost = quantity * world.adjustment_cost[next_adjustment]
                on_hand += quantity
                value += cost
                rows[part, F_ADJUSTED] += quantity
                rows[part, F_ADJUSTED_VALUE] += cost
                if shelf_life > 0:
                    received_through += quantity
                    lot_count = _add_lot(lots, lot_head, lot_count, day + shelf_life, received_through)
            else:
                quantity = min(-quantity, on_hand)
                cost = cost_share(value, quantity, on_hand)
                on_hand -= quantity
                value -= cost
                gone += quantity
                rows[part, F_SHRUNK] += quantity
                rows[part, F_WRITE_OFFS] += cost
            next_adjustment += 1
        # receive
        arrived = False
        while count > 0 and pending[head, 0] <= day:
            quantity, cost = pending[head, 1], pending[head, 2]
            head = (head + 1) % pending_size
            count -= 1
            arrived = True
            on_hand += quantity
            value += cost
            on_order -= quantity
            on_order_value -= cost
            received += quantity
            spend += cost
            if shelf_life > 0:
                received_through += quantity
                lot_count = _add_lot(lots, lot_head, lot_count, day + shelf_life, received_through)
        if arrived:
            if cycle_open and cycle_demand:
                rows[part, F_CYCLES] += 1
                rows[part, F_SHORT_CYCLES] += cycle_lost
            cycle_open, cycle_demand, cycle_lost = 1, 0, 0
            if waiting > 0:
                quantity = served(on_hand, waiting)
                taken = cost_share(waiting_revenue, quantity, waiting)
                cost = cost_share(value, quantity, on_hand)
                waiting -= quantity
                waiting_revenue -= taken
                on_hand -= quantity
                value -= cost
                gone += quantity
                revenue += taken
                cost_of_goods += cost
                rows[part, F_LATE] += quantity
        # expire
        if lot_count > 0 and lots[lot_head, 0] <= day:
            quantity = 0
            while lot_count > 0 and lots[lot_head, 0] <= day:
                quantity = expired_units(lots[lot_head, 1], gone)
                lot_head = (lot_head + 1) % lot_size
                lot_count -= 1
            cost = cost_share(value, quantity, on_hand)
            on_hand -= quantity
            value -= cost
            gone += quantity
            rows[part, F_EXPIRED] += quantity
            rows[part, F_WRITE_OFFS] += cost
        # serve
        if next_demand < demand_end and world.demand_day[next_demand] == day:
            demand, price = world.demand_quantity[next_demand], world.demand_price[next_demand]
            next_demand += 1
            demanded = cycle_demand = 1
            quantity = served(on_hand, demand)
            unserved = demand - quantity
            if unserved > 0:
                waits = share_of(unserved, waiting_share)
                cycle_lost = 1
                waiting += waits
                waiting_revenue += waits * price
                lost_units += unserved
                rows[part, F_WAITED] += waits
                rows[part, F_LOST_REVENUE] += (unserved - waits) * price
                views_out += views_on_empty_shelf(world.views[sku, day], demand, unserved, on_hand)
            if quantity > 0:
                cost = cost_share(value, quantity, on_hand)
                on_hand -= quantity
                value -= cost
                gone += quantity
                sold_units += quantity
                revenue += quantity * price
                cost_of_goods += cost
                last_sale = day
        # review
        while next_date < dates and plan.level_days[next_date] <= day:
            date = next_date
            next_date += 1
        while next_order < order_end and plan.order_day[next_order] <= day:
            quantity, arrives = plan.order_units[next_order], plan.order_arrives[next_order]
            supplier = plan.order_supplier[next_order]
            cost = quantity * plan.order_cost[next_order]
            _expect(pending, head, count, arrives, quantity, cost)
            count += 1
            on_order += quantity
            on_order_value += cost
            ordered += quantity
            lines += 1
            rows[part, F_LINE_COSTS] += plan.order_line_cost[next_order]
            if supplier >= 0:
                output.supplier_lines[supplier, day] += 1
            _book_payable(world, rows, part, cost, supplier, day, arrives)
            next_order += 1
        review_day = NEVER
        if date >= 0:
            reorder_point = plan.reorder_point[date, sku]
            position = inventory_position(on_hand, on_order, waiting)
            if position <= reorder_point:
                period, calendar = plan.review_period[date, sku], world.next_order_day[plan.supplier[date, sku]]
                blocked = False
                if listed_from <= day < listed_until and next_review(day, period, calendar) == day:
                    need = needed_quantity(
                        position, reorder_point, plan.order_up_to[date, sku], plan.order_quantity[date, sku]
                    )
                    offer, quantity = _best_offer(
                        world, sku, day, position, need, plan.lead_time[date, sku], plan.max_position[date, sku],
                        plan.carry_u6[date, sku],
                    )  # fmt: skip
                    if offer >= 0:
                        supplier = world.offer_supplier[offer]
                        lead_time = world.quantiles[world.offer_distribution[offer], world.draws[supplier, day]]
                        arrives = world.arrival_day[day + lead_time]
                        cost = quantity * world.offer_unit_cost[offer]
                        _expect(pending, head, count, arrives, quantity, cost)
                        count += 1
                        on_order += quantity
                        on_order_value += cost
                        ordered += quantity
                        lines += 1
                        rows[part, F_LINE_COSTS] += world.offer_line_cost[offer]
                        position += quantity
                        output.supplier_lines[supplier, day] += 1
                        _book_payable(world, rows, part, cost, supplier, day, arrives)
                    blocked = offer == -2
                if position <= reorder_point and not blocked:
                    earliest = max(day + 1, listed_from)
                    if earliest < listed_until and earliest < calendar.shape[0]:
                        review_day = next_review(earliest, period, calendar)
        if value != value_before:
            output.inventory_value[category, day] += value - value_before
        if on_order_value != on_order_before:
            output.on_order_value[category, day] += on_order_value - on_order_before

    row = rows[min(part, rows.shape[0] - 1)]
    row[F_SOLD] += sold_units
    row[F_LOST] += lost_units
    row[F_REVENUE] += revenue
    row[F_COGS] += cost_of_goods
    row[F_RECEIVED] += received
    row[F_SPEND] += spend
    row[F_ORDERED] += ordered
    row[F_LINES] += lines
    row[F_VALUE_DAYS] += value_days
    row[F_UNIT_DAYS] += unit_days
    row[F_ON_ORDER_DAYS] += on_order_days
    row[F_STOCKOUT_DAYS] += stockout_days
    row[F_VIEWS_OUT] += views_out
    state[ON_HAND], state[VALUE], state[ON_ORDER], state[ON_ORDER_VALUE] = on_hand, value, on_order, on_order_value
    state[WAITING], state[WAITING_REVENUE] = waiting, waiting_revenue
    state[GONE], state[RECEIVED_THROUGH] = gone, received_through
    state[CYCLE_OPEN], state[CYCLE_DEMAND], state[CYCLE_LOST] = cycle_open, cycle_demand, cycle_lost
    state[LAST_SALE], state[LAST_DAY], state[LAST_DEMANDED] = last_sale, last, demanded
    state[PART], state[NEXT_DEMAND], state[NEXT_ADJUSTMENT] = part, next_demand, next_adjustment
    state[NEXT_ORDER], state[NEXT_DATE], state[NEXT_REVIEW] = next_order, next_date, review_day
    state[PENDING_HEAD], state[PENDING_COUNT], state[LOT_HEAD], state[LOT_COUNT] = head, count, lot_head, lot_count


@kernel
def run_rows(world: World, plan: PlanTable, output: Output, pending: IntArray, lots: IntArray, days: int) -> None:
    """Run all rows, uncoupled, straight to the end; the rings are used again for each row."""
    state = np.zeros(STATE_SIZE, np.int64)
    for sku in range(world.category.shape[0]):
        _open(world, plan, output, sku, state, pending, lots)
        advance(world, plan, output, sku, state, pending, lots, days)
