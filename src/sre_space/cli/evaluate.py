"""`sre-space eval`: starts the evaluation, another program, for the agents know neither it nor the faults."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sre_space.bootstrap.space.lifecycle import checkout_chart
from sre_space.domain.errors import Malformed, Refused

PROGRAM = "sre_evaluation"


def evaluate(
    detection: bool,
    diagnosis: bool,
    healing: bool,
    repeat: int,
    seed: int,
    only: Sequence[str],
    quiet_minutes: float,
    chart: Path | None,
) -> int:
    """Run it, and return its exit status."""
    chosen = {"detection": detection, "diagnosis": diagnosis, "healing": healing}
    words = [name for name, wanted in chosen.items() if wanted]
    if not words:
        raise Malformed("say what to evaluate: --detection, --diagnosis, --healing, or several of them")
    if importlib.util.find_spec(PROGRAM) is None:
        raise Refused("the evaluation is not installed here; in a checkout, `make setup` installs it")
    words += ["--chart", str(chart or checkout_chart()), "--repeat", str(repeat), "--seed", str(seed)]
    words += ["--quiet-minutes", str(quiet_minutes), *(word for name in only for word in ("--only", name))]
    return subprocess.run([sys.executable, "-m", PROGRAM, *words], check=False).returncode
