"""Method notes taken from the functions that compute the figures, so that the two cannot drift apart."""

import inspect
from collections.abc import Callable

from engine.scorecard import comparison, supplier_performance
from engine.scorecard.figures import COUNTS, MONEY, RATIOS

HEADS = (
    ("Money", MONEY),
    ("Rates", RATIOS),
    ("Counts", COUNTS),
)
TABLES: tuple[Callable[..., object], ...] = (
    comparison.against_actual,
    comparison.roi,
    comparison.distances,
    comparison.price_of_segmenting,
    comparison.rate_sensitivity,
    supplier_performance.supplier_performance,
)


def formulas() -> list[dict[str, str]]:
    """Every figure with its group, name and formula."""
    return [
        {"group": group, "figure": figure.__name__, "formula": _meaning(figure)}
        for group, figures in HEADS
        for figure in figures
    ]


def tables() -> list[dict[str, str]]:
    """Every table of comparisons with what its columns mean."""
    return [{"figure": table.__name__, "formula": _meaning(table)} for table in TABLES]


def _meaning(function: Callable[..., object]) -> str:
    """Docstring up to its arguments, as running text without mark-up."""
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("Args:")[0].split()).replace("``", "")
