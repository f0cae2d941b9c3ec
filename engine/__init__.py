"""The inventory engine: recovered demand, planning, daily replay and scoring; knows neither Dagster nor DuckDB."""
