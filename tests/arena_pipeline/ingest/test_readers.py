"""Formats, encodings, headers, money and time: what is stored is what the file says."""

import datetime as dt
import json
import tempfile
from decimal import ROUND_HALF_EVEN, Decimal

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena_pipeline.ingest.casts import half_even
from engine.errors import InputError

ORDERS = "transaction_id,event_timestamp,item_id,quantity,price\n"
VIEWS = "event_timestamp,item_id,visitor_id\n"
at = dt.datetime.fromisoformat  # wall clock of the shop, without zone


def test_semicolon_file_with_bom_and_decimal_comma(shop):
    lines = [ORDERS.strip().replace(",", ";"), "T1;2011-01-05;A1;2;1.234,56", "T2;2011-01-05;A1;1;0,5", ""]
    shop.write("conversions", "\ufeff" + "\r\n".join(lines))
    shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, quantity, price") == [("T1", 2, 123456), ("T2", 1, 50)]
    assert shop.quarantine() == []


def test_point_in_a_file_of_decimal_commas_is_not_guessed(shop):
    shop.write(
        "conversions",
        "transaction_id;event_timestamp;item_id;quantity;price\nT1;2011-01-05;A1;2;1,5\nT2;2011-01-05;A1;2;1234.5\n",
    )
    shop.overrides = {"conversions": {"files": ["logs/conversions/*"], "decimal": ","}}
    shop.ingest("conversions")
    assert shop.quarantine() == [(2, "price must be a price", "1234.5")]


@pytest.mark.parametrize(
    ("name", "mark"), [("a.tsv", "\t"), ("a.csv", "|"), ("a.txt", ";"), ("a.csv.gz", ","), ("a.tsv.gz", "\t")]
)
def test_delimiters_and_gzip(shop, name, mark):
    shop.write("conversions", (ORDERS + "T1,2011-01-05,A1,2,1.10\n").replace(",", mark), name)
    shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, price") == [("T1", 110)]


def test_utf16_as_spreadsheets_write_it(shop):
    shop.write("products", "item_id\tprice\titem_name\nA1\t1.00\tcaf\xe9\n".encode("utf-16"), "products.txt")
    (shop.workspace / "logs/products/products.csv").unlink()
    shop.ingest()
    assert shop.rows("products", "item_id, item_name") == [("A1", "caf\xe9")]


def test_ndjson_with_numbers_and_texts(shop):
    order = {"event_timestamp": "2011-01-05T10:00:00", "item_id": "A1"}
    rows = [
        {"transaction_id": 7, **order, "quantity": "2", "price": 2.55},
        {"transaction_id": 8, **order, "quantity": 1, "price": "0.10", "tags": [1]},
    ]
    lines = [json.dumps(row) for row in rows]
    shop.write("conversions", "\n".join(lines), "c.ndjson.gz")
    report = shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, quantity, price") == [("7", 2, 255), ("8", 1, 10)]
    assert "'tags'" in report.warnings[0]


def test_parquet_with_typed_columns(shop):
    frame = pl.DataFrame(
        {
            "transaction_id": [1, 2],
            "event_timestamp": [at("2011-07-05T10:00:00"), at("2011-01-05T10:00:00")],
            "item_id": ["A1", "A2"],
            "quantity": [2, -1],
            "price": [2.675, None],
        },
        schema_overrides={"event_timestamp": pl.Datetime("ms", "UTC"), "quantity": pl.Int32},
    )
    frame.write_parquet(shop.write("conversions", "", "c.parquet"))
    shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, event_timestamp, quantity, price, row_number") == [
        ("1", at("2011-07-05T11:00:00"), 2, 268, 1),
        ("2", at("2011-01-05T10:00:00"), -1, None, 2),
    ]


def test_parquet_that_breaks_rules(shop):
    frame = pl.DataFrame({"item_id": ["A7", "A8"], "price": [float("nan"), 1.0], "shelf_life_days": [1.0, 2.5]})
    frame.write_parquet(shop.write("products", "", "p.parquet"))
    shop.ingest()
    assert shop.quarantine() == [
        (1, "price must be a price", "nan"),
        (2, "shelf_life_days must be a whole number", "2.5"),
    ]


