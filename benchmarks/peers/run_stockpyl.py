"""Same demand, same (s, S), on ``stockpyl``: demand, order, receive, serve; unserved demand waits, always."""

import sys
import time

from peer_file import read, report
from stockpyl.sim import simulation
from stockpyl.supply_chain_network import single_stage_system

world = read(sys.argv[1])
networks = [
    single_stage_system(
        holding_cost=1,
        stockout_cost=1,
        demand_type="D",
        demand_list=world.demand[sku].tolist(),
        policy_type="sS",
        reorder_point=int(world.point[sku]),
        order_up_to_level=int(world.up_to[sku]),
        shipment_lead_time=world.lead_time,
        initial_inventory_level=int(world.up_to[sku]),
    )
    for sku in range(world.skus)
]
started = time.perf_counter()
for network in networks:
    simulation(network, world.days, progress_bar=False, consistency_checks="N")
seconds = time.perf_counter() - started
levels = [
    next(iter(state.inventory_level.values()))
    for network in networks
    for state in network.nodes[0].state_vars[: world.days]
]
report(seconds, unit_days=int(sum(max(level, 0) for level in levels)))
