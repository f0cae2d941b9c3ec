"""From a folder of foreign files to a workspace that runs: `arena validate PATH`, `arena init`, then as usual."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from arena_pipeline.ingest.guessing import guess_files
from arena_pipeline.ingest.previewing import log_files, preview
from arena_pipeline.settings import load_settings
from arena_pipeline.starting import globs
from engine.errors import InputError
from tests.arena_pipeline.test_cli import arena

DATA = Path(__file__).parents[1] / "data"
SAMPLES = DATA / "adapters"
ROOT = Path(__file__).parents[2]


def folder_of(tmp_path, *sources):
    folder = tmp_path / "files"
    folder.mkdir()
    for source in sources:
        for path in log_files(source):
            shutil.copy(path, folder / path.name)
    return folder


def views_of(found):
    return {view.table: (view.adapter, view.files, view.rows, view.read) for view in found.tables}


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        (
            "shopify",
            {
                "products": ("shopify", 1, 4, 4),
                "suppliers": ("shopify", 1, 1, 1),
                "supplier_offers": ("shopify", 1, 3, 3),
                "stock_snapshots": ("shopify", 1, 4, 4),
                "conversions": ("shopify", 2, 5, 7),
            },
        ),
        (
            "ga4",
            {"products": ("ga4", 3, 2, 5), "conversions": ("ga4", 3, 5, 11), "page_views": ("ga4", 3, 5, 10)},
        ),
        ("mapped", {"products": ("mapped", 1, 2, 3), "conversions": ("mapped", 1, 2, 3)}),
        ("access_log", {"page_views": ("access_log", 1, 0, 4)}),
        (
            "retailrocket",
            {
                "products": ("retailrocket", 1, 4, 4),
                "conversions": ("retailrocket", 1, 2, 2),
                "page_views": ("retailrocket", 1, 2, 3),
            },
        ),
    ],
)
def test_samples_are_understood_and_nothing_is_written(tmp_path, name, tables):
    folder = folder_of(tmp_path, SAMPLES / name)
    before = sorted(folder.rglob("*"))
    found = preview(folder)
    assert views_of(found) == tables
    assert found.guesses.unknown == ()
    assert sorted(tmp_path.rglob("*")) == sorted([folder, *before])


def test_a_path_is_meant_from_where_the_user_is(tmp_path, monkeypatch):
    folder = folder_of(tmp_path, SAMPLES / "shopify")
    whole = views_of(preview(folder))
    monkeypatch.chdir(tmp_path)
    assert views_of(preview(Path("files"))) == whole
    monkeypatch.chdir(folder)
    assert views_of(preview(Path())) == whole
    assert views_of(preview(Path("products_export.csv")))["products"] == whole["products"]


def test_a_folder_of_two_systems_takes_each_table_from_the_better_one(tmp_path):
    folder = folder_of(tmp_path, SAMPLES / "shopify", SAMPLES / "ga4", SAMPLES / "access_log")
    found = preview(folder)
    assert {table: adapter for table, (adapter, *_) in views_of(found).items()} == {
        "products": "shopify", "suppliers": "shopify", "supplier_offers": "shopify", "stock_snapshots": "shopify",
        "conversions": "shopify", "page_views": "ga4",
    }  # fmt: skip
    assert {(guess.table, guess.adapter) for guess in found.guesses.others} >= {
        ("conversions", "ga4"), ("page_views", "access_log"), ("products", "ga4"),
    }  # fmt: skip
    assert found.currency == "GBP"
    views = next(view for view in found.tables if view.table == "page_views")
    assert views.match_rate == 0  # GA4's items are not Shopify's
    assert found.strangers == [
        "page_views: only 0% of the rows name an item of products; map the others in item_aliases (source 'ga4')"
    ]


def test_preview_tells_days_items_and_what_is_missing(tmp_path):
    found = preview(folder_of(tmp_path, SAMPLES / "shopify"), time_zone="Europe/London")
    sold = next(view for view in found.tables if view.table == "conversions")
    assert (sold.days, sold.first, sold.last, sold.items) == (4, date(2024, 1, 10), date(2024, 3, 31), 3)
    assert [need.partition(":")[0] for need in found.needs] == ["purchase_orders", "page_views"]


@pytest.mark.parametrize(
    ("header", "row", "table", "options"),
    [
        ("sku,title,price", "A,Mug,2.50", "products", {"item_id": "sku", "item_name": "title"}),
        ("day,sku,pageviews", "2024-01-05,A,4", "page_views", {"date": "day", "item_id": "sku", "views": "pageviews"}),
        (
            "PO number,Vendor,SKU,Ordered,Qty",
            "P1,V,A,2024-01-05,4",
            "purchase_orders",
            {"order_number": "PO number", "supplier_id": "Vendor", "item_id": "SKU", "order_date": "Ordered",
             "order_quantity": "Qty"},
        ),
    ],
)  # fmt: skip
def test_other_headers_are_mapped_by_their_names(tmp_path, header, row, table, options):
    (tmp_path / "a.csv").write_text(f"{header}\n{row}\n")
    (guess,) = guess_files([tmp_path / "a.csv"]).chosen[table]
    assert guess.adapter == "mapped"
    assert guess.options["columns"] == options


@pytest.mark.parametrize(
    ("values", "expected", "doubted"),
    [
        (["31.01.2024 14:30"], "%d.%m.%Y %H:%M", False),
        (["01/31/2024"], "%m/%d/%Y", False),
        (["01/02/2024"], "%d/%m/%Y", True),
        (["1706711400"], "unix", False),
        (["1706711400000"], "unix_ms", False),
        (["2024-01-31 14:30:00"], None, False),
    ],
)
def test_formats_of_dates_are_found_and_doubts_are_told(tmp_path, values, expected, doubted):
    rows = "".join(f"T{number},{value},A,1\n" for number, value in enumerate(values))
    (tmp_path / "a.csv").write_text(f"order,date,sku,qty\n{rows}")
    (guess,) = guess_files([tmp_path / "a.csv"]).chosen["conversions"]
    assert guess.options.get("date_format") == expected
    assert any("if they are" in doubt for doubt in guess.doubts) == doubted


def test_files_that_fit_nothing_are_named_with_the_reason(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear all,\nhello\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\x00\x01")
    code, output = arena("validate", str(tmp_path))
    assert code == 0
    for name in ("letter.txt", "empty.csv", "photo.png"):
        assert f"not understood: {name}" in output


def test_globs_name_the_files_and_later_ones_but_no_others(tmp_path):
    for name in ("events_20240101.csv", "events_20240102.csv", "orders.csv", "orders_old.csv"):
        (tmp_path / name).touch()
    paths = [tmp_path / "events_20240101.csv", tmp_path / "events_20240102.csv", tmp_path / "orders.csv"]
    assert globs(paths, tmp_path) == ["events*.csv", "orders.csv"]


def test_init_never_overwrites_and_writes_daggers_settings_once(tmp_path):
    assert arena("init", str(tmp_path))[0] == 0
    assert (tmp_path / "dagster.yaml").read_text() == (ROOT / "dagster.yaml").read_text()
    settings = load_settings(tmp_path)
    assert settings.sources == {}
    code, output = arena("init", str(tmp_path))
    assert code == 1
    assert "arena.toml must not exist yet" in " ".join(output.split())
    with pytest.raises(InputError, match="file or folder must exist"):
        log_files(tmp_path / "nowhere")


def test_init_quotes_whatever_names_files_have(tmp_path):
    folder = tmp_path / 'a "b" \\c\n'
    folder.mkdir()
    (folder / 'pro"duct\\s [1].csv').write_text("item_id,price\nA,1\n")
    code, output = arena("init", str(tmp_path), "--name", 'Tom\'s "shop"\n', "--currency", "EUR")
    assert code == 0, output
    settings = load_settings(tmp_path)
    assert settings.shop.name == 'Tom\'s "shop"\n'


def test_a_workspace_among_its_files_names_them_relative_and_takes_them_in_anew(tmp_path):
    workspace = tmp_path / "shop"
    shutil.copytree(SAMPLES / "shopify", workspace / "exports")
    assert arena("init", str(workspace), "--time-zone", "Europe/London")[0] == 0
    assert str(tmp_path) not in (workspace / "arena.toml").read_text()
    assert arena("validate", "--workspace", str(workspace))[0] == 0
    assert not (workspace / "var/arena.duckdb").exists()
    code, output = arena("ingest", "--workspace", str(workspace), "--rebuild")
    assert code == 0, output
    assert "every file is read anew" in output
    assert "conversions: 5 new rows of 7" in output
