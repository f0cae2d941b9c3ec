"""One item through one strategy, day by day, with the reason of every order."""

from dataclasses import dataclass

import numpy as np

from arena_pipeline.arena import make_strategy, plan_of
from arena_pipeline.plugins import load_plugins
from arena_pipeline.settings import ParameterSet, Settings
from arena_pipeline.store import Store, load_arena
from engine.errors import InputError, SettingsError, nearest
from engine.plan import Plan
from engine.scenario.build import World
from engine.scenario.subset import subset_plan, subset_scenario
from engine.schema import Axes
from engine.steppers.ledger import Ledger, run_with_ledger
from engine.strategies import Information


@dataclass(frozen=True)
class Explanation:
    """What happened to one item.

    Attributes:
        title: item, strategy and parameters; ``axes``: of this item alone.
        minor_per_major: to show money.
    """

    title: str
    axes: Axes
    ledger: Ledger
    minor_per_major: int


def explain(settings: Settings, item: str, strategy: str, parameters: str | None) -> Explanation:
    """Replay one item of the current scenario with a ledger.

    Raises:
        InputError: the item is not in the scenario; SettingsError: strategy or parameter set is not configured.
    """
    load_plugins(settings)
    world, information = load_arena(Store.of(settings))
    axes = world.scenario.axes
    if item not in axes.sku_of:
        raise InputError("item must be in the catalogue", value=item, remedy=nearest(item, axes.items))
    point, plan = _plan(settings, world, information, strategy, parameters)
    sku = np.array([axes.sku_of[item]])
    alone = subset_scenario(world.scenario, sku)
    ledger = run_with_ledger(alone, subset_plan(plan, sku, len(axes.items)))
    return Explanation(f"{item}: {strategy} {point}".strip(), alone.axes, ledger, 10**settings.shop.minor_units)


def _plan(
    settings: Settings, world: World, information: Information, strategy: str, parameters: str | None
) -> tuple[str, Plan]:
    if strategy == "actual":
        return "", world.actual
    if strategy not in settings.strategies:
        known = ["actual", *settings.strategies]
        raise SettingsError(
            "strategy must be configured", value=strategy, remedy=nearest(strategy, known) or str(known)
        )
    point = _point(settings.strategies[strategy].parameter_sets(), strategy, parameters)
    return point.key, plan_of(make_strategy(strategy, point), information)


def _point(points: tuple[ParameterSet, ...], strategy: str, parameters: str | None) -> ParameterSet:
    if parameters is None:
        return points[0]
    for point in points:
        if point.key == parameters:
            return point
    keys = [point.key for point in points]
    raise SettingsError(
        "parameter set must be configured", value=parameters, place=f"strategies.{strategy}",
        remedy=nearest(parameters, keys) or f"Known: {'; '.join(keys)}",
    )  # fmt: skip
