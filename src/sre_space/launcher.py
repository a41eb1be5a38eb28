"""Starts the program of a container: `python -m sre_space.launcher NAME -- PROGRAM ARGUMENTS`.

It becomes the program, with three kinds of variables: the unit's desired state, which the deployer wrote and which is
read now, so that a restart applies what was deployed; above these the container's own secrets; and above both what the
container was given, where that is not empty. Standard library only: images of services carry it without the agents.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from sre_space.codec.variables import UnreadableFile, parse_variables
from sre_space.paths import StatePaths

EXIT_USAGE = 2
STATE = "SRE_SPACE_STATE"


def main() -> NoReturn:
    """Become the program, or exit with status 2 and one sentence."""
    try:
        name, argv = parse(sys.argv[1:])
        environment = environment_of(StatePaths(Path(os.environ.get(STATE, ""))), name, os.environ)
        os.execvpe(argv[0], argv, environment)
    except (UnreadableFile, OSError) as error:
        sys.stderr.write(f"launcher: {error}\n")
        sys.exit(EXIT_USAGE)


def parse(arguments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the unit's name and the program with its arguments; `UnreadableFile` with the usage when invalid."""
    if len(arguments) < 3 or arguments[1] != "--":
        raise UnreadableFile("use: python -m sre_space.launcher NAME -- PROGRAM ARGUMENTS")
    return arguments[0], tuple(arguments[2:])


def environment_of(state: StatePaths, name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a unit; `UnreadableFile` when a file that is there is damaged."""
    files = (state.variables(name), state.secrets)
    merged = {key: value for path in files for key, value in _variables(path).items()}
    return merged | {key: value for key, value in given.items() if value}


def _variables(path: Path) -> Mapping[str, str]:
    """Return the variables in a file; none when there is no such file."""
    try:
        return parse_variables(path.read_text(), str(path))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error


if __name__ == "__main__":
    main()
