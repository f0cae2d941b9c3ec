"""What a run was worth: every figure from integer totals, one definition each."""

from engine.scorecard.card import LEVELS, score_run
from engine.scorecard.ranking import leaderboard, non_dominated

__all__ = ["LEVELS", "leaderboard", "non_dominated", "score_run"]
