"""Small workspaces around a demo shop of a few dozen items, and what tests ask of them."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from arena_pipeline.demo import write_demo_shop
from arena_pipeline.runs import StageResult, run_stages
from arena_pipeline.settings import Settings, load_settings
from arena_pipeline.store import Store

ITEMS = 60
TABLES = (
    "products",
    "suppliers",
    "supplier_offers",
    "purchase_orders",
    "stock_snapshots",
    "conversions",
    "page_views",
)
ARENA_TOML = """
[shop]
name = "small shop"
currency = "GBP"
time_zone = "Europe/London"
prices_include_vat = false
synthetic = "Generated around real order lines."

[sources]
{sources}

[window]
warm_up_days = 84
replan_days = 28

[strategies.min_max]
target = [0.90, 0.95]
review_period = 7

[strategies.periodic_order_up_to]
target = 0.95
review_period = [7, 14]

[strategies.newsvendor]
review_period = 7

[strategies.naive_min_max]
review_period = 7

[run]
stepper = "compiled"

[paths]
truth = "shop/truth/daily_demand.parquet"
""".format(sources="\n".join(f'{table} = ["shop/logs/{table}/*"]' for table in TABLES))
DAGSTER_YAML = """
storage: {sqlite: {base_dir: var/dagster}}
local_artifact_storage:
  module: dagster.core.storage.root
  class: LocalArtifactStorage
  config: {base_dir: var/dagster}
compute_logs:
  module: dagster.core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config: {base_dir: var/dagster/logs}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
telemetry: {enabled: false}
nux: {enabled: false}
freshness: {enabled: true}
"""
SETS = 6
BESIDE = 3


@dataclass
class Workspace:
    """A workspace folder and what its last run of all stages said."""

    folder: Path
    results: list[StageResult] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder)

    @property
    def store(self) -> Store:
        return Store.of(self.settings)

    @property
    def environment(self) -> dict[str, str]:
        """For processes that work in this workspace."""
        named = {"DAGSTER_HOME": str(self.folder), "ARENA_WORKSPACE": str(self.folder)}
        return os.environ | named | {"COLUMNS": "140", "NO_COLOR": "1"}

    def run(self, only: str = "all") -> "Workspace":
        self.titles, self.lines = [], []
        self.results = run_stages(self.settings, self.lines.append, self.titles.append, only)
        return self

    def copied(self, folder: Path) -> "Workspace":
        """The same files and results elsewhere."""
        shutil.copytree(self.folder, folder)
        return Workspace(folder)

    def edit(self, old: str, new: str) -> "Workspace":
        path = self.folder / "arena.toml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        return self

    def digests(self) -> dict[str, str]:
        """SHA-256 of the scorecard's files."""
        files = [self.store.scorecard(name) for name in ("scorecard.parquet", "scorecard.json")]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def leaderboard(self) -> list[dict[str, object]]:
        return json.loads(self.store.scorecard("scorecard.json").read_text())["leaderboard"]


def make_workspace(folder: Path, row_order: int | None = None, items: int = ITEMS) -> Workspace:
    """Files of a workspace; nothing is run."""
    folder.mkdir(parents=True, exist_ok=True)
    write_demo_shop(folder / "shop", items=items, row_order=row_order)
    return bare_workspace(folder)


def bare_workspace(folder: Path) -> Workspace:
    """A workspace without logs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "arena.toml").write_text(ARENA_TOML)
    (folder / "dagster.yaml").write_text(DAGSTER_YAML)
    (folder / "var/dagster").mkdir(parents=True, exist_ok=True)
    return Workspace(folder)
