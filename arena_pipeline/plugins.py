"""Strategies of one's own: modules in the workspace that register themselves."""

import importlib
import sys

from arena_pipeline.settings import Settings
from engine.errors import SettingsError


def load_plugins(settings: Settings) -> None:
    """Import the modules that ``run.plugins`` names, from the workspace.

    Raises:
        SettingsError: a module cannot be imported.
    """
    folder = str(settings.workspace)
    for name in settings.run.plugins:
        if folder not in sys.path:
            sys.path.insert(0, folder)
        try:
            importlib.import_module(name)
        except Exception as error:
            raise SettingsError(
                f"module must be importable ({type(error).__name__}: {error})",
                value=name,
                place="arena.toml, run.plugins",
                remedy=f"Put {name}.py into {folder} and mend what it says",
            ) from error  # fmt: skip
