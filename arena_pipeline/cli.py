"""The ``arena`` command: the same jobs as in the Dagster UI, without knowing Dagster."""

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from arena_pipeline.settings import Settings, load_settings
from engine.errors import ArenaError, InputError, SettingsError

console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else 140)


def told_plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Errors meant for people are shown without a traceback; exit code 1."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except ArenaError as error:
            console.print(f"[bold red]error:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True)
            raise SystemExit(1) from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            told = f"{place}{error.strerror or error}. Check that the folder exists, may be written and has room"
            console.print(f"[bold red]error:[/bold red] {escape(told)}", highlight=False, soft_wrap=True)
            raise SystemExit(1) from error

    return run


workspace_option = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder with arena.toml; default: this folder or the nearest above it.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="inventory-arena")
def main() -> None:
    """Replay a shop's own demand against procurement strategies, and score them beside what really happened."""
    warnings.filterwarnings("ignore", module="dagster")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")


@main.command()
@workspace_option
@click.option("--row-order", type=int, default=None, help="Write the logs with rows and items in another order.")
@click.option(
    "--network/--no-network",
    default=None,
    help="Add a generated network (stockroom, hubs, stores) to the shop, or take it away; default: as it is.",
)
@told_plainly
def demo(workspace: Path | None, row_order: int | None, network: bool | None) -> None:
    """Make the demo shop's logs, run everything, print the leaderboard."""
    from arena_pipeline.demo import write_demo_shop  # noqa: PLC0415 - only this command needs it
    from arena_pipeline.demo.network import remove_network, write_network  # noqa: PLC0415
    from arena_pipeline.terminal import StageDisplay  # noqa: PLC0415

    settings = load_settings(workspace)
    display = StageDisplay(console)
    display.begin("demo shop: real order lines, the rest generated around them")
    shop = write_demo_shop(settings.var / "demo", row_order=row_order, progress=display.tell)
    display.tell(
        f"{shop.counts['skus']:,} items, {shop.counts['days']} days" if "skus" in shop.counts else "logs written"
    )
    if network is not None:
        (write_network if network else remove_network)(settings.var / "demo-network")
    _run_and_print(settings, display, "all")


@main.command()
@workspace_option
@click.option("--sample", type=click.IntRange(2), default=None, help="Only this many items of each ABC-XYZ cell.")
@click.option("--best", type=click.IntRange(0), default=50, show_default=True, help="Best sellers taken beside them.")
@told_plainly
def run(workspace: Path | None, sample: int | None, best: int) -> None:
    """Ingest new files, recover demand, run all strategies, score them; or a first look at a sample of the items."""
    from arena_pipeline.terminal import StageDisplay  # noqa: PLC0415 - slow imports only when needed

    settings, display = load_settings(workspace), StageDisplay(console)
    if sample is None:
        _run_and_print(settings, display, "all")
    else:
        _run_sample(settings, display, sample, best)


def _run_sample(settings: Settings, display: Any, sample: int, best: int) -> None:
    from arena_pipeline import sampling, terminal  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.resources import ArenaResource  # noqa: PLC0415
    from arena_pipeline.runs import run_stages  # noqa: PLC0415

    run_stages(settings, display.tell, display.begin, "world")
    display.begin("sample")
    arena = ArenaResource(workspace=str(settings.workspace))
    terminal.print_sample(console, settings, sampling.run_sample(arena, sample, best, display.tell))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--from", "files", type=click.Path(path_type=Path, file_okay=False), help="Folder of log files.")
@click.option("--name", help="Name of the shop; default: the folder's.")
@click.option("--currency", help="ISO code such as EUR; default: as in the order lines.")
@click.option("--time-zone", help="IANA name such as Europe/Berlin; default: this machine's.")
@told_plainly
def init(folder: Path, files: Path | None, name: str | None, currency: str | None, time_zone: str | None) -> None:
    """Make a workspace (arena.toml, dagster.yaml) for a folder of log files."""
    from arena_pipeline import starting, terminal  # noqa: PLC0415 - slow imports only when needed

    shop = {"name": name, "currency": currency, "time_zone": time_zone}
    path, found = starting.start(folder, files, _whisper, **shop)
    if found is not None:
        terminal.print_preview(console, found)
    terminal.print_begun(console, path, found)


@main.command()
@workspace_option
@click.option("--rebuild", is_flag=True, help="Forget everything ingested first, and read all files anew.")
@told_plainly
def ingest(workspace: Path | None, rebuild: bool) -> None:
    """Take in new log files and recover demand; run no strategy."""
    from arena_pipeline.ingest.run import forget_all  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.runs import run_stages  # noqa: PLC0415
    from arena_pipeline.terminal import StageDisplay  # noqa: PLC0415
    from arena_pipeline.warehouse import Warehouse  # noqa: PLC0415

    display = StageDisplay(console)
    settings = load_settings(workspace)
    if rebuild:
        forget_all(Warehouse(settings.warehouse_path))
        display.tell("forgot all logs; every file is read anew")
    run_stages(settings, display.tell, display.begin, "ingest")
    display.begin("done")


