"""The demand file that all peers read, and the line they answer with. Runs in the peers' environments: NumPy only."""

import json
from typing import NamedTuple

import numpy as np


class PeerWorld(NamedTuple):
    """(S, T) demand, (s, S) levels per SKU, days from order to arrival."""

    demand: np.ndarray
    point: np.ndarray
    up_to: np.ndarray
    lead_time: int

    @property
    def skus(self) -> int:
        """Number of SKUs."""
        return self.demand.shape[0]

    @property
    def days(self) -> int:
        """Number of days."""
        return self.demand.shape[1]


def read(path: str) -> PeerWorld:
    """World of a file: columns reorder point, order-up-to level, lead time, then demand by day."""
    table = np.load(path)
    return PeerWorld(np.ascontiguousarray(table[:, 3:]), table[:, 0], table[:, 1], int(table[0, 2]))


def report(seconds: float, **totals: int) -> None:
    """Print the answer as one line of JSON."""
    print(json.dumps({"seconds": seconds, "totals": totals}))
