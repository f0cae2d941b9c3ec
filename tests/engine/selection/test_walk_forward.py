import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan import Levels
from engine.selection.composite import switched
from engine.selection.walk_forward import NOT_YET, chosen_on_past, past_scores, stitched, tuning
from tests.engine.make_scenario import Size, make_levels, make_scenario


def test_the_best_of_the_past_is_chosen_as_if_the_window_ended_there():
    profit = np.array([[5, 5, 0, 9], [1, 9, 9, 0]])
    none = profit * 0
    assert past_scores(profit, none).tolist() == [[0, 5, 10, 10], [0, 1, 10, 19]]
    assert chosen_on_past(past_scores(profit, none)).tolist() == [NOT_YET, 0, 0, 1]
    stock = np.array([[6, 0, 0, 0], [0, 0, 0, 0]])  # what the first one earned in fold 0 lies on the shelf
    assert chosen_on_past(past_scores(profit, stock)).tolist() == [NOT_YET, 1, 0, 1]


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_fold_and_those_after_it_do_not_change_its_choice(seed):
    random = np.random.default_rng(seed)
    profit, stock = random.integers(-50, 50, (3, 6)), random.integers(0, 20, (3, 6))
    fold = int(random.integers(1, 6))
    other, later = profit.copy(), stock.copy()
    other[:, fold:] = random.integers(-999, 999, other[:, fold:].shape)
    later[:, fold:] = 7
    first, second = (chosen_on_past(past_scores(*pair)) for pair in ((profit, stock), (other, later)))
    assert (first[: fold + 1] == second[: fold + 1]).all()


def test_folds_are_stitched_from_the_chosen_runs():
    values = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    made = stitched(values, np.array([NOT_YET, 1, 0, 1]))
    assert made.tolist() == [[values[1, s, 1], values[0, s, 2], values[1, s, 3]] for s in range(3)]


def test_tuning_pays_where_items_differ_for_good_and_not_where_they_only_seem_to():
    random = np.random.default_rng(3)
    folds, items = 10, 400
    liking = random.integers(0, 2, items)
    steady = np.where(np.arange(2)[:, None, None] == liking[None, :, None], 10, 0) + np.zeros((2, items, folds), int)
    members = np.ones(items, bool)
    found = tuning(steady, past_scores(steady, steady * 0), members)
    common = int(steady.sum(axis=1)[:, 0].argmax())
    assert found.items == items
    assert found.better == (liking != common).sum()
    assert found.gain == found.better * 10 * (folds - 1)
    noise = random.integers(-50, 51, (2, items, folds))
    luck = tuning(noise, past_scores(noise, noise * 0), members)
    assert luck.share < 0.5
    assert abs(luck.gain) < 0.2 * found.gain
    assert tuning(noise[:1], noise[:1], members).items == 0
    assert tuning(noise, noise, ~members).share is None


def test_a_switching_plan_has_each_folds_levels_from_its_first_day_on():
    scenario = make_scenario(4, Size(skus=5, days=60))
    one = make_levels(4, scenario)
    two = Levels(days=one.days, **{name: matrix + 1 for name, matrix in one.matrices().items()})
    plan = switched([one, two, one], [10, 20, 40])
    for row, day in enumerate(plan.days.tolist()):
        source = two if 20 <= day < 40 else one
        for name, matrix in plan.matrices().items():
            assert (matrix[row] == source.matrices()[name][row]).all()
    assert plan.capital_limit is None
    limited = [Levels(**{**vars(one), "capital_limit": one.days * 0 + limit}) for limit in (5, 6, 7)]
    expected = np.select([one.days < 20, one.days < 40], [5, 6], 7)
    assert switched(limited, [10, 20, 40]).capital_limit == pytest.approx(expected)
