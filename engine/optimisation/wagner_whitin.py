"""Lot sizes for known demand: Wagner & Whitin (1958), one item period by period, or many SKUs with sparse demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InputError
from engine.kernels import kernel
from engine.optimisation import checks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LotPlan:
    """Order quantities per period, (T,) units, and their cost in money."""

    orders: FloatArray
    cost: float


def wagner_whitin(
    demand: ArrayLike,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    opening_stock: float = 0.0,
) -> LotPlan:
    """Least cost of meeting known demand without backorders (Wagner & Whitin 1958; Snyder & Shen 2019, 3.7.3).

    F(s) = min over t > s of F(t) + K_s + sum of demand in s..t - 1 x (c_s + holding from s to its period).

    Args:
        demand: (T,) units per period, >= 0.
        fixed_cost: money per order; ``unit_cost``: money per unit; both per period or for all.
        holding_cost: money per unit at the end of a period, per period or for all.
        opening_stock: units; meets the first demand, is held until then.

    >>> plan = wagner_whitin([150, 100, 80, 200], 120, 0.8)
    >>> plan.orders.tolist(), plan.cost
    ([150.0, 180.0, 0.0, 200.0], 424.0)
    """
    net, fixed, holding, unit, held = _prepared(demand, fixed_cost, holding_cost, unit_cost, opening_stock)
    periods = len(net)
    carried = np.concatenate([[0.0], np.cumsum(holding)])  # of a unit from period 0 to the start of each
    best, until = np.zeros(periods + 1), np.arange(1, periods + 2)
    for start in range(periods - 1, -1, -1):
        units = net[start:]
        supply = np.cumsum(units * (unit[start] + carried[start:-1] - carried[start]))
        cost = fixed[start] + supply + best[start + 1 :]
        last = int(np.argmin(cost))
        best[start], until[start] = cost[last], start + last + 1
        if net[start] == 0 and best[start + 1] <= best[start]:
            best[start], until[start] = best[start + 1], -1
    orders, start = np.zeros(periods), 0
    while start < periods:
        if until[start] < 0:
            start += 1
            continue
        orders[start] = net[start : until[start]].sum()
        start = int(until[start])
    return LotPlan(orders, float(best[0]) + held)


def capacitated_lots(
    demand: ArrayLike,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    capacity: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    opening_stock: int = 0,
) -> LotPlan:
    """Least cost where no order exceeds a capacity: dynamic programme over whole units of stock.

    Arguments as ``wagner_whitin``, demand and stock in whole units; ``capacity`` per period or for all.

    Raises:
        InputError: where the capacity cannot meet the demand.

    >>> plan = capacitated_lots([10, 20, 30, 40], 40, 1, 30, unit_cost=1)
    >>> plan.orders.tolist(), plan.cost
    ([10.0, 30.0, 30.0, 30.0], 280.0)
    """
    checks.whole_not_negative(demand=demand, capacity=capacity, opening_stock=opening_stock)
    net, fixed, holding, unit, held = _prepared(demand, fixed_cost, holding_cost, unit_cost, opening_stock)
    needs, largest = net.astype(np.int64), np.broadcast_to(np.asarray(capacity, np.int64), net.shape)
    most = int(needs.sum())
    value = np.where(np.arange(most + 1) == 0, 0.0, np.inf)
    choice = np.zeros((len(needs), most + 1), np.int64)
    for period in range(len(needs) - 1, -1, -1):
        value, choice[period] = _capacitated_period(
            value, int(needs[period]), int(largest[period]), fixed[period], unit[period], holding[period]
        )
    if not np.isfinite(value[0]):
        raise InputError("capacity must be able to meet demand", value=np.asarray(capacity).tolist())
    stock, orders = 0, np.zeros(len(needs))
    for period, need in enumerate(needs):
        orders[period] = choice[period, stock]
        stock += int(choice[period, stock]) - int(need)
    return LotPlan(orders, float(value[0]) + held)


def _capacitated_period(
    later: FloatArray, need: int, capacity: int, fixed: float, unit: float, holding: float
) -> tuple[FloatArray, IntArray]:
    """Least cost from each opening stock on, and the order that gives it (the smallest among equals)."""
    most = len(later) - 1
    best, order = np.full(most + 1, np.inf), np.zeros(most + 1, np.int64)
    opening = np.arange(most + 1)
    for quantity in range(min(capacity, most) + 1):
        closing = opening + quantity - need
        possible = (closing >= 0) & (closing <= most)
        inside = np.clip(closing, 0, most)
        cost = np.where(possible, later[inside] + holding * inside, np.inf) + unit * quantity + fixed * (quantity > 0)
        better = cost < best
        best[better], order[better] = cost[better], quantity
    return best, order


def _prepared(
    demand: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike, unit_cost: ArrayLike, opening_stock: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, float]:
    """Demand net of the opening stock, costs per period, cost of holding the opening stock until it is used."""
    checks.not_negative(demand=demand, fixed_cost=fixed_cost, holding_cost=holding_cost, unit_cost=unit_cost)
    checks.not_negative(opening_stock=opening_stock)
    needs = np.atleast_1d(np.asarray(demand, np.float64))
    for name, cost in (("fixed_cost", fixed_cost), ("holding_cost", holding_cost), ("unit_cost", unit_cost)):
        if np.shape(cost) not in {(), needs.shape}:
            raise InputError(f"{name} must be one number or one per period", value=np.shape(cost))
    fixed, holding, unit = (np.broadcast_to(x, needs.shape) for x in checks.floats(fixed_cost, holding_cost, unit_cost))
    left = np.maximum(opening_stock - np.cumsum(needs), 0)
    used = np.diff(np.minimum(np.cumsum(needs), opening_stock), prepend=0.0)
    return needs - used, fixed, holding, unit, float((left * holding).sum())


@kernel
def sparse_lots(
    first_row: IntArray, day: IntArray, quantity: IntArray, fixed_cost: FloatArray, holding_cost: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Optimal lots of many SKUs at once; each lot arrives on the day of its first demand.

    F(j) = min over i <= j of F(i - 1) + K + h sum over k = i..j of quantity_k (day_k - day_i) is a minimum over lines
    in the cumulated quantity, whose slopes -h day_i fall with i: the best i never falls with j (the planning-horizon
    theorem), and the lower envelope of the lines finds it in linear time (Wagelmans, van Hoesel & Kolen 1992).

    Args:
        first_row: (S + 1,) rows of SKU s are first_row[s] .. first_row[s + 1] - 1.
        day, quantity: (N,) demand rows, days rising within a SKU, quantities > 0.
        fixed_cost: (S,) money per lot; ``holding_cost``: (S,) money per unit and day, >= 0.

    Returns:
        (cost, lot_start): (S,) money; (N,) row of the demand on whose day the lot that covers this row arrives.
    """
    skus, rows = first_row.shape[0] - 1, day.shape[0]
    cost, start = np.zeros(skus), np.empty(rows, np.int64)
    best_first = np.empty(rows, np.int64)
    envelope = np.empty(rows, np.int64)  # rows whose lines are on the lower envelope, from ``head`` on
    intercept = np.empty(rows)
    for sku in range(skus):
        begin, end, holding = first_row[sku], first_row[sku + 1], holding_cost[sku]
        head, tail = 0, 0
        units, moment, least = 0.0, 0.0, 0.0  # cumulated before row j; F(j - 1)
        for row in range(begin, end):
            age = float(day[row] - day[begin])
            line = least + fixed_cost[sku] + holding * (age * units - moment)
            while tail - head >= 2:
                last, before = envelope[tail - 1], envelope[tail - 2]
                # The last line is nowhere below both neighbours.
                rise_last = holding * (day[last] - day[before])
                rise_new = holding * (day[row] - day[before])
                if (intercept[last] - intercept[before]) * rise_new >= (line - intercept[before]) * rise_last:
                    tail -= 1
                else:
                    break
            intercept[row] = line
            envelope[tail] = row
            tail += 1
            units += quantity[row]
            moment += quantity[row] * age
            while tail - head >= 2:
                one, two = envelope[head], envelope[head + 1]
                if intercept[two] - holding * (day[two] - day[begin]) * units < (
                    intercept[one] - holding * (day[one] - day[begin]) * units
                ):
                    head += 1
                else:
                    break
            first = envelope[head]
            best_first[row] = first
            least = intercept[first] + holding * (moment - float(day[first] - day[begin]) * units)
        row = end - 1
        while row >= begin:  # trace back, and add the cost up afresh
            first = best_first[row]
            cost[sku] += fixed_cost[sku]
            for covered in range(first, row + 1):
                start[covered] = first
                cost[sku] += holding * quantity[covered] * (day[covered] - day[first])
            row = first - 1
    return cost, start