@main.command()
@workspace_option
@click.argument("path", required=False, type=click.Path(path_type=Path))
@told_plainly
def validate(workspace: Path | None, path: Path | None) -> None:
    """Check arena.toml and all log files, or look at files of any kind (PATH), without changing anything."""
    if path is not None:
        from arena_pipeline import terminal  # noqa: PLC0415 - slow imports only when needed
        from arena_pipeline.ingest.previewing import preview  # noqa: PLC0415

        terminal.print_preview(console, preview(path, _whisper))
        return
    from arena_pipeline.arena import leaks, make_strategy  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.ingest import ingest as take_in  # noqa: PLC0415
    from arena_pipeline.plugins import load_plugins  # noqa: PLC0415
    from arena_pipeline.warehouse import Warehouse  # noqa: PLC0415

    settings = load_settings(workspace)
    load_plugins(settings)
    for name, grid in settings.strategies.items():
        for point in grid.parameter_sets():
            make_strategy(name, point)
    with tempfile.TemporaryDirectory() as scratch, console.status("reading all files ..."):
        report = take_in(settings, Warehouse(Path(scratch) / "check.duckdb"))
    for file in report.files:
        console.print(
            f"{file.path}: {file.rows_read:,} rows read, {file.rows_new:,} used, "
            f"{file.rows_duplicate:,} duplicate, {file.rows_quarantined:,} set aside",
            highlight=False,
        )
    for warning in report.warnings:
        console.print(f"warning: {warning}", style="yellow", highlight=False)
    _check_look_ahead(leaks(settings))
    sets = sum(len(grid.parameter_sets()) for grid in settings.strategies.values())
    console.print(
        f"{settings.shop.name}: settings and logs are fine; {len(settings.strategies)} strategies, {sets} sets"
    )


@main.command()
@workspace_option
@click.argument("visitor_id")
@told_plainly
def forget(workspace: Path | None, visitor_id: str) -> None:
    """Delete the page views of a visitor for good (the id as in the log files)."""
    from arena_pipeline.ingest.privacy import forget as delete  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.warehouse import Warehouse  # noqa: PLC0415

    settings = load_settings(workspace)
    rows = delete(Warehouse(settings.warehouse_path), settings.var, visitor_id)
    console.print(
        f"{rows:,} page views deleted; rows of this visitor in log files stay out from now on. "
        "Remove them from your files too, then run the arena again"
    )


def _whisper(line: str) -> None:
    console.print(line, style="dim", highlight=False, soft_wrap=True)


def _check_look_ahead(found: dict[str, str | None] | None) -> None:
    if found is None:
        console.print("strategies: not yet checked for look-ahead, run the arena first", style="dim")
        return
    for name, leak in found.items():
        console.print(f"strategy {name}: {leak or 'sees nothing of the future'}", style="red" if leak else None)
    if any(found.values()):
        raise SettingsError("a strategy must not see the future", place="arena.toml, [strategies]")


@main.command()
@workspace_option
@click.option("--port", default=3000, show_default=True, help="Port on this machine.")
@told_plainly
def ui(workspace: Path | None, port: int) -> None:
    """Open the Dagster UI on this workspace; schedule and automation run while it is open."""
    settings = load_settings(workspace)
    folder = str(settings.workspace)
    environment = os.environ | {"DAGSTER_HOME": folder, "ARENA_WORKSPACE": folder}
    (settings.var / "dagster").mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "arena_pipeline.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    console.print(f"Dagster UI on http://127.0.0.1:{port} (this machine only, no password); stop it with Ctrl-C")
    raise SystemExit(subprocess.run(command, cwd=folder, env=environment, check=False).returncode)  # noqa: S603 - own command


@main.command()
@workspace_option
@click.argument("item")
@click.option("--strategy", default="actual", show_default=True, help="A configured strategy, or actual.")
@click.option("--parameters", default=None, help="A parameter set such as target=0.95; default: the first one.")
@click.option("--first", "first_day", default=0, help="First day index to print.")
@click.option("--days", default=None, type=int, help="How many days to print; default: all.")
@told_plainly
def explain(
    workspace: Path | None, item: str, strategy: str, parameters: str | None, first_day: int, days: int | None
) -> None:
    """Print every day of one item, and why each order was placed."""
    from arena_pipeline import explaining, terminal  # noqa: PLC0415 - slow imports only when needed

    settings = load_settings(workspace)
    told = explaining.explain(settings, item, strategy, parameters)
    last = told.axes.days if days is None else first_day + days
    terminal.print_ledger(console, told, first_day, last)


