"""The examples in docstrings are tests."""

import doctest
import importlib
import pkgutil

import pytest

import engine.optimisation

NAMES = [module.name for module in pkgutil.walk_packages(engine.optimisation.__path__, "engine.optimisation.")]


@pytest.mark.parametrize("name", [*NAMES, "engine.forecast.intermittent"])
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_most_formulas_have_an_example():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in NAMES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 30
