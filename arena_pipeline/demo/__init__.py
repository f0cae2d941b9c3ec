"""The demo shop: real order lines, and a generated shop around them that writes its own log files."""

from arena_pipeline.demo.shop import DEMO_SEED, DemoShop, write_demo_shop

__all__ = ["DEMO_SEED", "DemoShop", "write_demo_shop"]
