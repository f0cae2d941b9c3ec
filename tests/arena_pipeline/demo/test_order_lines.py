from datetime import date, datetime, time, timedelta

import polars as pl
import pytest

from arena_pipeline.demo.order_lines import FIRST_DAY, ROW_CLASSES, open_days, read_order_lines


@pytest.fixture(scope="module")
def lines():
    return read_order_lines()


def raw(rows):
    start = datetime.combine(date(2011, 1, 10), time(9))
    return pl.DataFrame(
        {
            "InvoiceNo": [row[0] for row in rows],
            "StockCode": [row[1] for row in rows],
            "Description": [row[2] for row in rows],
            "Quantity": pl.Series([row[3] for row in rows], dtype=pl.Int32),
            "InvoiceDate": [start + timedelta(hours=hour) for hour in range(len(rows))],
            "UnitPrice": [float(row[4]) for row in rows],
        }
    )


def classified(tmp_path, rows):
    raw(rows).write_parquet(tmp_path / "lines.parquet")
    result = read_order_lines(tmp_path / "lines.parquet")
    return {name: count for name, count in result.counts.items() if count}, result


def test_classes_add_up_to_all_rows(lines):
    assert set(lines.counts) == set(ROW_CLASSES)
    assert sum(lines.counts.values()) == 541_909
    assert all(count > 0 for count in lines.counts.values())
    assert lines.counts["cancelled_sale"] == lines.counts["netted_cancellation"]
    assert lines.counts["sale"] == len(lines.sales)
    assert lines.counts["return"] == len(lines.returns)


def test_two_largest_lines_are_cancelled_ones(lines):
    for frame in (lines.sales, lines.projects, lines.returns):
        assert frame.filter(pl.col("quantity").abs().is_in([80_995, 74_215])).is_empty()


def test_truth_holds_products_sold_at_a_price(lines):
    assert lines.sales["quantity"].min() > 0
    assert lines.sales["price"].min() > 0
    assert lines.returns["quantity"].max() < 0
    assert lines.sales.filter(
        pl.col("item_id").is_in(["POST", "M", "D", "DOT", "BANK CHARGES", "AMAZONFEE"])
    ).is_empty()
    assert lines.sales["item_id"].str.to_uppercase().equals(lines.sales["item_id"])


def test_project_orders_are_above_their_limit(lines):
    assert (lines.projects["quantity"].abs() > lines.projects["limit"]).all()
    assert lines.projects["limit"].min() == 100


def test_closed_on_saturdays_and_over_christmas(lines):
    is_open = open_days(lines.sales)
    for day, opened in enumerate(is_open):
        on = FIRST_DAY + timedelta(days=day)
        if on.weekday() == 5 or (on.month, on.day) >= (12, 24) or (on.month, on.day) <= (1, 3):
            assert not opened, on


def test_cancellation_takes_the_latest_fitting_line(tmp_path):
    counts, result = classified(
        tmp_path,
        [
            ("500001", "10001", "CUP", 6, 1.0),
            ("500002", "10001a", "CUP", 6, 1.0),
            ("500003", "10001", "CUP", 6, 1.0),
            ("500004", "10001", "CUP", 6, 2.0),
            ("C500005", "10001", "CUP", -6, 1.01),
            ("C500006", "10001", "CUP", -5, 1.0),
            ("500007", "10001", "CUP", 5, 1.0),
        ],
    )
    assert counts == {"sale": 4, "return": 1, "cancelled_sale": 1, "netted_cancellation": 1}
    assert sorted(result.sales["invoice"]) == ["500001", "500002", "500004", "500007"]
    assert "10001A" in result.sales["item_id"].to_list()


def test_cancellations_of_long_ago_stay_returns(tmp_path):
    rows = raw([("500001", "10001", "CUP", 6, 1.0), ("C500002", "10001", "CUP", -6, 1.0)])
    rows[1, "InvoiceDate"] = datetime.combine(date(2011, 8, 1), time(9))
    rows.write_parquet(tmp_path / "lines.parquet")
    assert read_order_lines(tmp_path / "lines.parquet").counts["return"] == 1


def test_rows_without_price_or_product_are_told_apart(tmp_path):
    counts, _ = classified(
        tmp_path,
        [
            ("500001", "10001", "CUP", 6, 1.0),
            ("500002", "10001", "CUP", 2, 0.0),
            ("500003", "10001", "found", 30, 0.0),
            ("500004", "10001", None, -4, 0.0),
            ("500005", "POST", "POSTAGE", 1, 18.0),
            ("500006", "gift_0001_20", "Gift Voucher", 1, 16.67),
        ],
    )
    assert counts == {"sale": 1, "free_of_charge": 1, "stock_adjustment": 2, "non_product": 2}


def test_repeated_lines_of_an_invoice_are_separate_demand(tmp_path):
    counts, result = classified(tmp_path, [("500001", "10001", "CUP", 6, 1.0)] * 2)
    assert counts == {"sale": 2}
    assert result.sales["line"].to_list() == [1, 2]
