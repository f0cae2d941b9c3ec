"""The frozen world from small tables: listing, launches, offers, calendars, lead times, window, overflow."""

from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest

from engine import rules
from engine.errors import ScenarioError
from engine.plan import UNLIMITED
from engine.scenario.build import first_level, listing_bounds, part_ends
from engine.scenario.supply import lead_time_quantiles, next_order_days
from engine.settings import WindowSettings
from tests.engine.make_shop_tables import DAYS, day, purchase, world


def rows_of(table):
    names = [field.name for field in fields(table) if field.name != "first_row"]
    return [
        dict(zip(names, row, strict=True)) for row in zip(*(getattr(table, n).tolist() for n in names), strict=True)
    ]


def test_the_catalogue_takes_products_as_they_are_and_fills_what_is_missing():
    built = world(
        products=[
            {"item_id": "cheese", "item_category": "food/dairy", "unit_cost": 200, "shelf_life_days": 9,
             "salvage_value": 10, "min_stock": 2, "max_stock": 40, "do_not_order": True},
            {"item_id": "apple", "item_category": " fruit /x"},
        ],
        offers=[{"supplier_id": "acme", "item_id": "apple", "unit_cost": 100}],
        opening_on_hand=np.array([5, 7, -3]),
    ).scenario.catalogue  # fmt: skip
    assert built.category_names == ("(none)", "food", "fruit")
    assert built.category.tolist() == [2, 0, 1]
    assert built.shelf_life.tolist() == [0, 0, 9]
    assert built.salvage_value.tolist() == [30, 0, 10]  # 30 % of cost where none is given
    assert built.replacement_cost.tolist() == [100, 0, 200]  # offer, nothing known, unit cost
    assert built.opening_on_hand.tolist() == [5, 7, 0]  # a negative record is an empty shelf
    assert built.opening_value.tolist() == [500, 0, 0]
    assert built.min_stock.tolist() == [0, 0, 2]
    assert built.max_stock.tolist() == [UNLIMITED, UNLIMITED, 40]
    assert built.do_not_order.tolist() == [0, 0, 1]
    assert built.primary_supplier.tolist() == [0, -1, -1]


def test_first_level_of_category_paths():
    assert first_level(pl.Series(["A/B/C", "A", None, "", " D / E"])) == ["A", "A", "(none)", "(none)", "D"]


