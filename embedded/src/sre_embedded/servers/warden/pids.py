"""The process ids of the space's units, from the runtime's read-only socket."""

import json
import socket
from collections.abc import Mapping

ANSWERS_WITHIN_S = 3.0
MAX_BYTES = 2**20


def listed_pids(path: str) -> Mapping[str, int]:
    """Return the process id of each live unit; raise `OSError` when the socket at `path` sends no valid listing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWERS_WITHIN_S)
        connection.connect(path)
        with connection.makefile("rb") as answer:
            line = answer.readline(MAX_BYTES)
    try:
        return {str(unit["name"]): int(unit["pid"]) for unit in json.loads(line) if unit["pid"]}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise OSError(f"the answer at {path} is not a listing of units") from error
