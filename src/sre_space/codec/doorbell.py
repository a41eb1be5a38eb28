"""The doorbell on `sre_facts`: which issue has something new. Anyone may ring, so a ring is read with suspicion.

Used by `loop/watch.py`.
"""

import json
from dataclasses import dataclass

from sre_space.domain.errors import Malformed

MAX_BYTES = 200  # bytes; a ring has about 40, and nothing nested fits that could exhaust the parser
MAX_NUMBER = 2**63 - 1  # what forges number with


@dataclass(frozen=True)
class WakeUp:
    """Look at this issue; `comment` can be read soon (0: as it is)."""

    issue: int
    comment: int

    @property
    def encoded(self) -> bytes:
        """A record's value."""
        return json.dumps({"issue": self.issue, "comment": self.comment}).encode()


def parse_wake_up(value: bytes) -> WakeUp:
    """The ring in a record; `Malformed` for anything else."""
    if len(value) > MAX_BYTES:
        raise Malformed(f"a record of {len(value)} bytes is no ring")
    try:
        told = json.loads(value)
        issue, comment = told["issue"], told["comment"]
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed("a record that is no ring") from error
    if not (_number(issue, 1) and _number(comment, 0)):
        raise Malformed("a ring without the numbers of an issue and a comment")
    return WakeUp(issue, comment)


def _number(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MAX_NUMBER
