"""The Dagster code location around the engine: ingest, assets, commands."""
