"""The report in a headless browser: it draws, plays, links, speaks the reader's locale, and asks nobody anything."""

import pytest

from tests.browser.devtools import FOUND, MISSING, browser

READY = "typeof report !== 'undefined' && report.ready === true"
PNG = b"\x89PNG\r\n\x1a\n"

pytestmark = pytest.mark.skipif(FOUND is None, reason=MISSING)


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as new_tab:
        yield new_tab


@pytest.fixture
def report(ran, tab):
    """Opens the report; afterwards nothing may have gone wrong and nothing been requested but the file."""
    pages = []
    url = ran.store.report("arena_report.html").as_uri()

    def show(**look):
        page = tab().open(url, **look)
        page.wait(READY)
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.run("1")
        assert page.problems == []
        assert [request for request in page.requests if not request.startswith(("blob:", "data:"))] == [url]


def test_every_chart_is_drawn(report):
    page = report()
    empty = page.run("[...document.querySelectorAll('.plot')].filter(p => !p.querySelector('svg path')).map(p => p.id)")
    assert empty == []


def test_the_animation_plays_and_stops(report):
    page = report()
    page.run(
        "document.getElementById('scrub').value = 10; document.getElementById('scrub').dispatchEvent(new Event('input'))"
    )
    assert page.run("report.film.day") == 10
    page.run("document.getElementById('speed').value = '56'; document.getElementById('play').click()")
    page.wait("report.film.day > 30")
    page.run("document.getElementById('play').click()")
    day = page.run("report.film.day")
    assert page.run("new Promise(done => setTimeout(() => done(report.film.day), 200))") == day
    assert page.run("document.getElementById('play').getAttribute('aria-pressed')") == "false"


def test_scrubbing_shows_the_stock_of_that_day(report):
    page = report()
    look = "document.getElementById('stage').toDataURL()"
    pictures = set()
    for day in (0, 120, 300):
        page.run(f"scrub.value = {day}; scrub.dispatchEvent(new Event('input'))")
        pictures.add(page.run(look))
        assert "on the shelf" in page.run("document.getElementById('now').textContent")
    assert len(pictures) == 3


def test_the_player_works_from_the_keyboard(report):
    page = report()
    page.run("document.getElementById('stage').focus()")
    page.press("Home")
    assert page.run("report.film.day") == 0
    page.press("ArrowRight")
    page.press("ArrowRight")
    assert page.run("report.film.day") == 2
    page.press("ArrowDown")
    assert page.run("report.film.item") == 1
    page.press(" ", "Space")
    page.wait("report.film.playing && report.film.day > 2")


def drag_over(page, name):
    """Over the whole plotting area of a chart."""
    page.run(
        f"document.documentElement.style.scrollBehavior = 'auto'; document.getElementById('chart-{name}').scrollIntoView()"
    )
    page.run("window.scrollBy(0, -80)")
    return page.run(
        f"(() => {{ const b = document.querySelector('#chart-{name} svg .background').getBoundingClientRect();"
        " return [b.left, b.top, b.right, b.bottom]; })()"
    )


def test_a_brush_marks_runs_in_all_panels_and_in_the_leaderboard(report):
    page = report()
    left, top, right, bottom = drag_over(page, "panel-0")
    page.drag((left + 3, top + 3), ((left + right) / 2, bottom - 3))
    page.wait("report.chosen && report.chosen.length > 0")
    chosen, runs = page.run("report.chosen"), page.run("document.querySelectorAll('#runs tbody tr').length")
    assert 0 < len(chosen) < runs
    assert page.run("document.querySelectorAll('#runs tbody tr.off').length") == runs - len(chosen)
    faint = "[...document.querySelectorAll('#chart-panel-1 svg path')].filter(p => p.getAttribute('opacity') === '0.12').length"
    page.wait(f"{faint} > 0")
    page.run("document.getElementById('clear-runs').click()")
    page.wait("report.chosen.length === 0 && document.querySelectorAll('#runs tr.off').length === 0")


def test_a_brush_over_items_lists_them_and_a_row_shows_its_demand(report):
    page = report()
    every = page.run("report.listed")
    left, top, right, bottom = drag_over(page, "items")
    page.drag((left + 2, top + 2), ((left + right) / 2, (top + bottom) / 2))
    page.wait(f"report.listed < {every}")
    page.run("document.getElementById('clear-items').click()")
    page.wait(f"report.listed === {every}")
    page.run("document.querySelectorAll('#item-table tr[data-item]')[2].focus()")
    page.press("Enter")
    item = page.run("document.querySelectorAll('#item-table tr[data-item]')[2].firstChild.textContent")
    assert page.run("document.getElementById('demand-of').textContent").startswith(item)
    page.run(
        "const s = document.getElementById('item-search'); s.value = "
        + repr(item)
        + "; s.dispatchEvent(new Event('input'))"
    )
    assert 1 <= page.run("report.listed") < every


def test_it_speaks_the_locale_of_the_reader(report):
    money = "document.querySelector('.tile .big data').textContent"
    english, german = report(locale="en-GB").run(money), report(locale="de-DE").run(money)
    assert english.startswith(("£", "-£"))
    assert german.endswith("£")


@pytest.mark.parametrize("look", [{"dark": True}, {"width": 390, "height": 844, "mobile": True}])
def test_dark_and_on_a_phone(report, tmp_path, look):
    page = report(**look)
    page.picture(tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(PNG)
    assert page.run("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out sideways"
    paper = page.run("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(20, 25, 30)") == bool(look.get("dark"))


def test_without_scripts_the_answer_can_be_read(ran):
    page = ran.store.report("arena_report.html").read_text()
    head = page[: page.index('id="facts"')]
    for word in ("Which policy?", "Simulated against real", "Leaderboard", "Data we used", "economic_profit"):
        assert word in head
