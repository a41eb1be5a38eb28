"""`sre-space eval`: starts the evaluation, a separate program that the agents do not import."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from sre_space.bootstrap.checkout import checkout_config
from sre_space.cli.programs import command_of
from sre_space.domain.errors import Malformed
from sre_space.env_file import environment_beside
from sre_space.settings import CommandLineSettings

PROGRAM = "sre_evaluation"
ON_COMPOSE, DOCKER = f"{PROGRAM}.on_compose", "docker://"  # in the stack around this container


def evaluate(
    detection: bool,
    diagnosis: bool,
    healing: bool,
    repeat: int,
    seed: int,
    only: Sequence[str],
    quiet_minutes: float,
    config_path: Path | None,
) -> int:
    """Run the evaluation and return its exit status; raise `Malformed` without a choice, `Refused` if not installed."""
    chosen = {"detection": detection, "diagnosis": diagnosis, "healing": healing}
    arguments = [name for name, is_chosen in chosen.items() if is_chosen]
    if not arguments:
        raise Malformed("choose what to evaluate: --detection, --diagnosis, --healing, or several of them")
    program = command_of(PROGRAM, "the evaluation is not installed here; in a checkout, `make setup` installs it")
    arguments += ["--chart", str(config_path or checkout_config()), "--repeat", str(repeat), "--seed", str(seed)]
    arguments += ["--quiet-minutes", str(quiet_minutes), *(part for name in only for part in ("--only", name))]
    environment = environment_beside(config_path or checkout_config())
    if CommandLineSettings.read(environment.lines).runtime_address.startswith(DOCKER):
        program[-1] = ON_COMPOSE
    return subprocess.run([*program, *arguments], check=False).returncode
