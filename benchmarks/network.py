"""Multi-echelon solvers, where the engine has them."""

from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.measure import Figure, Size


def network(_size: Size) -> Iterator[Figure]:
    """Guaranteed service on a tree of 2,000 stages; serial systems for 10,000 SKUs."""
    reason = "no benchmark of it yet" if find_spec("engine.multi_echelon") else "engine.multi_echelon is not there"
    for name in ("gsm_tree_2000_seconds", "serial_10k_seconds"):
        yield Figure(name, None, "s", f"skipped: {reason}")
