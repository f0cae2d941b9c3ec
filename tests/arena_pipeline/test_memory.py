"""A catalogue too large for the machine is told beforehand."""

from datetime import date
from pathlib import Path

import pytest

from arena_pipeline.memory import BYTES_PER_SKU_DAY, GIGABYTE, machine_memory, memory_shortage
from engine.schema import Axes

MEMINFO = Path("/proc/meminfo")
AXES = Axes(("A", "B", "C"), date(2024, 1, 1), 1_000)


def test_what_fits_is_not_worth_a_word():
    assert memory_shortage(AXES, 3_000 * BYTES_PER_SKU_DAY) is None
    assert memory_shortage(AXES, None) is None


def test_what_does_not_fit_is_told_with_a_way_out():
    said = memory_shortage(Axes(AXES.items, AXES.first_day, 40_000_000), 8 * GIGABYTE)
    assert said is not None
    assert "3 items over 40,000,000 days takes about 34 GB, this machine has 8" in said
    assert "shop.categories" in said


@pytest.mark.skipif(not MEMINFO.exists(), reason="no /proc/meminfo on this system to compare with")
def test_this_machine_tells_its_memory():
    kibibytes = MEMINFO.read_text().splitlines()[0].split()[1]
    assert machine_memory() == int(kibibytes) * 1024
