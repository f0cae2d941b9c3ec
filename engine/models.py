"""Domain objects of the reference stepper: offers, orders, positions.

Rows from outside are validated by the ordinary constructor. Inside the tick objects are made with
``model_construct``, here a lean one (invariant 5): it sets the instance's ``__dict__`` only, and Pydantic's
bookkeeping slots are answered on demand.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_new = object.__new__
_set = object.__setattr__


class HotPathModel(BaseModel):
    """Frozen model whose ``model_construct`` costs little more than its dictionary.

    Unlike Pydantic's own, ``model_construct`` fills in no defaults: the caller names every field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:  # type: ignore[override]
        """Make an instance from values known to be valid; nothing is checked or copied."""
        instance = _new(cls)
        _set(instance, "__dict__", values)
        return instance

    def __getattr__(self, name: str) -> Any:
        """Answer the bookkeeping slots that ``model_construct`` left unset."""
        if name == "__pydantic_fields_set__":
            return set(type(self).model_fields)
        if name in {"__pydantic_extra__", "__pydantic_private__"}:
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class OrderableOffer(HotPathModel):
    """One price-break row of a supplier's offer for a SKU.

    Money in minor units, quantities in units, days as day indices of the scenario.
    """

    row: int = Field(ge=0, description="row in the flattened orderable-offers table")
    sku: int = Field(ge=0)
    supplier: int = Field(ge=0, description="supplier index")
    smallest_quantity: int = Field(ge=1, description="max(price break, minimum order quantity)")
    multiple: int = Field(ge=1)
    unit_cost: int = Field(ge=0)
    line_cost: int = Field(ge=0)
    lead_time: int = Field(ge=1, description="expected days, as promised")
    valid_from: int
    valid_until: int = Field(description="first day on which it no longer holds")

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.valid_until < self.valid_from:
            raise ValueError("valid_until must be >= valid_from")
        return self


class PurchaseOrder(HotPathModel):
    """One line ordered from a supplier. ``supplier`` is -1 for an order known only by its arrival."""

    sku: int = Field(ge=0)
    supplier: int = Field(ge=-1)
    ordered_on: int
    arrives_on: int
    quantity: int = Field(gt=0)
    unit_cost: int = Field(ge=0)
    line_cost: int = Field(ge=0)

    @model_validator(mode="after")
    def _lead_time(self) -> Self:
        if self.arrives_on <= self.ordered_on:
            raise ValueError("arrives_on must be after ordered_on: lead time is at least one day")
        return self


class InventoryPosition(HotPathModel):
    """What a strategy that decides in plain Python sees of one SKU at its review."""

    sku: int = Field(ge=0)
    day: int = Field(ge=0)
    on_hand: int = Field(ge=0)
    on_order: int = Field(ge=0)
    waiting: int = Field(ge=0)

    @property
    def position(self) -> int:
        """On hand plus on order less waiting demand."""
        return self.on_hand + self.on_order - self.waiting
