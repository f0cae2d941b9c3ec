"""Workbook and brief: the same bytes, the same figures as the scorecard, filters, charts, two to four pages."""

import re
import zipfile
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from arena_pipeline.report.brief import brief, pages, source, text
from arena_pipeline.report.facts import gather
from arena_pipeline.report.workbook import sheets, workbook
from arena_pipeline.resources import ArenaResource

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def facts(ran):
    return gather(ArenaResource(workspace=str(ran.folder)))


@pytest.fixture(scope="module")
def book(ran):
    with zipfile.ZipFile(ran.store.report("arena_workbook.xlsx")) as archive:
        yield archive


def parsed(book, name):
    return ET.fromstring(book.read(name))  # noqa: S314 - own file


def sheet_of(book, name):
    names = [node.get("name") for node in parsed(book, "xl/workbook.xml").iter(f"{SPACE}sheet")]
    return parsed(book, f"xl/worksheets/sheet{names.index(name) + 1}.xml")


def cells_of(book, name):
    """Rows of a sheet as lists of text and numbers."""
    strings = [
        "".join(node.text or "" for node in item.iter(f"{SPACE}t")) for item in parsed(book, "xl/sharedStrings.xml")
    ]
    rows = []
    for row in sheet_of(book, name).iter(f"{SPACE}row"):
        values = {}
        for cell in row:
            column = re.match("[A-Z]+", cell.get("r")).group()
            raw = cell.find(f"{SPACE}v").text
            values[column] = strings[int(raw)] if cell.get("t") == "s" else float(raw)
        rows.append(values)
    return rows


def test_the_same_facts_give_the_same_bytes(ran, facts):
    assert workbook(facts) == ran.store.report("arena_workbook.xlsx").read_bytes()
    assert brief(facts) == ran.store.report("arena_brief.pdf").read_bytes()


def test_the_leaderboard_sheet_is_the_leaderboard(ran, book):
    rows = cells_of(book, "Leaderboard")
    board = pl.read_parquet(ran.store.scorecard("leaderboard.parquet"))
    note, head, *body = rows
    assert note["A"] == ran.settings.shop.synthetic
    column = next(letter for letter, name in head.items() if name == "economic profit")
    assert [row[column] for row in body] == pytest.approx(board["economic_profit"].to_list())


def test_every_item_is_on_its_sheet(ran, book):
    items = cells_of(book, "Items")[2:]
    assert len(items) == pl.read_parquet(ran.store.scorecard("item_scorecard.parquet"))["item"].n_unique()


def test_tables_can_be_filtered_and_their_heads_stay(book, facts):
    for sheet in sheets(facts):
        page = sheet_of(book, sheet.name)
        assert page.find(f"{SPACE}autoFilter") is not None, sheet.name
        pane = page.find(f".//{SPACE}pane")
        assert pane.get("state") == "frozen"
        assert pane.get("topLeftCell") == ("B3" if sheet.note else "B2")


def test_there_are_native_charts_with_the_runs(book, facts):
    charts = [name for name in book.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 2
    pointed = re.findall(r"Leaderboard!\$[A-Z]+\$(\d+)", "".join(book.read(name).decode() for name in charts))
    runs = [row for row in facts["runs"] if row["kind"] != "bound"]
    assert len(pointed) == 2 * len(runs), "capital and profit of every run that is no bound"


def test_numbers_are_numbers_with_a_format(book):
    styles = book.read("xl/styles.xml").decode()
    for shape in ("0.0%", "#,##0"):
        assert shape in styles


def test_the_brief_has_two_to_four_pages_and_the_answer(facts, ran):
    assert ran.store.report("arena_brief.pdf").read_bytes().startswith(b"%PDF")
    made = pages(facts)
    assert 2 <= len(made) <= 4
    assert all(page.startswith(b"\x89PNG") and len(page) > 10_000 for page in made)
    written = source(facts)
    for question in ("Which policy?", "How sure is this?", "What to order this week?"):
        assert text(question) in written


def test_text_cannot_command_the_typesetter(facts):
    named = facts | {"shop": facts["shop"] | {"name": '#read("/etc/passwd") *x* $y$ [z] @w "q" \\'}}
    assert len(pages(named)) == len(pages(facts))
    assert text("#a") == "\\#a"
