"""The forecast matrix: what every strategy knows on every re-planning date."""

from engine.forecast.history import OrderHistory
from engine.forecast.matrix import ForecastMatrix, forecast_matrix

__all__ = ["ForecastMatrix", "OrderHistory", "forecast_matrix"]
