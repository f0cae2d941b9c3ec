"""Samples: the estimator by hand, its coverage against the full run, and the sampled world against the whole one."""

import numpy as np
import pytest

from engine.sampling import Sample, extrapolate, extrapolate_rate, sampled_world, stratified_sample, total
from engine.scorecard import score_run
from engine.settings import CostRates
from engine.simulation import simulate
from engine.strategies import STRATEGIES
from tests.engine.make_information import make_shop
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario

SKUS, PER_CELL, DRAWS = 500, 15, 300


def test_the_total_and_its_variance_by_hand():
    """Stratum 0 in full (4 + 6); of stratum 1 two of five: mean 3, s² = 2, variance 25 x (1 - 2/5) x 2/2 = 15."""
    sample = Sample(np.array([0, 1, 2, 3]), np.array([0, 0, 1, 1]), np.array([2, 5]), np.array([2, 2]))
    found = total(sample, np.array([4.0, 6.0, 2.0, 4.0]))
    assert found.value == 10 + 15
    assert found.high - found.value == pytest.approx(1.96 * 15**0.5, rel=1e-4)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_a_full_sample_is_exact():
    everything = Sample(np.arange(3), np.zeros(3, np.int64), np.array([3]), np.array([3]))
    values, real = np.array([5.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])
    found = extrapolate(everything, values, real)
    assert (found.low, found.value, found.high) == (8.0, 8.0, 8.0)
    rate = extrapolate_rate(everything, values, real, np.array([10.0, 5.0, 1.0]))
    assert rate.value == 0.5


def test_the_sample_has_the_best_sellers_and_some_of_every_cell():
    items = tuple(f"i{number:03d}" for number in range(100))
    cell, revenue = np.arange(100) % 4, np.arange(100, dtype=float)
    sample = stratified_sample(items, cell, revenue, per_cell=5, best=10)
    assert set(range(90, 100)) <= set(sample.skus.tolist())
    assert sample.population.sum() == 100
    assert sample.taken.tolist() == [10, 5, 5, 5, 5]
    assert np.bincount(cell[sample.skus[sample.stratum > 0]]).tolist() == [5, 5, 5, 5]
    assert np.all(np.diff(sample.skus) > 0)


def test_the_choice_does_not_depend_on_the_order_of_items():
    items = tuple(f"i{number:03d}" for number in range(60))
    cell, revenue = np.arange(60) % 3, np.arange(60) % 7 + np.arange(60) / 100
    chosen = {items[sku] for sku in stratified_sample(items, cell, revenue, 4, 6).skus}
    back = slice(None, None, -1)
    turned = stratified_sample(items[back], cell[back], revenue[back], 4, 6)
    assert {items[back][sku] for sku in turned.skus} == chosen


@pytest.fixture(scope="module")
def full_run():
    """Figures per item of two full runs: a policy, and the shop's own orders."""
    scenario = make_scenario(21, Size(skus=SKUS, days=120))
    cards = []
    for plan in (make_levels(21, scenario), make_orders(21, scenario)):
        card = score_run(simulate(scenario, plan), scenario, CostRates(), 0, np.full(SKUS, -1), 1)
        cards.append(card.filter(card["level"] == "item"))
    return cards


@pytest.mark.parametrize("figure", ["economic_profit", "working_capital", "units_sold"])
def test_the_interval_covers_the_full_run(full_run, figure):
    """Over many samples from the items of a full run, at least nine in ten 95 % intervals hold its total."""
    run, real = (card[figure].fill_null(0).to_numpy() for card in full_run)
    revenue = full_run[1]["revenue"].to_numpy()
    cell = np.digitize(revenue, np.quantile(revenue, [0.5, 0.8]))
    truth, draw, held = run.sum(), np.random.default_rng(5), 0
    widths = []
    for _ in range(DRAWS):
        names = tuple(f"{number:09d}" for number in draw.permutation(SKUS * 1000)[:SKUS])
        sample = stratified_sample(names, cell, revenue, PER_CELL, 20)
        found = extrapolate(sample, run[sample.skus], real)
        held += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    assert held / DRAWS >= 0.90
    assert min(widths) > 0


def test_sampled_items_fare_as_among_all():
    """What happens to a sampled item alone is what happens to it in the full run; plans included."""
    shop = make_shop(4)
    scenario, information = shop.scenario, shop.information(np.arange(0, 91, 7))
    items = scenario.axes.items
    sample = stratified_sample(items, np.zeros(len(items), np.int64), np.arange(len(items), dtype=float), 3, 1)
    alone, known = sampled_world(scenario, information, sample)
    strategy = STRATEGIES["periodic_order_up_to"]()
    whole, part = simulate(scenario, strategy.plan(information)), simulate(alone, strategy.plan(known))
    assert np.array_equal(whole.rows[sample.skus], part.rows)
