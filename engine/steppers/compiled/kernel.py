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
from engine.plan import NEVER_ORDER
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
    rules.order_rank,
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
order_rank, is_refused, next_review, overlap = rules.order_rank, rules.is_refused, rules.next_review, rules.overlap
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
# What a row would order: columns of the requests. The offer is -1 where there is none.
R_OFFER, R_QUANTITY, R_MOST, R_RANK = range(4)
REQUEST_SIZE = 4


@register_jitable
def _level(levels: IntArray, date: int, sku: int) -> int:
    """Level in force from a date on; levels that never change have one row only."""
    return levels[min(date, levels.shape[0] - 1), sku]


@register_jitable
def _book_payable(
    row: IntArray, part_ends: IntArray, part: int, cost: int, prepaid: int, terms: int, ordered: int, arrives: int
) -> None:
    """Capital of one order, in every window part it touches."""
    for index in range(part, part_ends.shape[0]):
        first = part_ends[index - 1] if index > 0 else 0
        if first >= arrives + terms:
            break
        row[index, F_PAYABLE] += payable_value_days(cost, prepaid, ordered, arrives, terms, first, part_ends[index])


@register_jitable
def _expect(pending: IntArray, head: int, count: int, arrives: int, quantity: int, unit_cost: int) -> None:
    """Enter an order into the ring of open orders, sorted by arrival, later ones of a day behind."""
    mask = pending.shape[0] - 1
    slot = (head + count) & mask
    place = count
    while place > 0:
        before = (head + place - 1) & mask
        if pending[before, 0] <= arrives:
            break
        for column in range(3):
            pending[slot, column] = pending[before, column]
        slot = before
        place -= 1
    pending[slot, 0] = arrives
    pending[slot, 1] = quantity
    pending[slot, 2] = unit_cost


@register_jitable
def _add_lot(lots: IntArray, head: int, count: int, expires: int, received_through: int) -> int:
    """Open a lot, or widen the one that expires on the same day; returns the number of lots."""
    mask = lots.shape[0] - 1
    if count > 0:
        last = (head + count - 1) & mask
        if lots[last, 0] == expires:
            lots[last, 1] = received_through
            return count
    slot = (head + count) & mask
    lots[slot, 0] = expires
    lots[slot, 1] = received_through
    return count + 1


