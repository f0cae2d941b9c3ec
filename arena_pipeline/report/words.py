"""Names of figures in a reader's words, and how each is written."""

FIGURE_NAMES = {
    "stockout_rate": "Empty shelves (item-days)", "average_inventory_value": "Stock at cost, average",
    "working_capital": "Working capital", "lost_margin": "Margin lost to empty shelves", "orders": "Purchase orders",
    "order_lines": "Order lines", "fill_rate": "Units served (fill rate)", "cycle_service_level": "Cycles without a gap",
    "in_stock_rate": "Item-days in stock", "gross_margin": "Gross margin", "economic_profit": "Economic profit",
}  # fmt: skip
SHARES = {"stockout_rate", "fill_rate", "cycle_service_level", "in_stock_rate"}
COUNTED = {"orders", "order_lines"}


def kind_of(figure: str) -> str:
    """How a figure is written."""
    return "percent" if figure in SHARES else "number" if figure in COUNTED else "money"
