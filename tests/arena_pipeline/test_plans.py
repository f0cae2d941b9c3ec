from dataclasses import replace

import numpy as np
import pytest

from arena_pipeline.plans import load_plan, save_plan
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario


@pytest.mark.parametrize("limited", [False, True])
def test_levels_come_back_with_their_limit(tmp_path, limited):
    scenario = make_scenario(5, Size(skus=7, days=60))
    levels = make_levels(5, scenario)
    if limited:
        levels = replace(levels, capital_limit=1000 + np.arange(len(levels.days)))
    save_plan(tmp_path / "plan.parquet", levels)
    back = load_plan(tmp_path / "plan.parquet", 7)
    assert back.days.tolist() == levels.days.tolist()
    for name, matrix in levels.matrices().items():
        assert (back.matrices()[name] == matrix).all(), name
    assert (back.capital_limit is None) == (not limited)
    assert not limited or back.capital_limit.tolist() == levels.capital_limit.tolist()


def test_orders_come_back(tmp_path):
    scenario = make_scenario(6, Size(skus=5, days=40))
    orders = make_orders(6, scenario)
    save_plan(tmp_path / "plan.parquet", orders)
    back = load_plan(tmp_path / "plan.parquet", 5)
    for name, values in vars(orders).items():
        assert (getattr(back, name) == values).all(), name