@main.command()
@workspace_option
@click.option("--supplier", default=None, help="Only the orders to this supplier.")
@told_plainly
def plan(workspace: Path | None, supplier: str | None) -> None:
    """Print what the best strategy would order this week, by supplier, and why."""
    from arena_pipeline import recommending, terminal  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.store import Store  # noqa: PLC0415

    settings = load_settings(workspace)
    terminal.print_proposals(console, recommending.stored(Store.of(settings)), settings, supplier)


@main.command()
@workspace_option
@told_plainly
def runs(workspace: Path | None) -> None:
    """List scored runs."""
    from arena_pipeline import history, terminal  # noqa: PLC0415 - slow imports only when needed

    console.print(terminal.runs_table(history.runs(load_settings(workspace))))


@main.command()
@workspace_option
@click.option("--strategy", default="actual", show_default=True, help="A strategy that was run, or actual.")
@click.option("--parameters", default="default", show_default=True, help="Its parameter set.")
@click.option("--item", default=None, help="Only this item.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1), help="Which page.")
@click.option("--size", default=50, show_default=True, type=click.IntRange(1), help="Rows a page.")
@told_plainly
def rows(workspace: Path | None, strategy: str, parameters: str, item: str | None, page: int, size: int) -> None:
    """Print daily rows of a run, page by page; the whole table is a Parquet file."""
    from arena_pipeline import daily_rows, terminal  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.store import Store  # noqa: PLC0415

    settings = load_settings(workspace)
    path = daily_rows.write_rows(Store.of(settings), strategy, parameters)
    terminal.print_rows(console, daily_rows.read_page(path, page, size, item), settings)
    console.print(settings.label(path), highlight=False, soft_wrap=True)


@main.command()
@workspace_option
@click.option("--open/--print", "shown", default=False, help="Open it in the browser, or print where it is.")
@told_plainly
def report(workspace: Path | None, shown: bool) -> None:
    """Print where the reports of the last run are, or open the HTML one."""
    from arena_pipeline.store import Store  # noqa: PLC0415 - slow imports only when needed

    settings = load_settings(workspace)
    path = Store.of(settings).report("arena_report.html")
    if not path.exists():
        raise InputError("a report must have been made", place=settings.label(path), remedy="Run `arena run`")
    for file in sorted(path.parent.glob("arena_*")):
        console.print(settings.label(file), highlight=False, soft_wrap=True)
    if shown:
        click.launch(path.as_uri())


@main.command()
@workspace_option
@click.argument("first")
@click.argument("second")
@told_plainly
def compare(workspace: Path | None, first: str, second: str) -> None:
    """Say what changed in inputs, settings and scores between two scored runs, and write it down."""
    from arena_pipeline import history, terminal  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.store import Store, write_whole  # noqa: PLC0415

    settings = load_settings(workspace)
    before, after = history.find(settings, first), history.find(settings, second)
    terminal.print_comparison(console, before, after)
    path = Store.of(settings).report(f"compare_{before.name}_{after.name}.md")
    write_whole(path, lambda partial: partial.write_text(history.comparison(before, after), encoding="utf-8"))
    console.print(f"written to {settings.label(path)}", highlight=False, soft_wrap=True)


@main.command()
@workspace_option
@click.option("--keep", default=5, show_default=True, help="Scenarios and remembered runs that stay.")
@click.option("--days", type=float, default=None, help="Remove what is older than this, too.")
@told_plainly
def clean(workspace: Path | None, keep: int, days: float | None) -> None:
    """Remove results and manifests of old runs; those of the last good run stay."""
    from arena_pipeline import history  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.store import Store  # noqa: PLC0415

    settings = load_settings(workspace)
    store = Store.of(settings)
    scenarios = store.forget_others(keep, days) if store.has_scenario else []
    manifests = history.forget(settings, keep, days)
    console.print(f"removed {len(scenarios)} scenarios, {len(manifests)} remembered runs")


def _run_and_print(settings: Settings, display: Any, only: str) -> None:
    from arena_pipeline.runs import run_stages, seconds_by_stage  # noqa: PLC0415 - slow imports only when needed
    from arena_pipeline.store import Store  # noqa: PLC0415
    from arena_pipeline.terminal import print_result  # noqa: PLC0415

    results = run_stages(settings, display.tell, display.begin, only)
    display.tell(seconds_by_stage(results))
    scorecard = Store.of(settings).scorecard("scorecard.parquet")
    print_result(console, settings, scorecard)


if __name__ == "__main__":
    main()
