"""Recovered demand against known truth: ten worlds, several seeds, six other estimators, and the oracle.

``python -m benchmarks.demand_suite [--seeds 5] [--skus 1000] [--world NAME ...]`` prints the tables; a run over all
worlds with all seeds also writes them into ``docs/demand.md``, between its markers.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import polars as pl

from benchmarks.demand_estimators import COMPARED
from benchmarks.demand_worlds import World, WorldSettings, world_parts
from benchmarks.measure import Figure, Size
from benchmarks.worlds import Supply, levels, points, world
from engine.demand.activity import build_activity
from engine.demand.arrays import DemandArrays, demand_arrays
from engine.demand.codes import Censored
from engine.demand.recovery import Recovered, recover_arrays
from engine.demand.tables import sample_scenarios
from engine.schema import MICRO, Axes
from engine.settings import DemandSettings
from engine.simulation import simulate

PAGE = Path(__file__).parents[1] / "docs" / "demand.md"
SETTINGS = DemandSettings()
SEEDS = 5
OURS, ORACLE = "this estimator", "oracle"
MONTH = 28
LEAST_LOST_A_MONTH = 0.5

BASE = WorldSettings(skus=1_000, days=730, categories=20, views=8.0, conversion=0.025, promotions=True, safety=1.6)
WORLDS: dict[str, WorldSettings] = {
    "base": BASE,
    "5 % out of stock": replace(BASE, safety=4.0),
    "25 % out of stock": replace(BASE, safety=0.9),
    "visitors stay away 30 to 80 %": replace(BASE, stay_away_late=0.8),
    "slow tail": replace(BASE, views=1.3, conversion=0.015, cover_days=60.0),
    "conversion drifts": replace(BASE, drift=0.3),
    "200 SKUs": replace(BASE, skus=200),
    "180 days": replace(BASE, days=180),
    "flat bots": replace(BASE, bot_views=1.0),
    "daily snapshots": replace(BASE, daily_only=True, promotions=False),
}

# Of the prototype, on its own worlds of the same kind (2,000 SKUs x 730 days unless the world says otherwise), five
# seeds: share of SKU-days out, bias of raw sales, bias, lost demand recovered, gap closed, day WAPE, z-variance.
PROTOTYPE: dict[str, tuple[float, ...]] = {
    "base": (0.16238, -0.13556, -0.00089, 0.99333, 0.96064, 0.15951, 1.01),
    "5 % out of stock": (0.05992, -0.03857, -5e-05, 0.99948, 0.95874, 0.17194, 0.99),
    "25 % out of stock": (0.25768, -0.25024, -0.00281, 0.98885, 0.9568, 0.1528, 1.03),
    "visitors stay away 30 to 80 %": (0.16235, -0.13566, -0.00023, 0.99823, 0.94831, 0.23308, 1.04),
    "slow tail": (0.1793, -0.20034, 0.00144, 1.00686, 0.95988, 0.28171, 0.96),
    "conversion drifts": (0.16172, -0.1447, -0.00173, 0.98795, 0.95682, 0.15979, 1.03),
    "200 SKUs": (0.1608, -0.12715, -0.00311, 0.97711, 0.95577, 0.18285, 1.03),
    "180 days": (0.14716, -0.10786, 0.00331, 1.03083, 0.92545, 0.21477, 1.0),
    "flat bots": (0.16238, -0.13556, -0.00178, 0.98672, 0.99579, 0.16322, 1.01),
    "daily snapshots": (0.16238, -0.13556, 0.0074, 1.05441, 0.94696, 0.22582, 0.97),
}


@dataclass(frozen=True)
class Row:
    """How one estimator did in one world with one seed; shares as fractions.

    Attributes:
        out: SKU-days on which stock was out for at least a part.
        bias: total demand over the truth, less one.
        recovered: lost demand found over lost demand.
        gap_closed: part of the way from raw sales to the oracle, in WAPE per SKU.
        day_wape: sum of |error| over the expected lost demand of the days with a stock-out.
        z_variance: variance of (true - expected lost) / standard deviation over 28 days per SKU; 1 is calibrated.
        fill_error: fill rate of a fixed policy replayed on this demand, less that on the true demand.
    """

    world: str
    seed: int
    estimator: str
    out: float
    bias: float
    recovered: float
    gap_closed: float
    day_wape: float
    z_variance: float | None = None
    fill_error: float | None = None


@dataclass(frozen=True)
class Judged:
    """A world as its logs show it, its recovered demand, and the truth beside it."""

    seen: DemandArrays
    recovered: Recovered
    sampled: np.ndarray
    truth: dict[str, np.ndarray]


def judge(settings: WorldSettings) -> Judged:
    """Draw a world, derive its activity from its logs, recover its demand."""
    days, orders, categories, truth, items = [], [], [], [], []
    for number, part in enumerate(world_parts(settings)):
        activity = build_activity(part.logs, part.axes, SETTINGS)
        first = pl.lit(len(items), dtype=pl.Int32)
        days.append(activity.daily.with_columns(pl.col("sku") + first))
        orders.append(activity.orders.with_columns(pl.col("sku") + first))
        categories += part.categories
        items += [f"{number:05d}-{item}" for item in part.axes.items]
        truth.append(_truth(part))
    seen = demand_arrays(pl.concat(days), categories)
    recovered = recover_arrays(seen, pl.concat(orders), SETTINGS)
    axes = Axes(tuple(items), part.axes.first_day, part.axes.days)
    (sampled,) = sample_scenarios(recovered, axes, SETTINGS)
    return Judged(seen, recovered, sampled, {name: np.concatenate([each[name] for each in truth]) for name in truth[0]})


def _truth(part: World) -> dict[str, np.ndarray]:
    names = ("demand", "sold", "expected_lost", "in_stock", "expected_demand")
    return {name: getattr(part, name) for name in names}


def run(seeds: Iterable[int] = range(1, SEEDS + 1), worlds: Sequence[str] = (), skus: int | None = None) -> list[Row]:
    """Judge all estimators in all worlds.

    Args:
        seeds: seeds of the worlds.
        worlds: names in ``WORLDS``; default all.
        skus: SKUs of each world that does not say its own number; default 1,000.
    """
    rows: list[Row] = []
    seeds = list(seeds)
    for name in worlds or WORLDS:
        for seed in seeds:
            settings = replace(WORLDS[name], seed=seed)
            if skus and settings.skus == BASE.skus:
                settings = replace(settings, skus=skus)
            rows += judge_all(name, settings)
            print(_line(next(row for row in rows[::-1] if row.estimator == OURS)), flush=True)
    return rows


def judge_all(name: str, settings: WorldSettings) -> Iterator[Row]:
    """One row per estimator for one world."""
    judged = judge(settings)
    truth, seen = judged.truth, judged.seen
    lost = judged.recovered.lost_expected_u6 / MICRO
    estimates = {label: estimate(seen) for label, estimate in COMPARED.items()}
    estimates |= {OURS: truth["sold"] + lost, ORACLE: truth["sold"] + truth["expected_lost"]}
    naive, best = (sku_wape(estimates[label], truth["demand"]) for label in ("raw sales", ORACLE))
    fill = fill_rate(truth["demand"], truth["expected_demand"])
    for label, estimate in estimates.items():
        own = label == OURS
        replayed = judged.sampled if own else estimate if label == "raw sales" else None
        yield Row(
            name, settings.seed, label,
            out=float((truth["in_stock"] < 1).mean()),
            bias=estimate.sum() / truth["demand"].sum() - 1,
            recovered=(estimate - truth["sold"]).sum() / (truth["demand"] - truth["sold"]).sum(),
            gap_closed=(naive - sku_wape(estimate, truth["demand"])) / (naive - best),
            day_wape=day_wape(estimate - truth["sold"], truth["expected_lost"], judged.recovered),
            z_variance=z_variance(truth["demand"] - truth["sold"], judged.recovered) if own else None,
            fill_error=None if replayed is None else fill_rate(replayed, truth["expected_demand"]) - fill,
        )  # fmt: skip


def sku_wape(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Sum over SKUs of |estimate - truth|, over the sum of the truth."""
    return float(np.abs(estimate.sum(axis=1) - truth.sum(axis=1)).sum() / truth.sum())


