"""`sre-space up`, `down` and `demo`: this process becomes the embedded space's program, another package."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sre_space.cli.edge import STOPPING
from sre_space.cli.programs import command_of

PROGRAM = "sre_embedded"
ABSENT = "the embedded space is not installed here; install it: pip install sre-embedded, or in a checkout: make setup"


def up(state: Path, ports: str, config_path: Path | None, dry_run: bool) -> NoReturn:
    """Start the space; raise `Refused` when the embedded space is not installed, as `down` and `demo` do."""
    _become("up", "--state", str(state), "--ports", ports, *_chart(config_path), *_flag("--dry-run", dry_run))


def down(state: Path) -> NoReturn:
    """Stop the space."""
    _become("down", "--state", str(state))


def demo(fault: str, as_json: bool, keep: bool, config_path: Path | None) -> NoReturn:
    """Run the demonstration."""
    _become("demo", "--fault", fault, *_flag("--json", as_json), *_flag("--keep", keep), *_chart(config_path))


def _chart(config_path: Path | None) -> Sequence[str]:
    return ("--chart", str(config_path)) if config_path is not None else ()


def _flag(name: str, given: bool) -> Sequence[str]:
    return (name,) if given else ()


def _become(*words: str) -> NoReturn:
    """Replace this process, so that signals and the exit status are those of the program; it unblocks the signals."""
    command = [*command_of(PROGRAM, ABSENT), *words]
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    os.execv(command[0], command)
