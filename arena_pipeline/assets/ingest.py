"""Group ``ingest``: one asset per log table. The work is in ``arena_pipeline.ingest``."""

import dagster as dg

from arena_pipeline import ingest as logs
from arena_pipeline.ingest.contract import ALIASED
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import NETWORK_TABLES, Settings, TableName

GROUP = "ingest"
OWNER = "team:arena"

DESCRIPTIONS: dict[TableName, str] = {
    "products": "The catalogue: items, categories, prices, listing dates.",
    "suppliers": "Suppliers: order days, order cost, payment terms.",
    "supplier_offers": "Who sells what at which price break, minimum, multiple and lead time.",
    "purchase_orders": "What the shop itself ordered and when it arrived.",
    "stock_snapshots": "The shop's stock record.",
    "conversions": "Order lines: what was sold, and returned.",
    "page_views": "Page views, single events or counts per day.",
    "planned_promotions": "Promotions known ahead.",
    "item_aliases": "Item ids of other systems.",
    "bundles": "What a bundle holds: its order lines count as lines of its items.",
    "locations": "Places that hold stock, and the share of demand that buys there.",
    "transfers": "How each location is supplied, and how long that takes.",
}
ALWAYS: tuple[TableName, ...] = (
    "products", "suppliers", "supplier_offers", "purchase_orders", "stock_snapshots", "conversions", "page_views",
)  # fmt: skip
DEPENDENT: tuple[TableName, ...] = (
    "supplier_offers", "purchase_orders", "stock_snapshots", "conversions", "page_views", "planned_promotions",
    "item_aliases", "bundles",
)  # fmt: skip


def ingest_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Assets of the tables that every arena has, and of optional ones that are configured."""
    absent = [table for table in NETWORK_TABLES if not settings.files_of(table)]
    optional = [table for table in DESCRIPTIONS if table in settings.sources and table not in (*ALWAYS, *absent)]
    return [_log_asset(table, _named_by(table, settings)) for table in (*ALWAYS, *optional)]


def _named_by(table: TableName, settings: Settings) -> list[TableName]:
    """Tables that name the items of a table."""
    if table not in DEPENDENT:
        return []
    aliased = table in ALIASED and "item_aliases" in settings.sources
    return ["products", "item_aliases"] if aliased else ["products"]


def _log_asset(table: TableName, deps: list[TableName]) -> dg.AssetsDefinition:
    @dg.asset(
        name=table,
        group_name=GROUP,
        description=DESCRIPTIONS[table],
        owners=[OWNER],
        kinds={"duckdb"},
        deps=deps,
        code_version="1",
    )
    def log_table(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        report = logs.ingest(arena.settings, arena.warehouse, progress=context.log.info, tables=[table])
        for warning in report.warnings:
            context.log.warning(warning)
        totals = report.totals
        read = totals["rows_read"]
        context.log.info(f"{table}: {totals['rows_new']:,} new rows of {read:,} in {report.seconds:.1f} s")
        known = sum(file.known for file in report.files)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": dg.MetadataValue.int(_stored(report, table)),
                "files": len(report.files),
                "files_known": known,
                **totals,
                "days_touched": report.days_touched,
                "rows_per_second": round(read / report.seconds) if read else 0,
            }
        )

    return log_table


def _stored(report: logs.IngestReport, table: TableName) -> int:
    stored = report.rows_stored
    return stored.get(table, 0) + (stored.get("page_views_daily", 0) if table == "page_views" else 0)
