"""The evaluation in a space of its own."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sre_evaluation.embedded_space import embedded_course
from sre_evaluation.evaluating import evaluate as evaluate_in


def evaluate(
    of: Sequence[str], config_path: Path, repeat: int, seed: int, only: Sequence[str], quiet_minutes: float
) -> int:
    """Start a space, evaluate in it, and stop it; return 0 only when each score is good enough."""
    return evaluate_in(of, partial(embedded_course, config_path), repeat, seed, only, quiet_minutes)
