"""What making a domain object costs: validated, by Pydantic's own ``model_construct``, and by the lean one."""

import statistics
import timeit
from collections.abc import Callable, Iterator
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmarks.measure import Figure, Size
from engine.models import HotPathModel, OrderableOffer, PurchaseOrder

ROW = {
    "sku": 7, "supplier": 2, "ordered_on": 3, "arrives_on": 12, "quantity": 12, "unit_cost": 450, "line_cost": 50
}  # fmt: skip
OFFER_ROW = {
    "row": 0, "sku": 7, "supplier": 2, "smallest_quantity": 6, "multiple": 6, "unit_cost": 450, "line_cost": 50,
    "lead_time": 9, "valid_from": 0, "valid_until": 365,
}  # fmt: skip
