import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from arena_pipeline.ingest import IngestReport, ingest
from arena_pipeline.ingest.contract import CONTRACT
from arena_pipeline.settings import Settings, parse_settings
from arena_pipeline.warehouse import Warehouse

PRODUCTS = "item_id,price\nA1,2.50\nA2,4.00\nA3,1.00\n"


@dataclass
class Shop:
    """A workspace in a temporary folder: files by table, ingest, rows."""

    workspace: Path
    shop: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=lambda: {"max_quarantine_share": 1.0, "still_seconds": 0})
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        shop = {"name": "x", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": False}
        sources = {table: self.overrides.get(table, [f"logs/{table}/*"]) for table in CONTRACT}
        return parse_settings({"shop": shop | self.shop, "sources": sources, "ingest": self.limits}, self.workspace)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse_path, timeout_seconds=5)

    def write(self, table: str, content: str | bytes, name: str = "log.csv") -> Path:
        path = self.workspace / "logs" / table / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def ingest(self, *tables: str, **options: Any) -> IngestReport:
        return ingest(self.settings, self.warehouse, tables=("products", *tables), **options)

    def rows(self, table: str, columns: str = "*", order: str = "all") -> list[tuple[Any, ...]]:
        return self.warehouse.read(f"select {columns} from logs.{table} order by {order}").rows()

    def quarantine(self) -> list[tuple[int, str, str | None]]:
        """(row number, rule, value) of all rows set aside."""
        return self.rows("quarantine", "row_number, rule, value", "file, row_number")

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All stored columns of all tables, without file and row number."""
        tables = [table for forms in CONTRACT.values() for table in forms]
        return {table.name: self.rows(table.name, ", ".join(table.stored)) for table in tables}


@pytest.fixture
def shop(tmp_path) -> Shop:
    shop = Shop(tmp_path)
    shop.write("products", PRODUCTS, "products.csv")
    return shop


@pytest.fixture
def new_shop(tmp_path_factory):
    """A function that makes further shops."""

    def make() -> Shop:
        made = Shop(tmp_path_factory.mktemp("shop"))
        made.write("products", PRODUCTS, "products.csv")
        return made

    return make
