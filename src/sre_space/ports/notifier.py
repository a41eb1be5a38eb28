"""The port to notifications, which reach people who are not looking at the forge."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Note:
    """One notification. `title` is one line, `text` is Markdown; both are scrubbed in the same way as issues.

    `to` are the names of targets whose people it concerns. It goes to these and to targets without a name, and to all
    targets where that would be none.
    """

    title: str
    text: str
    to: tuple[str, ...] = ()


class Notifier(Protocol):
    """A sender of notifications to people."""

    def notify(self, note: Note) -> None:
        """Queue a notification and return at once: MUST NOT block and MUST NOT raise.

        A failed delivery MUST be retried a bounded number of times and then logged in one sentence. A notification may
        be lost when its process ends: the issue is the record.
        """
        ...
