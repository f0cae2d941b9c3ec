from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.schema import Axes

FIRST = date(2024, 2, 28)


@given(st.integers(0, 30), st.integers(0, 12), st.integers(1, 60))
def test_shards_cover_all_items_once_in_order_and_are_bounded(items, days, cells):
    axes = Axes(tuple(f"{item:03d}" for item in range(items)), FIRST, days)
    shards = axes.shards(cells)
    assert [sku for shard in shards for sku in range(items)[shard]] == list(range(items))
    assert all((shard.stop - shard.start) * days <= cells or shard.stop - shard.start == 1 for shard in shards)
    assert sum((axes.part(shard).items for shard in shards), ()) == axes.items


@pytest.mark.parametrize(("items", "cells", "sizes"), [(7, 9, [3, 3, 1]), (2, 2, [1, 1]), (3, 100, [3]), (0, 9, [0])])
def test_a_shard_is_as_many_whole_items_as_fit(items, cells, sizes):
    axes = Axes(tuple("ABCDEFG"[:items]), FIRST, 3)
    assert [shard.stop - shard.start for shard in axes.shards(cells)] == sizes


def test_a_part_keeps_its_days():
    part = Axes(("A", "B", "C"), FIRST, 3).part(slice(1, 3))
    assert part == Axes(("B", "C"), FIRST, 3)
    assert part.sku_of == {"B": 0, "C": 1}