def day_wape(lost: np.ndarray, expected: np.ndarray, recovered: Recovered) -> float:
    """Error of lost demand on the days with a stock-out, against its expectation: no estimator can know the draw."""
    days = (recovered.censored != Censored.NONE) | (expected > 0)
    return float(np.abs(lost - expected)[days].sum() / expected[days].sum())


def z_variance(lost: np.ndarray, recovered: Recovered) -> float:
    """Variance of standardised errors of lost demand over 28 days per SKU."""
    months = lost.shape[1] // MONTH * MONTH
    true, mean, variance = (
        values[:, :months].reshape(len(values), -1, MONTH).sum(axis=2)
        for values in (lost, recovered.lost_expected_u6 / MICRO, recovered.lost_var_u6 / MICRO)
    )
    some = mean > LEAST_LOST_A_MONTH
    return float(((true - mean)[some] / np.sqrt(variance[some])).var())


def fill_rate(demand: np.ndarray, expected: np.ndarray) -> float:
    """Fill rate of one (s, S) policy, the same for every demand: levels from what is truly to be expected a day.

    Levels from the mean of the demand drawn would fit its chance, and fail on any other draw.
    """
    rate = expected.mean(axis=1)
    scenario = world(demand.astype(np.int32), Supply(opening=points(rate)[1]))
    totals = simulate(scenario, levels(rate, demand.shape[1]))
    sold, lost = (int(totals.field(name).sum()) for name in ("sold", "lost"))
    return sold / (sold + lost)


