"""The engine's sources as text, with a regression planted in them, and modules made of such text."""

import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import engine

ENGINE = Path(engine.__file__).parent
STATE, LEVELS, REFERENCE = "steppers/state.py", "steppers/levels.py", "steppers/reference.py"
KERNEL, TABLES = "steppers/compiled/kernel.py", "steppers/compiled/tables.py"


@cache
def _read():
    return {path.relative_to(ENGINE).as_posix(): path.read_text() for path in sorted(ENGINE.rglob("*.py"))}


def sources():
    """Text of every module of the engine by path."""
    return dict(_read())


def plant(path, old, new):
    """The sources with one passage replaced where it first stands."""
    text = sources()
    assert old in text[path], f"{path} has no such passage: {old!r}"
    return text | {path: text[path].replace(old, new, 1)}


def load(text, path, **names):
    """A module made of a source text; ``names`` replace what it imported."""
    name = f"planted.{path}"
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses look their module up
    exec(compile(text[path], str(ENGINE / path), "exec"), module.__dict__)  # noqa: S102 - the engine's own text
    vars(module).update(names)
    return module


def reference_of(text):
    """``ReferenceRun`` made of these sources."""
    state = load(text, STATE)
    in_force = load(text, LEVELS)
    module = load(
        text,
        REFERENCE,
        SystemState=state.SystemState,
        OpenTotals=state.OpenTotals,
        LevelsInForce=in_force.LevelsInForce,
    )
    return module.ReferenceRun
