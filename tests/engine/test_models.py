"""Domain objects: what the validating constructor refuses at the edge."""

import pytest
from pydantic import ValidationError

from engine.models import InventoryPosition, OrderableOffer, PurchaseOrder
from tests.engine.small_world import OFFER

OFFER_VALUES = OFFER | {"row": 0}
ORDER_VALUES = {
    "sku": 0, "supplier": 0, "ordered_on": 0, "arrives_on": 1, "quantity": 1, "unit_cost": 0, "line_cost": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"row": -1}, {"sku": -1}, {"supplier": -1}, {"smallest_quantity": 0}, {"multiple": 0}, {"unit_cost": -1},
        {"line_cost": -1}, {"lead_time": 0}, {"valid_from": 5, "valid_until": 4}, {"colour": "red"},
    ],
    ids=str,
)  # fmt: skip
def test_an_offer_that_breaks_a_rule_is_refused(wrong):
    OrderableOffer(**OFFER_VALUES)
    with pytest.raises(ValidationError):
        OrderableOffer(**(OFFER_VALUES | wrong))


@pytest.mark.parametrize(
    "wrong",
    [{"sku": -1}, {"supplier": -2}, {"quantity": 0}, {"unit_cost": -1}, {"line_cost": -1}, {"arrives_on": 0}],
    ids=str,
)
def test_an_order_that_breaks_a_rule_is_refused(wrong):
    PurchaseOrder(**ORDER_VALUES)
    with pytest.raises(ValidationError):
        PurchaseOrder(**(ORDER_VALUES | wrong))


def test_a_lead_time_is_at_least_a_day():
    with pytest.raises(ValidationError, match="lead time is at least one day"):
        PurchaseOrder(**(ORDER_VALUES | {"ordered_on": 3, "arrives_on": 3}))


@pytest.mark.parametrize("name", ["sku", "day", "on_hand", "on_order", "waiting"])
def test_a_position_holds_no_negative_count(name):
    values = {"sku": 0, "day": 0, "on_hand": 0, "on_order": 0, "waiting": 0}
    with pytest.raises(ValidationError):
        InventoryPosition(**(values | {name: -1}))


def test_position_is_on_hand_plus_on_order_less_waiting():
    assert InventoryPosition(sku=0, day=0, on_hand=3, on_order=10, waiting=4).position == 9


def test_an_object_of_an_offer_table_passes_its_own_validation():
    from tests.engine.make_scenario import make_scenario  # noqa: PLC0415

    for offers in make_scenario(5).offers.by_sku:
        for offer in offers:
            assert OrderableOffer(**offer.model_dump()) == offer
