"""Notifications as one line of the log: fulfils `ports.notifier.Notifier`. Every agent uses it besides any other."""

import logging

from sre_space.ports.notifier import Note, Notifier

log = logging.getLogger(__name__)


class LogNotifier(Notifier):
    """A notifier that logs the title of each note; the rest is on the issue."""

    def notify(self, note: Note) -> None:
        """Log the note's title as a warning."""
        log.warning("a person is asked: %s", note.title)
