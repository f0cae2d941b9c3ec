"""Keyed random numbers against published outputs, and what makes them keyed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.randomness import draw_index, mix, sku_key, sku_keys, splitmix64, to_unit, uniforms


@pytest.mark.parametrize(
    ("seed", "outputs"),
    [
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]),
        (1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423]),
    ],
)
def test_splitmix64_gives_its_published_outputs(seed, outputs):
    assert splitmix64(seed, 3).tolist() == outputs


def test_mix_agrees_with_python_integers():
    values = [0, 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15]
    mask = 2**64 - 1

    def slow(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    assert mix(np.array(values, dtype=np.uint64)).tolist() == [slow(value) for value in values]


def test_sku_key_is_the_head_of_blake2b():
    # BLAKE2b("abc") of RFC 7693 begins ba 80 a5 3f 98 1c 4d 0d
    assert sku_key("abc") == int.from_bytes(bytes.fromhex("ba80a53f981c4d0d"), "little")


def test_uniforms_do_not_depend_on_the_order_or_number_of_keys_and_days():
    keys = sku_keys(["a", "b", "c"])
    all_days = uniforms(7, 0, keys, np.arange(10))
    some = uniforms(7, 0, keys[[2, 0]], np.array([9, 3]))
    assert np.array_equal(some, all_days[[2, 0]][:, [9, 3]])


@pytest.mark.parametrize("other", [{"seed": 8}, {"scenario": 1}, {"stream": 1}, {"seed": -7}])
def test_every_part_of_the_key_matters(other):
    keys = sku_keys(["a", "b"])
    base = {"seed": 7, "scenario": 0, "keys": keys, "days": np.arange(50), "stream": 0}
    assert not np.isin(uniforms(**base), uniforms(**(base | other))).any()


def test_uniforms_are_uniform_and_uncorrelated_between_neighbours():
    numbers = uniforms(1, 0, sku_keys(f"i{n}" for n in range(300)), np.arange(300))
    counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
    chi_square = ((counts - 900.0) ** 2 / 900.0).sum()
    assert 50 < chi_square < 160  # 99 degrees of freedom
    assert abs(np.corrcoef(numbers[:, 1:].ravel(), numbers[:, :-1].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(numbers[1:].ravel(), numbers[:-1].ravel())[0, 1]) < 0.01


def test_unit_interval_is_open():
    ends = to_unit(np.array([0, 2**64 - 1], dtype=np.uint64))
    assert 0 < ends[0] < ends[1] < 1


@given(st.integers(-(2**63), 2**63), st.integers(0, 63), st.integers(1, 2**31))
def test_draw_index_stays_in_its_table(seed, scenario, n):
    drawn = draw_index(seed, scenario, sku_key("supplier"), np.arange(-3, 20), n)
    assert drawn.dtype == np.int64
    assert drawn.min() >= 0
    assert drawn.max() < n


def test_draw_index_covers_its_table_evenly():
    drawn = draw_index(3, 0, sku_key("s"), np.arange(40_000), 8)
    assert np.abs(np.bincount(drawn, minlength=8) / 5000 - 1).max() < 0.06
