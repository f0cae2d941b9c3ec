"""Intervals on worlds whose truth is known: do they cover what they say?"""

import numpy as np
import pytest

from engine.randomness import sku_keys
from engine.selection.bootstrap import CLUSTERS, draw_replicates, interval, replicated_totals, simultaneous_leads

ITEMS = 80
KEYS = sku_keys([f"item-{index}" for index in range(ITEMS)])


def contributions(random, items=ITEMS, blocks=9, *, mean=2.0, by_item=30.0, by_block=6.0, noise=60.0):
    """Whole numbers with an item's own part, a block's own part and noise."""
    values = mean + random.normal(0, by_item, (items, 1)) + random.normal(0, by_block, (1, blocks))
    return np.rint(values + random.normal(0, noise, (items, blocks))).astype(np.int64)


def test_weights_are_keyed_whole_and_right_on_average():
    replicates = draw_replicates(KEYS, 9, seed=5, count=600)
    assert replicates.items.shape == (600, ITEMS)
    assert (replicates.items == np.rint(replicates.items)).all()
    assert replicates.items.mean() == pytest.approx(1, abs=0.02)
    assert replicates.items.var() == pytest.approx(1, abs=0.03)
    assert (replicates.blocks.sum(axis=1) == 9).all()
    assert replicates.blocks.mean(axis=0) == pytest.approx(np.ones(9), abs=0.15)
    again, other = draw_replicates(KEYS, 9, seed=5, count=600), draw_replicates(KEYS, 9, seed=6, count=600)
    assert (again.items == replicates.items).all()
    assert (other.items != replicates.items).any()


def test_the_order_of_items_does_not_matter():
    values = contributions(np.random.default_rng(1))
    order = np.random.default_rng(2).permutation(ITEMS)
    here = replicated_totals(values, draw_replicates(KEYS, 9, 5))
    there = replicated_totals(values[order], draw_replicates(KEYS[order], 9, 5))
    assert here.tobytes() == there.tobytes()


def test_totals_by_definition():
    values = contributions(np.random.default_rng(3))
    replicates = draw_replicates(KEYS, 9, 5, count=4)
    for row, total in enumerate(replicated_totals(values, replicates)):
        items, blocks = replicates.items[row], replicates.blocks[row]
        expected = sum(
            items[s] * blocks[f] * values[s, f] for s in range(ITEMS) for f in range(9)
        ) * ITEMS / items.sum()  # fmt: skip
        assert total == pytest.approx(expected)


def test_scenarios_take_turns():
    values = contributions(np.random.default_rng(4))
    replicates = draw_replicates(KEYS, 9, 5, count=7)
    both = replicated_totals(np.stack([values, values * 3]), replicates)
    one, three = (replicated_totals(each, replicates) for each in (values, values * 3))
    assert (both[0::2] == one[0::2]).all()
    assert (both[1::2] == three[1::2]).all()
    same = replicated_totals(np.stack([values, values]), replicates)
    assert same.tobytes() == one.tobytes()
    spread = [
        interval(0.0, replicated_totals(stack, draw_replicates(KEYS, 9, 5)), 9)
        for stack in (values[None], np.stack([values, values * 3]))
    ]
    assert spread[1][1] - spread[1][0] > spread[0][1] - spread[0][0]


def test_many_items_share_clusters():
    keys = sku_keys([f"item-{index}" for index in range(CLUSTERS + 500)])
    replicates = draw_replicates(keys, 3, 5, count=5)
    assert replicates.items.shape == (5, CLUSTERS)
    values = np.ones((len(keys), 3), np.int64)
    assert replicated_totals(values, replicates) == pytest.approx(np.full(5, values.sum()), rel=0.1)


@pytest.mark.parametrize(
    ("by_item", "by_block", "noise"), [(30.0, 6.0, 60.0), (60.0, 0.0, 20.0), (5.0, 12.0, 20.0), (0.0, 0.0, 60.0)]
)
def test_intervals_cover_the_mean_of_the_world_they_were_drawn_from(by_item, by_block, noise):
    """95 % or more over 400 worlds; conservative where neither items nor blocks matter."""
    random, hits, worlds = np.random.default_rng(7), 0, 400
    for world in range(worlds):
        values = contributions(random, by_item=by_item, by_block=by_block, noise=noise)
        low, high = interval(values.sum(), replicated_totals(values, draw_replicates(KEYS, 9, world, 200)), 9)
        hits += low <= 2.0 * values.size <= high
    assert hits / worlds >= 0.93


def test_the_interval_of_the_best_of_eight_covers_though_it_was_chosen():
    """Eight strategies without any lead: an interval for one lead alone misses zero for the winner far too often."""
    random, worlds = np.random.default_rng(9), 200
    together = alone = 0
    optimism = []
    for world in range(worlds):
        values = [contributions(random, mean=0.0) for _ in range(8)]
        replicates = draw_replicates(KEYS, 9, world, count=200)
        drawn = np.stack([replicated_totals(each, replicates) for each in values], axis=1)
        leads = simultaneous_leads(np.array([each.sum() for each in values], float), drawn, 9)
        best = int(leads.estimate.argmax())
        together += leads.low[best] <= 0
        alone += interval(leads.estimate[best], drawn[:, best], 9)[0] <= 0
        optimism.append(leads.optimism / max(leads.estimate[best], 1))
    assert together / worlds >= 0.93
    assert alone / worlds < together / worlds
    assert np.mean(optimism) > 0.2


def test_a_lead_that_is_there_is_found_and_stays_paired():
    """Two strategies share nearly all of their luck: the difference is sure though each level is not."""
    random = np.random.default_rng(12)
    shared = contributions(random, mean=0.0)
    ahead = shared + contributions(random, mean=8.0, by_item=2.0, by_block=1.0, noise=3.0)
    replicates = draw_replicates(KEYS, 9, 1)
    drawn = np.stack([replicated_totals(each, replicates) for each in (ahead, shared)], axis=1)
    low, high = interval(float(ahead.sum()), drawn[:, 0], 9)
    leads = simultaneous_leads(np.array([float((ahead - shared).sum())]), drawn[:, :1] - drawn[:, 1:], 9)
    assert leads.low[0] > 0
    assert leads.high[0] - leads.low[0] < 0.2 * (high - low)
    assert leads.optimism == pytest.approx(0, abs=0.05 * leads.estimate[0])
