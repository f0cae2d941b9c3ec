"""Group ``reports``: files for people, of everything the scorecards hold; ``arena_pipeline.report`` writes them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from arena_pipeline.metadata import markdown_table
from arena_pipeline.report.answer import headline
from arena_pipeline.report.facts import gather
from arena_pipeline.report.html import Writer
from arena_pipeline.report.writer import render
from arena_pipeline.resources import ArenaResource
from arena_pipeline.store import write_whole

GROUP = "reports"
OWNER = "team:arena"


def report_assets(upstream: Sequence[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The reports; each is made anew when any of the tables it may show has changed."""

    @dg.asset(
        group_name=GROUP,
        owners=[OWNER],
        kinds={"html"},
        deps=list(upstream),
        code_version="1",
        description="The answer with everything behind it, in one HTML file that needs no network.",
    )
    def arena_report(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Offline HTML."""
        facts = gather(arena)
        content = render(facts).encode()
        path = arena.store.report("arena_report.html")
        write_whole(path, lambda partial: partial.write_bytes(content))
        context.log.info(f"report: {arena.settings.label(path)}, {len(content):,} bytes")
        sentence = _plain(Writer(facts["shop"]["currency"]), headline(facts))
        tables = [{"table": name, "rows": len(rows)} for name, rows in sorted(facts["tables"].items())]
        return dg.MaterializeResult(
            metadata={
                **file_metadata(path, content),
                "answer": dg.MetadataValue.md(sentence),
                "tables_shown": markdown_table(tables),
            }
        )

    return [arena_report]


def file_metadata(path: Path, content: bytes) -> dict[str, dg.MetadataValue]:
    """Where a file is, how large, and its digest: the size plots over weeks."""
    return {
        "path": dg.MetadataValue.path(str(path)),
        "bytes": dg.MetadataValue.int(len(content)),
        "sha256": dg.MetadataValue.text(hashlib.sha256(content).hexdigest()),
    }


def _plain(writer: Writer, pieces: tuple[object, ...]) -> str:
    return "".join(piece if isinstance(piece, str) else writer.text(piece.value, piece.kind) for piece in pieces)  # type: ignore[attr-defined]
