import numpy as np
import polars as pl
import pytest

from engine.errors import InputError
from engine.multi_echelon.shop_network import POLICIES, ShopNetwork, plan_items, score_items, split_demand

LOCATIONS = pl.DataFrame(
    {
        "location_id": ["warehouse", "north", "shop a", "shop b"],
        "level": ["warehouse", "hub", "store", "store"],
        "demand_share": [0.2, 0.0, 0.5, 0.3],
        "promised_days": [1, 0, 0, 0],
        "value_factor": [1.0, 1.05, 1.2, 1.2],
    }
)
TRANSFERS = pl.DataFrame(
    {
        "from_location_id": [None, None, "warehouse", "north", "north"],
        "to_location_id": ["warehouse", "warehouse", "north", "shop a", "shop b"],
        "lead_time_days": [9, 6, 2, 1, 2],
        "share": [1, 2, 1, 1, 1],
    }
)
ITEMS = ["mug", "lamp", "dust"]
COST = np.array([300, 1200, 100])


def shop_demand(days=400):
    demand = np.zeros((3, days), np.int64)
    demand[:2] = np.random.default_rng(4).negative_binomial(2, 0.3, (2, days))
    return demand


def planned():
    demand = shop_demand()
    shop = ShopNetwork.of_tables(LOCATIONS, TRANSFERS)
    return shop, demand, plan_items(shop, ITEMS, demand.mean(axis=1), demand.var(axis=1), COST.astype(float))


def test_a_plan_has_a_level_for_every_item_with_demand_and_location():
    shop, _, plan = planned()
    assert plan.height == 2 * len(shop.names)
    assert (plan["safety_stock"] >= 0).all()
    assert plan.filter(pl.col("level") == "store")["service_days"].to_list() == [0] * 4
    chosen = (plan["safety_capital"]).sum()
    assert chosen > 0
    assert plan.filter(pl.col("service_days") == pl.col("service_days").max()).height > 0


def test_both_policies_are_scored_on_the_same_demand():
    shop, demand, plan = planned()
    card = score_items(shop, plan, ITEMS, demand, COST, seed=1, lost_sales=False, warm_up=50)
    assert card.equals(score_items(shop, plan, ITEMS, demand, COST, seed=1, lost_sales=False, warm_up=50))
    assert card.select("policy", "level").rows() == [
        (policy, level) for policy in sorted(POLICIES) for level in ("hub", "store", "warehouse")
    ]
    assert card["fill_rate"].min() > 0.85
    by_level = card.group_by("policy").agg(pl.col("mean_capital").sum())
    assert by_level["mean_capital"].min() > 0


def test_every_unit_buys_somewhere():
    shop, demand, _ = planned()
    split = split_demand(shop, "mug", demand[0], seed=1)
    assert (split.sum(axis=0) == demand[0]).all()
    assert split.sum(axis=1) / split.sum() == pytest.approx(shop.shares, abs=0.05)
    assert (split[[name == "north" for name in shop.names]] == 0).all()


@pytest.mark.parametrize(
    ("locations", "transfers", "said"),
    [
        (LOCATIONS.with_columns(demand_share=0.5), TRANSFERS, "demand_share must be >= 0 and sum to 1"),
        (LOCATIONS, TRANSFERS.head(4), "location 'shop b': a location must be supplied"),
        (
            LOCATIONS,
            TRANSFERS.with_columns(pl.col("from_location_id").replace("north", "nord")),
            "Did you mean 'north'",
        ),
        (
            LOCATIONS,
            pl.concat([TRANSFERS, TRANSFERS.tail(1).with_columns(from_location_id=pl.lit("warehouse"))]),
            "location 'shop b': a location must have one source",
        ),
    ],
)
def test_broken_tables_are_named(locations, transfers, said):
    with pytest.raises(InputError, match=said):
        ShopNetwork.of_tables(locations, transfers)
