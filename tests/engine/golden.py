"""Digests of the plans and runs of a fixed small world.

They pin today's numbers: a change of any figure shows, wanted or not. After a wanted change, write them anew and
look at the difference before committing it::

    python -m tests.engine.golden           # prints them
    python -m tests.engine.golden --write   # writes tests/data/golden.json
"""

import hashlib
import json
import sys
from pathlib import Path

from engine.simulation import simulate
from engine.strategies import STRATEGIES
from engine.strategies.build import replanning_days
from tests.engine.make_information import make_shop
from tests.engine.make_scenario import Size, make_levels, make_orders, make_scenario

PATH = Path(__file__).parents[1] / "data" / "golden.json"
SEED = 20240101


def plan_digest(plan):
    sha = hashlib.sha256(plan.days.tobytes())
    for name, matrix in plan.matrices().items():
        sha.update(name.encode() + matrix.tobytes())
    return sha.hexdigest()


def digests():
    """Per strategy of its plan and of the run of it; per stepper of two random weeks with every rule."""
    shop = make_shop(SEED)
    information = shop.information(replanning_days(shop.scenario.axes.days, 7))
    result = {"scenario": shop.scenario.content_hash}
    for name, strategy in STRATEGIES.items():
        plan = strategy().plan(information)
        result[f"plan {name}"] = plan_digest(plan)
        result[f"run {name}"] = simulate(shop.scenario, plan, strategy=name).digest()
    world = make_scenario(SEED, Size(skus=9, days=14))
    for stepper in ("reference", "compiled"):
        for kind, make in (("levels", make_levels), ("orders", make_orders)):
            result[f"two weeks, {kind}, {stepper}"] = simulate(world, make(SEED, world), stepper=stepper).digest()
    return result


if __name__ == "__main__":
    text = json.dumps(digests(), indent=1, sort_keys=True) + "\n"
    if "--write" in sys.argv:
        PATH.write_text(text)
    sys.stdout.write(text)