def test_moments_across_a_change_of_summer_time(shop):
    moments = [
        "2011-03-27T00:59:59Z",
        "2011-03-27T01:00:00Z",
        "2011-07-05T23:30:00Z",
        "2011-07-05 12:00:00+02:00",
        "2011-07-05T12:00",
        "2011-10-30 00:30:00+00",
        "2011-10-30 01:30:00+0000",
    ]
    shop.write("conversions", ORDERS + "".join(f"T{n},{moment},A1,1,\n" for n, moment in enumerate(moments)))
    shop.ingest("conversions")
    assert shop.rows("conversions", "event_timestamp, day", "row_number") == [
        (at("2011-03-27T00:59:59"), dt.date(2011, 3, 27)),
        (at("2011-03-27T02:00:00"), dt.date(2011, 3, 27)),
        (at("2011-07-06T00:30:00"), dt.date(2011, 7, 6)),
        (at("2011-07-05T11:00:00"), dt.date(2011, 7, 5)),
        (at("2011-07-05T12:00:00"), dt.date(2011, 7, 5)),
        (at("2011-10-30T01:30:00"), dt.date(2011, 10, 30)),
        (at("2011-10-30T01:30:00"), dt.date(2011, 10, 30)),
    ]


def test_named_zones_are_converted_too(shop):
    shop.write("conversions", ORDERS + "T1,2011-07-05 10:00:00 UTC,A1,1,\n")
    shop.ingest("conversions")
    assert shop.rows("conversions", "event_timestamp") == [(at("2011-07-05T11:00:00"),)]


def test_snapshot_without_time_is_the_closing_stock_of_its_day(shop):
    shop.write(
        "stock_snapshots",
        "snapshot_date,item_id,quantity_on_hand\n2011-01-05,A1,7\n2011-01-05T09:00:00,A1,9\n2011-01-06,A1,-3\n",
    )
    shop.ingest("stock_snapshots")
    assert shop.rows("stock_snapshots", "snapshot_timestamp, quantity_on_hand, day", "row_number") == [
        (at("2011-01-05T23:59:59.999999"), 7, dt.date(2011, 1, 5)),
        (at("2011-01-05T09:00:00"), 9, dt.date(2011, 1, 5)),
        (at("2011-01-06T23:59:59.999999"), 0, dt.date(2011, 1, 6)),
    ]


def test_vat_is_taken_out_of_prices_but_not_out_of_costs(shop):
    shop.shop = {"prices_include_vat": True, "vat_rate": 0.2}
    shop.write("products", "item_id,price,unit_cost\nA1,2.55,1.20\nA2,0.01,0.01\nA3,12.00,6\n", "products.csv")
    shop.write("conversions", ORDERS + "T1,2011-01-05,A1,1,2.55\n")
    shop.ingest("conversions")
    # 2.55 / 1.2 = 2.125: half to even.
    assert shop.rows("products", "price, unit_cost", "item_id") == [(212, 120), (1, 1), (1000, 600)]
    assert shop.rows("conversions", "price") == [(212,)]


@given(
    st.integers(0, 9 * 10**8 - 1),
    st.integers(0, 999_999),
    st.sampled_from([0, 700, 1900, 2000, 2550]),
    st.integers(0, 4),
)
def test_money_is_exact(units, micros, tax, minor_units):
    amount = Decimal(units) + Decimal(micros).scaleb(-6)
    exact = amount * 10**minor_units * 10_000 / (10_000 + tax)
    sql = half_even(f"{units * 10**6 + micros} * cast(10000 as bigint)", 10 ** (6 - minor_units) * (10_000 + tax))
    assert duckdb.sql(f"select {sql}").fetchall() == [(int(exact.quantize(Decimal(1), ROUND_HALF_EVEN)),)]


def test_visitors_are_stored_only_as_salted_hashes(shop, new_shop):
    other = new_shop()
    for each in (shop, other):
        each.write(
            "page_views", VIEWS + "2011-01-05T10:00:00,A1,jane@example.org\n2011-01-05T10:00:01,A2,jane@example.org\n"
        )
        each.ingest("page_views")
    jane, again = (row[0] for row in shop.rows("page_views", "visitor_id"))
    assert jane == again
    assert other.rows("page_views", "visitor_id")[0][0] != jane
    assert (shop.workspace / "var/visitor_salt").stat().st_mode & 0o077 == 0
    assert b"jane@example.org" not in shop.settings.warehouse_path.read_bytes()