@kernel
def advance(
    world: World, plan: PlanTable, output: Output, states: IntArray, pendings: IntArray, lot_rings: IntArray,
    requests: IntArray, first_row: int, last_row: int, fresh: bool, until: int,
) -> None:  # fmt: skip
    """Run rows first_row..last_row - 1 from where their state stands to the start of day ``until``.

    Args:
        world, plan, output: tables; the kernel writes ``output`` only.
        states: (N, STATE_SIZE) state of each row, read and written back. One state (N = 1) is used again for every
            row: then rows must be fresh and run to the end.
        pendings: (N, capacity, 3) rings of open orders: arrival day, units, unit cost; capacity a power of two.
        lot_rings: (N, capacity, 2) rings of lots: expiry day, units received through it; capacity a power of two.
        requests: (N, REQUEST_SIZE) what rows would order where orders of a day compete: a row with a request stops at
            the close of that day and goes on with the next call. (0, REQUEST_SIZE): every row orders what it wants.
        first_row, last_row: rows.
        fresh: start from the opening state of day 0.
        until: first day not to run; T to finish.
    """
    part_ends, next_order_day = world.part_ends, world.next_order_day  # as fields they would be counted at each call
    dates, parts = plan.level_days.shape[0], part_ends.shape[0]
    pending_mask, lot_mask = pendings.shape[1] - 1, lot_rings.shape[1] - 1
    counts_views, competes = world.views_before.shape[0] > 0, requests.shape[0] > 0
    for sku in range(first_row, last_row):
        slot = sku - first_row if states.shape[0] > 1 else 0
        state, pending, lots = states[slot], pendings[slot], lot_rings[slot]
        rows = output.rows[sku]
        category = world.category[sku]
        listed_from, listed_until = world.listed_from[sku], world.listed_until[sku]
        shelf_life, waiting_share = world.shelf_life[sku], world.waiting_share_u6[sku]
        demand_end, adjustment_end = world.demand_first[sku + 1], world.adjustment_first[sku + 1]
        order_end = plan.order_first[sku + 1]
        if fresh:
            state[:] = 0
            state[ON_HAND] = state[RECEIVED_THROUGH] = world.opening_on_hand[sku]
            state[VALUE] = world.opening_value[sku]
            state[LAST_SALE] = -1
            state[NEXT_DEMAND] = world.demand_first[sku]
            state[NEXT_ADJUSTMENT] = world.adjustment_first[sku]
            state[NEXT_ORDER] = plan.order_first[sku]
            state[NEXT_REVIEW] = NEVER
            output.inventory_value[category, 0] += world.opening_value[sku]
            if shelf_life > 0 and state[ON_HAND] > 0:
                lots[0, 0], lots[0, 1] = shelf_life, state[ON_HAND]
                state[LOT_COUNT] = 1
            for index in range(plan.opening_first[sku], plan.opening_first[sku + 1]):
                quantity, arrives = plan.opening_units[index], plan.opening_arrives[index]
                cost = quantity * plan.opening_cost[index]
                _expect(pending, 0, state[PENDING_COUNT], arrives, quantity, plan.opening_cost[index])
                state[PENDING_COUNT] += 1
                state[ON_ORDER] += quantity
                state[ON_ORDER_VALUE] += cost
                output.on_order_value[category, 0] += cost
                supplier = plan.opening_supplier[index]
                if supplier >= 0:
                    prepaid, terms = share_of(cost, world.prepayment_u6[supplier]), world.terms_days[supplier]
                    _book_payable(rows, part_ends, 0, cost, prepaid, terms, plan.opening_day[index], arrives)

        on_hand, value, on_order, on_order_value = state[ON_HAND], state[VALUE], state[ON_ORDER], state[ON_ORDER_VALUE]
        waiting, waiting_revenue = state[WAITING], state[WAITING_REVENUE]
        gone, received_through = state[GONE], state[RECEIVED_THROUGH]
        cycle_open, cycle_demand, cycle_lost = state[CYCLE_OPEN], state[CYCLE_DEMAND], state[CYCLE_LOST]
        unit_cost = 0  # of the latest receipt: right for all units on hand as long as the price does not change
        last_sale, last, demanded = state[LAST_SALE], state[LAST_DAY], state[LAST_DEMANDED]
        part, next_demand, next_adjustment = state[PART], state[NEXT_DEMAND], state[NEXT_ADJUSTMENT]
        next_order, next_date, review_day = state[NEXT_ORDER], state[NEXT_DATE], state[NEXT_REVIEW]
        head, count, lot_head, lot_count = state[PENDING_HEAD], state[PENDING_COUNT], state[LOT_HEAD], state[LOT_COUNT]

        date, stop = next_date - 1, until
        part_end = part_ends[part] if part < parts else NEVER
        sold_units = lost_units = revenue = cost_of_goods = value_days = unit_days = on_order_days = 0
        stockout_days = views_out = received = spend = ordered = lines = payable = 0

        # Next day of each kind of event; NEVER where none is left.
        demand_next = world.demand_day[next_demand] if next_demand < demand_end else NEVER
        adjustment_next = world.adjustment_day[next_adjustment] if next_adjustment < adjustment_end else NEVER
        order_next = plan.order_day[next_order] if next_order < order_end else NEVER
        date_next = plan.level_days[next_date] if next_date < dates else NEVER
        arrival_next = pending[head, 0] if count > 0 else NEVER
        expiry_next = lots[lot_head, 0] if lot_count > 0 else NEVER
        rare_next = min(adjustment_next, expiry_next, order_next)
        reorder_point = _level(plan.reorder_point, date, sku) if date >= 0 else NEVER_ORDER
        position = inventory_position(on_hand, on_order, waiting)

        while True:
            # Demand that stock covers and that leaves the position above the reorder point sets nothing else going.
            quiet_until = min(stop, part_end, arrival_next, review_day, rare_next)
            began, first_demand = last, next_demand
            while demand_next < quiet_until:
                while date_next < demand_next and position > _level(plan.reorder_point, next_date, sku):
                    date = next_date
                    reorder_point = _level(plan.reorder_point, date, sku)
                    next_date += 1
                    date_next = plan.level_days[next_date] if next_date < dates else NEVER
                demand = world.demand_quantity[next_demand]
                if demand >= on_hand or position - demand <= reorder_point or date_next <= demand_next:
                    break
                gap = demand_next - last
                value_days += value * gap
                unit_days += on_hand * gap
                cost = cost_share(value, demand, on_hand, unit_cost)
                on_hand -= demand
                position -= demand
                value -= cost
                gone += demand
                sold_units += demand
                revenue += demand * world.demand_price[next_demand]
                cost_of_goods += cost
                output.inventory_value[category, demand_next] -= cost
                last = demand_next
                next_demand += 1
                demand_next = world.demand_day[next_demand] if next_demand < demand_end else NEVER
            if next_demand > first_demand:
                on_order_days += on_order_value * (last - began)
                last_sale, demanded, cycle_demand = last, 1, 1

            day = min(demand_next, quiet_until)
            # New levels that the position stays above change nothing else: no event.
            while date_next < day:
                if position <= _level(plan.reorder_point, next_date, sku):
                    day = date_next
                    break
                date = next_date
                reorder_point = _level(plan.reorder_point, date, sku)
                next_date += 1
                date_next = plan.level_days[next_date] if next_date < dates else NEVER
            closes_part = part_end <= day

            gap = day - last
            if gap > 0:
                value_days += value * gap
                unit_days += on_hand * gap
                on_order_days += on_order_value * gap
                if on_hand == 0:
                    if counts_views:
                        views_out += world.views_before[sku, day] - world.views_before[sku, last + demanded]
                    first_out, end_out = max(last, listed_from), min(day, listed_until)
                    if end_out > first_out:
                        stockout_days += end_out - first_out
                        output.stockouts[category, first_out] += 1
                        output.stockouts[category, end_out] -= 1
                last = day
                demanded = 0
            done = day >= stop and not closes_part
            if closes_part or done:
                closed = rows[min(part, parts - 1)]
                closed[F_SOLD] += sold_units
                closed[F_LOST] += lost_units
                closed[F_REVENUE] += revenue
                closed[F_COGS] += cost_of_goods
                closed[F_RECEIVED] += received
                closed[F_SPEND] += spend
                closed[F_ORDERED] += ordered
                closed[F_LINES] += lines
                closed[F_VALUE_DAYS] += value_days
                closed[F_UNIT_DAYS] += unit_days
                closed[F_ON_ORDER_DAYS] += on_order_days
                closed[F_STOCKOUT_DAYS] += stockout_days
                closed[F_VIEWS_OUT] += views_out
                closed[F_PAYABLE] += payable
                sold_units = lost_units = revenue = cost_of_goods = value_days = unit_days = on_order_days = 0
                stockout_days = views_out = received = spend = ordered = lines = payable = 0
                if done:
                    break
                closed[F_ON_HAND_END], closed[F_VALUE_END], closed[F_ON_ORDER_END] = on_hand, value, on_order_value
                closed[F_WAITING_END], closed[F_LAST_SALE] = waiting, last_sale
                part += 1
                part_end = part_ends[part] if part < parts else NEVER
                continue

            value_before, on_order_before = value, on_order_value
            # adjust
            is_rare = rare_next <= day
            while is_rare and adjustment_next == day:
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
                    cost = cost_share(value, quantity, on_hand, unit_cost)
                    on_hand -= quantity
                    value -= cost
                    gone += quantity
                    rows[part, F_SHRUNK] += quantity
                    rows[part, F_WRITE_OFFS] += cost
                next_adjustment += 1
                adjustment_next = world.adjustment_day[next_adjustment] if next_adjustment < adjustment_end else NEVER
            # receive
            arrived = False
            while arrival_next <= day:
                quantity, unit_cost = pending[head, 1], pending[head, 2]
                cost = quantity * unit_cost
                head = (head + 1) & pending_mask
                count -= 1
                arrival_next = pending[head, 0] if count > 0 else NEVER
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
                    cost = cost_share(value, quantity, on_hand, unit_cost)
                    waiting -= quantity
                    waiting_revenue -= taken
                    on_hand -= quantity
                    value -= cost
                    gone += quantity
                    revenue += taken
                    cost_of_goods += cost
                    rows[part, F_LATE] += quantity
            # expire
            if shelf_life > 0:
                is_rare = True
                quantity = 0
                while lot_count > 0 and lots[lot_head, 0] <= day:
                    quantity = expired_units(lots[lot_head, 1], gone)
                    lot_head = (lot_head + 1) & lot_mask
                    lot_count -= 1
                expiry_next = lots[lot_head, 0] if lot_count > 0 else NEVER
                cost = cost_share(value, quantity, on_hand, unit_cost)
                on_hand -= quantity
                value -= cost
                gone += quantity
                rows[part, F_EXPIRED] += quantity
                rows[part, F_WRITE_OFFS] += cost
            # serve
            if demand_next == day:
                demand, price = world.demand_quantity[next_demand], world.demand_price[next_demand]
                next_demand += 1
                demand_next = world.demand_day[next_demand] if next_demand < demand_end else NEVER
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
                    if counts_views:
                        views = world.views_before[sku, day + 1] - world.views_before[sku, day]
                        views_out += views_on_empty_shelf(views, demand, unserved, on_hand)
                if quantity > 0:
                    cost = cost_share(value, quantity, on_hand, unit_cost)
                    on_hand -= quantity
                    value -= cost
                    gone += quantity
                    sold_units += quantity
                    revenue += quantity * price
                    cost_of_goods += cost
                    last_sale = day
            # review
            while date_next <= day:
                date = next_date
                next_date += 1
                date_next = plan.level_days[next_date] if next_date < dates else NEVER
                reorder_point = _level(plan.reorder_point, date, sku)
            while is_rare and order_next <= day:
                quantity, arrives = plan.order_units[next_order], plan.order_arrives[next_order]
                supplier = plan.order_supplier[next_order]
                cost = quantity * plan.order_cost[next_order]
                _expect(pending, head, count, arrives, quantity, plan.order_cost[next_order])
                count += 1
                on_order += quantity
                on_order_value += cost
                ordered += quantity
                lines += 1
                rows[part, F_LINE_COSTS] += plan.order_line_cost[next_order]
                if supplier >= 0:
                    output.supplier_lines[supplier, day] += 1
                    prepaid, terms = share_of(cost, world.prepayment_u6[supplier]), world.terms_days[supplier]
                    _book_payable(rows, part_ends, part, cost, prepaid, terms, day, arrives)
                next_order += 1
                order_next = plan.order_day[next_order] if next_order < order_end else NEVER
                arrival_next = pending[head, 0]
            if is_rare:
                rare_next = min(adjustment_next, expiry_next, order_next)
            review_day = NEVER
            position = inventory_position(on_hand, on_order, waiting)
            if position <= reorder_point:
                period, supplier = _level(plan.review_period, date, sku), _level(plan.supplier, date, sku)
                blocked = False
                if listed_from <= day < listed_until and next_review(day, period, next_order_day, supplier) == day:
                    need = needed_quantity(
                        position,
                        reorder_point,
                        _level(plan.order_up_to, date, sku),
                        _level(plan.order_quantity, date, sku),
                    )
                    lead_limit, longest = _level(plan.lead_time, date, sku), _level(plan.max_position, date, sku)
                    carry = _level(plan.carry_u6, date, sku)
                    offer, ordered_units, offer_cost, possible = -1, 0, -1, False
                    for candidate in range(world.offer_first[sku], world.offer_first[sku + 1]):
                        if world.offer_lead_time[candidate] > lead_limit:
                            continue
                        smallest, multiple = world.offer_smallest[candidate], world.offer_multiple[candidate]
                        quantity = rounded_quantity(need, smallest, multiple)
                        if is_refused(quantity, need, position, longest):
                            continue
                        possible = True
                        is_open = next_order_day[world.offer_supplier[candidate], day] == day
                        is_valid = world.offer_valid_from[candidate] <= day < world.offer_valid_until[candidate]
                        if not (is_open and is_valid):
                            continue
                        if offer < 0:
                            offer, ordered_units = candidate, quantity  # its cost counts only once it has a rival
                            continue
                        if offer_cost < 0:
                            offer_cost = landed_cost_u6(
                                ordered_units, world.offer_unit_cost[offer], world.offer_line_cost[offer], carry
                            )
                        cost = landed_cost_u6(
                            quantity, world.offer_unit_cost[candidate], world.offer_line_cost[candidate], carry
                        )
                        if is_better_offer(
                            cost, world.offer_lead_time[candidate], quantity,
                            offer_cost, world.offer_lead_time[offer], ordered_units,
                        ):  # fmt: skip
                            offer, ordered_units, offer_cost = candidate, quantity, cost
                    if offer >= 0 and competes:
                        requests[slot, R_OFFER], requests[slot, R_QUANTITY] = offer, ordered_units
                        requests[slot, R_MOST] = longest - position
                        requests[slot, R_RANK] = order_rank(_level(plan.priority_u6, date, sku), need, position)
                        stop = day
                    elif offer >= 0:
                        seller = world.offer_supplier[offer]
                        lead_time = world.quantiles[world.offer_distribution[offer], world.draws[seller, day]]
                        arrives = world.arrival_day[day + lead_time]
                        quantity = ordered_units
                        cost = quantity * world.offer_unit_cost[offer]
                        _expect(pending, head, count, arrives, quantity, world.offer_unit_cost[offer])
                        count += 1
                        arrival_next = pending[head, 0]
                        on_order += quantity
                        on_order_value += cost
                        ordered += quantity
                        lines += 1
                        rows[part, F_LINE_COSTS] += world.offer_line_cost[offer]
                        position += quantity
                        output.supplier_lines[seller, day] += 1
                        prepaid, terms = share_of(cost, world.prepayment_u6[seller]), world.terms_days[seller]
                        if arrives + terms <= part_end:
                            payable += payable_value_days(cost, prepaid, day, arrives, terms, day, part_end)
                        else:
                            _book_payable(rows, part_ends, part, cost, prepaid, terms, day, arrives)
                    blocked = not possible
                if position <= reorder_point and not blocked:
                    earliest = max(day + 1, listed_from)
                    if earliest < listed_until and earliest < next_order_day.shape[1]:
                        review_day = next_review(earliest, period, next_order_day, supplier)
            if value != value_before:
                output.inventory_value[category, day] += value - value_before
            if on_order_value != on_order_before:
                output.on_order_value[category, day] += on_order_value - on_order_before

        state[ON_HAND], state[VALUE], state[ON_ORDER], state[ON_ORDER_VALUE] = on_hand, value, on_order, on_order_value
        state[WAITING], state[WAITING_REVENUE] = waiting, waiting_revenue
        state[GONE], state[RECEIVED_THROUGH] = gone, received_through
        state[CYCLE_OPEN], state[CYCLE_DEMAND], state[CYCLE_LOST] = cycle_open, cycle_demand, cycle_lost
        state[LAST_SALE], state[LAST_DAY], state[LAST_DEMANDED] = last_sale, last, demanded
        state[PART], state[NEXT_DEMAND], state[NEXT_ADJUSTMENT] = part, next_demand, next_adjustment
        state[NEXT_ORDER], state[NEXT_DATE], state[NEXT_REVIEW] = next_order, next_date, review_day
        state[PENDING_HEAD], state[PENDING_COUNT], state[LOT_HEAD], state[LOT_COUNT] = head, count, lot_head, lot_count


