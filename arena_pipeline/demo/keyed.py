"""Random numbers that depend on their key only, never on the order in which they are drawn."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HEX_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def name_key(name: str) -> int:
    """First 8 bytes of BLAKE2b of a name, as an unsigned integer."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def item_keys(items: Sequence[str]) -> Keys:
    """One key per item id; shape (S,)."""
    return np.array([name_key(item) for item in items], dtype=np.uint64)


def _mix(state: Keys) -> Keys:
    """Finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def keyed_bits(seed: int, stream: str, *keys: npt.ArrayLike) -> Keys:
    """64 random bits per broadcast combination of keys."""
    state = _mix(np.array([(seed ^ name_key(stream)) & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
    for key in keys:
        part = np.atleast_1d(np.asarray(key)).astype(np.uint64)
        state = _mix((state ^ (part * _GOLDEN)) + _GOLDEN)
    return state


def uniform(seed: int, stream: str, *keys: npt.ArrayLike) -> Floats:
    """Uniform numbers in the open interval (0, 1)."""
    bits = keyed_bits(seed, stream, *keys) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def normal(seed: int, stream: str, *keys: npt.ArrayLike) -> Floats:
    """Standard normal numbers by inversion."""
    return np.asarray(ndtri(uniform(seed, stream, *keys)), dtype=np.float64)


def lognormal(seed: int, stream: str, sigma: float, *keys: npt.ArrayLike) -> Floats:
    """Log-normal factors with median 1 and log standard deviation ``sigma``."""
    return np.exp(sigma * normal(seed, stream, *keys))


def choice(seed: int, stream: str, options: int, *keys: npt.ArrayLike) -> Ints:
    """Integers 0..options-1, equally likely."""
    return np.minimum((uniform(seed, stream, *keys) * options).astype(np.int64), options - 1)


def generator(seed: int, stream: str, key: int) -> np.random.Generator:
    """A generator of its own for one key, for draws that inversion would make slow."""
    return np.random.Generator(np.random.Philox(key=[(seed ^ name_key(stream)) & 0xFFFFFFFFFFFFFFFF, key]))


def hex_bytes(bits: Keys) -> npt.NDArray[np.uint8]:
    """ASCII bytes of 16 hexadecimal digits per key; shape (n, 16)."""
    octets = bits.astype(">u8").view(np.uint8).reshape(-1, 8)
    digits = np.empty((len(bits), 16), dtype=np.uint8)
    digits[:, 0::2] = _HEX_DIGITS[octets >> 4]
    digits[:, 1::2] = _HEX_DIGITS[octets & 15]
    return digits
