"""The Dagster UI in a real browser: the whole lineage, its groups, everything materialised and green."""

import html
import re
import subprocess

import dagster as dg
import pytest

from arena_pipeline.build import build_definitions
from tests.browser.devtools import FLAGS, FOUND, MISSING

LINEAGE = "/assets/scorecard?view=lineage&lineageScope=upstream&lineageDepth=6"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """A function that runs the browser on a page with further flags and returns what it printed."""
    if FOUND is None:
        pytest.skip(MISSING)
    profile = tmp_path_factory.mktemp("profile")

    def run(url, *flags, budget=15_000):
        command = [FOUND, *FLAGS, f"--user-data-dir={profile}", f"--virtual-time-budget={budget}", *flags, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run


@pytest.fixture(scope="module")
def lineage(server, browse, tmp_path_factory):
    """Text of the lineage page, and its picture."""
    picture = tmp_path_factory.mktemp("pictures") / "lineage.png"
    page = browse(server.url + LINEAGE, f"--screenshot={picture}", "--window-size=2600,1500", "--dump-dom")
    return text_of(page), picture


def text_of(page):
    """Visible text of a page, one piece per line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    pieces = (html.unescape(piece).strip() for piece in re.split(r"<[^>]+>", body))
    return "\n".join(piece for piece in pieces if piece)


def test_lineage_shows_the_whole_graph_by_group(lineage, ran):
    """Every asset on the way to the scorecard stands there; long names are shortened in the middle by the page."""
    text, _ = lineage
    lines = text.splitlines()
    for group in ("ingest", "demand", "arena", "scorecards"):
        assert group in lines, text
    definitions = build_definitions(ran.settings)
    graph = definitions.resolve_asset_graph()
    for key in dg.AssetSelection.assets("scorecard").upstream().resolve(graph):
        assert any(stands_for(line, key.path[-1]) for line in lines), (key, text)


def stands_for(shown, name):
    """Whether a piece of the page is the name, whole or with "…" for its middle."""
    head, shortened, tail = shown.partition("…")
    return shown == name or bool(shortened and len(head) > 2 and name.startswith(head) and name.endswith(tail))


def test_picture_of_the_lineage_is_drawn(lineage):
    _, picture = lineage
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 50_000, "an empty page is smaller"


def test_groups_are_on_the_overview(server, browse):
    text = text_of(browse(server.url + "/asset-groups", "--window-size=1600,1200", "--dump-dom"))
    for group in ("ingest", "demand", "arena", "scorecards"):
        assert group in text, text


def test_partitions_of_a_strategy_are_shown_filled(server, browse):
    page = browse(server.url + "/assets/backtests/min_max?view=partitions", "--window-size=1600,1200", "--dump-dom")
    text = text_of(page)
    assert "target=0.9,review_period=7" in text, text
    assert "Materialized" in text, text
