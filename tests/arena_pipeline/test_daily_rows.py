"""Daily rows on request: all of them, in pages that join without gap, adding up to the scores."""

import polars as pl
import pytest

from arena_pipeline.daily_rows import read_page, rows_path, write_rows
from engine.errors import InputError


@pytest.fixture
def path(copy):
    return write_rows(copy.store, "actual", "default")


def test_rows_are_not_written_unless_asked_for(ran):
    assert not rows_path(ran.store, "actual", "default").exists()


def test_rows_add_up_to_the_scores(copy, path):
    table = pl.read_parquet(path)
    first = table["day"].min()
    scored = table.filter((pl.col("day") - first).dt.total_days() >= copy.settings.window.warm_up_days)
    actual = next(row for row in copy.leaderboard() if row["kind"] == "actual")
    assert scored["sold"].sum() == actual["units_sold"]
    assert scored["lost"].sum() == actual["units_lost"]
    days = scored["day"].n_unique()
    assert scored["value"].sum() / 100 / days == pytest.approx(actual["average_inventory_value"])


def test_pages_join_without_gap(path):
    table = pl.read_parquet(path)
    item = table["item"][0]
    whole = table.filter(pl.col("item") == item)
    pages = [read_page(path, number, 100, item) for number in range(1, -(-whole.height // 100) + 1)]
    assert pl.concat([page.rows for page in pages]).equals(whole)
    assert {page.total for page in pages} == {whole.height}
    assert pages[0].pages == len(pages)


def test_a_page_or_item_that_is_not_there_is_told(path):
    with pytest.raises(InputError, match=r"page must be 1\.\.\d+, was 999999"):
        read_page(path, 999_999, 100)
    with pytest.raises(InputError, match="item must be in the table, was 'no such item'"):
        read_page(path, 1, 100, "no such item")


def test_a_run_without_a_kept_plan_is_told(copy):
    with pytest.raises(InputError, match="plan of a run must have been kept"):
        write_rows(copy.store, "min_max", "target=0.5")
