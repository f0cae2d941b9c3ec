from pathlib import Path

import pytest

from arena_pipeline.settings import StrategyGrid, find_workspace, load_settings, parse_settings
from engine.errors import SettingsError

SHOP = {"name": "x", "currency": "GBP", "time_zone": "Europe/London", "prices_include_vat": True, "vat_rate": 0.2}
MINIMAL = {"shop": SHOP, "sources": {"products": ["logs/products/*.csv"]}}
REPOSITORY = Path(__file__).parents[2]


def parsed(tmp_path, **sections):
    return parse_settings(MINIMAL | sections, tmp_path)


def test_demo_configuration_loads_with_seven_strategies_and_gut_feel():
    settings = load_settings(REPOSITORY)
    assert set(settings.strategies) == {
        "continuous_review",
        "periodic_order_up_to",
        "min_max",
        "newsvendor",
        "base_stock",
        "abc_xyz",
        "budget_constrained",
        "naive_min_max",
    }
    for grid in settings.strategies.values():
        sets = grid.parameter_sets()
        assert 1 <= len(sets) <= 6
        assert len({point.key for point in sets}) == len(sets)


def test_defaults_and_derived_paths(tmp_path):
    settings = parsed(tmp_path)
    assert settings.shop.minor_units == 2
    assert settings.shop.vat_basis_points == 2000
    assert settings.costs.carrying_rate == pytest.approx(0.22)
    assert settings.warehouse_path == tmp_path / "var" / "arena.duckdb"


def test_files_are_sorted_and_hidden_ones_left_out(tmp_path):
    folder = tmp_path / "logs/products"
    folder.mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".hidden.csv", "_SUCCESS.csv", "c.txt"):
        (folder / name).touch()
    settings = parsed(tmp_path)
    assert [path.name for path in settings.files_of("products")] == ["a.csv", "b.csv"]
    assert settings.files_of("conversions") == ()


def test_grid_expands_in_order_with_readable_keys():
    grid = StrategyGrid.model_validate({"target": [0.9, 0.95], "review_period": 7, "pooled": [True, False]})
    assert [point.key for point in grid.parameter_sets()] == [
        "target=0.9,review_period=7,pooled=true",
        "target=0.9,review_period=7,pooled=false",
        "target=0.95,review_period=7,pooled=true",
        "target=0.95,review_period=7,pooled=false",
    ]
    assert grid.parameter_sets()[0].parameters == {"target": 0.9, "review_period": 7, "pooled": True}
    assert StrategyGrid.model_validate({}).parameter_sets()[0].key == "default"


@pytest.mark.parametrize("value", [[], [1, 1], "a|b", "a...b", "a/b", "a,b", "a=b", [["nested"]]])
def test_grid_values_that_cannot_be_a_key(tmp_path, value):
    with pytest.raises(SettingsError, match=r"strategies\.min_max"):
        parsed(tmp_path, strategies={"min_max": {"p": value}})


ERRORS = [
    (
        {"shop": SHOP | {"curency": "GBP"}},
        r"arena.toml, shop.curency: key is unknown, was 'GBP'. Did you mean 'currency'\?",
    ),
    ({"ingets": {}}, r"arena.toml, ingets: key is unknown.*Did you mean 'ingest'\?"),
    ({"sources": {"page_view": ["x"]}}, r"sources.page_view: key is unknown.*Did you mean 'page_views'\?"),
    ({"costs": {"holding": 0.1}}, r"costs.holding: key is unknown.*Did you mean 'holding_rate'\?"),
    ({"demand": {"xyz": 0.1}}, r"demand.xyz: key is unknown.*Known here: intent_ratio"),
    ({"shop": SHOP | {"minor_units": "two"}}, r"shop.minor_units: must be a valid integer.*was 'two'"),
    ({"shop": SHOP | {"vat_rate": 1.5}}, r"shop.vat_rate: must be less than 1, was 1.5"),
    ({"shop": SHOP | {"vat_rate": 0.123456}}, r"shop.vat_rate: must have at most four decimals"),
    ({"shop": SHOP | {"time_zone": "Europe/Londn"}}, r"shop.time_zone: must be an IANA time zone.*'Europe/London'"),
    ({"shop": {"name": "x"}}, r"shop.currency: key must be given. currency: ISO 4217"),
    (
        {"shop": SHOP | {"first_day": "2011-02-01", "last_day": "2011-01-01"}},
        r"shop: last_day must not be before first_day",
    ),
    ({"ingest": {"memory_limit": "lots"}}, r"ingest.memory_limit: .*was 'lots'"),
    (
        {"sources": {"products": ["../elsewhere/*"]}},
        r"sources.products: path must stay below the workspace, was '../else",
    ),
    ({"sources": {"products": ["/data/*"]}}, r"path must stay below the workspace.*paths.allow_outside = true"),
    ({"paths": {"var": "a/../../b"}}, r"paths.var: path must stay below the workspace"),
    (
        {"sources": {"products": {"files": ["x"], "delimeter": ";"}}},
        r"sources.products.delimeter: key is unknown.*'delimiter'",
    ),
    ({"workspace": "/"}, r"workspace: key is unknown"),
]


@pytest.mark.parametrize(("sections", "message"), ERRORS)
def test_errors_name_key_value_and_remedy(tmp_path, sections, message):
    with pytest.raises(SettingsError, match=message):
        parsed(tmp_path, **sections)


def test_paths_may_leave_the_workspace_when_allowed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "p.csv").touch()
    settings = parse_settings(
        MINIMAL | {"sources": {"products": ["../outside/*"]}, "paths": {"allow_outside": True}}, tmp_path / "inside"
    )
    assert settings.files_of("products") == (outside / "p.csv",)


def test_links_leave_the_workspace_only_when_allowed(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "secrets.csv"
    (inside / "logs").mkdir(parents=True)
    outside.touch()
    (inside / "logs/own.csv").touch()
    (inside / "logs/near.csv").symlink_to(inside / "logs/own.csv")
    content = MINIMAL | {"sources": {"products": ["logs/*"]}}
    assert len(parse_settings(content, inside).files_of("products")) == 2
    for link, target in (("far.csv", outside), ("folder", tmp_path)):
        (inside / "logs" / link).symlink_to(target)
        content["sources"] = {"products": ["logs/*", "logs/folder/*.csv"]}
        with pytest.raises(SettingsError, match=r"sources.products: file must lie below the workspace, also where a"):
            parse_settings(content, inside).files_of("products")
        allowed = parse_settings(content | {"paths": {"allow_outside": True}}, inside).files_of("products")
        assert len(allowed) == 3
        (inside / "logs" / link).unlink()


def test_workspace_is_found_by_variable_folder_and_upwards(tmp_path, monkeypatch):
    (tmp_path / "arena.toml").write_text("")
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    monkeypatch.delenv("ARENA_WORKSPACE", raising=False)
    monkeypatch.chdir(below)
    assert find_workspace() == tmp_path
    monkeypatch.setenv("ARENA_WORKSPACE", str(below))
    with pytest.raises(SettingsError, match=r"arena\.toml must exist.*arena init"):
        find_workspace()
    monkeypatch.setenv("ARENA_WORKSPACE", str(tmp_path))
    monkeypatch.chdir("/")
    assert find_workspace() == tmp_path


def test_broken_toml_names_file_and_line(tmp_path):
    (tmp_path / "arena.toml").write_text("[shop]\nname = x\n")
    with pytest.raises(SettingsError, match=r"arena.toml: must be valid TOML \(.*line 2"):
        load_settings(tmp_path)
