"""The business settings of a workspace: `arena.toml`, typed and checked.

What belongs here: the shape of every section, the messages when a key or value is wrong, paths below the workspace.
What does not: the engine's own settings (`engine.settings`), anything that opens a log file or the database.
"""

import itertools
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    Field,
    RootModel,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
)
from pydantic import field_validator as checks
from pydantic import model_validator as checks_model

from engine.errors import SettingsError, nearest
from engine.settings import CostRates, DemandSettings, EngineSettings, LimitSettings, WindowSettings
from engine.simulation import StepperName

FILE_NAME = "arena.toml"
INCOMPLETE = (".part", ".partial", ".tmp", ".filepart", ".crdownload", "~")
"""Endings of files that a program writes before it renames them."""
WORKSPACE_VARIABLE = "ARENA_WORKSPACE"

TableName = Literal[
    "page_views",
    "conversions",
    "stock_snapshots",
    "products",
    "suppliers",
    "supplier_offers",
    "purchase_orders",
    "planned_promotions",
    "item_aliases",
    "bundles",
    "locations",
    "transfers",
]
TABLES: tuple[TableName, ...] = get_args(TableName)
NETWORK_TABLES: tuple[TableName, ...] = ("locations", "transfers")

AdapterName = Literal[
    "canonical", "mapped", "ga4", "shopify", "woocommerce", "access_log", "retailrocket", "freshretailnet"
]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Character = Annotated[str, Field(min_length=1, max_length=1)]


class ShopSettings(EngineSettings):
    """Who the shop is and how its logs state money and time."""

    name: str = Field(description="shown in the reports")
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 code of all money in the logs, such as GBP")
    minor_units: int = Field(2, ge=0, le=4, description="decimals of the currency: pence are 2, yen 0")
    time_zone: str = Field(description="IANA name of the shop's wall clock, such as Europe/London")
    prices_include_vat: bool = Field(description="true when prices in the logs contain value added tax")
    vat_rate: float = Field(0.0, ge=0, lt=1, description="share of the net price, at most four decimals: 0.2 is 20 %")
    first_day: date | None = Field(None, description="first day to replay; default: the first day of the logs")
    last_day: date | None = Field(None, description="last day to replay; default: the last day of the logs")
    locations: tuple[str, ...] | None = Field(
        None, min_length=1, description="locations whose stock can be sold; default: all, summed"
    )
    categories: tuple[str, ...] | None = Field(
        None, min_length=1, description="first levels of the categories to plan; default: the whole catalogue"
    )
    exchange_rates: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="units of the shop's currency for one unit of another, such as { USD = 0.79 }"
    )
    exchange_rate_file: str | None = Field(
        None, description="CSV with date, currency, rate; a rate holds from its date on, before exchange_rates"
    )
    synthetic: str | None = Field(None, description="note shown with all money figures when data are generated")

    @checks("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"must be an IANA time zone. {nearest(value, available_timezones())}".rstrip())
        return value

    @checks("vat_rate")
    @classmethod
    def _four_decimals(cls, value: float) -> float:
        if abs(value * 10_000 - round(value * 10_000)) > 1e-6:
            raise ValueError("must have at most four decimals")
        return value

    @checks_model(mode="after")
    def _days_in_order(self) -> Self:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("last_day must not be before first_day")
        return self

    @property
    def vat_basis_points(self) -> int:
        """VAT contained in the logs' prices, in 1/10,000 of the net price; 0 when prices are net."""
        return round(self.vat_rate * 10_000) if self.prices_include_vat else 0

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.time_zone)


