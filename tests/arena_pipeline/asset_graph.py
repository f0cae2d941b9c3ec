"""The asset graph of the demo's settings, as plain data.

`python -m tests.arena_pipeline.asset_graph` from the repository root writes it to tests/data/asset_graph.json, which
test_graph.py compares with; the diff of that file shows a reviewer what a change does to the graph.
"""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from arena_pipeline.build import build_definitions
from arena_pipeline.settings import load_settings

REPOSITORY = Path(__file__).parents[2]
PINNED = REPOSITORY / "tests/data/asset_graph.json"


def demo_definitions() -> dg.Definitions:
    return build_definitions(load_settings(REPOSITORY))


def asset_graph(definitions: dg.Definitions) -> dict[str, Any]:
    """Per asset: group, what it reads, its partitions and its checks (blocking ones end in "!")."""
    layer = definitions.resolve_asset_graph()
    return {
        spec.key.to_user_string(): {
            "group": spec.group_name,
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "partitions": list(spec.partitions_def.get_partition_keys()) if spec.partitions_def else [],
            "checks": sorted(
                check.name + "!" * layer.get_check_spec(check).blocking
                for check in layer.get_check_keys_for_assets({spec.key})
            ),
        }
        for spec in sorted(definitions.resolve_all_asset_specs(), key=lambda spec: spec.key.to_user_string())
    }


if __name__ == "__main__":
    PINNED.write_text(json.dumps(asset_graph(demo_definitions()), indent=1) + "\n")
