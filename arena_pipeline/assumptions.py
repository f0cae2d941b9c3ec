"""What a run takes for granted because the shop's logs do not say it, in sentences that stand beside its figures.

What belongs here: telling. What does not: assuming (`supply`, the engine's recovery of demand).
"""

import json
from dataclasses import dataclass

import polars as pl

from arena_pipeline.demand import LISTED, unknown_stock_share
from arena_pipeline.rule_of_thumb import TOLD
from arena_pipeline.settings import Settings
from arena_pipeline.store import Store, write_whole
from arena_pipeline.supply import Supply
from engine.scenario.supply import DEFAULT_LEAD_TIME_DAYS

OWN_ORDERS = "the shop's own orders"
RULE = "a rule of thumb's orders"
FILE = "assumptions.json"
WORTH_TELLING = 0.01
"""Share of SKU-days with unknown stock from which it is told."""


@dataclass(frozen=True)
class Assumptions:
    """What was assumed.

    Attributes:
        sentences: each stands by itself.
        yardstick: what ``actual`` is, in words.
    """

    sentences: tuple[str, ...] = ()
    yardstick: str = OWN_ORDERS

    def note(self, settings: Settings) -> str:
        """What the settings say is generated, and what was assumed; empty when there is neither."""
        return " ".join(part for part in (settings.shop.synthetic or "", *self.sentences) if part)


def assumptions_of(settings: Settings, supply: Supply, daily: pl.LazyFrame) -> Assumptions:
    """What the world was built on.

    Args:
        settings: of the workspace; ``supply``: what was filled in.
        daily: daily activity, see ``engine.demand.activity``.
    """
    items = int(daily.select(pl.col("sku").n_unique()).collect().item())
    told = [*_of_prices(settings), *_of_offers(settings, supply), *_of_purchases(supply, items), *_of_stock(daily)]
    return Assumptions(tuple(told), RULE if 2 * supply.items_by_rule > items else OWN_ORDERS)


def _of_prices(settings: Settings) -> list[str]:
    source = settings.sources.get("products")
    price = source.constants.get("price") if source else None
    if price is None:
        return []
    told = f"The files say no prices: every item without one costs {price} (sources.products.constants)"
    return [f"{told}, so that amounts of money compare strategies and say nothing else."]


def _of_offers(settings: Settings, supply: Supply) -> list[str]:
    told = []
    if supply.costs_assumed:
        told.append(
            f"Costs of {_items(supply.costs_assumed)} are not in the files: {settings.supply.cost_share:.0%} of the "
            "price is taken (supply.cost_share)."
        )
    if supply.offers_assumed:
        told.append(
            f"Lead times of {_items(supply.offers_assumed)} are not in the files: "
            f"{settings.supply.lead_time_days} days are taken (supply.lead_time_days)."
        )
    times = supply.tables.suppliers.filter(pl.col("lead_time_days").is_null())["supplier_id"].to_list()
    silent = supply.tables.supplier_offers.filter(
        pl.col("lead_time_days").is_null() & pl.col("supplier_id").is_in(times)
    )["item_id"].n_unique()
    if silent:
        told.append(
            f"Lead times of {_items(silent)} are not in the files: {DEFAULT_LEAD_TIME_DAYS:.0f} days are taken "
            "(give lead_time_days in suppliers or supplier_offers)."
        )
    return told


def _of_purchases(supply: Supply, items: int) -> list[str]:
    told = []
    if supply.purchases_inferred:
        told.append(
            f"Your purchases are not in the files: {supply.purchases_inferred:,} order lines are read off increases of "
            "the stock record."
        )
    if supply.items_by_rule:
        told.append(
            f"Your purchases of {supply.items_by_rule:,} of {_items(items)} are not in the files, nor does a stock "
            f"record show them: there 'actual' is a rule of thumb ({TOLD}), and a lead over it says nothing of your "
            "own buying. Shelves are empty on the first day unless a stock record tells otherwise."
        )
    return told


def _of_stock(daily: pl.LazyFrame) -> list[str]:
    unknown = LISTED & (pl.col("stock_state") == "unknown")
    counts = daily.select(
        today=(unknown & (pl.col("day") == pl.col("day").max())).sum(),
        views=pl.col("views_in").cast(pl.Int64).sum() + pl.col("views_oos").cast(pl.Int64).sum(),
    )
    found = counts.collect().row(0, named=True)
    share = unknown_stock_share(daily)
    told = []
    if share >= WORTH_TELLING:
        told.append(f"Stock is unknown on {share:.0%} of all days of all items: demand there is what was sold.")
    if share < 0.95 and not found["views"]:
        told.append("There are no page views: demand that stock-outs hid is estimated from sales alone.")
    if found["today"]:
        told.append(f"Stock of {_items(found['today'])} is unknown today: proposals to order take it as none.")
    return told


def _items(count: int) -> str:
    return f"{count:,} item" if count == 1 else f"{count:,} items"


def keep(store: Store, scenario_hash: str, found: Assumptions) -> None:
    """Write them beside the world they belong to."""
    text = json.dumps({"sentences": found.sentences, "yardstick": found.yardstick}, indent=1) + "\n"
    write_whole(store.folder(scenario_hash) / FILE, lambda path: path.write_text(text, encoding="utf-8"))


def stored(store: Store) -> Assumptions:
    """Those of the current world; none where none were written."""
    path = store.folder(store.current_hash) / FILE if store.has_scenario else None
    if path is None or not path.exists():
        return Assumptions()
    found = json.loads(path.read_text(encoding="utf-8"))
    return Assumptions(tuple(found["sentences"]), found["yardstick"])