class Source(EngineSettings):
    """Where the files of one table lie and how they are written; a bare list of globs is enough."""

    files: tuple[str, ...] = Field(min_length=1, description="globs relative to the workspace")
    adapter: AdapterName = Field("canonical", description="how a foreign log is mapped to the contract")
    delimiter: Character | None = Field(None, description="CSV delimiter; sniffed when absent")
    decimal: Literal[".", ","] | None = Field(None, description="decimal mark; sniffed when absent")
    encoding: Literal["utf-8", "utf-16", "latin-1"] | None = Field(None, description="default: BOM, else UTF-8")
    columns: dict[str, str] = Field(default_factory=dict, description="contract column = name in the files (mapped)")
    date_format: str | None = Field(
        None, min_length=1, description="of all moments: strptime such as %d/%m/%Y %H:%M, or unix, unix_ms, unix_us"
    )
    constants: dict[str, Scalar | date | datetime] = Field(
        default_factory=dict, description="contract column = one value for all rows whose files do not say it"
    )
    item_pattern: str | None = Field(None, description="regular expression whose one group is the item (access_log)")
    bot_pattern: str | None = Field(None, description="regular expression of user agents that are no people")
    alias_source: str | None = Field(None, description="name of this log in item_aliases; default: its adapter")

    @checks("item_pattern", "bot_pattern")
    @classmethod
    def _compiles(cls, value: str | None, info: ValidationInfo) -> str | None:
        try:
            groups = re.compile(value or "").groups
        except re.error as error:
            raise ValueError(f"must be a regular expression ({error})") from error
        if value and info.field_name == "item_pattern" and groups != 1:
            raise ValueError("must have exactly one group, as in /products/([^/?#]+)")
        return value

    @property
    def reading(self) -> str:
        """What decides how the rows of a file are understood, as text; equal settings give equal text."""
        kept = self.model_dump(mode="json", exclude={"files", "alias_source"}, exclude_defaults=True)
        return json.dumps(kept, sort_keys=True)

    @checks_model(mode="before")
    @classmethod
    def _from_globs(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"files": [value]}
        return {"files": value} if isinstance(value, list) else value


class IngestSettings(EngineSettings):
    """Limits of the ingest."""

    max_quarantine_share: float = Field(0.05, ge=0, le=1, description="share of a table's rows that may be set aside")
    memory_limit: str = Field("2GB", pattern=r"^\d+(\.\d+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$", description="of DuckDB")
    threads: int | None = Field(None, ge=1, description="threads of DuckDB; default: all cores")
    still_seconds: float = Field(
        1.0,
        ge=0,
        le=600,
        description="a file changed less than that ago is looked at again; one that grows is not taken",
    )
    max_expansion: float = Field(
        100.0, ge=1, description="size of an unpacked file over its packed size, beyond the first 100 MB"
    )
    lock_timeout_seconds: float = Field(120.0, ge=0, description="how long to wait for another process's lock")


class SupplySettings(EngineSettings):
    """What is assumed of supply where the shop's logs do not say it; shown with the results."""

    assume_offers: bool = Field(False, description="items without an offer get one, at the costs and times below")
    cost_share: float = Field(0.5, gt=0, le=1, description="unit cost as a share of the price, where no cost is known")
    lead_time_days: int = Field(14, ge=1, description="days from order to receipt")


class PathSettings(EngineSettings):
    """Where results and state go."""

    var: str = Field("var", description="folder of database, results and state, relative to the workspace")
    allow_outside: bool = Field(False, description="let paths and globs leave the workspace")
    truth: str | None = Field(None, description="Parquet of known true demand (item_id, day, demand); judging only")


class RunSettings(EngineSettings):
    """How backtests are run."""

    stepper: StepperName = Field("compiled", description="compiled or reference: the same bytes")
    plugins: tuple[str, ...] = Field((), description="Python modules in the workspace that register strategies")
    workers: int | None = Field(None, ge=1, description="parameter sets that run at a time; default: one per core")
    keep_scenarios: int = Field(5, ge=1, description="scenarios whose results are kept, the current one included")
    max_unknown_stock_share: float = Field(
        0.5, ge=0, le=1, description="SKU-days without known stock before a run stops"
    )


class ParameterSet(BaseModel, frozen=True):
    """One point of a strategy's grid.

    Attributes:
        key: stable and readable, such as ``target=0.95,review_period=7``; a file name and a partition key.
        parameters: name to value, in the order of the file.
    """

    key: str
    parameters: dict[str, Scalar]


