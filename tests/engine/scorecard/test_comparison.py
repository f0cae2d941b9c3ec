"""Comparisons by hand, and from the independent ledger on a random world."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from engine.scorecard import comparison, score_run
from engine.scorecard.supplier_performance import delivery_lines, punctual_arrivals, supplier_performance
from engine.settings import CostRates
from engine.steppers.reference import run_reference
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario
from tests.engine.oracle import keep_ledger

RATES = CostRates(holding_rate=0.10, capital_rate=0.12, order_cost=500, line_cost=50)
FIGURES = ("working_capital", "stockout_rate", "fill_rate", "economic_profit", "profit", "lost_margin")
ROWS = (
    ("abc_xyz", "p", "candidate", 150.0, 0.10, 0.90, 30.0, 36.0, 7.0),
    ("lean", "p", "candidate", 50.0, 0.05, 0.95, 40.0, 42.0, 4.0),
    ("lean", "q", "candidate", 60.0, 0.05, 0.95, 39.0, 42.0, 4.0),
    ("actual", "default", "actual", 100.0, 0.20, 0.80, 20.0, 24.0, 10.0),
    ("hindsight", "default", "bound", 10.0, 0.00, 1.00, 90.0, 91.0, 0.0),
    ("upper_bound", "default", "bound", None, None, None, 120.0, None, None),
)


def scores():
    names = ("strategy", "parameters", "kind", *FIGURES)
    frame = pl.DataFrame([dict(zip(names, row, strict=True)) for row in ROWS])
    return frame.with_columns(level=pl.lit("catalogue"), name=pl.lit("all"), holding_cost=2.0, fixed_order_cost=3.0)


def row_of(frame, **wanted):
    return frame.row(
        by_predicate=pl.all_horizontal([pl.col(key) == value for key, value in wanted.items()]), named=True
    )


def test_simulated_against_real_is_a_reduction_or_an_improvement():
    table = comparison.against_actual(scores())
    capital = row_of(table, strategy="lean", parameters="p", figure="working_capital")
    assert (capital["simulated"], capital["real"], capital["reduction"]) == (50.0, 100.0, 0.5)
    assert capital["improvement"] is None
    fill = row_of(table, strategy="lean", parameters="p", figure="fill_rate")
    assert fill["improvement"] == pytest.approx(0.15)
    assert fill["reduction"] is None
    assert set(table["strategy"]) == {"abc_xyz", "lean"}


def test_a_real_figure_of_zero_has_no_reduction():
    none = scores().with_columns(stockout_rate=pl.lit(0.0))
    assert row_of(comparison.against_actual(none), strategy="lean", parameters="p", figure="stockout_rate")[
        "reduction"
    ] is None  # fmt: skip


def test_return_is_given_only_where_capital_goes_up():
    table = comparison.roi(scores(), days=73)
    lean, rich = (row_of(table, strategy=name, parameters="p") for name in ("lean", "abc_xyz"))
    assert (lean["capital_released"], lean["margin_recovered"], lean["economic_profit_gained"]) == (50.0, 6.0, 20.0)
    assert lean["return_on_added_capital"] is None
    assert rich["return_on_added_capital"] == pytest.approx((36.0 - 24.0) * 365 / 73 / 50.0)


def test_distances_are_to_actual_hindsight_and_the_bound():
    row = row_of(comparison.distances(scores()), strategy="lean", parameters="p")
    assert (row["over_actual"], row["over_hindsight"], row["over_upper_bound"]) == (20.0, -50.0, -80.0)
    assert row["gap_closed"] == pytest.approx(0.2)


def test_the_price_of_segmenting_is_best_per_item_less_best_by_cell():
    row = comparison.price_of_segmenting(scores()).row(0, named=True)
    assert (row["by_cell"], row["per_item"], row["per_item_strategy"], row["price"]) == (30.0, 40.0, "lean", 10.0)


def test_rates_are_priced_anew():
    table = comparison.rate_sensitivity(scores(), days=365, capital_rate=0.1)
    lean = {"strategy": "lean", "parameters": "p"}
    assert row_of(table, rate="holding_rate", factor=2.0, **lean)["economic_profit"] == pytest.approx(40.0 - 2.0)
    assert row_of(table, rate="order_cost", factor=0.5, **lean)["economic_profit"] == pytest.approx(40.0 + 1.5)
    assert row_of(table, rate="capital_rate", factor=2.0, **lean)["economic_profit"] == pytest.approx(40.0 - 5.0)
    assert row_of(table, rate="capital_rate", factor=1.0, **lean)["economic_profit"] == 40.0
    leads = table.filter("leads")
    assert leads.select("rate", "factor").n_unique() == leads.height == 9
    assert set(leads["kind"]) == {"candidate"}


def test_a_rate_scored_anew_is_the_same_as_priced_anew():
    """Against the scorecard itself with the rate really changed."""
    scenario = make_scenario(3, Size(skus=5, days=40))
    totals = run_reference(scenario, make_levels(3, scenario))
    cells, length = np.full(5, -1), 40

    def scored(rates):
        head = {"strategy": "x", "parameters": "p", "kind": "candidate"}
        return score_run(totals, scenario, rates, 0, cells, 1).with_columns(
            **{key: pl.lit(value) for key, value in head.items()}
        )

    table = comparison.rate_sensitivity(scored(RATES), length, RATES.capital_rate)
    for rate in ("holding_rate", "capital_rate"):
        changed = scored(RATES.model_copy(update={rate: 2 * getattr(RATES, rate)}))
        expected = row_of(changed, level="catalogue")["economic_profit"]
        assert row_of(table, rate=rate, factor=2.0)["economic_profit"] == pytest.approx(expected)


def test_comparisons_equal_the_ledgers():
    """Capital released, lost margin recovered and the reduction of stock-outs from two independent ledgers."""
    scenario = make_scenario(11, Size(skus=6, days=35))
    plans = {"actual": make_orders(11, scenario), "x": make_levels(11, scenario)}
    kinds = {"actual": "actual", "x": "candidate"}
    cards, ledgers = [], {}
    for name, plan in plans.items():
        card = score_run(run_reference(scenario, plan), scenario, RATES, 0, np.full(6, -1), 1)
        cards.append(card.with_columns(strategy=pl.lit(name), parameters=pl.lit("p"), kind=pl.lit(kinds[name])))
        ledgers[name] = keep_ledger(scenario, plan)
    both = pl.concat(cards)

    def capital(name):
        return (ledgers[name]["value"].sum() + ledgers[name]["payable_value_days"].sum()) / 35

    def lost_margin(name):
        ledger = ledgers[name]
        cost = (ledger["lost"] - ledger["waited"]).sum(axis=1) @ scenario.catalogue.replacement_cost
        return ledger["lost_revenue"].sum() - cost

    returned = row_of(comparison.roi(both, 35), level="catalogue")
    assert returned["capital_released"] == pytest.approx(capital("actual") - capital("x"))
    assert returned["margin_recovered"] == pytest.approx(lost_margin("actual") - lost_margin("x"))
    out = {name: ledger["stockout_days"].sum() for name, ledger in ledgers.items()}
    row = row_of(comparison.against_actual(both), level="catalogue", figure="stockout_rate")
    assert row["reduction"] == pytest.approx(1 - out["x"] / out["actual"])


ORDERS = pl.DataFrame(
    {
        "supplier_id": ["A", "A", "A", "B", None],
        "item_id": ["i", "i", "j", "i", "i"],
        "order_date": [date(2024, 1, day) for day in (1, 2, 3, 4, 5)],
        "expected_date": [date(2024, 1, 5), date(2024, 1, 6), None, date(2024, 1, 10), None],
        "received_date": [date(2024, 1, 5), date(2024, 1, 9), date(2024, 1, 9), None, date(2024, 1, 6)],
        "order_quantity": [10, 10, 20, 5, 5],
        "received_quantity": [10, 8, None, None, 5],
    }
)


def test_suppliers_are_judged_by_received_lines():
    row = supplier_performance(delivery_lines(ORDERS)).row(0, named=True)
    assert (row["supplier_id"], row["lines"], row["on_time_share"], row["days_late"]) == ("A", 3, 0.5, 3.0)
    assert (row["promised_days"], row["real_days"]) == (4.0, 5.5)
    assert row["real_spread"] == pytest.approx(np.std([4, 7, 6]))
    assert row["short_share"] == pytest.approx(1 / 3)
    assert row["units_short_share"] == pytest.approx(2 / 40)


def test_punctual_lines_come_when_promised_and_never_later():
    assert punctual_arrivals(np.array([9, 5, 7]), np.array([6, 8, -1])).tolist() == [6, 5, 7]
