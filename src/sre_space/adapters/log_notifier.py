"""Calls people by one line of the log: fulfils `ports.notifier.Notifier`. Every agent has it, whatever else is set."""

import logging

from sre_space.ports.notifier import Note, Notifier

log = logging.getLogger(__name__)


class LogNotifier(Notifier):
    """The title only: the rest is on the issue."""

    def notify(self, note: Note) -> None:
        """One warning."""
        log.warning("a person is asked: %s", note.title)
