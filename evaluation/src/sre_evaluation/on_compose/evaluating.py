"""The evaluation in the stack whose container this is."""

from collections.abc import Sequence
from pathlib import Path

from sre_evaluation.evaluating import evaluate as evaluate_in
from sre_evaluation.on_compose.stack import compose_course


def evaluate(
    of: Sequence[str], config_path: Path, repeat: int, seed: int, only: Sequence[str], quiet_minutes: float
) -> int:
    """Evaluate in the running stack; return 0 only when each score is good enough."""
    del config_path  # the stack runs with it already
    return evaluate_in(of, compose_course, repeat, seed, only, quiet_minutes)