def test_changed_secret_is_told(shop):
    shop.ingest()
    (shop.workspace / "var/visitor_salt").write_text("0" * 32)
    with pytest.raises(InputError, match="the secret of the visitor hashes"):
        shop.ingest()


def test_two_forms_of_page_views_in_one_folder(shop):
    shop.write("page_views", "date,item_id,views,in_stock\n2011-01-04,A1,12,true\n", "old.csv")
    shop.write("page_views", VIEWS + "2011-01-05T10:00:00,A1,v\n", "new.csv")
    shop.ingest("page_views")
    assert shop.rows("page_views_daily", "day, item_id, views, in_stock") == [(dt.date(2011, 1, 4), "A1", 12, True)]
    assert shop.rows("page_views", "event_timestamp") == [(at("2011-01-05T10:00:00"),)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "event_time,item_id\n2011-01-05,A1\n",
            "table page_views needs column 'event_timestamp'.*Did you mean 'event_time'",
        ),
        ("date,item_id,view\n2011-01-05,A1,3\n", "table page_views_daily needs column 'views'.*Did you mean 'view'"),
        ("event_timestamp,item_id,Item_ID\n", "header must not repeat a column, was 'Item_ID'"),
        ("", "file must not be empty"),
        (
            'event_timestamp,item_id,source\n2011-01-05,A1,x\n2011-01-06,A1,"open\n2011-01-07,A1,y\n',
            r"row 2: a quote must be closed",
        ),
    ],
)
def test_file_that_cannot_be_read_names_itself(shop, content, message):
    path = shop.write("page_views", content, "views.csv")
    with pytest.raises(InputError, match=message) as caught:
        shop.ingest("page_views")
    assert str(path) in str(caught.value)
    assert shop.rows("page_views") == []


@pytest.mark.parametrize("keep", [5, 60, -4])
def test_cut_gzip_names_the_file(shop, keep):
    lines = "".join(f"2011-01-05T10:00:00,A1,v{n * 7919 % 1000}\n" for n in range(2000))
    path = shop.write("page_views", VIEWS + lines, "views.csv.gz")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"views\.csv\.gz"):
        shop.ingest("page_views")
    assert shop.rows("page_views") == []


def test_no_gzip_in_a_gz_file_and_unknown_suffix(shop):
    shop.write("page_views", VIEWS, "a.csv.gz").write_text(VIEWS)
    with pytest.raises(InputError, match="file must be gzip"):
        shop.ingest("page_views")
    shop.write("page_views", VIEWS, "a.csv.gz").rename(shop.workspace / "logs/page_views/a.xlsx")
    with pytest.raises(InputError, match="file name must end in a known suffix"):
        shop.ingest("page_views")


def test_corrupt_parquet_names_the_file(shop):
    shop.write("page_views", "PAR1 nonsense", "views.parquet")
    with pytest.raises(InputError, match=r"views\.parquet: file must be readable as PARQUET"):
        shop.ingest("page_views")


def test_unknown_columns_warn_once_with_the_nearest_name(shop):
    for name in ("a.csv", "b.csv"):
        shop.write("page_views", f"event_timestamp,item_id,visitor,colour\n2011-01-05T10:00:00,A1,v,{name}\n", name)
    report = shop.ingest("page_views")
    assert len(report.warnings) == 1
    assert "'visitor' Did you mean 'visitor_id'?" in report.warnings[0]


def test_header_spelling_and_glob_characters_in_names_do_not_matter(shop):
    shop.write("page_views", "Event Timestamp, ITEM-ID\n2011-01-05T10:00:00,A1\n", "views [1]*.csv")
    shop.ingest("page_views")
    assert len(shop.rows("page_views")) == 1


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        (["$1,250.00", "$10.50", "1,000.00"], [125_000, 1_050, 100_000]),
        (["1.250,00 €", "10,50 €", "-0,00 €"], [125_000, 1_050, 0]),
        (["1 250,00", "10,50", "2\u00a0000\u00a0000,00 kr"], [125_000, 1_050, 200_000_000]),
        (["CHF 1'250.00", "CHF 10.50", "10.5"], [125_000, 1_050, 1_050]),
    ],
)
def test_currencies_and_thousands_in_amounts_are_understood(shop, written, minor):
    rows = "".join(f"T{number};2024-01-05T10:00;A1;1;{value}\n" for number, value in enumerate(written))
    shop.write("conversions", f"transaction_id;event_timestamp;item_id;quantity;price\n{rows}")
    shop.ingest("conversions")
    assert [row[0] for row in shop.rows("conversions", "price", "transaction_id")] == minor
    assert shop.quarantine() == []


