"""Same demand, same (s, S), on ``replenishment``: receive, serve, then order; arrives ``lead_time`` days later."""

import sys
import time
from dataclasses import dataclass

from peer_file import read, report
from replenishment import ArticleSimulationConfig, InventoryState, simulate_replenishment_for_articles


@dataclass(frozen=True)
class OrderUpTo:
    """(s, S): the library's own reorder-point policy orders a fixed quantity."""

    reorder_point: int
    order_up_to: int

    def order_quantity_for(self, state: InventoryState) -> int:
        """Units to order at the close of the day."""
        position = state.inventory_position
        return self.order_up_to - position if position <= self.reorder_point else 0


world = read(sys.argv[1])
articles = {
    str(sku): ArticleSimulationConfig(
        periods=world.days,
        demand=world.demand[sku].tolist(),
        initial_on_hand=int(world.up_to[sku]),
        lead_time=world.lead_time,
        policy=OrderUpTo(int(world.point[sku]), int(world.up_to[sku])),
    )
    for sku in range(world.skus)
}
started = time.perf_counter()
results = simulate_replenishment_for_articles(articles)
seconds = time.perf_counter() - started
report(
    seconds,
    sold=sum(result.summary.total_fulfilled for result in results.values()),
    lost=sum(result.summary.total_backorders for result in results.values()),
    lines=sum(snapshot.order_placed > 0 for result in results.values() for snapshot in result.snapshots),
)
