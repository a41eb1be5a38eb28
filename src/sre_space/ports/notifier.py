"""Calling people: what reaches somebody who does not look at the forge."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Note:
    """One call. `title` is one line; `text` is Markdown with everything known. Both are scrubbed as issues are."""

    title: str
    text: str


class Notifier(Protocol):
    """Takes notes to people."""

    def notify(self, note: Note) -> None:
        """Take it and return at once: MUST NOT block and MUST NOT raise.

        What cannot be delivered MUST be tried again a bounded number of times and then logged in one sentence. A note
        is no record: it may be lost with the process that holds it, and the issue still says what it said.
        """
        ...