class StrategyGrid(RootModel[dict[str, tuple[Scalar, ...]]], frozen=True):
    """Values to try per parameter; their cross product gives the parameter sets."""

    @checks_model(mode="before")
    @classmethod
    def _scalars_are_lists(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: values if isinstance(values, list | tuple) else [values] for name, values in value.items()}

    @checks("root")
    @classmethod
    def _distinct_and_printable(cls, grid: dict[str, tuple[Scalar, ...]]) -> dict[str, tuple[Scalar, ...]]:
        for name, values in grid.items():
            texts = [_text(value) for value in values]
            if not values or len(set(texts)) != len(texts):
                raise ValueError(f"{name} must list at least one value, each once")
            for text in (name, *texts):
                if not re.fullmatch(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*", text):
                    raise ValueError(f"{name}: {text!r} must consist of letters, digits, '_', '+', '-' and single dots")
        return grid

    def parameter_sets(self) -> tuple[ParameterSet, ...]:
        """All combinations, first parameter slowest; one set named ``default`` when the grid is empty."""
        names = tuple(self.root)
        points = itertools.product(*self.root.values())
        return tuple(_parameter_set(dict(zip(names, point, strict=True))) for point in points)


def _parameter_set(parameters: dict[str, Scalar]) -> ParameterSet:
    key = ",".join(f"{name}={_text(value)}" for name, value in parameters.items())
    return ParameterSet(key=key or "default", parameters=parameters)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Settings(EngineSettings):
    """All settings of one workspace."""

    shop: ShopSettings
    sources: dict[TableName, Source]
    ingest: IngestSettings = IngestSettings()
    demand: DemandSettings = DemandSettings()
    costs: CostRates = CostRates()
    supply: SupplySettings = SupplySettings()
    limits: LimitSettings = LimitSettings()
    window: WindowSettings = WindowSettings()
    strategies: dict[str, StrategyGrid] = Field(default_factory=dict)
    run: RunSettings = RunSettings()
    paths: PathSettings = PathSettings()
    workspace: Path = Field(exclude=True)

    @cached_property
    def var(self) -> Path:
        """Folder of everything that is written."""
        return self.workspace / self.paths.var

    @property
    def stepper(self) -> StepperName:
        """Which stepper backtests run on."""
        return self.run.stepper

    @property
    def keep_scenarios(self) -> int:
        """How many scenarios keep their results."""
        return self.run.keep_scenarios

    @property
    def truth_path(self) -> Path | None:
        """Known true demand, where there is any."""
        return self.workspace / self.paths.truth if self.paths.truth else None

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return self.var / "arena.duckdb"

    @property
    def results_path(self) -> Path:
        """Folder of scenarios, backtests and scorecards."""
        return self.var / "results"

    def files_of(self, table: TableName) -> tuple[Path, ...]:
        """Files that the table's globs name now, sorted by path.

        Left out: hidden files, those starting with '_', and those whose name says that they are not complete.

        Raises:
            SettingsError: one is a link to a file outside the workspace, and that is not allowed.
        """
        source = self.sources.get(table)
        found = {path for pattern in source.files for path in self._glob(pattern)} if source else set()
        files = tuple(sorted(path for path in found if path.is_file() and _is_complete(path.name)))
        if not self.paths.allow_outside:
            self._check_links(files, table)
        return files

    @cached_property
    def has_network(self) -> bool:
        """Whether the tables of a network are configured and have files."""
        return all(self.files_of(table) for table in NETWORK_TABLES)

    def label(self, path: Path) -> str:
        """A path as shown to people: relative to the workspace where it lies below it."""
        return path.relative_to(self.workspace).as_posix() if path.is_relative_to(self.workspace) else str(path)

    def _check_links(self, files: tuple[Path, ...], table: TableName) -> None:
        root = self.workspace.resolve()
        for path in files:
            if not path.resolve().is_relative_to(root):
                raise SettingsError(
                    "file must lie below the workspace, also where a link leads",
                    value=self.label(path),
                    place=f"{FILE_NAME}, sources.{table}",
                    remedy="Copy it there, or set paths.allow_outside = true",
                )

    def _glob(self, pattern: str) -> Iterator[Path]:
        absolute = Path(os.path.normpath(self.workspace / pattern))
        return Path(absolute.anchor).glob(str(absolute.relative_to(absolute.anchor)))


def _is_complete(name: str) -> bool:
    return name[0] not in "._" and not name.lower().endswith(INCOMPLETE)


def find_workspace(start: Path | None = None) -> Path:
    """Folder that holds `arena.toml`.

    Args:
        start: the folder itself. Default: the environment variable ARENA_WORKSPACE, else the current folder or the
            nearest one above it.

    Raises:
        SettingsError: there is none.
    """
    named = start or (Path(os.environ[WORKSPACE_VARIABLE]) if os.environ.get(WORKSPACE_VARIABLE) else None)
    here = Path.cwd()
    for folder in [named] if named else [here, *here.parents]:
        if (folder / FILE_NAME).is_file():
            return folder.resolve()
    raise SettingsError(
        f"{FILE_NAME} must exist",
        place=str(named or here),
        remedy=f"Run `arena init DIR`, change into a workspace, or set {WORKSPACE_VARIABLE}",
    )


def load_settings(workspace: Path | None = None) -> Settings:
    """Read and check the settings of a workspace (see `find_workspace` for the default).

    Raises:
        SettingsError: names file, dotted key, value and remedy; the nearest known key where one is unknown.
    """
    folder = find_workspace(workspace)
    path = folder / FILE_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"must be valid TOML ({error})", place=str(path), remedy="Mend that line") from error
    return parse_settings(content, folder)


