"""What pipeline and browser tests share: one small workspace that was run once per session, and a server on it.

Every test process makes its own (pytest-xdist runs several); all tests that use them carry one group name, so that
`--dist loadgroup` gives them to one process. Imports are local: tests of the engine alone do not load Dagster.
"""

import os

import pytest

SHARED = {"ran", "server", "copy"}


def pytest_configure(config):
    for name in ("ARENA_WORKSPACE", "DAGSTER_HOME"):  # of the shell that runs the tests, such as make's
        os.environ.pop(name, None)
    config.addinivalue_line("filterwarnings", "ignore:Parameter .* is currently in beta")


def pytest_collection_modifyitems(config, items):
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if SHARED & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.xdist_group("workspace"))


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """A workspace on which everything was run once; to be read only."""
    from tests.arena_pipeline.workspaces import make_workspace  # noqa: PLC0415

    return make_workspace(tmp_path_factory.mktemp("arena") / "workspace").run()


@pytest.fixture
def copy(ran, tmp_path):
    """A copy of it that a test may change."""
    return ran.copied(tmp_path / "workspace")


@pytest.fixture(scope="session")
def server(ran):
    """A read-only web server on the workspace."""
    from tests.arena_pipeline.served import serve  # noqa: PLC0415

    with serve(ran, "--read-only") as running:
        yield running
