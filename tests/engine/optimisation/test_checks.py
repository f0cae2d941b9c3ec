import numpy as np
import pytest

from engine.errors import InputError
from engine.optimisation import checks


@pytest.mark.parametrize(
    ("check", "good", "bad", "message"),
    [
        (checks.positive, [1, 2.5], [1, 0], "rate must be > 0, was 0"),
        (checks.not_negative, [0, 2], [3, -1], "rate must be >= 0, was -1"),
        (checks.finite, [-3, 0], [1, np.inf], "rate must be a finite number, was inf"),
        (checks.finite, 3, [1, np.nan], "rate must be a finite number, was nan"),
        (checks.probability, 0.5, [0.5, 1.0], "rate must be > 0 and < 1, was 1"),
        (checks.whole_not_negative, [0, 4], [4, 0.5], "rate must be a whole number >= 0, was 0.5"),
        (checks.positive, [], [[2.0], [np.nan]], "rate must be > 0, was nan"),
    ],
)
def test_rule_and_value_are_named(check, good, bad, message):
    check(rate=good)
    check(rate=np.array(good, dtype=float))
    with pytest.raises(InputError) as error:
        check(rate=bad)
    assert str(error.value).startswith(message)


def test_lengths():
    checks.same_length("one each", [1, 2], (3, 4))
    with pytest.raises(InputError, match="one each"):
        checks.same_length("one each", [1, 2], [3])
