"""Benchmarks: each asserts its answer first and then reports what it cost. Run with ``python -m benchmarks``."""
