"""Bad input, by hand and by a fuzzer: a clear error or rows set aside; the rest is what a clean ingest would hold.

ARENA_FUZZ sets the number of fuzzed files (default 4), ARENA_KILLS that of killed runs (default 4, see `test_kill`).
"""

import gzip
import os
import random
import resource
import shutil
import signal
import subprocess
import sys

import pytest

from arena_pipeline.ingest.rules import UNKNOWN_ITEM
from engine.errors import InputError
from tests.arena_pipeline.ingest.test_kill import PROGRAM, TOML

FUZZED = int(os.environ.get("ARENA_FUZZ", "4"))
ORDERS = "transaction_id,line_number,event_timestamp,item_id,quantity,price"
GOOD = "T{0},1,2011-0{1}-0{2}T10:00:0{2},A{3},{2},2.50"


def good_lines(count):
    return [GOOD.format(number, 1 + number % 9, 1 + number % 7, 1 + number % 3) for number in range(count)]


def ingest_lines(shop, lines, name="c.csv"):
    data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in [ORDERS, *lines]) + b"\n"
    shop.write("conversions", data, name)
    return shop.ingest("conversions")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("T,1,0001-01-01,A1,1,1", "event_timestamp must lie between 1990 and 2100"),
        ("T,1,9999-12-31T23:59:59,A1,1,1", "event_timestamp must lie between 1990 and 2100"),
        ("T,1,-62135596800,A1,1,1", "event_timestamp must be a timestamp"),
        ("T,1,-2011-01-05,A1,1,1", "event_timestamp must lie between 1990 and 2100"),
        ("T,1,2011-01-05,A1,1e308,1", "quantity must be a whole number"),
        ("T,1,2011-01-05,A1,NaN,1", "quantity must be a whole number"),
        ("T,1,2011-01-05,A1,99999999999999999999,1", "quantity must be a whole number"),
        ("T,1,2011-01-05,A1,1,1e308", "price must be a price"),
        ("T,1,2011-01-05,A1,1,-inf", "price must be a price"),
        ("T,1,2011-01-05,A1\0,1,1", UNKNOWN_ITEM),
        ("T,1,2011-01-05," + "x" * 10_000_000 + ",1,1", None),
        (b"T,1,2011-01-05,A\xff\xfe1,1,1", "text must be UTF-8 (or set the encoding of the source)"),
        ("T,1,2011-01-05", "row must split into the columns of the header"),
        ("T,1,2011-01-05,A1,1,1,too,many", "row must split into the columns of the header"),
        (",,,,,", "transaction_id must be given"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_broken_row_is_set_aside_with_its_number_and_the_others_stay(shop, line, rule):
    lines = good_lines(6)
    ingest_lines(shop, [*lines[:3], line, *lines[3:]])
    (found,) = shop.quarantine()
    assert found[0] == 4
    assert rule is None or found[1] == rule
    assert len(found[2] or "") <= 200
    assert shop.rows("conversions", "transaction_id") == [(f"T{number}",) for number in range(6)]


@pytest.mark.parametrize("name", ["c.csv", "c.ndjson", "c.parquet", "c.csv.gz", "c.tsv"])
def test_empty_files_are_named(shop, name):
    shop.write("conversions", b"", name)
    with pytest.raises(InputError, match=rf"{name.replace('.', '[.]')}: file must"):
        shop.ingest("conversions")


def test_header_in_any_order_is_fine_and_repeated_names_are_told(shop):
    shop.write(
        "conversions", "price,item_id,quantity,event_timestamp,transaction_id\n2.50,A1,1,2011-01-05,T1\n", "a.csv"
    )
    shop.ingest("conversions")
    assert shop.rows("conversions", "transaction_id, price") == [("T1", 250)]
    shop.write(
        "conversions", "transaction_id,event_timestamp,item_id,quantity,quantity\nT2,2011-01-05,A1,1,2\n", "b.csv"
    )
    with pytest.raises(InputError, match=r"b.csv: header must not repeat a column, was 'quantity'"):
        shop.ingest("conversions")


def test_line_breaks_and_delimiters_inside_quotes_are_text(shop):
    rows = ["item_id,price,item_name", 'A1,1.00,"a ""b"";\nsecond, line"', "A2,x,plain", ""]
    shop.write("products", "\r\n".join(rows), "products.csv")
    shop.ingest()
    assert shop.rows("products", "item_id, item_name") == [("A1", 'a "b";\nsecond, line')]
    assert shop.quarantine() == [(2, "price must be a price", "x")]


def test_a_folder_named_like_a_file_is_no_file(shop):
    (shop.workspace / "logs/conversions/folder.csv").mkdir(parents=True)
    ingest_lines(shop, good_lines(2))
    assert len(shop.rows("conversions")) == 2


def test_a_file_that_vanishes_while_others_are_read_is_told(shop):
    ingest_lines(shop, good_lines(1), "0.csv")
    shop.write("conversions", "\n".join([ORDERS, *good_lines(3)]), "a.csv")
    gone = shop.write("conversions", "\n".join([ORDERS, *good_lines(5)]), "b.csv")
    report = shop.ingest("conversions", progress=lambda line: gone.unlink() if "a.csv" in line else None)
    assert any("b.csv vanished while it was read" in warning for warning in report.warnings)
    assert len(shop.rows("conversions")) == 3


def other_process(shop, *lines):
    (shop.workspace / "arena.toml").write_text(TOML)
    program = "\n".join([*lines, PROGRAM])
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", program, str(shop.workspace)], **pipes)


def write_views(shop, rows, name):
    lines = "\n".join(f"2011-01-{1 + row % 28:02}T10:00:00,A1,{name}-{row}" for row in range(rows))
    shop.write("page_views", f"event_timestamp,item_id,event_id\n{lines}", f"{name}.csv")


def test_two_ingests_at_once_are_one(shop):
    for name in ("a", "b", "c"):
        write_views(shop, 20_000, name)
    processes = [other_process(shop) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "".join(errors[-800:] for _, errors in said)
    assert shop.rows("page_views", "count(*), count(distinct event_id)") == [(60_000, 60_000)]
    assert shop.warehouse.read("select count(*) from logs.manifest where table_name = 'page_views'").item() == 3


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs limits of file size")
def test_a_full_disk_is_told_and_the_next_run_heals(shop):
    for name in ("a", "b", "c"):
        write_views(shop, 60_000, name)
    limit = 3 << 20
    lines = ["import resource, signal", "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
             f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"]  # fmt: skip
    process = other_process(shop, *lines)
    _, errors = process.communicate(timeout=120)
    assert process.returncode not in (0, -signal.SIGXFSZ)
    assert "could not be written" in errors, errors[-500:]
    shop.ingest("page_views")
    assert shop.rows("page_views", "count(*), count(distinct event_id)") == [(180_000, 180_000)]


BAD_CELLS = {
    2: ["0001-01-01", "9999-12-31", "-62135596800", "1e308", "yesterday", "2011-13-45", ""],
    3: ["nobody", "", "A1\0", "'; drop table logs.products; --"],
    4: ["1e308", "NaN", "-inf", "two", "1.5", "0", "", "1;2"],
    5: ["-1", "1e308", "NaN", "£3", "1.2.3"],
}


def broken(line, dice):
    """One keyed corruption of a line: a cell, the number of cells, or its bytes."""
    cells = line.split(",")
    kind = dice.random()
    if kind < 0.6:
        place = dice.choice(list(BAD_CELLS))
        cells[place] = dice.choice(BAD_CELLS[place])
        return ",".join(cells).encode()
    if kind < 0.7:
        return ",".join(cells[: dice.randint(1, 5)]).encode()
    if kind < 0.8:
        return ",".join(cells + ["more"] * dice.randint(1, 9)).encode()
    data = bytearray(line.encode())
    for _ in range(dice.randint(1, 3)):
        data[dice.randrange(len(data))] = dice.choice([0, 0xFF, 0xC3, 0x22])
    return bytes(data)


@pytest.mark.parametrize("seed", range(FUZZED))
def test_fuzzed_files_end_like_a_clean_ingest_of_the_accepted_rows(new_shop, seed):
    dice = random.Random(seed)  # noqa: S311 - keyed cases, no secret
    lines = [line.encode() for line in good_lines(dice.randint(3, 60))]
    hit = {number for number in range(len(lines)) if dice.random() < 0.3}
    bad = [broken(line.decode(), dice) if number in hit else line for number, line in enumerate(lines)]
    if sum(line.count(b'"') for line in bad) > 1:  # two quotes are a text with line breaks, which is no fault of CSV
        bad = [line.replace(b'"', b"'") for line in bad]
    whole = b"\n".join([ORDERS.encode(), *bad]) + b"\n"
    packed = dice.random() < 0.3
    shop, clean = new_shop(), new_shop()
    for each in (shop, clean):
        each.write("conversions", f"{ORDERS}\nT-first,1,2010-12-31,A1,1,1\n", "0.csv")
        each.ingest("conversions")
    path = shop.write("conversions", gzip.compress(whole) if packed else whole, "x.csv")
    if packed:
        path = path.rename(path.with_name("x.csv.gz"))
    error = refused(shop)
    if error is None:
        accepted = [line for number, line in enumerate(bad, start=1) if number not in set_aside(shop)]
        assert set_aside(shop) <= {number + 1 for number in hit}, "a good row was set aside"
    else:
        assert path.name in error
        accepted = []
    if accepted:
        clean.write("conversions", b"\n".join([ORDERS.encode(), *accepted]) + b"\n", "x.csv")
        clean.ingest("conversions")
    assert content(shop) == content(clean)
    path.unlink()
    ingest_lines(shop, lines, "mended.csv")
    ingest_lines(clean, lines, "mended.csv")
    good = {(f"T{number}",) for number in range(len(lines))}
    assert good <= set(shop.rows("conversions", "transaction_id"))
    assert content(shop) == content(clean)
    for each in (shop, clean):
        shutil.rmtree(each.workspace)


def refused(shop):
    """The error of an ingest; None when it went through."""
    try:
        shop.ingest("conversions")
    except InputError as error:
        return str(error)
    return None


def set_aside(shop):
    """Row numbers of the fuzzed file; each has a rule and a remedy."""
    found = shop.rows("quarantine", "row_number, rule, remedy", "row_number")
    assert all(rule and remedy for _, rule, remedy in found)
    return {number for number, _, _ in found}


def content(shop):
    columns = "transaction_id, line_number, event_timestamp, day, item_id, quantity, price, currency, cancelled"
    return shop.rows("conversions", columns)
