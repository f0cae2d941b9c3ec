"""From a folder of exports to a leaderboard, for every adapter: `arena validate`, `init`, `run` in a fresh folder.

What is expected is summed here from what the files were written from, or from the published sample itself.
"""

import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from arena_pipeline.settings import load_settings
from arena_pipeline.store import Store
from arena_pipeline.warehouse import Warehouse
from tests.arena_pipeline import exports
from tests.arena_pipeline.test_cli import arena

PUBLISHED = Path(__file__).parents[1] / "data" / "freshretailnet_sample_120series.parquet"
SHOP = exports.small_shop()
NO_STOCK = ("ga4", "access_log", "retailrocket")
NO_PRICES = ("retailrocket", "freshretailnet")
WRITERS = {
    "shopify": exports.shopify,
    "ga4": exports.ga4,
    "woocommerce": exports.woocommerce,
    "access_log": exports.access_log,
    "retailrocket": exports.retailrocket,
    "mapped": exports.mapped,
}


def series_of(published):
    """Ten of the published series: hourly sales in tenths, flags of stock-outs."""
    rows = pl.read_parquet(published)
    keys = rows.select("store_id", "product_id").unique().sort("store_id", "product_id").head(10)
    return rows.join(keys, on=["store_id", "product_id"], how="semi").sort("store_id", "product_id", "dt")


def made(name, folder):
    """Files of the adapter in a folder; what they hold: items, order lines, units, days, revenue in major units."""
    folder.mkdir(parents=True)
    if name == "freshretailnet":
        rows = series_of(PUBLISHED)
        rows.write_parquet(folder / "train.parquet")
        hours = rows.explode("hours_sale").filter(pl.col("hours_sale") > 0)
        units = int((hours["hours_sale"] * 10).round().sum())  # in 32 bits, as published
        items = rows.select("store_id", "product_id").n_unique()
        return {"items": items, "lines": hours.height, "units": units, "days": hours["dt"].n_unique(), "revenue": units}
    WRITERS[name](SHOP, folder)
    if name == "retailrocket":  # one unit a row, whatever was bought; items have no price
        lines = len(SHOP.lines)
        return {"items": len(SHOP.items), "lines": lines, "units": lines, "days": SHOP.days, "revenue": lines}
    return {"items": len(SHOP.items), "lines": len(SHOP.lines), "units": SHOP.units, "days": SHOP.days,
            "revenue": SHOP.revenue / 100}  # fmt: skip


def fewer_sets(workspace):
    """Two strategies with one set each: what `init` writes, in a fraction of the time."""
    path = workspace / "arena.toml"
    text = path.read_text()
    grids = text.index("[strategies.continuous_review]")
    kept = "".join(f"[strategies.{name}]\nreview_period = 7\n\n" for name in ("newsvendor", "naive_min_max"))
    path.write_text(text[:grids] + kept + text[text.index("[run]") :])


def understood(output):
    """Adapter, rows and days of the order lines in the table of `arena validate PATH` and `arena init`."""
    found = re.search(r"conversions +│ (\S+) +│ +\d+ │ +([\d,]+) │ +[\d,]+ │ +(\d+) │", output)
    assert found, output
    return found[1], int(found[2].replace(",", "")), int(found[3])


@pytest.mark.parametrize("name", [*(name for name in WRITERS if name != "shopify"), "freshretailnet"])
def test_every_adapter_gets_from_files_to_a_leaderboard(name, tmp_path, monkeypatch):
    expected = made(name, tmp_path / "exports")
    monkeypatch.chdir(tmp_path)
    code, output = arena("validate", "exports")
    assert code == 0, output
    adapter = "canonical" if name == "access_log" else name
    assert understood(output)[:2] == (adapter, expected["lines"])  # in days of UTC: the shop's clock is not known yet
    code, output = arena("init", "shop", "--from", "exports", "--time-zone", "Europe/Berlin", "--currency", "EUR")
    assert code == 0, output
    assert understood(output) == (adapter, expected["lines"], expected["days"])
    fewer_sets(tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    code, output = arena("run")
    assert code == 0, output
    check_figures(tmp_path / "shop", expected)
    said = " ".join(output.split())
    assert ("there 'actual' is a rule of thumb" in said) == (name != "freshretailnet")
    report = (tmp_path / "shop/var/results/reports/arena_report.html").read_text()
    assert ("against a rule of thumb" in report.replace("&#x27;", "'")) == (name != "freshretailnet")
    assert ("Stock of" in said and "is unknown today" in said) == (name in NO_STOCK)
    assert ("The files say no prices: every item without one costs 1.0" in said) == (name in NO_PRICES)
    assert "Costs of" in said


def check_figures(workspace, expected):
    """Rows, days, units and money of the run against the sums of the files."""
    settings = load_settings(workspace)
    store = Store.of(settings)
    sold = Warehouse(settings.warehouse_path).read(
        "select count(*) as lines, sum(quantity)::bigint as units, count(distinct day) as days, "
        "count(distinct item_id) as items from logs.conversions"
    ).row(0, named=True)  # fmt: skip
    assert sold == {name: expected[name] for name in ("lines", "units", "days", "items")}
    daily = pl.read_parquet(store.demand("daily_activity.parquet"))
    assert daily["units_sold"].sum() == expected["units"]
    money = (daily["units_sold"] * daily["price"]).sum() / 100
    assert money == pytest.approx(expected["revenue"], rel=1e-9)
    board = pl.read_parquet(store.scorecard("leaderboard.parquet"))
    assert {"newsvendor", "naive_min_max", "actual", "hindsight", "upper_bound"} == set(board["strategy"])
    replayed = board.filter(pl.col("kind") != "bound")
    assert (replayed["revenue"] > 0).all()
    assert (replayed["working_capital"] > 0).all()
    card = pl.read_parquet(store.scorecard("scorecard.parquet")).filter(pl.col("level") == "catalogue")
    scored = daily.filter(pl.col("day") >= settings.window.warm_up_days)
    demanded = card.filter(pl.col("strategy") == "actual")["units_demanded"][0]
    assert demanded >= scored["units_sold"].sum()
    if (daily["stock_state"] == "unknown").mean() > 0.9:  # nothing hidden can be found there: what was sold was wanted
        assert demanded == scored["units_sold"].sum()
    best = board.filter(pl.col("kind") == "candidate").row(0, named=True)
    assert 0.5 < best["fill_rate"] <= 1
    assert best["revenue"] <= money


def test_shopify_as_typed_in_a_terminal(tmp_path):
    expected = made("shopify", tmp_path / "exports")

    def typed(*arguments, folder=tmp_path):
        command = [sys.executable, "-m", "arena_pipeline.cli", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)

    assert understood(typed("validate", "exports").stdout)[:2] == ("shopify", expected["lines"])
    begun = typed("init", "shop", "--from", "exports", "--time-zone", "Europe/Berlin")
    assert understood(begun.stdout) == ("shopify", expected["lines"], expected["days"])
    fewer_sets(tmp_path / "shop")
    assert "settings and logs are fine" in typed("validate", folder=tmp_path / "shop").stdout
    done = typed("run", folder=tmp_path / "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Leaderboard: shop" in done.stdout
    assert "Lead times of 8 items are not in the files: 14 days are taken" in done.stdout
    assert "Costs of" not in done.stdout
    check_figures(tmp_path / "shop", expected)
    assert (tmp_path / "shop/var/results/reports/arena_report.html").stat().st_size > 100_000
    assert "Traceback" not in done.stderr
