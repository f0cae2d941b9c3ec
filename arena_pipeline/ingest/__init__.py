"""Canonical log files into DuckDB: nothing lost, nothing counted twice."""

from arena_pipeline.ingest.report import FileReport, IngestReport
from arena_pipeline.ingest.run import ingest

__all__ = ["FileReport", "IngestReport", "ingest"]