def parse_settings(content: Mapping[str, Any], workspace: Path) -> Settings:
    """Settings from the parsed file; `workspace` is the folder that paths are relative to."""
    if "workspace" in content:
        raise _unknown_key(("workspace",), content["workspace"])
    try:
        settings = Settings.model_validate({**content, "workspace": workspace})
    except ValidationError as error:
        raise _settings_error(error) from error
    _check_paths(settings)
    return settings


def _check_paths(settings: Settings) -> None:
    if settings.paths.allow_outside:
        return
    globs = {f"sources.{table}": source.files for table, source in settings.sources.items()}
    named = {"paths.truth": settings.paths.truth, "shop.exchange_rate_file": settings.shop.exchange_rate_file}
    single = {key: (value,) for key, value in named.items() if value}
    for key, values in {"paths.var": (settings.paths.var,), **single, **globs}.items():
        for value in values:
            absolute = Path(os.path.normpath(settings.workspace / value))
            if not absolute.is_relative_to(settings.workspace):
                raise SettingsError(
                    "path must stay below the workspace",
                    value=value,
                    place=f"{FILE_NAME}, {key}",
                    remedy="Write it relative to the workspace, or set paths.allow_outside = true",
                )


def _settings_error(error: ValidationError) -> SettingsError:
    """A finding of Pydantic in the arena's words: an unknown key first, as it explains one that is missing."""
    findings = error.errors(include_url=False)
    found = next((finding for finding in findings if finding["type"] == "extra_forbidden"), findings[0])
    location = tuple(str(part) for part in found["loc"] if part not in ("[key]", "root"))
    if found["type"] == "extra_forbidden" or "[key]" in found["loc"]:
        return _unknown_key(location, found["input"])
    if found["type"] == "missing":
        return SettingsError("key must be given", place=_place(location), remedy=_describe(location))
    rule, _, hint = plain_rule(found["msg"]).partition(". ")
    remedy = " ".join(part for part in (hint, _describe(location)) if part)
    return SettingsError(rule, value=found["input"], place=_place(location), remedy=remedy)


def plain_rule(message: str) -> str:
    """A finding of Pydantic as a rule in the arena's words."""
    return message.removeprefix("Value error, ").replace("Input should be", "must be").replace("String should", "must")


def _unknown_key(location: tuple[str, ...], value: object) -> SettingsError:
    known = _known_keys(location[:-1])
    remedy = nearest(location[-1], known) or f"Known here: {', '.join(known)}"
    return SettingsError("key is unknown", value=value, place=_place(location), remedy=remedy)


def _known_keys(section: tuple[str, ...]) -> list[str]:
    if section == ("sources",):
        return list(TABLES)
    model = _model_of(section)
    return [name for name in model.model_fields if name != "workspace"]


def _model_of(section: tuple[str, ...]) -> type[BaseModel]:
    if section[:1] == ("sources",):
        return Source
    annotation = (
        Settings.model_fields[section[0]].annotation if section and section[0] in Settings.model_fields else None
    )
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else Settings


def _describe(location: tuple[str, ...]) -> str:
    """The description of the key, as a remedy."""
    field = _model_of(location[:-1]).model_fields.get(location[-1]) if location else None
    return f"{location[-1]}: {field.description}" if field and field.description else ""


def _place(location: tuple[str, ...]) -> str:
    return f"{FILE_NAME}, {'.'.join(location)}"
