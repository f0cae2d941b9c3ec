"""Keyed random numbers: each depends only on its key, never on a sequence, an order of rows or a thread.

The hash is the output function of splitmix64 (Steele, Lea, Flood 2014) chained over the parts of the key. Every
constant is a ``np.uint64``: mixed with Python or signed integers, NumPy would silently compute in another type.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Keys = NDArray[np.uint64]

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = np.uint64(0x94D049BB133111EB)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_UNIT_SHIFT = np.uint64(12)
_UNIT_STEP = 2.0**-52


def mix(values: Keys) -> Keys:
    """Splitmix64's output function, elementwise; overflow wraps by design."""
    z = np.asarray(values, dtype=np.uint64).reshape(-1)
    z = (z ^ (z >> _SHIFTS[0])) * _FIRST_FACTOR
    z = (z ^ (z >> _SHIFTS[1])) * _SECOND_FACTOR
    return (z ^ (z >> _SHIFTS[2])).reshape(np.shape(values))


def splitmix64(seed: int, count: int) -> Keys:
    """Return the first ``count`` outputs of splitmix64 for a seed, as published."""
    steps = np.arange(1, count + 1, dtype=np.uint64)
    return mix(_as_keys(seed) + steps * GOLDEN_GAMMA)


def sku_key(item_id: str) -> int:
    """First 8 bytes of the BLAKE2b digest of an item id, little-endian."""
    return int.from_bytes(hashlib.blake2b(item_id.encode(), digest_size=64).digest()[:8], "little")


def sku_keys(items: Iterable[str]) -> Keys:
    """Keys (S,) of item ids, in their order."""
    return np.array([sku_key(item) for item in items], dtype=np.uint64)


def key_states(seed: int, scenario: int, keys: Keys, stream: int = 0) -> Keys:
    """Hash state (S,) of every key before the day enters: shared by all days of a key."""
    state = mix(_as_keys(seed) + GOLDEN_GAMMA)
    state = mix((state ^ _as_keys(scenario)) + GOLDEN_GAMMA)
    state = mix((state ^ _as_keys(stream)) + GOLDEN_GAMMA)
    return mix((state ^ np.asarray(keys, dtype=np.uint64)) + GOLDEN_GAMMA)


def hash_days(states: Keys, days: ArrayLike) -> Keys:
    """64 random bits for states and days, which broadcast against each other; a day is any integer."""
    state, day = np.broadcast_arrays(np.asarray(states, dtype=np.uint64), np.asarray(days, dtype=np.int64))
    return mix(state ^ mix(day.astype(np.uint64) * GOLDEN_GAMMA))


def to_unit(bits: Keys) -> NDArray[np.float64]:
    """Map 64 random bits to the open interval (0, 1): 52 bits, and half a step so that neither end occurs."""
    return ((bits >> _UNIT_SHIFT).astype(np.float64) + 0.5) * _UNIT_STEP


def uniforms(seed: int, scenario: int, keys: Keys, days: ArrayLike, stream: int = 0) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1), shape (S, T), for keys (S,) and days (T,)."""
    states = key_states(seed, scenario, keys, stream)
    return to_unit(hash_days(states[:, None], np.asarray(days, dtype=np.int64)[None, :]))


def draw_index(seed: int, scenario: int, key: int, days: ArrayLike, n: int) -> NDArray[np.int64]:
    """Index 0..n-1 for every day, e.g. into the quantile table of a lead time; equally likely up to 2**-32.

    Args:
        seed: seed of the run.
        scenario: demand scenario.
        key: key of the supplier (or item), see ``sku_key``.
        days: days (T,), any integers.
        n: length of the table, 1 .. 2**31.
    """
    states = key_states(seed, scenario, np.array([key], dtype=np.uint64), stream=2)
    high = hash_days(states, np.asarray(days, dtype=np.int64)) >> np.uint64(32)
    return ((high * np.uint64(n)) >> np.uint64(32)).astype(np.int64)


def _as_keys(value: int) -> Keys:
    """Any integer, also negative or above 64 bits, as a wrapped one-element array."""
    return np.array([value & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
