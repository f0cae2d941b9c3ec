"""Categories, keyed numbers, suppliers: the small parts around the order lines."""

import numpy as np
import pytest

from arena_pipeline.demo import keyed
from arena_pipeline.demo.categories import FIRST_LEVELS, OTHER, category_path
from arena_pipeline.demo.suppliers import build_suppliers


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("SET OF 3 CHRISTMAS BAUBLES", "Christmas/Decorations"),
        ("JUMBO BAG RED RETROSPOT", "Bags/Shoppers"),
        ("WHITE HANGING HEART T-LIGHT HOLDER", "Candles & Lights/Candles & Holders"),
        ("SET OF 3 CAKE TINS PANTRY DESIGN", "Kitchen/Baking"),
        ("DECK CHAIR", OTHER),
        ("", OTHER),
    ],
)
def test_category_by_keyword(name, path):
    assert category_path(name) == path


def test_first_levels_are_sorted_and_few():
    assert list(FIRST_LEVELS) == sorted(FIRST_LEVELS)
    assert 10 <= len(FIRST_LEVELS) <= 15


def test_numbers_depend_on_their_key_only():
    keys = keyed.item_keys(["A", "B", "C", "D"])
    together = keyed.uniform(1, "stream", keys, 7)
    alone = [keyed.uniform(1, "stream", key, 7)[0] for key in keys[::-1]][::-1]
    assert together.tolist() == alone
    assert keyed.uniform(2, "stream", keys, 7).tolist() != together.tolist()
    assert keyed.uniform(1, "other", keys, 7).tolist() != together.tolist()


def test_uniform_numbers_are_uniform():
    draws = keyed.uniform(1, "stream", np.arange(100_000)[:, None], np.arange(2))
    assert draws.min() > 0
    assert draws.max() < 1
    assert draws.mean() == pytest.approx(0.5, abs=0.004)
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0, abs=0.01)
    assert np.histogram(draws, bins=10, range=(0, 1))[0] == pytest.approx(20_000, rel=0.03)


def test_hexadecimal_digits():
    keys = np.array([0, 255, 2**64 - 1], dtype=np.uint64)
    assert [bytes(row).decode() for row in keyed.hex_bytes(keys)] == [f"{key:016x}" for key in keys.tolist()]


def test_suppliers_are_of_three_kinds():
    suppliers = build_suppliers(1)
    assert 25 <= len(suppliers.ids) <= 40
    assert (suppliers.lead_mean >= 3).all()
    assert (suppliers.lead_mean <= 45).all()
    index = np.arange(len(suppliers.ids))
    assert suppliers.weekdays[index, suppliers.review_weekday].all()
    assert not suppliers.weekdays[:, 5:].any()
    assert set(suppliers.payment_terms_days.tolist()) <= {0, 14, 30, 60}
    assert (suppliers.prepayment_share[suppliers.region < 2] == 0).all()
    assert suppliers.prepayment_share.max() > 0
