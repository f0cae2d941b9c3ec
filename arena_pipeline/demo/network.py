"""An opt-in network around the demo shop: a central stockroom, two hubs and five places where customers buy.

All of it is generated: the retailer behind the order lines sold from one place. What belongs here: the two tables and
their files. What does not: planning, which reads them like any shop's (``arena_pipeline.assets.network``).
"""

import shutil
from pathlib import Path

import polars as pl

LOCATIONS = pl.DataFrame(
    [
        ("stockroom", "stockroom", 0.0, 1.0),
        ("hub-north", "hub", 0.0, 1.02),
        ("hub-south", "hub", 0.0, 1.02),
        ("manchester", "store", 0.20, 1.05),
        ("leeds", "store", 0.15, 1.05),
        ("london", "store", 0.35, 1.05),
        ("bristol", "store", 0.10, 1.05),
        ("web-shop", "store", 0.20, 1.03),
    ],
    schema=["location_id", "level", "demand_share", "value_factor"],
    orient="row",
)
TRANSFERS = pl.DataFrame(
    [
        (None, "stockroom", 14),
        ("stockroom", "hub-north", 2),
        ("stockroom", "hub-south", 2),
        ("stockroom", "web-shop", 1),
        ("hub-north", "manchester", 1),
        ("hub-north", "leeds", 1),
        ("hub-south", "london", 1),
        ("hub-south", "bristol", 2),
    ],
    schema=["from_location_id", "to_location_id", "lead_time_days"],
    orient="row",
)


def write_network(directory: Path) -> None:
    """Write ``locations`` and ``transfers`` below a folder; the same bytes each time."""
    for name, table in (("locations", LOCATIONS), ("transfers", TRANSFERS)):
        (directory / name).mkdir(parents=True, exist_ok=True)
        table.write_csv(directory / name / f"{name}.csv")


def remove_network(directory: Path) -> None:
    """Take the network away again."""
    shutil.rmtree(directory, ignore_errors=True)
