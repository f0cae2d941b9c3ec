"""Writes the demo shop: real order lines, a generated shop around them, log files and the truth they hide."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from arena_pipeline.demo import logs, summary
from arena_pipeline.demo.catalogue import build_catalogue
from arena_pipeline.demo.files import LogWriter
from arena_pipeline.demo.folders import content_key, file_hash, read_marker, recover, replace_folder
from arena_pipeline.demo.keyed import item_keys, keyed_bits
from arena_pipeline.demo.order_book import Setting
from arena_pipeline.demo.order_lines import SOURCE, OrderLines, open_days, read_order_lines
from arena_pipeline.demo.purchasing import Year, run_year
from arena_pipeline.demo.stock_record import stock_record
from arena_pipeline.demo.suppliers import build_offers, build_suppliers
from arena_pipeline.demo.traffic import Traffic, simulate_traffic

DEMO_SEED = 20101201


@dataclass(frozen=True)
class DemoShop:
    """A demo shop on disk.

    Attributes:
        directory: its folder.
        logs: folder with one sub-folder of files per table.
        truth: folder with what the logs hide.
        content_key: hash of everything that determined the content.
        counts: rows written by log table.
        summary: content of ``truth/summary.json``.
    """

    directory: Path
    logs: Path
    truth: Path
    content_key: str
    counts: dict[str, int]
    summary: dict[str, Any]


def write_demo_shop(
    directory: Path,
    *,
    seed: int = DEMO_SEED,
    row_order: int | None = None,
    items: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> DemoShop:
    """Write the demo shop, unless the folder already holds the same one.

    Args:
        directory: folder of the shop; must be empty, absent or hold a demo shop, which is replaced as a whole.
        seed: seed of everything generated.
        row_order: seed of the order of rows within log files; changes nothing else.
        items: keep only so many SKUs (a keyed choice); ``None`` keeps all.
        progress: told what is being done.

    Raises:
        InputError: the folder holds other files.
    """
    tell = progress or (lambda _: None)
    made_of = {
        "seed": seed,
        "row_order": row_order,
        "items": items,
        "source": file_hash(SOURCE),
        "generator": _version(),
    }
    key = content_key(made_of)
    recover(directory)
    marker = read_marker(directory)
    if marker is None or marker.get("content_key") != key:

        def fill(root: Path) -> dict[str, Any]:
            counts = _write_shop(LogWriter(root, row_order), seed, items, tell)
            return {"content_key": key, "made_of": made_of, "rows": counts}

        marker = replace_folder(directory, fill)
    else:
        tell(f"demo shop: {directory} already holds it")
    truth = directory / "truth"
    told = json.loads((truth / "summary.json").read_text())
    return DemoShop(directory, directory / "logs", truth, key, dict(marker["rows"]), told)


def _version() -> str:
    """Hash of the generator's own sources."""
    return content_key({path.name: file_hash(path) for path in sorted(Path(__file__).parent.glob("*.py"))})


def _write_shop(writer: LogWriter, seed: int, items: int | None, tell: Callable[[str], None]) -> dict[str, int]:
    """Generate everything and write it below the writer's root; returns rows by log table."""
    tell("demo shop: reading order lines")
    lines = read_order_lines()
    setting = _setting(lines, seed, items)
    sales, returns = (_with_sku(frame, setting) for frame in (lines.sales, lines.returns))
    year = run_year(setting, sales, returns, tell)
    tell("demo shop: page views")
    traffic = simulate_traffic(setting, sales, year)
    counts, told = _write_logs(writer, setting, sales, returns, year, traffic)
    tell("demo shop: truth")
    logs.write_truth(writer, setting, sales, year, traffic)
    logs.write_projects(writer, lines.projects)
    text = {
        "real": summary.REAL,
        "synthetic": summary.SYNTHETIC,
        "limits": summary.LIMITS,
        "money": summary.MONEY_NOTE,
        "seed": seed,
        "order_lines": summary.rules(lines, len(returns)),
        "catalogue": summary.catalogue_counts(setting),
        "shop": summary.figures(setting, sales, year, traffic),
        "purchasing": summary.purchasing(setting, year),
        **told,
        "log_rows": counts,
    }
    (writer.root / "truth" / "summary.json").write_text(json.dumps(text, indent=2) + "\n")
    return counts


def _setting(lines: OrderLines, seed: int, items: int | None) -> Setting:
    """Items, suppliers and offers around the order lines."""
    is_open = open_days(lines.sales)
    sales = lines.sales
    if items is not None:
        names = sales["item_id"].unique().sort().to_list()
        chosen = pl.DataFrame({"item_id": names, "key": keyed_bits(seed, "chosen items", item_keys(names))})
        sales = sales.join(chosen.sort("key").head(items), on="item_id", how="semi", maintain_order="left")
    catalogue = build_catalogue(sales, is_open, seed)
    suppliers = build_suppliers(seed)
    first, second = build_offers(catalogue, suppliers, seed)
    return Setting(catalogue, suppliers, first, second, is_open, seed)


def _with_sku(frame: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    """Lines of the setting's items with their SKU index, in the same order."""
    names = setting.catalogue.axes.items
    index = pl.DataFrame({"item_id": names, "sku": pl.int_range(len(names), dtype=pl.Int64, eager=True)})
    return frame.join(index, on="item_id", maintain_order="left")


def _write_logs(
    writer: LogWriter, setting: Setting, sales: pl.DataFrame, returns: pl.DataFrame, year: Year, traffic: Traffic
) -> tuple[dict[str, int], dict[str, Any]]:
    """Write all log tables; returns rows by table and the parts of the summary that count what was put in."""
    record = stock_record(setting, year)
    conversions = logs.write_conversions(writer, sales, returns, year)
    logs.write_stock_snapshots(writer, record)
    daily = logs.write_daily_views(writer, setting, traffic)
    events = logs.write_view_events(writer, setting, sales, year, traffic)
    logs.write_products(writer, setting)
    counts = {
        "page_views": daily + sum(events.values()),
        "conversions": len(conversions),
        "stock_snapshots": len(record.frame),
        "products": len(setting.catalogue.keys),
        "suppliers": logs.write_suppliers(writer, setting),
        "supplier_offers": logs.write_offers(writer, setting),
        "purchase_orders": len(logs.write_purchase_orders(writer, setting, year)),
    }
    views = {"daily_rows": daily, "raw_rows": sum(events.values()), "raw_events": events}
    return counts, {"stock_record": record.counts, "page_views": views}


__all__ = ["DEMO_SEED", "DemoShop", "write_demo_shop"]
