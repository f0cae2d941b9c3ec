"""Echelon levels, installation levels and every level on its own, on the same demand.

``python -m engine.multi_echelon.comparison`` prints the table of ``docs/multi_echelon.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.multi_echelon.network import Network, simulate
from engine.multi_echelon.network_figures import daily_costs, figures
from engine.multi_echelon.serial import SerialSystem, serial_cost, shang_song, solve_serial
from engine.multi_echelon.simulated_plans import serial_network
from engine.optimisation.random_demand import NegativeBinomial
from engine.randomness import sku_keys, uniforms

DAYS, SEARCH_DAYS, WARM_UP, SEED = 400_000, 50_000, 1_000, 8
SYSTEM = SerialSystem.of_local_holding((7, 4, 2), (2, 3, 8), 50, NegativeBinomial.of_moments(4, 12))
ROUNDS = (1, 7, 14)
HEADER = (
    "| levels | cost per day | above the first row | fill rate | waiting | bullwhip 1 / 2 / 3 "
    "| capital | fill rate, lost sales |\n|---|---:|---:|---:|---:|---|---:|---:|"
)


@dataclass(frozen=True)
class Row:
    """One way to set the levels; expected cost where the serial model gives it."""

    name: str
    network: Network
    with_lost_sales: Network
    expected: float | None


def demand(system: SerialSystem = SYSTEM, days: int = DAYS, seed: int = SEED) -> NDArray[np.int64]:
    """Demand (N, T) of stage 1 by keyed random numbers: the same for every row and on every machine."""
    first, chances = system.demand.whole_units()
    drawn = uniforms(seed, 0, sku_keys(["end customer"]), np.arange(days))[0]
    asked = np.zeros((system.stages, days), np.int64)
    asked[0] = first + np.minimum(np.searchsorted(np.cumsum(chances), drawn), len(chances) - 1)
    return asked


def rows(system: SerialSystem = SYSTEM) -> Iterator[Row]:
    """The policies compared; in the last three, stages are reviewed in rounds of 1, 7 and 14 days."""
    best, heuristic = solve_serial(system), shang_song(system, rounding="nearest")
    yield _row("echelon, Clark-Scarf optimum", system, best.echelon_levels, echelon=True, expected=best.cost)
    yield _row("installation, translated from it", system, best.local_levels, echelon=False, expected=best.cost)
    yield _row("echelon, Shang-Song", system, heuristic.echelon_levels, echelon=True, expected=heuristic.cost)
    alone = independent_levels(system, (1,) * system.stages)
    nested = tuple(np.cumsum(alone).tolist())
    yield _row("every level on its own", system, alone, echelon=False, expected=serial_cost(system, nested))
    alone = independent_levels(system, ROUNDS)
    yield _row("rounds, every level on its own", system, alone, echelon=False, periods=ROUNDS)
    searched = searched_levels(system, best.local_levels, ROUNDS, echelon=False)
    yield _row("rounds, installation levels searched", system, searched, echelon=False, periods=ROUNDS)
    searched = searched_levels(system, best.echelon_levels, ROUNDS, echelon=True)
    yield _row("rounds, echelon levels searched", system, searched, echelon=True, periods=ROUNDS)


def searched_levels(
    system: SerialSystem, start: tuple[float, ...], periods: tuple[int, ...], *, echelon: bool
) -> tuple[float, ...]:
    """Levels of least simulated cost on a demand of its own: one level after the other, in ever smaller steps."""
    asked = demand(system, SEARCH_DAYS, SEED + 1)

    def cost(levels: tuple[float, ...]) -> float:
        network = serial_network(system, levels, echelon=echelon, review_periods=periods)
        days = daily_costs(network, simulate(network, asked), system.local_holding, system.stockout_cost)
        return float(days[WARM_UP:].mean())

    best, least, step = start, cost(start), 16
    while step >= 1:
        trials = [
            (*best[:stage], best[stage] + sign * step, *best[stage + 1 :])
            for stage in range(system.stages)
            for sign in (-1, 1)
        ]
        tried = min((cost(trial), trial) for trial in trials)
        if tried[0] < least:
            least, best = tried
        else:
            step //= 2
    return best


def independent_levels(system: SerialSystem, periods: tuple[int, ...]) -> tuple[float, ...]:
    """Newsvendor level of each stage alone, as if its supplier never ran out and its customers were the end customers.

    Demand over R + L - 1 days, critical ratio p / (p + local holding cost).
    """
    levels = []
    for lead_time, period, holding in zip(system.lead_times, periods, system.local_holding, strict=True):
        lead_time_demand = system.demand.over(lead_time + period - 1)
        levels.append(lead_time_demand.quantile(system.stockout_cost / (system.stockout_cost + holding)))
    return tuple(levels)


def _row(
    name: str,
    system: SerialSystem,
    levels: tuple[float, ...],
    *,
    echelon: bool,
    expected: float | None = None,
    periods: tuple[int, ...] | None = None,
) -> Row:
    networks = [
        serial_network(system, levels, echelon=echelon, review_periods=periods, lost_sales=lost)
        for lost in (False, True)
    ]
    return Row(name, networks[0], networks[1], expected)


def table(system: SerialSystem = SYSTEM, days: int = DAYS) -> str:
    """The comparison in Markdown; capital in units of the holding cost rate."""
    asked = demand(system, days)
    lines, first = [HEADER], 0.0
    for row in rows(system):
        ledger = simulate(row.network, asked)
        daily = daily_costs(row.network, ledger, system.local_holding, system.stockout_cost)[WARM_UP:]
        cost = float(daily.mean())
        first = first or cost
        shown = figures(row.network, ledger, WARM_UP)
        lost = figures(row.with_lost_sales, simulate(row.with_lost_sales, asked), WARM_UP)
        exact = "" if row.expected is None else f" (expected {row.expected:.2f})"
        bullwhip = " / ".join(f"{level.bullwhip:.2f}" for level in shown.levels)
        capital = sum(level.mean_capital for level in shown.levels) / 100
        lines.append(
            f"| {row.name} | {cost:.2f} ± {standard_error(daily):.2f}{exact} "
            f"| {100 * (cost / first - 1):+.1f} % | {shown.fill_rate:.3f} "
            f"| {shown.mean_waiting:.2f} | {bullwhip} | {capital:.1f} | {lost.fill_rate:.3f} |"
        )
    return "\n".join(lines)


def standard_error(daily: NDArray[np.float64], batches: int = 40) -> float:
    """Standard error of the mean of dependent days, from the means of batches of days."""
    length = len(daily) // batches
    means = daily[: batches * length].reshape(batches, length).mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(batches))


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
