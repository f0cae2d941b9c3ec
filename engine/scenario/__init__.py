"""The frozen world of a backtest and how it is built from tables."""

from engine.scenario.offers import OfferTable
from engine.scenario.world import (
    Catalogue,
    DayRows,
    DayTable,
    LeadTimes,
    Limits,
    OpeningOrders,
    Scenario,
    SupplierTable,
)

__all__ = [
    "Catalogue",
    "DayRows",
    "DayTable",
    "LeadTimes",
    "Limits",
    "OfferTable",
    "OpeningOrders",
    "Scenario",
    "SupplierTable",
]
