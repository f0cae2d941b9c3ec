"""The report as a file: whole, small, the same bytes, nothing from outside; its sections with and without tables."""

import base64
import copy
import hashlib
import json
import re
import zlib
from dataclasses import replace

import altair as alt
import numpy as np
import polars as pl
import pytest

from arena_pipeline.choice import choose, parameters_in_words
from arena_pipeline.report import answer, method, specs
from arena_pipeline.report.answer import Amount
from arena_pipeline.report.facts import gather
from arena_pipeline.report.film import _days
from arena_pipeline.report.html import Column, Writer, table
from arena_pipeline.report.writer import charts, render
from arena_pipeline.resources import ArenaResource
from engine.scenario.subset import subset_scenario
from engine.scorecard.figures import COUNTS, MONEY, RATIOS
from engine.steppers.ledger import run_with_ledger
from tests.engine.small_world import levels, small_world

MOST_BYTES = 3_000_000
SKUS_OF_GOAL = 5_000
OPTIONAL = {
    "held_out": [{"strategy": "min_max", "kind": "candidate", "parameters": "walk-forward", "economic_profit": 9.0,
                  "working_capital": 5.0, "stockout_rate": 0.1, "fill_rate": 0.9, "gross_margin": 20.0, "revenue": 50.0,
                  "lead_over_actual": 4321.0, "lead_low": -77.0, "lead_high": 8765.0}],
    "intervals": [{"strategy": "min_max", "parameters": "target=0.9", "figure": "economic_profit", "estimate": 4.0,
                   "low": 1.0, "high": 8.0, "against": "actual", "scenarios": 3, "replicates": 100}],
    "calibration": [{"strategy": "min_max", "parameters": "target=0.9", "target_kind": kind, "target": 0.9,
                     "segment": "all", "part": part, "multiplier": 1.1, "fill_rate_before": 0.8,
                     "cycle_service_level_before": 0.7, "fill_rate_after": 0.91, "cycle_service_level_after": 0.88,
                     "working_capital_before": 5.0, "working_capital_after": 6.0, "economic_profit_before": 1.0,
                     "economic_profit_after": 2.0}
                    for kind in ("fill_rate", "cycle_service_level") for part in ("training", "held_out")],
    "forecast_coverage": [{"option": "exposure", "band": "all", "target": target, "cells": 10, "covered": 9,
                           "coverage": 0.9} for target in (0.8, 0.9)],
    "recommended_plan": [{"supplier": "ACME", "item_id": "x1", "item_name": "<b>Vase</b>", "segment": "AX", "on_hand": 1,
                          "on_order": 0, "inventory_position": 1, "reorder_point": 4, "order_up_to": 9,
                          "order_quantity": 8, "unit_cost": 2.0, "order_value": 16.0, "lead_time_days": 7,
                          "reason": "position 1 <= 4"}],
    "drift": [{"item_id": "x1", "item_name": "Vase", "statistic": "mean", "before": 1.0, "after": 3.0, "p_value": 0.0,
               "adjusted_p": 0.001, "alert": True}],
}  # fmt: skip
HEADS = {
    "held_out": "On weeks held out", "intervals": "Intervals", "calibration": "Target against achieved",
    "forecast_coverage": "Were the forecasts honest?", "recommended_plan": "All lines with their reasons",
    "drift": "Items whose demand has changed",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts(ran):
    return gather(ArenaResource(workspace=str(ran.folder)))


@pytest.fixture(scope="module")
def page(ran):
    return ran.store.report("arena_report.html").read_text()


def data_of(page):
    packed = re.search(r'id="facts">([^<]+)<', page).group(1)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_the_same_facts_give_the_same_bytes(ran, facts, page):
    assert render(facts) == page
    assert render(gather(ArenaResource(workspace=str(ran.folder)))) == page


def grown(facts, count):
    """The same shop with many more items: their figures and weeks drawn around those of its own."""
    draw = np.random.default_rng(7)
    source = draw.integers(0, len(facts["items"]["id"]), count)
    items = {
        key: [f"{facts['items'][key][row]}{number}" for number, row in enumerate(source)]
        if key in {"id", "name"} else [facts["items"][key][row] for row in source]
        for key in ("id", "name", "category", "supplier", "segment")
    }  # fmt: skip
    items["figures"] = {
        run: {name: drawn(draw, np.array(values, float)[source], name) for name, values in figures.items()}
        for run, figures in facts["items"]["figures"].items()
    }
    demand = {
        what: draw.poisson(np.array(weeks, float).mean(axis=1)[source, None], (count, len(weeks[0]))).tolist()
        for what, weeks in facts["demand"].items()
    }
    return facts | {"items": items, "demand": demand}


def drawn(draw, values, name):
    digits = 3 if name.endswith("_rate") else 0
    varied = np.round(values * draw.uniform(0.3, 1.0, len(values)), digits)
    return [None if np.isnan(value) else float(value) for value in varied]


def test_it_stays_below_three_megabytes_for_five_thousand_items(facts):
    assert len(render(grown(facts, SKUS_OF_GOAL)).encode()) < MOST_BYTES


def test_the_policy_allows_its_own_scripts_and_styles_by_hash_and_nothing_else(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    pieces = re.findall(r"<script>(.*?)</script>", page, re.DOTALL) + re.findall(
        r"<style>(.*?)</style>", page, re.DOTALL
    )
    assert len(pieces) == 3
    for piece in pieces:
        assert base64.b64encode(hashlib.sha256(piece.encode()).digest()).decode() in policy
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r'(src|href)="(?!#|data:)', outside)
    assert "style=" not in outside, "inline styles would be refused"


def test_the_answer_says_what_the_scorecard_says(ran, facts):
    board, held = ran.leaderboard(), pl.read_parquet(ran.store.scorecard("held_out.parquet"))
    winner = held.filter(pl.col("kind") == "candidate").sort("economic_profit", descending=True)["strategy"][0]
    best = next(row for row in board if row["strategy"] == winner)
    real = next(row for row in board if row["kind"] == "actual")
    amounts = [piece.value for piece in answer.headline(facts) if isinstance(piece, Amount)]
    gain = best["economic_profit"] - real["economic_profit"]
    assert amounts[0] == pytest.approx(abs(gain))
    if gain > 0:
        assert amounts[1] == pytest.approx(abs(best["working_capital"] - real["working_capital"]))
    assert [one.question for one in answer.answers(facts)] == [
        "Which policy?", "How much capital, at what service?", "For which categories and suppliers?",
        "How sure is this?", "What to order this week?",
    ]  # fmt: skip


def test_what_is_synthetic_is_said_where_the_answer_is(facts, page):
    start, end = page.index('id="answer"'), page.index('id="lead"')
    assert facts["data"]["synthetic"] in page[start:end]


def test_items_and_their_demand_are_those_of_the_scorecard_and_the_demand_table(ran, page):
    data = data_of(page)
    card = pl.read_parquet(ran.store.scorecard("item_scorecard.parquet"))
    actual = card.filter(pl.col("strategy") == "actual").sort("item")
    assert data["items"]["id"] == actual["item"].to_list()
    shown = data["items"]["figures"]["actual"]["economic_profit"]
    assert shown == pytest.approx(actual["economic_profit"].to_list(), abs=0.51)
    replay = pl.read_parquet(ran.store.demand("censored_daily_demand.parquet"))
    sold = replay.group_by("sku").agg(pl.col("units_sold").sum()).sort("sku")["units_sold"].to_list()
    assert [sum(weeks) for weeks in data["demand"]["sold"]] == sold
    lost = replay.group_by("sku").agg(pl.col("lost_expected_u6").sum() / 1e6).sort("sku")["lost_expected_u6"].to_list()
    weeks = len(data["demand"]["hidden"][0])
    for found, expected in zip(data["demand"]["hidden"], lost, strict=True):
        assert sum(found) / 10 == pytest.approx(expected, abs=0.051 * weeks)


def test_film_tells_what_the_scorecard_counts(ran, page):
    """Lost units over the scored days of each filmed item, from the daily frames, equal its figure."""
    data = data_of(page)
    card = pl.read_parquet(ran.store.scorecard("item_scorecard.parquet"))
    board = pl.read_parquet(ran.store.scorecard("leaderboard.parquet"))
    first = ran.settings.window.warm_up_days
    for policy in data["film"]["policies"]:
        best = board.filter(pl.col("strategy") == policy["strategy"]).row(0, named=True)
        for item, frame in zip(data["film"]["items"], policy["frames"], strict=True):
            row = card.row(by_predicate=(pl.col("strategy") == best["strategy"])
                           & (pl.col("parameters") == best["parameters"]) & (pl.col("item") == item), named=True)  # fmt: skip
            pairs = zip(frame["lost"][::2], frame["lost"][1::2], strict=True)
            assert sum(units for day, units in pairs if day >= first) == row["units_lost"]
            assert sum(frame["sold"][first:]) == row["units_sold"]


@pytest.mark.parametrize("name", list(OPTIONAL))
def test_a_section_stands_where_its_table_exists_and_only_there(facts, name):
    without = copy.copy(facts) | {"tables": {key: rows for key, rows in facts["tables"].items() if key not in OPTIONAL}}
    best = {key: facts["choice"]["best"][key] for key in ("strategy", "parameters")}
    rows = [row | best for row in OPTIONAL[name]] if name == "intervals" else OPTIONAL[name]
    with_it = without | {"tables": without["tables"] | {name: rows}}
    assert HEADS[name] not in render(without)
    assert HEADS[name] in render(with_it)


def test_optional_tables_reach_the_answer(facts):
    best = {**facts["choice"]["best"], "strategy": "min_max"}
    told = facts | {"tables": facts["tables"] | OPTIONAL, "choice": facts["choice"] | {"best": best}}
    words = Writer("GBP")
    sure, order = (
        " ".join(re.sub("<[^>]+>", "", words.sentence(sentence)) for sentence in sentences)
        for sentences in (answer.how_sure(told), answer.this_week(told))
    )
    assert "leads your own orders by £4,321 (95 % interval \u2212£77 to £8,765); the interval includes no lead" in sure
    assert order.startswith("1 items from 1 suppliers for £16: ACME £16.")


def test_text_from_the_logs_is_escaped(facts):
    page = render(facts | {"tables": facts["tables"] | OPTIONAL})
    assert "<b>Vase</b>" not in page
    assert "&lt;b&gt;Vase" in page


def test_every_figure_has_its_formula_in_the_method_notes(page):
    shown = {row["figure"] for row in method.formulas()}
    assert shown == {figure.__name__ for figure in (*MONEY, *RATIOS, *COUNTS)}
    for row in method.formulas():
        assert row["formula"]
        assert row["figure"] in page


def test_every_chart_is_a_valid_specification(facts):
    made = charts(facts | {"tables": facts["tables"] | OPTIONAL}, specs.PRINTED)
    assert {"panel-0", "panel-1", "panel-2", "service", "weekly", "items", "demand", "coverage"} <= set(made)
    for spec in made.values():
        alt.Chart.from_dict(spec)


def test_the_step_front_joins_what_no_run_beats_in_two_figures():
    rows = [
        {"kind": kind, "working_capital": capital, "stockout_rate": out}
        for kind, capital, out in (
            ("candidate", 1.0, 0.5), ("candidate", 2.0, 0.3), ("actual", 2.5, 0.4), ("baseline", 3.0, 0.1), ("bound", 0.5, 0.0)
        )
    ]  # fmt: skip
    found = specs.front(rows, "working_capital", "stockout_rate")
    assert [(row["working_capital"], row["stockout_rate"]) for row in found] == [(1.0, 0.5), (2.0, 0.3), (3.0, 0.1)]


def board(*rows):
    names = ("strategy", "kind", "economic_profit", "working_capital", "stockout_rate", "gross_margin")
    frame = pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return frame.with_columns(parameters=pl.lit("default")).sort("economic_profit", descending=True)


def test_the_lean_choice_frees_capital_without_losing_service_or_margin():
    runs = (
        ("rich", "candidate", 9.0, 50.0, 0.05, 60.0), ("lean", "candidate", 8.0, 20.0, 0.09, 41.0),
        ("empty", "candidate", 7.0, 10.0, 0.40, 45.0), ("real", "actual", 5.0, 30.0, 0.10, 40.0),
    )  # fmt: skip
    found = choose(board(*runs))
    assert (found.best["strategy"], found.lean["strategy"], found.judged) == ("rich", "lean", "whole window")
    assert choose(board(*(run for run in runs if run[0] != "lean"))).lean is None
    held = pl.DataFrame({"strategy": ["lean", "real"], "kind": ["candidate", "actual"], "economic_profit": [3.0, 9.0]})
    assert choose(board(*runs), held).best["strategy"] == "lean"


def test_parameters_are_told_in_words():
    assert parameters_in_words("target=0.95,review_period=7") == "service target 0.95, review every (days) 7"
    assert parameters_in_words("default") == ""


def test_numbers_carry_their_value_for_the_locale():
    cell = table(Writer("EUR"), (Column("a", "a"), Column("b", "b", "signed")), [{"a": "x", "b": -1234.5}])
    assert '<data class="signed" value="-1234.5">\u2212€1,234</data>' in cell
    assert Writer("SEK").text(5.0, "money") == "SEK 5"


NETWORK = {
    "nodes": [
        {"location_id": name, "level": level, "items": 5, "service_days": days, "base_stock": stock, "alone_stock": 9,
         "safety_capital": 12.5}
        for name, level, days, stock in (("PORT", "warehouse", 2.0, 400), ("HUB", "hub", 1.0, 90), ("SHOP", "store", 0.0, 30))
    ],
    "links": [["PORT", "HUB"], ["HUB", "SHOP"]],
}  # fmt: skip


def test_a_network_is_drawn_from_its_source_to_its_shops(facts):
    assert 'id="network"' not in render(facts)
    page = render(facts | {"network": NETWORK})
    picture = re.search(r'<svg class="network".*?</svg>', page, re.DOTALL).group()
    left = {name: int(x) for x, name in re.findall(r'<rect x="(\d+)"[^>]*/><text[^>]*>(\w+) \(', picture)}
    assert left["PORT"] < left["HUB"] < left["SHOP"]
    assert picture.count("<path") == len(NETWORK["links"])
    assert "base stock 400, promises 2.0 d" in picture


def test_the_film_of_coupled_items_is_that_of_the_whole_run():
    """With a limit on money the chosen items are replayed among all others, and fare as there."""
    scenario = small_world([[3] * 20, [2] * 20, [4] * 20], opening=3, offers=[{"sku": sku} for sku in range(3)])
    tight = replace(scenario, limits=replace(scenario.limits, weekly_spend=1_500))
    plan, skus = levels(tight, reorder_point=4, order_up_to=9), np.array([0, 2])
    whole = run_with_ledger(tight, plan).days
    found = _days(tight, subset_scenario(tight, skus), plan, skus)
    for row, sku in enumerate(skus.tolist()):
        assert (
            found.filter(pl.col("sku") == row)["on_hand"].to_list()
            == whole.filter(pl.col("sku") == sku)["on_hand"].to_list()
        )
    free = run_with_ledger(scenario, plan).days
    assert free["lost"].sum() < whole["lost"].sum(), "the limit binds"
