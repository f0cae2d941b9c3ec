"""What new users try that cannot work, or only just: each ends in a sentence that says what to do."""

import shutil
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from arena_pipeline.ingest.previewing import preview
from arena_pipeline.settings import load_settings
from tests.arena_pipeline.test_cli import arena

SAMPLES = Path(__file__).parents[1] / "data" / "adapters"
ORDERS = "order,date,sku,qty,price\n"


def said(*arguments):
    code, output = arena(*arguments)
    assert "Traceback" not in output
    return code, " ".join(output.split())


def rows_of(found):
    return {view.table: view.rows for view in found.tables}


def test_an_empty_folder_is_no_folder_of_logs(tmp_path):
    code, output = said("validate", str(tmp_path))
    assert (code, "folder must hold log files" in output) == (1, True)


def test_packed_files_and_workbooks_are_named_with_what_to_do(tmp_path):
    with zipfile.ZipFile(tmp_path / "exports.zip", "w") as packed:
        packed.writestr("orders.csv", ORDERS)
    with xlsxwriter.Workbook(str(tmp_path / "orders.xlsx")) as book:
        book.add_worksheet().write_row(0, 0, ["sku", "qty"])
    code, output = said("validate", str(tmp_path))
    assert code == 0
    assert "not understood: exports.zip: it is packed: unpack it" in output
    assert "not understood: orders.xlsx: it is a workbook: save each sheet as CSV" in output
    assert "not enough to run: there are no usable rows of products and conversions" in output
    code, output = said("init", str(tmp_path / "shop"), "--from", str(tmp_path))
    assert code == 1
    assert "a file must be understood. exports.zip: it is packed: unpack it; orders.xlsx:" in output
    assert not (tmp_path / "shop").exists()


def test_files_of_two_shops_are_not_mixed(tmp_path):
    for system in ("shopify", "woocommerce"):
        shutil.copytree(SAMPLES / system, tmp_path / system)
    found = preview(tmp_path)
    assert {view.adapter for view in found.tables} == {"shopify"}
    _, output = said("validate", str(tmp_path))
    assert "not used: conversions of 3 woocommerce files, as those of shopify are taken; one workspace is one" in output


@pytest.mark.parametrize(
    ("name", "header", "row", "products"),
    [
        ("mapped", "order,date,sku,qty,price", "1,2024-01-31,{},1,2.50", 2),
        ("canonical", "transaction_id,event_timestamp,item_id,quantity,price", "1,2024-01-31,{},1,2.50", 2),
        (
            "woocommerce",
            "Order Number,Order Status,Order Date,SKU,Item Name,Quantity (- Refund),Item Cost,Order Line Total",
            "505,Completed,2024-02-04 10:15,{},Lamp,2,20.00,36.00",
            2,
        ),
    ],
)
def test_order_lines_alone_are_their_own_catalogue(tmp_path, name, header, row, products):
    (tmp_path / "orders.csv").write_text("\n".join([header, row.format("A"), row.format("B"), row.format("A")]) + "\n")
    found = preview(tmp_path)
    assert rows_of(found)["products"] == products
    assert {view.table: view.adapter for view in found.tables} == {"products": "mapped", "conversions": name}
    assert any("there is no catalogue" in doubt for doubt in found.guesses.doubts)
    assert arena("init", str(tmp_path / "shop"), "--from", str(tmp_path))[0] == 0
    assert arena("validate", "--workspace", str(tmp_path / "shop"))[0] == 0


def test_shopify_orders_alone_are_their_own_catalogue(tmp_path):
    shutil.copy(SAMPLES / "shopify/orders_export.csv", tmp_path)
    assert rows_of(preview(tmp_path)) == {"products": 2, "conversions": 4}  # a line without SKU names no item


