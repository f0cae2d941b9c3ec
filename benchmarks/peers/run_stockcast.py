"""Same demand, same (s, S), on ``stockcast``: it decides before demand, so its lead time is one less."""

import sys
import time

import pandas as pd
from peer_file import read, report
from stockcast.core import InventoryStateDataFrame, SimulationEngine
from stockcast.policies import ReorderPointPolicy

world = read(sys.argv[1])
skus = [f"{sku:07d}" for sku in range(world.skus)]
days = pd.date_range("2023-01-01", periods=world.days, freq="D")
demand = pd.DataFrame(
    {
        "unique_id": [sku for sku in skus for _ in range(world.days)],
        "date": list(days) * world.skus,
        "y": world.demand.reshape(-1),
    }
)
shelf = InventoryStateDataFrame.from_observed(
    pd.DataFrame({"unique_id": skus, "date": days[0] - pd.Timedelta(days=1), "on_hand": world.up_to.astype(float)})
)
policy = ReorderPointPolicy(lead_time=world.lead_time - 1, review_period=1, freq="D", allow_backorders=False)
policy.fit(
    reorder_point=dict(zip(skus, world.point.tolist(), strict=True)),
    order_up_to_level=dict(zip(skus, world.up_to.tolist(), strict=True)),
)
started = time.perf_counter()
result = SimulationEngine().run(policy=policy, demand_source=demand, inventory=shelf)
seconds = time.perf_counter() - started
events = result.to_event_frame()
report(
    seconds,
    sold=int(events["fulfilled_units"].sum()),
    lost=int(events["lost_sales_units"].sum()),
    lines=int((events["order_quantity"] > 0).sum()),
)