def test_listing_runs_from_the_first_to_the_last_listed_day():
    listed = np.array([[0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    first, until = listing_bounds(listed)
    assert (first.tolist(), until.tolist()) == ([1, 0, 0], [4, 5, 0])


def test_offers_get_their_defaults():
    built = world(
        suppliers=[{"supplier_id": "acme", "lead_time_days": 6}, {"supplier_id": "zeta"}],
        offers=[
            {"supplier_id": "zeta", "item_id": "bread", "unit_cost": 90},
            {"supplier_id": "acme", "item_id": "apple", "unit_cost": 100, "min_quantity": 10, "min_order_quantity": 4,
             "order_multiple": 6, "line_cost": 7, "lead_time_days": 3.6, "valid_from": day(2), "valid_to": day(9)},
            {"supplier_id": "acme", "item_id": "apple", "unit_cost": 110},
            {"supplier_id": "acme", "item_id": "unknown", "unit_cost": 1},
            {"supplier_id": "nobody", "item_id": "apple", "unit_cost": 1},
            {"supplier_id": "acme", "item_id": "cheese", "unit_cost": 1, "valid_to": day(-1)},
        ],
    )  # fmt: skip
    expected = [
        {"sku": 0, "supplier": 0, "smallest_quantity": 1, "multiple": 1, "unit_cost": 110, "line_cost": 55,
         "lead_time": 6, "valid_from": 0, "valid_until": DAYS},
        {"sku": 0, "supplier": 0, "smallest_quantity": 10, "multiple": 6, "unit_cost": 100, "line_cost": 7,
         "lead_time": 4, "valid_from": 2, "valid_until": 10},
        {"sku": 1, "supplier": 1, "smallest_quantity": 1, "multiple": 1, "unit_cost": 90, "line_cost": 55,
         "lead_time": 14, "valid_from": 0, "valid_until": DAYS},
    ]  # fmt: skip
    found = [{name: row[name] for name in expected[0]} for row in rows_of(built.scenario.offers)]
    assert found == expected
    assert built.scenario.offers.first_row.tolist() == [0, 2, 3, 3]
    means = built.scenario.lead_times.quantiles[built.scenario.offers.distribution].mean(axis=1)
    assert means.tolist() == [6, 4, 14]


def test_the_primary_supplier_has_the_cheapest_offer_at_its_smallest_quantity():
    built = world(
        suppliers=[{"supplier_id": "acme"}, {"supplier_id": "zeta"}],
        offers=[
            {"supplier_id": "acme", "item_id": "apple", "unit_cost": 100},
            {"supplier_id": "acme", "item_id": "apple", "unit_cost": 60, "min_quantity": 50},
            {"supplier_id": "zeta", "item_id": "apple", "unit_cost": 95},
        ],
    ).scenario.catalogue
    assert built.primary_supplier.tolist() == [1, -1, -1]
    assert built.replacement_cost.tolist()[0] == 95


def test_suppliers_get_their_defaults():
    suppliers = world(
        suppliers=[
            {"supplier_id": "zeta"},
            {"supplier_id": "acme", "order_cost": 12, "payment_terms_days": 30, "prepayment_share": 0.25},
        ]
    ).scenario.suppliers
    assert suppliers.names == ("acme", "zeta")
    assert suppliers.order_cost.tolist() == [12, 777]
    assert suppliers.terms_days.tolist() == [30, 0]
    assert suppliers.prepayment_u6.tolist() == [250_000, 0]


def test_calendars_of_order_days_and_holidays():
    suppliers = world(
        suppliers=[
            {"supplier_id": "acme", "order_weekdays": "Mon, thursday", "holidays": "2024-01-04, 2024-01-08,2030-01-01"},
            {"supplier_id": "zeta"},
        ]
    ).scenario.suppliers
    open_days = [today for today in range(DAYS) if suppliers.next_order_day[0, today] == today]
    assert open_days == [0, 10, 14, 17, 21, 24]  # Thursday the 4th and Monday the 8th are holidays
    assert suppliers.next_order_day[0, 25] == rules.NEVER
    assert suppliers.next_order_day[1].tolist() == list(range(DAYS))


def test_an_unknown_weekday_is_told_with_its_supplier():
    with pytest.raises(ScenarioError, match=r"supplier 'acme': order_weekdays .* was 'funday'.*'mon,thu'"):
        world(suppliers=[{"supplier_id": "acme", "order_weekdays": "mon,funday"}])


def test_next_order_days_looks_ahead():
    assert next_order_days(np.array([[0, 1, 0, 0, 1, 0]], bool)).tolist() == [[1, 1, 4, 4, 4, rules.NEVER]]


def test_purchases_are_opening_orders_launch_stock_or_the_shops_own_orders():
    listed = np.ones((3, DAYS), bool)
    listed[1, :6] = False  # bread is launched on day 6
    built = world(
        listed=listed,
        offers=[{"supplier_id": "acme", "item_id": "apple", "unit_cost": 100, "line_cost": 9}],
        purchases=[
            purchase(1, "apple", -4, 3, 10),
            purchase(2, "bread", -9, 5, 20, unit_cost=70),
            purchase(3, "bread", 2, 6, 8, unit_cost=75),
            purchase(4, "bread", 4, 9, 6),
            purchase(5, "apple", 5, 12, 30, received_quantity=25),
            purchase(6, "apple", 7, 7, 3),
            purchase(7, "apple", -9, -1, 99),
            purchase(8, "apple", 3, 4, 5, received_date=None),
            purchase(9, "apple", 3, 4, 5, supplier_id="stranger"),
            purchase(10, "unknown", 3, 4, 5),
            purchase(11, "apple", 3, 4, 0),
        ],
    )
    opening = rows_of(built.scenario.opening_orders)
    assert [(o["sku"], o["ordered_on"], o["arrives_on"], o["quantity"], o["line_cost"]) for o in opening] == [
        (0, -4, 3, 10, 9)
    ]
    launches = built.scenario.adjustments
    assert (launches.sku.tolist(), launches.day.tolist()) == ([1, 1], [5, 6])
    assert (launches.quantity.tolist(), launches.amount.tolist()) == ([20, 8], [70, 75])
    actual = [(o["sku"], o["ordered_on"], o["arrives_on"], o["quantity"], o["supplier"]) for o in rows_of(built.actual)]
    assert actual == [
        (0, 3, 4, 5, -1),  # of a supplier the shop no longer lists
        (0, 5, 12, 25, 0),  # what was received counts
        (0, 6, 7, 3, 0),  # fetched the same day: decided the day before
        (1, 4, 9, 6, 0),
    ]
    assert set(built.lead_times.columns) == {"supplier", "promised", "realised"}


def test_launch_stock_joins_an_adjustment_of_the_same_day():
    adjustments = np.zeros((3, DAYS), np.int64)
    adjustments[1, 6] = -2
    adjustments[0, 3] = 4
    listed = np.ones((3, DAYS), bool)
    listed[1, :6] = False
    built = world(listed=listed, adjustments=adjustments, purchases=[purchase(1, "bread", 2, 6, 8)]).scenario
    assert built.adjustments.sku.tolist() == [0, 1]
    assert built.adjustments.quantity.tolist() == [4, 6]
    assert built.adjustments.amount.tolist() == [100, 80]  # replacement cost; what the launch cost


def test_demand_becomes_sparse_rows_with_the_price_of_the_day():
    demand = np.zeros((3, DAYS), np.int64)
    demand[0, 4], demand[2, 0] = 3, 1
    price = np.arange(3 * DAYS).reshape(3, DAYS)
    table = world(demand=demand, price=price).scenario.demand
    assert rows_of(table) == [
        {"sku": 0, "day": 4, "quantity": 3, "amount": 4},
        {"sku": 2, "day": 0, "quantity": 1, "amount": 56},
    ]
    assert table.first_row.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("days", "warm_up", "fold", "ends"),
    [
        (28, 7, 7, [7, 14, 21, 28]),
        (28, 0, 14, [14, 28]),
        (30, 7, 7, [7, 14, 21, 30]),  # two days more: they join the last fold
        (32, 7, 7, [7, 14, 21, 28, 32]),  # half a fold: its own
        (9, 7, 28, [7, 9]),
    ],
)
def test_part_ends(days, warm_up, fold, ends):
    assert part_ends(days, WindowSettings(warm_up_days=warm_up, fold_days=fold)).tolist() == ends


def test_a_window_without_a_scored_day_is_refused():
    with pytest.raises(ScenarioError, match="must be longer than the warm-up, was '28 days'"):
        world(window=WindowSettings(warm_up_days=28))


@pytest.mark.parametrize(("mean", "deviation"), [(3.0, 0.0), (10.0, 2.0), (21.0, 6.5), (14.0, 5.0)])
def test_lead_time_quantiles_have_the_mean_and_spread_of_the_offer(mean, deviation):
    quantiles = lead_time_quantiles(mean, deviation)
    assert quantiles.min() >= 1
    assert (np.diff(quantiles) >= 0).all()
    assert quantiles.mean() == pytest.approx(mean, rel=0.02)
    spread = np.sqrt(deviation**2 + (1 / 12 if deviation else 0))  # whole days
    assert quantiles.std() == pytest.approx(spread, rel=0.04)


def test_a_lead_time_is_never_below_a_day():
    assert lead_time_quantiles(0.2, 0.0).tolist() == [1] * 256
    assert lead_time_quantiles(1.0, 3.0).min() == 1


def test_lead_times_are_keyed_by_seed_and_supplier_and_longer_logs_keep_their_start():
    suppliers = [{"supplier_id": name} for name in ("acme", "zeta")]
    draws = world(suppliers=suppliers).scenario.lead_times.draws
    assert np.array_equal(draws, world(suppliers=suppliers).scenario.lead_times.draws)
    assert not np.array_equal(draws, world(suppliers=suppliers, seed=6).scenario.lead_times.draws)
    assert not np.array_equal(draws[0], draws[1])
    alone = world(suppliers=suppliers[1:]).scenario.lead_times.draws
    assert np.array_equal(alone[0], draws[1])


@pytest.mark.parametrize(
    ("history", "name"),
    [
        ({"demand": 10**13}, "cheese"),
        ({"demand": 10**7, "price": 10**12}, "cheese"),
        ({"opening_on_hand": 10**15}, "cheese"),
        ({"views": 10**9}, "cheese"),
    ],
)
def test_sums_that_could_overflow_are_refused_with_their_sku(history, name):
    changed = {}
    for field, value in history.items():
        shape = (3,) if field == "opening_on_hand" else (3, DAYS)
        matrix = np.zeros(shape, np.int64) + (300 if field == "price" else 0)
        matrix[2, ...] = value
        changed[field] = matrix
    with pytest.raises(ScenarioError, match=rf"SKU '{name}'.*2\^(62|31)"):
        world(**changed)


def test_a_scenario_is_told_by_its_content():
    one, other = world().scenario, world().scenario
    assert one.content_hash == other.content_hash
    assert one.content_hash != world(seed=6).scenario.content_hash
    changed = replace(one, catalogue=replace(one.catalogue, opening_on_hand=one.catalogue.opening_on_hand + 1))
    assert changed.content_hash != one.content_hash


def test_a_shop_without_suppliers_offers_and_orders_can_be_built_and_run():
    from engine.plan import NEVER_ORDER  # noqa: PLC0415
    from engine.steppers.compiled import run_compiled  # noqa: PLC0415
    from engine.steppers.reference import run_reference  # noqa: PLC0415
    from tests.engine.small_world import levels  # noqa: PLC0415

    scenario = world(offers=[], opening_on_hand=np.array([3, 0, 0])).scenario
    plan = levels(scenario, reorder_point=NEVER_ORDER)
    assert run_reference(scenario, plan).digest() == run_compiled(scenario, plan).digest()
