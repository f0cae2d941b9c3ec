"""Same demand, same (s, S), on ``inventorize``: it orders by yesterday's position, so its lead time is one less."""

import sys
import time

import inventorize
from peer_file import read, report

world = read(sys.argv[1])
series = [world.demand[sku].astype(float) for sku in range(world.skus)]
started = time.perf_counter()
results = [
    inventorize.sim_min_max(
        demand=series[sku],
        leadtime=world.lead_time - 1,
        service_level=0.95,
        Min=int(world.point[sku]),
        Max=int(world.up_to[sku]),
        initial_inventory_level=int(world.up_to[sku]),
    )[0]
    for sku in range(world.skus)
]
seconds = time.perf_counter() - started
report(
    seconds,
    sold=int(sum(result["sales"].sum() for result in results)),
    lost=int(sum(result["lost_order"].sum() for result in results)),
    lines=int(sum((result["order"] > 0).sum() for result in results)),
)
