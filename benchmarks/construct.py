"""What making a domain object costs: validated, by Pydantic's own ``model_construct``, and by the lean one."""

import statistics
import timeit
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from benchmarks.measure import Figure, Size
from engine.models import OrderableOffer, PurchaseOrder

OFFER = {
    "row": 0, "sku": 7, "supplier": 2, "smallest_quantity": 6, "multiple": 6, "unit_cost": 450, "line_cost": 50,
    "lead_time": 9, "valid_from": 0, "valid_until": 365,
}  # fmt: skip
ORDER = {
    "sku": 7, "supplier": 2, "ordered_on": 3, "arrives_on": 12, "quantity": 12, "unit_cost": 450, "line_cost": 50
}  # fmt: skip
CALLS = 20_000


class PlacedOrder(PurchaseOrder):
    """An order as it comes from outside: with the offer it was placed on."""

    offer: OrderableOffer


def construct(size: Size) -> Iterator[Figure]:
    """Cost of validation over cost of ``model_construct``.

    For a nested row from outside (inside the tick the offer is there already) and for a flat typed order. Keywords are
    written out, as in the tick: unpacking a dictionary would add a third to the lean one.
    """
    row = {**ORDER, "offer": OFFER}
    order, offer = PurchaseOrder(**ORDER), OrderableOffer(**OFFER)
    construct_lean, construct_order = PlacedOrder.model_construct, PurchaseOrder.model_construct
    stock = BaseModel.model_construct.__func__  # type: ignore[attr-defined]
    _assert_alike(construct_lean(**ORDER, offer=offer), PlacedOrder.model_validate(row))
    _assert_alike(construct_order(**ORDER), order)
    _assert_alike(stock(PurchaseOrder, **ORDER), order)
    ns = _nanoseconds(
        {
            "boundary": lambda: PlacedOrder.model_validate(row),
            "flat": lambda: PurchaseOrder(
                sku=7, supplier=2, ordered_on=3, arrives_on=12, quantity=12, unit_cost=450, line_cost=50
            ),
            "stock": lambda: stock(
                PlacedOrder,
                sku=7,
                supplier=2,
                ordered_on=3,
                arrives_on=12,
                quantity=12,
                unit_cost=450,
                line_cost=50,
                offer=offer,
            ),
            "stock_flat": lambda: stock(
                PurchaseOrder, sku=7, supplier=2, ordered_on=3, arrives_on=12, quantity=12, unit_cost=450, line_cost=50
            ),
            "lean": lambda: construct_lean(
                sku=7, supplier=2, ordered_on=3, arrives_on=12, quantity=12, unit_cost=450, line_cost=50, offer=offer
            ),
            "lean_flat": lambda: construct_order(
                sku=7, supplier=2, ordered_on=3, arrives_on=12, quantity=12, unit_cost=450, line_cost=50
            ),
        },
        size.repeats,
    )
    told = ", ".join(f"{name.replace('_', ' ')} {value:.0f} ns" for name, value in ns.items())
    yield _ratio("model_construct_lean_over_boundary_validation", ns["boundary"] / ns["lean"], told)
    yield _ratio("model_construct_stock_over_boundary_validation", ns["boundary"] / ns["stock"], told)
    yield _ratio("model_construct_lean_over_flat_validation", ns["flat"] / ns["lean_flat"], told)
    yield _ratio("model_construct_stock_over_flat_validation", ns["flat"] / ns["stock_flat"], told)


def _ratio(name: str, value: float, told: str) -> Figure:
    return Figure(name, value, "ratio", f"cost of validation / cost of model_construct: {told}")


def _assert_alike(made: BaseModel, validated: BaseModel) -> None:
    assert made == validated
    assert repr(made) == repr(validated)
    assert made.model_dump_json() == validated.model_dump_json()
    assert made.model_fields_set == validated.model_fields_set


def _nanoseconds(works: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median of each, taking turns; loops inside ``timeit``, which adds some 20 ns per call."""
    timers = {name: timeit.Timer(work) for name, work in works.items()}
    runs = [{name: timer.timeit(CALLS) for name, timer in timers.items()} for _ in range(repeats + 2)]
    return {name: statistics.median(run[name] for run in runs) / CALLS * 1e9 for name in works}