def test_thousands_beside_currencies_are_no_decimals(shop):
    shop.write(
        "conversions",
        "transaction_id,event_timestamp,item_id,quantity,price\n"
        'T1,2024-01-05T10:00,A1,"1,000",$10.50\nT2,2024-01-05T10:00,A1,2,"$1,250.00"\nT3,2024-01-05T10:00,A1,2,"$1,25"\n',
    )
    shop.ingest("conversions")
    assert shop.rows("conversions", "quantity, price", "transaction_id") == [(1000, 1_050), (2, 125_000)]
    assert [value for _, _, value in shop.quarantine()] == ["$1,25"]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("evil", ["it'em", 'it"em', "x'); drop table logs.products; --", "${x} {0} %s"])
def test_headers_values_and_names_of_files_never_become_sql(shop, kind, evil):
    row = {"item_id": "A1", "price": "2.50", "item_name": evil, evil: "1"}
    bad = row | {"item_id": "A2", "price": evil}
    path = shop.write("products", "", f"{evil.replace('/', '')}.{kind}")
    frame = pl.DataFrame([row, bad])
    {"csv": frame.write_csv, "ndjson": frame.write_ndjson, "parquet": frame.write_parquet}[kind](path)
    (shop.workspace / "logs/products/products.csv").unlink()
    report = shop.ingest()
    assert shop.rows("products", "item_id, item_name") == [("A1", evil)]
    assert shop.quarantine() == [(2, "price must be a price", evil)]
    assert any(evil in warning for warning in report.warnings)


LINE_ENDS = [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\r"), ("\r", "\r\n")]


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
@pytest.mark.parametrize("ends", LINE_ENDS, ids=repr)
def test_files_put_together_with_different_line_ends_are_read_with_the_numbers_of_their_rows(
    shop, ends, name, tmp_path, monkeypatch
):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    first = ["item_id,price,item_name", "A1,1.00,one", "A2,nothing,two"]
    second = ['A3,3.00,"three\nlines"', "A4,too,many,cells", "A5,5.00,five"]
    shop.write(
        "products",
        "".join(line + end for lines, end in zip((first, second), ends, strict=True) for line in lines),
        name,
    )
    (shop.workspace / "logs/products/products.csv").unlink()
    report = shop.ingest()
    assert shop.rows("products", "item_id, row_number, item_name") == [
        ("A1", 1, "one"), ("A3", 3, "three\nlines"), ("A5", 5, "five"),
    ]  # fmt: skip
    assert [(number, rule) for number, rule, _ in shop.quarantine()] == [
        (2, "price must be a price"), (4, "row must split into the columns of the header"),
    ]  # fmt: skip
    assert report.totals["rows_read"] == 5
    assert not list((tmp_path / "temporary").iterdir())


def test_line_ends_that_change_far_into_a_file_lose_no_row(shop):
    lines = [f"2011-01-{1 + row % 28:02}T10:00:00,A1,e{row}" for row in range(120_000)]
    text = (
        "event_timestamp,item_id,event_id\n" + "\n".join(lines[:60_000]) + "\n" + "\r\n".join(lines[60_000:]) + "\r\n"
    )
    shop.write("page_views", text)
    shop.ingest("page_views")
    rows = "count(*), count(distinct event_id), min(row_number), max(row_number), max(length(event_id))"
    assert shop.rows("page_views", rows) == [(120_000, 120_000, 1, 120_000, 7)]


def test_files_that_cannot_be_read_for_another_reason_are_told_as_before(shop):
    shop.write("products", b'item_id,price\r\nA1,1.00\n\0A2,"x"y,\r\n')
    with pytest.raises(InputError, match=r"log[.]csv: file must be readable as CSV"):
        shop.ingest()
