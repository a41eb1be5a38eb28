"""Calls people over the services that Apprise knows, one URL each: fulfils `ports.notifier.Notifier`.

Apprise is optional (`pip install sre-space[notify]`). It waits for the network, so a thread of its own does that. Its
URLs hold secrets: they are never logged, and neither is what Apprise itself would say of them.
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

PAUSES_S = (5.0, 30.0, 120.0)  # between the tries
MAX_WAITING = 100  # notes
_BETWEEN = re.compile(r"\s*,\s*(?=[a-zA-Z][\w+.-]*://)")  # a comma may stand inside of a URL too


@dataclass(frozen=True)
class Channel:
    """One of the URLs; `number` is its place among them, which is all that the log tells of it."""

    number: int
    service: Apprise = field(repr=False)

    def deliver(self, note: Note) -> bool:
        """One try, as long as Apprise's own limits of some seconds; Apprise raises nothing."""
        kind, form = NotifyType.WARNING, NotifyFormat.MARKDOWN
        return bool(self.service.notify(note.text, note.title, kind, form))


class AppriseNotifier(Notifier):
    """Each note goes to every channel; who fails is tried again after each of the pauses, the others are not."""

    def __init__(self, channels: Sequence[Channel], pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._channels, self._pauses_s = channels, pauses_s
        self._waiting: queue.Queue[Note] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._deliver_for_ever, name="apprise", daemon=True)

    @classmethod
    def to(cls, urls: str, pauses_s: Sequence[float] = PAUSES_S) -> "AppriseNotifier":
        """For URLs by commas; `Malformed` names the place of one that Apprise does not know, not the URL."""
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        listed = enumerate(_BETWEEN.split(urls.strip(" ,")), 1)
        return cls([_channel(number, url) for number, url in listed], pauses_s)

    def notify(self, note: Note) -> None:
        """Leave it to the thread."""
        if self._thread.ident is None:
            self._thread.start()
        try:
            self._waiting.put_nowait(note)
        except queue.Full:
            log.warning("%d notifications wait already; this one is dropped: %s", MAX_WAITING, note.title)

    def join(self) -> None:
        """Return when every note was delivered or given up."""
        self._waiting.join()

    def _deliver_for_ever(self) -> None:
        while True:
            self._deliver(self._waiting.get())
            self._waiting.task_done()

    def _deliver(self, note: Note) -> None:
        left = [one for one in self._channels if not one.deliver(note)]
        for pause in self._pauses_s:
            if not left:
                return
            time.sleep(pause)
            left = [one for one in left if not one.deliver(note)]
        for one in left:
            tries = 1 + len(self._pauses_s)
            log.warning(
                "entry %d of SRE_NOTIFY_URLS took no notification in %d tries: %s", one.number, tries, note.title
            )


def _channel(number: int, url: str) -> Channel:
    service = Apprise()
    if not service.add(url):
        raise Malformed(f"SRE_NOTIFY_URLS: entry {number} is no URL that Apprise knows; see docs/settings.md")
    return Channel(number, service)