def _line(row: Row) -> str:
    figures = {key: value for key, value in asdict(row).items() if isinstance(value, float)}
    return f"{row.world}, seed {row.seed}: " + ", ".join(f"{key} {value:+.4f}" for key, value in figures.items())


def _mean(rows: Sequence[Row], name: str) -> float:
    return fmean(getattr(row, name) for row in rows)


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """Table of the estimator: mean over seeds per world, the prototype's beside it."""
    yield (
        "| world | SKU-days out | raw sales | bias | lost recovered | gap closed | day WAPE | z-variance | fill rate, "
        "raw sales | fill rate, sampled |"
    )
    yield "|---|" + "---:|" * 9
    for name in dict.fromkeys(row.world for row in rows):
        own = [row for row in rows if row.world == name and row.estimator == OURS]
        raw = [row for row in rows if row.world == name and row.estimator == "raw sales"]
        cells = [
            (_mean(own, "out"), ".0%"), (_mean(raw, "bias"), "+.1%"), (_mean(own, "bias"), "+.2%"),
            (_mean(own, "recovered"), ".1%"), (_mean(own, "gap_closed"), ".1%"), (_mean(own, "day_wape"), ".1%"),
            (_mean(own, "z_variance"), ".2f"),
        ]  # fmt: skip
        old = PROTOTYPE.get(name, ())
        shown = [
            f"{value:{form}}" + (f" ({then:{form}})" if then is not None else "")
            for (value, form), then in zip(cells, old or (None,) * len(cells), strict=True)
        ]
        fill = [f"{100 * _mean(rows_of, 'fill_error'):+.2f} pp" for rows_of in (raw, own)]
        yield f"| {name} | " + " | ".join([*shown, *fill]) + " |"


def comparison(rows: Sequence[Row]) -> Iterator[str]:
    """Table of all estimators: bias, and gap closed; means over seeds."""
    names = list(dict.fromkeys(row.world for row in rows))
    yield "| estimator | " + " | ".join(names) + " |"
    yield "|---|" + "---:|" * len(names)
    for label in dict.fromkeys(row.estimator for row in rows):
        cells = []
        for name in names:
            own = [row for row in rows if row.world == name and row.estimator == label]
            cells.append(f"{_mean(own, 'bias'):+.1%} / {_mean(own, 'gap_closed'):.0%}")
        yield f"| {label} | " + " | ".join(cells) + " |"


def by_seed(rows: Sequence[Row]) -> Iterator[str]:
    """Table of the estimator, one row per world and seed."""
    yield "| world | seed | bias | lost recovered | gap closed | day WAPE | z-variance | fill rate |"
    yield "|---|" + "---:|" * 7
    for row in rows:
        if row.estimator == OURS:
            yield (
                f"| {row.world} | {row.seed} | {row.bias:+.2%} | {row.recovered:.1%} | {row.gap_closed:.1%} | "
                f"{row.day_wape:.1%} | {row.z_variance:.2f} | {100 * (row.fill_error or 0):+.2f} pp |"
            )


TABLES = {"worlds": summary, "estimators": comparison, "seeds": by_seed}


def write(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Replace what stands between the markers of the page; all other text stays."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + "\n" + "\n".join(table(rows)) + "\n" + end + after
    page.write_text(text, encoding="utf-8")


def known_truth(size: Size) -> Iterator[Figure]:
    """All worlds and seeds, and the tables of the page; one small world where only the way is tried."""
    if size.whole:
        rows = run()
        write(rows)
    else:
        rows = run([1], ["base"], 100)
    own = [row for row in rows if row.estimator == OURS]
    worlds = {name: [row for row in own if row.world == name] for name in dict.fromkeys(row.world for row in own)}
    assert all(0.5 < row.recovered < 1.5 for row in own), "recovered demand is of the size of what was lost"
    note = f"{len(worlds)} worlds, {len(own)} runs; means over seeds; docs/demand.md has the table"
    bias = max(abs(_mean(of, "bias")) for of in worlds.values())
    yield Figure("demand_bias_worst_world_percent", 100 * bias, "%", note)
    gap = min(_mean(of, "gap_closed") for of in worlds.values())
    yield Figure("demand_gap_closed_worst_world_percent", 100 * gap, "%", note)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--skus", type=int)
    parser.add_argument("--world", action="append", choices=list(WORLDS), default=[])
    chosen = parser.parse_args()
    rows = run(range(1, chosen.seeds + 1), chosen.world, chosen.skus)
    for table in TABLES.values():
        print("\n" + "\n".join(table(rows)))
    if not chosen.world and not chosen.skus and chosen.seeds >= SEEDS:
        write(rows)


if __name__ == "__main__":
    main()
