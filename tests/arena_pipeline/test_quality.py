from arena_pipeline import quality
from engine.demand.diagnostics import Diagnostics, Sensitivity
from engine.demand.hiding import HiddenScore

FOUND = Diagnostics(
    placebo_keep_rate=1.08,
    keep_rate=0.7,
    keep_by_age=((1.0, 0.8, 12), (60.0, 0.4, 3)),
    decoupling=0.1,
    coverage=0.875,
    demand_by_method={"observed": 0.9, "views_eb": 0.1, "none": 0.0},
    sensitivities=(Sensitivity("substitution_share", 0.15, 98.0, -0.02),),
)
SCORES = [HiddenScore(0, 10, 100.0, 90.0, 0.2), HiddenScore(1, 5, 50.0, 55.0, 0.3), HiddenScore(2, 0, 0.0, 0.0, None)]


def test_every_number_is_a_column():
    figures = quality.quality_figures(FOUND)
    assert figures["keep_rate_from_day_60"] == 0.4
    assert figures["demand_share_views_eb"] == 0.1
    assert figures["demand_at_substitution_share_0.15"] == -0.02


def test_tables_and_pictures_stay_short():
    shown = quality.quality_metadata(FOUND)
    assert "| substitution_share | 15% | -2.0% |" in shown["sensitivities"].value
    assert "none" not in shown["demand_by_method"].value
    assert all(len(value.value) < 1_000 for value in shown.values())


def test_a_bad_placebo_is_said():
    assert quality.quality_sentences(FOUND) == [
        "stock and page views are known on 87.5% of listed SKU-days",
        "placebo keep rate 1.080, not within 5% of 1: keep rates are off as much",
        "decoupling +0.10: 0 if orders follow page views, 1 if views say nothing",
    ]


def test_hidden_draws_as_rows_and_as_a_sentence():
    assert quality.hidden_rows(SCORES)[0]["bias"] == "-10.00%"
    assert quality.hidden_rows(SCORES)[2]["bias"] == ""
    assert quality.hidden_sentence(SCORES) == "150 units hidden in 3 draws, found again with a mean bias of +0.00%"
    assert quality.hidden_sentence(SCORES[2:]).startswith("nothing could be hidden")