def test_page_views_alone_are_not_enough_and_the_workspace_says_so(tmp_path):
    shutil.copytree(SAMPLES / "access_log", tmp_path / "logs")
    code, output = said("init", str(tmp_path / "shop"), "--from", str(tmp_path / "logs"))
    assert code == 0
    assert "not enough to run: there are no usable rows of products and conversions" in output
    assert "look at [sources]: name files of products and conversions" in output
    code, output = said("run", "--workspace", str(tmp_path / "shop"))
    assert code == 1
    assert "table products must not be empty" in output
    assert "Dependencies for step" not in output


def test_dates_that_may_be_american_are_doubted_with_an_example(tmp_path):
    (tmp_path / "orders.csv").write_text(f"{ORDERS}1,03/04/2025,A,1,2\n2,05/06/2025,A,1,2\n")
    _, output = said("validate", str(tmp_path))
    doubt = "dates such as 03/04/2025 are read as %d/%m/%Y; if they are %m/%d/%Y, set date_format to that"
    assert doubt in output
    (tmp_path / "orders.csv").write_text(f"{ORDERS}1,03/04/2025,A,1,2\n2,03/14/2025,A,1,2\n")
    _, output = said("validate", str(tmp_path))
    assert "are read as" not in output
    assert "2025-03-04" in output


def test_american_amounts_and_returns_are_understood(tmp_path):
    rows = '1,2025-03-14,A,1,"$1,250.00"\n2,2025-03-15,B,"1,000",$10.50\n3,2025-03-16,A,-1,$1250\n'
    (tmp_path / "orders.csv").write_text(ORDERS + rows)
    assert rows_of(preview(tmp_path)) == {"products": 2, "conversions": 3}


@pytest.mark.parametrize(("word", "understood"), [("Größe", True), ("10 €", False)])
def test_files_of_windows_are_read_or_refused_with_a_remedy(tmp_path, word, understood):
    text = f"order;date;sku;qty;price\n1;2025-03-14;A {word};1;2,50\n"
    (tmp_path / "orders.csv").write_bytes(text.encode("cp1252"))
    _, output = said("validate", str(tmp_path))
    if understood:
        assert rows_of(preview(tmp_path)) == {"products": 1, "conversions": 1}
        assert "orders.csv is not UTF-8: it is read as Latin-1" in output
        assert arena("init", str(tmp_path / "shop"), "--from", str(tmp_path))[0] == 0
        assert load_settings(tmp_path / "shop").sources["conversions"].encoding == "latin-1"
        assert arena("validate", "--workspace", str(tmp_path / "shop"))[0] == 0
    else:
        assert "not understood: orders.csv: text must be UTF-8 or Latin-1. Save it as UTF-8 (Excel: 'CSV" in output


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--time-zone", "Berlin", "must be an IANA time zone, was 'Berlin'. Did you mean 'Europe/Berlin'?"),
        ("--currency", "euros", "must match pattern '^[A-Z]{3}$', was 'EUROS'"),
    ],
)
def test_words_for_zone_and_currency_are_checked_before_anything_is_written(tmp_path, option, value, message):
    shutil.copy(SAMPLES / "shopify/orders_export.csv", tmp_path)
    code, output = said("init", str(tmp_path / "shop"), "--from", str(tmp_path), option, value)
    assert code == 1
    assert message in output
    assert not (tmp_path / "shop").exists()


def test_a_currency_may_be_written_small(tmp_path):
    assert arena("init", str(tmp_path), "--currency", "chf")[0] == 0
    assert load_settings(tmp_path).shop.currency == "CHF"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    shutil.copy(SAMPLES / "shopify/orders_export.csv", tmp_path)
    assert arena("init", str(tmp_path / "shop"), "--from", str(tmp_path))[0] == 0
    (tmp_path / "shop/var").write_text("a file where a folder must be")
    for command in ("run", "ingest"):
        code, output = said(command, "--workspace", str(tmp_path / "shop"))
        assert code == 1, output
        assert "var/dagster: Not a directory. Check that the folder exists, may be written and has room" in output
