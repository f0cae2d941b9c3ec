"""Compiled kernels take flat arrays; formulas take any shapes that broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def flattened(*arguments: ArrayLike) -> tuple[list[FloatArray], tuple[int, ...]]:
    """The arguments broadcast against each other, each flat and contiguous, and their common shape."""
    arrays = [np.asarray(argument, np.float64) for argument in arguments]
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    return [
        np.ascontiguousarray(array).ravel() if array.shape == shape else np.broadcast_to(array, shape).flatten()
        for array in arrays
    ], shape


def per_cell(kernel: Callable[..., NDArray[Any]], *arguments: ArrayLike) -> NDArray[Any]:
    """Apply a kernel of float arguments to every cell of the broadcast arguments."""
    flat, shape = flattened(*arguments)
    return kernel(*flat).reshape(shape)
