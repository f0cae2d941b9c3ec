"""Whether a catalogue fits into the memory of this machine: told before it is tried."""

import os

from engine.schema import Axes

BYTES_PER_SKU_DAY = 300
"""Measured: planning and replay hold the whole catalogue (the demo, 1.4 million SKU-days: 0.4 GB above the start)."""
GIGABYTE = 2**30


def machine_memory() -> int | None:
    """Bytes of memory of this machine; None where the system does not tell."""
    names = getattr(os, "sysconf_names", {})
    if not {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(names):
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def memory_shortage(axes: Axes, memory: int | None) -> str | None:
    """What to say where planning all items would take more than the machine has; None where it fits.

    Args:
        axes: of the catalogue.
        memory: bytes of the machine; None: not known, nothing is said.
    """
    needed = axes.shape[0] * axes.shape[1] * BYTES_PER_SKU_DAY
    if memory is None or needed <= memory:
        return None
    return (
        f"planning {len(axes.items):,} items over {axes.days:,} days takes about {needed / GIGABYTE:.0f} GB, this "
        f"machine has {memory / GIGABYTE:.0f}: the run may be ended by the system. The demand tables are complete. "
        "Plan a part of the catalogue (shop.categories) or a shorter window (shop.first_day)"
    )
