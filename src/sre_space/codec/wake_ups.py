"""Wake-up messages on `sre_facts`: which issue has a new fact. Anyone may send one, so nothing in it is trusted.

Used by `loop/watch.py`.
"""

import json
from dataclasses import dataclass

from sre_space.domain.errors import Malformed

MAX_BYTES = 200  # a message has about 40, and no nesting that fits could exhaust the parser
MAX_NUMBER = 2**63 - 1  # the largest number that forges give


@dataclass(frozen=True)
class WakeUp:
    """A message to read an issue: `comment` is the number of its newest comment (0: read the issue as it is)."""

    issue: int
    comment: int

    @property
    def encoded(self) -> bytes:
        """Return the message as the value of a record on the bus."""
        return json.dumps({"issue": self.issue, "comment": self.comment}).encode()


def parse_wake_up(value: bytes) -> WakeUp:
    """Return the wake-up message in a record's value; raise `Malformed` for anything else."""
    if len(value) > MAX_BYTES:
        raise Malformed(f"a record of {len(value)} bytes is not a wake-up message")
    try:
        message = json.loads(value)
        issue, comment = message["issue"], message["comment"]
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed("a record that is not a wake-up message") from error
    if not (_number(issue, 1) and _number(comment, 0)):
        raise Malformed("a wake-up message without the numbers of an issue and a comment")
    return WakeUp(issue, comment)


def _number(value: object, minimum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= MAX_NUMBER
