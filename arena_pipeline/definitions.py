"""Entry point of the Dagster code location."""

from arena_pipeline.build import build_definitions
from arena_pipeline.settings import load_settings

defs = build_definitions(load_settings())
