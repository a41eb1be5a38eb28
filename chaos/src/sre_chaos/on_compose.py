"""`trigger_chaos.py --compose`: the same command in the container `chaos` of the Compose project, whose door is there.

Docker Compose finds the project as it always does: by COMPOSE_FILE and `.env`, in this folder.
"""

import subprocess
from collections.abc import Sequence

from sre_chaos.errors import NoTarget

OPTION = "--compose"
_COMMAND = ("docker", "compose", "exec", "--no-TTY", "chaos", "python", "-m", "sre_chaos")


def run_in_container(arguments: Sequence[str]) -> int:
    """Run the command with these arguments, and return its exit status; raise `NoTarget` without docker."""
    try:
        return subprocess.run([*_COMMAND, *arguments], check=False).returncode
    except FileNotFoundError as error:
        raise NoTarget("docker is not installed here; a space of containers is hit with it") from error
