"""Notifications to people over any service that Apprise supports, one URL each: fulfils `ports.notifier.Notifier`.

Apprise is optional (`pip install sre-space[notify]`). It blocks on the network, so it runs on a thread of its own. Its
URLs hold secrets: they are never logged, and Apprise's own log, which may show them, is turned off.
"""

import logging
import queue
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from apprise import Apprise, NotifyFormat, NotifyType

from sre_space.domain.errors import Malformed
from sre_space.ports.notifier import Note, Notifier

log = logging.getLogger(__name__)

PAUSES_S = (5.0, 30.0, 120.0)  # between the attempts
MAX_WAITING = 100  # notes in the queue
_NAME = r"([a-z0-9][a-z0-9-]*)="
_SEPARATOR = re.compile(
    rf"\s*,\s*(?=(?:{_NAME.replace('(', '(?:')})?[a-zA-Z][\w+.-]*://)"
)  # a URL may contain a comma too
_NAMED = re.compile(rf"{_NAME}(?=[a-zA-Z][\w+.-]*://)")


@dataclass(frozen=True)
class Channel:
    """One notification URL; `number` is its position in the list, the only part that is ever logged.

    `name` is what the configuration calls it, "" for one that takes every note.
    """

    number: int
    service: Apprise = field(repr=False)
    name: str = ""

    def deliver(self, note: Note) -> bool:
        """Send once and return True on success; takes up to some seconds (Apprise's timeouts) and raises nothing."""
        kind, form = NotifyType.WARNING, NotifyFormat.MARKDOWN
        return bool(self.service.notify(note.text, note.title, kind, form))


class AppriseNotifier(Notifier):
    """A notifier that sends each note to every channel and retries, after each pause, the channels that failed."""

    def __init__(self, channels: Sequence[Channel], pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._channels, self._pauses_s = channels, pauses_s
        self._waiting: queue.Queue[Note] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._deliver_forever, name="apprise", daemon=True)

    @classmethod
    def to(cls, urls: str, pauses_s: Sequence[float] = PAUSES_S) -> "AppriseNotifier":
        """Return a notifier for comma-separated entries `URL` or `NAME=URL`.

        Raise `Malformed`, with its position only, for an unknown URL.
        """
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        listed = enumerate(_SEPARATOR.split(urls.strip(" ,")), 1)
        return cls([_channel(number, url) for number, url in listed], pauses_s)

    def notify(self, note: Note) -> None:
        """Queue the note for the delivery thread; with a full queue the note is dropped and logged."""
        if self._thread.ident is None:
            self._thread.start()
        try:
            self._waiting.put_nowait(note)
        except queue.Full:
            log.warning("%d notifications wait already; this one is dropped: %s", MAX_WAITING, note.title)

    def join(self) -> None:
        """Wait until every note has been delivered or given up."""
        self._waiting.join()

    def _deliver_forever(self) -> None:
        while True:
            self._deliver(self._waiting.get())
            self._waiting.task_done()

    def _deliver(self, note: Note) -> None:
        failed = [channel for channel in _addressed(self._channels, note) if not channel.deliver(note)]
        for pause in self._pauses_s:
            if not failed:
                return
            time.sleep(pause)
            failed = [channel for channel in failed if not channel.deliver(note)]
        for channel in failed:
            attempts = 1 + len(self._pauses_s)
            log.warning(
                "entry %d of SRE_NOTIFY_URLS accepted no notification in %d attempts: %s",
                channel.number,
                attempts,
                note.title,
            )


def _addressed(channels: Sequence[Channel], note: Note) -> Sequence[Channel]:
    """Return the channels that a note goes to: those that it names and those without a name, else all."""
    return [channel for channel in channels if not channel.name or channel.name in note.to] or channels


def _channel(number: int, entry: str) -> Channel:
    """Return the channel of an entry `URL` or `NAME=URL`."""
    service, named = Apprise(), _NAMED.match(entry)
    url = entry[named.end() :] if named else entry
    if not service.add(url):
        raise Malformed(f"SRE_NOTIFY_URLS: entry {number} is not a URL that Apprise supports; see docs/settings.md")
    return Channel(number, service, named[1] if named else "")
