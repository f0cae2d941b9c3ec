"""The full demo shop, generated once per test session, and small ones for what needs several."""

import pytest

from arena_pipeline.demo import DemoShop, write_demo_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> DemoShop:
    return write_demo_shop(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory) -> DemoShop:
    return write_demo_shop(tmp_path_factory.mktemp("small") / "shop", items=60)
