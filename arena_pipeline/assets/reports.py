"""Group ``reports``: files for people, of everything the scorecards hold; ``arena_pipeline.report`` writes them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from arena_pipeline.metadata import markdown_table
from arena_pipeline.report.answer import headline
from arena_pipeline.report.brief import brief
from arena_pipeline.report.facts import gather
from arena_pipeline.report.html import Writer
from arena_pipeline.report.workbook import workbook
from arena_pipeline.report.writer import render
from arena_pipeline.resources import ArenaResource
from arena_pipeline.settings import FILE_NAME
from arena_pipeline.store import write_whole

GROUP = "reports"
OWNER = "team:arena"


@dataclass(frozen=True)
class Report:
    """One file: asset, name, how it is made of the facts, and what it is."""

    asset: str
    file: str
    make: Callable[[dict[str, Any]], bytes]
    description: str


REPORTS = (
    Report("arena_report", "arena_report.html", lambda facts: render(facts).encode(),
           "The answer with everything behind it, in one HTML file that needs no network."),
    Report("arena_workbook", "arena_workbook.xlsx", workbook,
           "The tables behind the answer as an Excel workbook with filters and charts."),
    Report("arena_brief", "arena_brief.pdf", brief, "The answer on a few printed pages."),
)  # fmt: skip


def report_assets(upstream: Sequence[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The reports; each is made anew when any of the tables it may show has changed."""
    return [_report(report, upstream) for report in REPORTS]


def _report(report: Report, upstream: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        name=report.asset,
        group_name=GROUP,
        owners=[OWNER],
        kinds={report.file.rpartition(".")[2]},
        deps=list(upstream),
        code_version="1",
        description=report.description,
    )
    def made(context: dg.AssetExecutionContext, arena: ArenaResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        facts = _gathered(arena.workspace, _stamp(arena))
        content = report.make(facts)
        path = arena.store.report(report.file)
        write_whole(path, lambda partial: partial.write_bytes(content))
        context.log.info(f"{arena.settings.label(path)}, {len(content):,} bytes")
        sentence = Writer(facts["shop"]["currency"]).plain(headline(facts))
        tables = [{"table": name, "rows": len(rows)} for name, rows in sorted(facts["tables"].items())]
        return dg.MaterializeResult(
            metadata={
                **file_metadata(path, content),
                "answer": dg.MetadataValue.md(sentence),
                "tables_shown": markdown_table(tables),
            }
        )

    return made


@lru_cache(maxsize=1)
def _gathered(workspace: str, _stamp: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    """Facts, gathered once for all reports of a process; again when any result file has changed."""
    return gather(ArenaResource(workspace=workspace))


def _stamp(arena: ArenaResource) -> tuple[tuple[str, int], ...]:
    """Names and times of everything that reports are made of."""
    settings, store = arena.settings, arena.store
    folders = (store.scorecard("").glob("*"), store.demand("").glob("*"), store.folder(store.current_hash).glob("*"))
    files = sorted({path for folder in folders for path in folder if path.is_file()})
    files += [settings.workspace / FILE_NAME, settings.warehouse_path]
    return tuple((str(path), path.stat().st_mtime_ns) for path in files if path.exists())


def file_metadata(path: Path, content: bytes) -> dict[str, dg.MetadataValue]:
    """Where a file is, how large, and its digest: the size plots over weeks."""
    return {
        "path": dg.MetadataValue.path(str(path)),
        "bytes": dg.MetadataValue.int(len(content)),
        "sha256": dg.MetadataValue.text(hashlib.sha256(content).hexdigest()),
    }
