"""The registry of strategies: adding one is a class with ``plan`` and a line here."""

from __future__ import annotations

from typing import Protocol

from engine.plan import Plan
from engine.strategies.abc_xyz import AbcXyz
from engine.strategies.base_stock import BaseStock
from engine.strategies.budget_constrained import BudgetConstrained
from engine.strategies.continuous_review import ContinuousReview
from engine.strategies.information import Information
from engine.strategies.min_max import MinMax
from engine.strategies.naive_min_max import NaiveMinMax
from engine.strategies.newsvendor import Newsvendor
from engine.strategies.parameters import StrategyParameters
from engine.strategies.periodic_order_up_to import PeriodicOrderUpTo

__all__ = ["BASELINES", "STRATEGIES", "Information", "Strategy", "StrategyParameters"]


class Strategy(Protocol):
    """Parameters in, plan out; sees ``Information`` and nothing else."""

    def plan(self, information: Information) -> Plan:
        """What to order when, for every re-planning date and SKU."""
        ...


STRATEGIES: dict[str, type[StrategyParameters]] = {
    "continuous_review": ContinuousReview,
    "periodic_order_up_to": PeriodicOrderUpTo,
    "min_max": MinMax,
    "newsvendor": Newsvendor,
    "base_stock": BaseStock,
    "abc_xyz": AbcXyz,
    "budget_constrained": BudgetConstrained,
    "naive_min_max": NaiveMinMax,
}
"""Every strategy by name."""

BASELINES = frozenset({"naive_min_max"})
"""Strategies that stand beside the competing ones for comparison."""
