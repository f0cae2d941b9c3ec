"""Random small worlds and plans that reach every rule of the tick; drawn from one seed, so Hypothesis can shrink it."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from engine import rules
from engine.plan import NEVER_ORDER, UNLIMITED, Levels, Orders
from engine.scenario import Catalogue, DayTable, LeadTimes, Limits, OfferTable, OpeningOrders, Scenario, SupplierTable
from engine.schema import Axes


@dataclass(frozen=True)
class Size:
    skus: int = 6
    days: int = 60
    suppliers: int = 3
    demand_share: float = 0.4
    largest_demand: int = 6
    everything: bool = True  # shelf life, waiting, adjustments, odd calendars, prepayment
    lead_time: int = 9


def int64(values):
    return np.asarray(values, dtype=np.int64)


def day_table(skus, sku, day, quantity, amount):
    first_row = np.searchsorted(sku, np.arange(skus + 1))
    return DayTable(int64(first_row), int64(sku), int64(day), int64(quantity), int64(amount))


def next_order_day(is_open):
    days = is_open.shape[1]
    result = np.full(is_open.shape, rules.NEVER, np.int64)
    nearest = np.full(len(is_open), rules.NEVER, np.int64)
    for day in range(days - 1, -1, -1):
        nearest = np.where(is_open[:, day], day, nearest)
        result[:, day] = nearest
    return result


def sparse(random, size, share, low, high, amounts):
    mask = random.random((size.skus, size.days)) < share
    sku, day = np.nonzero(mask)
    quantity = random.integers(low, high + 1, len(sku))
    keep = quantity != 0
    return day_table(size.skus, sku[keep], day[keep], quantity[keep], amounts(sku[keep], day[keep]))


def offers(random, size, distributions):
    rows = []
    for sku in range(size.skus):
        chosen = sorted(random.choice(size.suppliers, random.integers(1, size.suppliers + 1), replace=False).tolist())
        for supplier in chosen:
            lead_time, cost = int(random.integers(1, size.lead_time + 1)), int(random.integers(50, 900))
            distribution, multiple = int(random.integers(distributions)), int(random.choice([1, 1, 2, 5, 12]))
            for smallest in sorted(set(random.choice([1, 3, 10, 40], random.integers(1, 4)).tolist())):
                cost = max(1, cost - int(random.integers(0, 40)))
                start = int(random.choice([0, 0, size.days // 3]))
                rows.append(
                    (sku, supplier, smallest, multiple, cost, int(random.integers(0, 100)), lead_time, distribution,
                     start, int(random.choice([size.days, size.days + 5, size.days // 2])))
                )  # fmt: skip
    table = int64(rows).reshape(-1, 10)
    columns = [np.ascontiguousarray(column) for column in table.T]
    first_row = int64(np.searchsorted(columns[0], np.arange(size.skus + 1)))
    columns[9] = np.maximum(columns[8], columns[9])
    return OfferTable(first_row, *columns)


def make_scenario(seed: int, size: Size | None = None) -> Scenario:
    size = size or Size()
    random = np.random.default_rng(seed)
    skus, days, full = size.skus, size.days, size.everything
    price = random.integers(100, 2000, skus)
    zeros = np.zeros(skus, np.int64)
    on_hand = int64(random.integers(0, 30, skus))
    listed_from = int64(random.choice([0, 0, 0, days // 4], skus)) if full else zeros
    listed_until = int64(random.choice([days, days, days - days // 5], skus)) if full else zeros + days
    table = offers(random, size, 4)
    primary = np.full(skus, -1, np.int64)
    primary[table.sku[::-1]] = table.supplier[::-1]
    catalogue = Catalogue(
        category=int64(np.arange(skus) % 3 % max(1, min(3, skus))),
        category_names=("a", "b", "c"),
        primary_supplier=primary,
        listed_from=listed_from,
        listed_until=listed_until,
        shelf_life=int64(random.choice([0, 0, 4, 20], skus)) if full else zeros,
        salvage_value=int64(price // 4),
        replacement_cost=int64(price // 2),
        waiting_share_u6=int64(random.choice([0, 0, 500_000, 1_000_000], skus)) if full else zeros,
        opening_on_hand=on_hand,
        opening_value=int64(on_hand * random.integers(40, 500, skus)),
        min_stock=zeros,
        max_stock=zeros + UNLIMITED,
        do_not_order=zeros,
        key=random.integers(0, 2**63, skus).astype(np.uint64),
    )
    is_open = random.random((size.suppliers, days)) < (0.7 if full else 1.1)
    longest = 3 * size.lead_time
    arrival = np.arange(days + longest + 2)
    if full:
        arrival = np.where(arrival % 7 == 5, arrival + 1, arrival)
    count = len(table)
    opening = np.sort(random.integers(0, max(skus, 1), min(skus, 5) if full else 0))
    arrives_on = int64(random.integers(0, days + 5, len(opening)))
    order = np.lexsort((arrives_on, opening))
    parts = sorted({*random.integers(1, days, 3).tolist(), days}) if days > 1 else [days]
    assert count >= 0
    return Scenario(
        axes=Axes(tuple(f"item-{index:04d}" for index in range(skus)), date(2024, 1, 1), days),
        catalogue=catalogue,
        suppliers=SupplierTable(
            names=tuple(f"supplier-{index}" for index in range(size.suppliers)),
            next_order_day=next_order_day(is_open),
            order_cost=int64(random.integers(0, 900, size.suppliers)),
            prepayment_u6=int64(random.choice([0, 300_000, 1_000_000], size.suppliers)),
            terms_days=int64(random.choice([0, 14, 30], size.suppliers)),
        ),
        offers=table,
        lead_times=LeadTimes(
            quantiles=np.sort(int64(random.integers(1, longest, (4, 16))), axis=1),
            draws=int64(random.integers(0, 16, (size.suppliers, days))),
            arrival_day=int64(arrival),
        ),
        demand=sparse(random, size, size.demand_share, 1, size.largest_demand, lambda sku, day: price[sku] + day % 7),
        views=random.integers(0, 20, (skus, days)).astype(np.int32),
        adjustments=sparse(random, size, 0.05 if full else 0.0, -9, 9, lambda sku, _: price[sku] // 3),
        opening_orders=OpeningOrders(
            sku=int64(opening),
            supplier=int64(random.integers(-1, size.suppliers, len(opening))),
            ordered_on=int64(np.full(len(opening), -3)),
            arrives_on=arrives_on[order],
            quantity=int64(random.integers(1, 20, len(opening))),
            unit_cost=int64(random.integers(1, 500, len(opening))),
            line_cost=int64(np.full(len(opening), 50)),
        ),
        part_ends=int64(parts),
        limits=Limits(np.zeros(size.suppliers, np.int64)),
        seed=seed,
    )


def make_levels(seed: int, scenario: Scenario) -> Levels:
    random = np.random.default_rng([seed, 1])
    skus, days = scenario.axes.shape
    dates = int64(sorted({0, *random.integers(0, max(days, 1), 4).tolist()}))
    shape = (len(dates), skus)
    reorder_point = int64(random.integers(-1, 25, shape))
    quantity = int64(random.choice([0, 0, 1, 7], shape))
    carry = int64(random.integers(0, 400_000, shape))
    best = scenario.offers.best_rows(int64(random.integers(1, 40, shape)), carry, dates)
    orderable = best >= 0
    return Levels(
        days=dates,
        reorder_point=np.where(orderable & (random.random(shape) < 0.95), reorder_point, NEVER_ORDER),
        order_up_to=reorder_point + int64(random.integers(1, 30, shape)),
        order_quantity=quantity,
        review_period=int64(random.choice([1, 1, 3, 7], shape)),
        carry_u6=carry,
        supplier=np.where(orderable, scenario.offers.supplier[best], 0),
        lead_time=np.where(orderable, scenario.offers.lead_time[best], 1),
        max_position=int64(random.choice([UNLIMITED, UNLIMITED, 30], shape)),
        priority_u6=int64(random.integers(0, 50_000, shape)),
    )


def make_orders(seed: int, scenario: Scenario) -> Orders:
    random = np.random.default_rng([seed, 2])
    skus, days = scenario.axes.shape
    count = 5 * skus if days else 0
    sku = np.sort(random.integers(0, max(skus, 1), count))
    ordered_on = random.integers(0, max(days, 1), count)
    arrives_on = ordered_on + random.integers(1, 20, count)
    order = np.lexsort((arrives_on, ordered_on, sku))
    return Orders(
        sku=int64(sku[order]),
        ordered_on=int64(ordered_on[order]),
        arrives_on=int64(arrives_on[order]),
        quantity=int64(random.integers(1, 25, count)),
        unit_cost=int64(random.integers(1, 600, count)),
        line_cost=int64(random.integers(0, 90, count)),
        supplier=int64(random.integers(-1, len(scenario.suppliers.names), count)),
    )
