"""Every figure by hand on one small example, and again from an independent day-by-day ledger on random worlds."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan import NEVER_ORDER
from engine.scorecard import LEVELS, score_run
from engine.scorecard.figures import COUNTS, MONEY, RATIOS
from engine.settings import CostRates
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario
from tests.engine.oracle import keep_ledger
from tests.engine.small_world import levels, orders, small_world

FIGURES = tuple(figure.__name__ for figure in (*MONEY, *RATIOS, *COUNTS))
RATES = CostRates(holding_rate=0.10, capital_rate=0.12, order_cost=500, line_cost=50)
NO_CELLS = np.full(2, -1)


def by_hand():
    """Two SKUs, ten scored days after a warm-up of two; figures can be followed with a pencil."""
    scenario = small_world(
        [[1, 0, 2, 0, 5, 0, 0, 1, 0, 0, 2, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
        opening=[5, 40],
        price=[1000, 700],
        views=[[10] * 12, [2] * 12],
        part_ends=[2, 12],
        terms_days=2,
        category=[0, 1],
        category_names=("a", "b"),
        order_cost=700,
    )
    placed = orders({"ordered_on": 4, "arrives_on": 6, "quantity": 4, "unit_cost": 120, "line_cost": 50})
    totals = run_reference(scenario, placed)
    return score_run(totals, scenario, RATES, 2, NO_CELLS, 1)


# SKU 0 closes days 2..11 with 2 2 0 0 4 3 3 3 1 1 units: it opens day 2 with 4 at 100, sells 2, then 2 of 5 (3 lost);
# 4 units at 120 come on day 6; one is sold on day 7, two on day 10. SKU 1 lies there: 40 units at 100.
VALUE = 200 + 200 + 0 + 0 + 480 + 360 + 360 + 360 + 120 + 120
SKU_0 = {
    "units_demanded": 10, "units_sold": 7, "units_lost": 3, "fill_rate": 0.7,
    "revenue": 7000, "gross_margin": 7000 - 400 - 360, "lost_margin": 3 * (1000 - 100),
    "average_inventory_value": VALUE / 10, "average_inventory_units": 1.9,
    "working_capital": (VALUE - 2 * 480) / 10, "spend": 480,
    "in_stock_rate": 0.8, "stockout_rate": 0.2, "stockout_rate_by_views": (6 + 10) / 100,
    "order_lines": 1, "excess_value": 0, "dead_stock_value": 0, "write_offs": 0,
    "holding_cost": 0.10 * VALUE / 10 * 10 / 365, "ordering_cost": 700 + 50, "fixed_order_cost": 700,
    "turns": (760 * 36.5) / (VALUE / 10), "days_of_supply": 365 * (VALUE / 10) / (760 * 36.5),
    "gmroi": (6240 * 36.5) / (VALUE / 10), "cycle_service_level": None, "orders": None, "peak_inventory_value": None,
    "mean_order_value": None,
}  # fmt: skip
SKU_0["profit"] = SKU_0["gross_margin"] - SKU_0["holding_cost"] - 750
SKU_0["economic_profit"] = SKU_0["profit"] - 0.12 * SKU_0["working_capital"] * 10 / 365
SKU_1 = {
    "units_demanded": 0, "fill_rate": None, "in_stock_rate": 1.0, "average_inventory_value": 4000.0, "turns": 0.0,
    "days_of_supply": None, "excess_value": 4000, "dead_stock_value": 0, "write_offs": 4000 - 40 * 30,
    "stockout_rate_by_views": 0.0, "gross_margin": 0, "ordering_cost": 0,
}  # fmt: skip
CATALOGUE = {
    "orders": 1, "mean_order_value": 480, "peak_inventory_value": 4480, "fill_rate": 0.7, "in_stock_rate": 0.9,
    "stockout_rate_by_views": 16 / 120, "ordering_cost": 750, "average_inventory_value": 4000 + VALUE / 10,
}  # fmt: skip


@pytest.mark.parametrize(
    ("level", "name", "figures"),
    [
        ("item", "item-0", SKU_0),
        ("item", "item-1", SKU_1),
        ("catalogue", "all", CATALOGUE),
        ("category", "b", SKU_1 | {"peak_inventory_value": 4000}),
        ("supplier", "supplier-0", {"orders": 1, "ordering_cost": 750}),
    ],
)
def test_figures_by_hand(level, name, figures):
    row = by_hand().row(by_predicate=(pl.col("level") == level) & (pl.col("name") == name), named=True)
    for figure, value in figures.items():
        assert row[figure] == (None if value is None else pytest.approx(value)), figure


def test_every_figure_has_a_value_by_hand():
    assert set(SKU_0) == set(FIGURES)


def test_a_cycle_counts_in_the_part_in_which_it_ends():
    scenario = small_world([1] * 9, part_ends=[9], opening=9)
    placed = orders(*({"ordered_on": 0, "arrives_on": day} for day in (2, 4, 6)))
    row = score_run(run_reference(scenario, placed), scenario, RATES, 0, NO_CELLS[:1], 1).row(0, named=True)
    assert row["cycle_service_level"] == 1.0


def test_money_comes_in_major_units():
    scenario = small_world([1, 1], opening=5)
    totals = run_reference(scenario, levels(scenario, reorder_point=NEVER_ORDER))
    minor, major = (score_run(totals, scenario, RATES, 0, NO_CELLS[:1], unit).row(0, named=True) for unit in (1, 100))
    for figure in MONEY:
        name = figure.__name__
        assert major[name] == (None if minor[name] is None else pytest.approx(minor[name] / 100)), name
    assert major["fill_rate"] == minor["fill_rate"]


# --- against the ledger -----------------------------------------------------------------------------------------------


def expected_of(scenario, plan, rates, warm_up, members):
    """Figures of a group of SKUs, each from its definition and the ledger of every day."""
    ledger, days = keep_ledger(scenario, plan), scenario.axes.days
    scored = slice(warm_up, days)
    length = days - warm_up

    def total(name):
        return int(ledger[name][members, scored].sum())

    catalogue = scenario.catalogue
    listed = sum(
        len(range(max(warm_up, int(catalogue.listed_from[sku])), min(days, int(catalogue.listed_until[sku]))))
        for sku in members
    )
    lost_cost = write_down = excess = dead = 0
    for sku in members:
        lost_cost += int((ledger["lost"] - ledger["waited"])[sku, scored].sum()) * int(catalogue.replacement_cost[sku])
        on_hand, value = int(ledger["on_hand"][sku, -1]), int(ledger["value"][sku, -1])
        needed = int(ledger["demanded"][sku, max(0, days - rates.write_down_cover_days) :].sum())
        beyond = max(0, on_hand - needed)
        worth = value * beyond // max(on_hand, 1)
        write_down += max(0, worth - beyond * int(catalogue.salvage_value[sku]))
        needed = int(ledger["demanded"][sku, max(0, days - rates.excess_cover_days) :].sum())
        excess += value * max(0, on_hand - needed) // max(on_hand, 1)
        sales = np.flatnonzero(ledger["sold"][sku])
        last_sale = int(sales[-1]) if len(sales) else -1
        dead += value * (last_sale < days - 180)

    def over(numerator, denominator):
        return numerator / denominator if denominator else None

    margin = total("revenue") - total("cost_of_goods_sold")
    inventory = total("value") / length
    figures = {
        "fill_rate": over(total("sold"), total("demanded")),
        "cycle_service_level": over(total("cycles") - total("short_cycles"), total("cycles")),
        "in_stock_rate": over(listed - total("stockout_days"), listed),
        "stockout_rate": over(total("stockout_days"), listed),
        "stockout_rate_by_views": over(total("views_out"), int(scenario.views[members, scored].sum())),
        "average_inventory_value": inventory,
        "average_inventory_units": total("on_hand") / length,
        "working_capital": (total("value") + total("payable_value_days")) / length,
        "revenue": total("revenue"),
        "gross_margin": margin,
        "lost_margin": total("lost_revenue") - lost_cost,
        "holding_cost": rates.holding_rate * inventory * length / 365,
        "write_offs": total("write_offs") + write_down,
        "turns": over(total("cost_of_goods_sold") / length * 365, inventory),
        "gmroi": over(margin / length * 365, inventory),
        "spend": total("spend"),
        "excess_value": excess,
        "dead_stock_value": dead,
        "order_lines": total("lines"),
        "units_demanded": total("demanded"),
        "units_sold": total("sold"),
        "units_lost": total("lost"),
    }
    figures["days_of_supply"] = over(365, figures["turns"])
    if len(members) == len(scenario.axes.items):
        placed = {
            (order["supplier"], order["ordered_on"])
            for order in ledger.orders
            if order["ordered_on"] >= warm_up and order["supplier"] >= 0
        }
        figures["orders"] = len(placed)
        fixed = sum(int(scenario.suppliers.order_cost[supplier]) for supplier, _ in placed)
        figures["ordering_cost"], figures["fixed_order_cost"] = fixed + total("line_costs"), fixed
        figures["mean_order_value"] = over(total("spend"), len(placed))
        figures["peak_inventory_value"] = int(ledger["value"][:, scored].sum(axis=0).max())
        figures["profit"] = margin - figures["holding_cost"] - figures["ordering_cost"] - figures["write_offs"]
        capital = rates.capital_rate * figures["working_capital"] * length / 365
        figures["economic_profit"] = figures["profit"] - capital
    return figures


@given(
    seed=st.integers(0, 10**6),
    warm_up_part=st.booleans(),
    by_levels=st.booleans(),
    cover=st.integers(1, 60),
    skus=st.integers(1, 5),
)
@settings(max_examples=25, deadline=None)
def test_figures_equal_those_of_an_independent_ledger(seed, warm_up_part, by_levels, cover, skus):
    scenario = make_scenario(seed, Size(skus=skus, days=40))
    plan = (make_levels if by_levels else make_orders)(seed, scenario)
    rates = CostRates(excess_cover_days=cover, write_down_cover_days=2 * cover)
    warm_up = int(scenario.part_ends[0]) if warm_up_part and scenario.parts > 1 else 0
    cells = np.arange(skus) % 9
    card = score_run(run_reference(scenario, plan), scenario, rates, warm_up, cells, 1)
    catalogue = scenario.catalogue
    groups = {("catalogue", "all"): list(range(skus))}
    groups |= {("item", item): [sku] for sku, item in enumerate(scenario.axes.items)}
    groups |= {
        ("category", name): np.flatnonzero(catalogue.category == index).tolist()
        for index, name in enumerate(catalogue.category_names)
    }
    groups |= {
        ("supplier", name): np.flatnonzero(catalogue.primary_supplier == index).tolist()
        for index, name in enumerate(scenario.suppliers.names)
    }
    for row in card.filter(pl.col("level") != "segment").iter_rows(named=True):
        members = groups[row["level"], row["name"]]
        for figure, value in expected_of(scenario, plan, rates, warm_up, members).items():
            if row["level"] != "catalogue" and figure in {
                "orders", "ordering_cost", "fixed_order_cost", "mean_order_value", "peak_inventory_value", "profit",
                "economic_profit",
            }:  # fmt: skip
                continue
            assert row[figure] == (None if value is None else pytest.approx(value)), (row["level"], row["name"], figure)


def test_sums_over_the_groups_of_a_level_are_those_of_the_catalogue():
    scenario = make_scenario(4, Size(skus=6, days=60))
    totals = run_reference(scenario, make_levels(4, scenario))
    card = score_run(totals, scenario, RATES, 0, np.arange(6), 1)
    additive = ("revenue", "gross_margin", "units_lost", "holding_cost", "write_offs", "working_capital", "spend")
    whole = card.row(0, named=True)
    for level in LEVELS:
        rows = card.filter(pl.col("level") == level)
        for name in additive:
            assert rows[name].sum() == pytest.approx(whole[name]), (level, name)
        assert rows["ordering_cost"].sum() == pytest.approx(whole["ordering_cost"]), level


def test_a_zero_denominator_gives_null():
    scenario = small_world([0, 0], opening=0)
    totals = run_reference(scenario, levels(scenario, reorder_point=NEVER_ORDER))
    row = score_run(totals, scenario, RATES, 0, NO_CELLS[:1], 1).row(0, named=True)
    for name in ("fill_rate", "cycle_service_level", "stockout_rate_by_views", "turns", "days_of_supply", "gmroi"):
        assert row[name] is None, name
    assert row["mean_order_value"] is None


def test_costs_follow_their_rates():
    scenario = make_scenario(2, Size(skus=4, days=60))
    totals = run_reference(scenario, make_levels(2, scenario))

    def card(**rates):
        return score_run(totals, scenario, CostRates(**rates), 0, np.zeros(4, int), 1).row(0, named=True)

    once, twice = card(holding_rate=0.1, capital_rate=0.2), card(holding_rate=0.2, capital_rate=0.4)
    assert twice["holding_cost"] == pytest.approx(2 * once["holding_cost"])
    capital = 0.2 * once["working_capital"] * 60 / 365
    assert once["profit"] - once["economic_profit"] == pytest.approx(capital)
    assert twice["profit"] - twice["economic_profit"] == pytest.approx(2 * capital)


def test_the_warm_up_is_not_scored_but_its_stock_is_carried_over():
    scenario = small_world([3, 0, 0, 1], opening=5, part_ends=[2, 4])
    totals = run_reference(scenario, levels(scenario, reorder_point=NEVER_ORDER))
    row = score_run(totals, scenario, RATES, 2, NO_CELLS[:1], 1).row(0, named=True)
    assert (row["units_sold"], row["average_inventory_units"]) == (1, 1.5)
    whole = score_run(totals, replace(scenario), RATES, 0, NO_CELLS[:1], 1).row(0, named=True)
    assert (whole["units_sold"], whole["average_inventory_units"]) == (4, 1.75)