@kernel
def place_granted(
    world: World, output: Output, states: IntArray, pendings: IntArray, rows: IntArray, offers: IntArray,
    granted: IntArray, day: int,
) -> None:  # fmt: skip
    """Place what was granted to rows that stopped at the close of a day.

    Args:
        world, output, states, pendings: as in ``advance``; one state per row.
        rows, offers, granted: (K,) row, offer and units of each order; 0 units: none.
        day: of the orders.
    """
    part_ends = world.part_ends
    for index in range(rows.shape[0]):
        sku, offer, quantity = rows[index], offers[index], granted[index]
        if quantity == 0:
            continue
        state, totals = states[sku], output.rows[sku]
        seller, part = world.offer_supplier[offer], state[PART]
        lead_time = world.quantiles[world.offer_distribution[offer], world.draws[seller, day]]
        arrives = world.arrival_day[day + lead_time]
        cost = quantity * world.offer_unit_cost[offer]
        _expect(
            pendings[sku], state[PENDING_HEAD], state[PENDING_COUNT], arrives, quantity, world.offer_unit_cost[offer]
        )
        state[PENDING_COUNT] += 1
        state[ON_ORDER] += quantity
        state[ON_ORDER_VALUE] += cost
        totals[part, F_ORDERED] += quantity
        totals[part, F_LINES] += 1
        totals[part, F_LINE_COSTS] += world.offer_line_cost[offer]
        output.supplier_lines[seller, day] += 1
        output.on_order_value[world.category[sku], day] += cost
        prepaid, terms = share_of(cost, world.prepayment_u6[seller]), world.terms_days[seller]
        _book_payable(totals, part_ends, part, cost, prepaid, terms, day, arrives)
