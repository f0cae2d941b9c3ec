"""Compiled kernels take flat arrays; formulas take any shapes that broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def per_cell(kernel: Callable[..., NDArray[Any]], *arguments: ArrayLike) -> NDArray[Any]:
    """Apply a kernel of float arguments to every cell of the broadcast arguments."""
    arrays = np.broadcast_arrays(*(np.asarray(argument, np.float64) for argument in arguments))
    flat = kernel(*(np.ascontiguousarray(array).ravel() for array in arrays))
    return flat.reshape(arrays[0].shape)
