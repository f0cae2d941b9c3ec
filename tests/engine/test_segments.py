import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.segments import CELLS, Segments, abc_classes, bucket_variation, xyz_classes


def test_abc_by_hand():
    revenue = np.array([[10.0, 60, 5, 20, 5, 0], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
    classes = abc_classes(revenue)
    # 60 | 80 (before: 60 %) | 90 (80 %) | 95 | 100 (95 %) | nothing sold
    assert classes[0].tolist() == [1, 0, 1, 0, 2, 2]
    assert classes[1].tolist() == [2] * 6
    assert classes[2].tolist() == [0, 0, 0, 0, 0, 1]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40), st.randoms())
def test_abc_does_not_depend_on_the_order_of_items(revenue, random):
    revenue = [value + place / 1000 if value else 0.0 for place, value in enumerate(revenue)]
    order = list(range(len(revenue)))
    random.shuffle(order)
    values = np.array([revenue])
    assert (abc_classes(values)[:, order] == abc_classes(values[:, order])).all()


@given(st.lists(st.floats(0.01, 1e6), min_size=3, max_size=60))
def test_abc_classes_hold_their_shares(revenue):
    values = np.array([revenue])
    classes, total = abc_classes(values)[0], sum(revenue)
    upper = sum(value for value, code in zip(revenue, classes, strict=True) if code == 0)
    assert upper >= 0.8 * total * (1 - 1e-9)
    assert min(np.array(revenue)[classes == 0]) >= max(np.array(revenue)[classes > 0], default=0)


def test_xyz_bounds_and_cells():
    assert xyz_classes(np.array([0, 0.49, 0.5, 0.99, 1.0, 7, np.nan])).tolist() == [0, 0, 1, 1, 2, 2, 2]
    segments = Segments(np.array([[0, 1, 2]]), np.array([[0, 2, 1]]))
    assert [CELLS[index] for index in segments.cell[0]] == ["AX", "BZ", "CY"]


def test_variation_of_buckets_is_that_of_the_sample_less_its_noise():
    demand = np.array([4.0, 7, 1, 8, 5])
    total, squares = demand.sum(), (demand**2).sum()
    plain = bucket_variation(np.array([total]), np.array([squares]), np.array([0.0]), np.array([5.0]))
    assert plain[0] == pytest.approx(demand.std(ddof=1) / demand.mean())
    noisy = bucket_variation(np.array([total]), np.array([squares]), np.array([10.0]), np.array([5.0]))
    assert noisy[0] == pytest.approx(np.sqrt(demand.var(ddof=1) - 2) / demand.mean())
    assert bucket_variation(np.array([total]), np.array([squares]), np.array([1e4]), np.array([5.0]))[0] == 0


def test_variation_without_demand_or_buckets_is_unknown():
    zero, one = np.zeros(2), np.ones(2)
    assert np.isnan(bucket_variation(np.array([0.0, 5]), one, zero, np.array([5.0, 1]))).all()
