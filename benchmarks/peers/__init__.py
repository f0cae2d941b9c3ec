"""Peers side by side with the compiled stepper: the same demand file, the same (s, S), lost sales where they can.

Each peer runs in an environment of its own under ``var/benchmarks``, made by pip from pinned versions on first use.
Each has its own order of events within a day; the translation stands at the top of its script, and units sold and lost
agree to the unit before a ratio is reported.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.measure import SCRATCH, Figure, Size, child_json, medians
from benchmarks.worlds import LEAD_TIME, Supply, demand_matrix, fixed_levels, points, world
from engine.plan import Levels
from engine.scenario import Scenario
from engine.steppers.compiled import run_compiled
from engine.totals import RunTotals

SCRIPTS = Path(__file__).parent
MEDIAN_RATE = 0.3


@dataclass(frozen=True)
class Peer:
    """Another simulator.

    Attributes:
        requirements: pinned; ``environment``: folder of its virtual environment.
        share: part of the SKUs it runs; its time is scaled per SKU-day.
        decides_before_demand: an order of our last day would be one of the day after.
        waits: knows no lost sales: compared with all unserved demand waiting, by unit-days on hand.
    """

    name: str
    requirements: tuple[str, ...]
    environment: str
    share: float = 1.0
    decides_before_demand: bool = False
    waits: bool = False
    timeout: float = 600.0

    @property
    def figure(self) -> str:
        """Name of its figure."""
        return f"compiled_over_{self.name}"


_SHARED = ("stockcast==0.2.0", "replenishment==0.1.2", "inventorize==1.2.6")
PEERS = {
    peer.name: peer
    for peer in (
        Peer("replenishment", _SHARED, "peers"),
        Peer("inventorize", _SHARED, "peers", decides_before_demand=True),
        Peer("stockcast", _SHARED, "peers", decides_before_demand=True),
        Peer("stockpyl", ("stockpyl==1.0.2", "numpy<2"), "stockpyl", share=0.02, waits=True),
    )
}


def compare(peer: Peer, size: Size) -> Figure:
    """Ratio of SKU-days per second, compiled stepper over the peer; both on the same demand file in this run."""
    try:
        python = environment(peer)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        return Figure(peer.figure, None, "ratio", f"skipped: {peer.name} could not be installed ({_brief(error)})")
    scenario, plan, demand = peer_world(size.peer_skus, size.days, waits=peer.waits)
    own = run_compiled(scenario, plan)
    skus = max(2, round(size.peer_skus * peer.share))
    path = SCRATCH / "demand.npy"
    table = [plan.reorder_point[0], plan.order_up_to[0], np.full(len(demand), LEAD_TIME)]
    np.save(path, np.column_stack([*table, demand])[:skus].astype(np.int64))
    before = medians({"own": lambda: run_compiled(scenario, plan)}, size.repeats)["own"]
    try:
        answer = child_json([python, SCRIPTS / f"run_{peer.name}.py", path], peer.timeout)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return Figure(peer.figure, None, "ratio", f"skipped: {peer.name} did not finish ({_brief(error)})")
    after = medians({"own": lambda: run_compiled(scenario, plan)}, size.repeats)["own"]
    assert answer["totals"] == expected(peer, own, skus), (answer["totals"], expected(peer, own, skus))
    seconds = (before + after) / 2
    own_speed, peer_speed = demand.size / seconds, skus * size.days / answer["seconds"]
    note = (
        f"{peer_speed:,.0f} against {own_speed:,.0f} SKU-days/s; {peer.name} ran {skus:,} SKUs x {size.days} days in "
        f"{answer['seconds']:.1f} s; same {', '.join(answer['totals'])}"
        + ("; unserved demand waits, it knows no lost sales" if peer.waits else "")
        + (f"; scaled per SKU-day from {skus} SKUs" if skus < size.peer_skus else "")
    )
    return Figure(peer.figure, own_speed / peer_speed, "ratio", note)


def peer_world(skus: int, days: int, *, waits: bool = False) -> tuple[Scenario, Levels, np.ndarray]:
    """(s, S) on Poisson demand, median ``MEDIAN_RATE`` units a day; opens at S, so that nobody orders before day 0."""
    rate, demand = demand_matrix(skus, days, MEDIAN_RATE * np.exp(0.5))
    point, up_to = points(rate)
    scenario = world(demand, Supply(opening=up_to, waiting_share_u6=10**6 if waits else 0))
    return scenario, fixed_levels(point, up_to, np.zeros(1, np.int64), LEAD_TIME), demand


def expected(peer: Peer, own: RunTotals, skus: int) -> dict[str, int]:
    """What the peer must answer for the first SKUs, by our own run."""
    if peer.waits:
        return {"unit_days": int(own.field("unit_days")[:skus].sum())}
    lines = own.supplier_lines[0, :-1] if peer.decides_before_demand else own.supplier_lines[0]
    return {
        "sold": int(own.field("sold")[:skus].sum()),
        "lost": int(own.field("lost")[:skus].sum()),
        "lines": int(lines.sum()),
    }


def environment(peer: Peer) -> Path:
    """Python of the peer's environment, made when it is missing."""
    folder = SCRATCH / peer.environment
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists() or ready.read_text() != "\n".join(peer.requirements):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.requirements]
        subprocess.run(install, check=True, capture_output=True, timeout=900)
        ready.write_text("\n".join(peer.requirements))
    return python


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[-1][-160:] if str(error).strip() else type(error).__name__
