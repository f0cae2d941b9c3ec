"""The fast twin of the reference stepper; importing it imports Numba."""

from engine.steppers.compiled.run import run_compiled

__all__ = ["run_compiled"]
