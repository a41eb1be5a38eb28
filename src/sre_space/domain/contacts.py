"""Who answers for a service, and where what to do is written: carried by issues and notifications."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

MAX_CONTACTS = 20  # of one incident


@dataclass(frozen=True)
class Contact:
    """The people of one service; each field may be "".

    `owner` is their name, `notify` the name of the notification target (`SRE_NOTIFY_URLS`) that reaches them, `runbook`
    a link.
    """

    service: str
    owner: str = ""
    notify: str = ""
    runbook: str = ""

    @property
    def known(self) -> bool:
        """Return True when anything is known of the people of this service."""
        return bool(self.owner or self.notify or self.runbook)


def contacts_of(contacts: Iterable[Contact], first: Collection[str]) -> tuple[Contact, ...]:
    """Return the known contacts, those of the services in `first` before the others, at most `MAX_CONTACTS`."""
    known = [contact for contact in contacts if contact.known]
    return tuple(sorted(known, key=lambda contact: contact.service not in first)[:MAX_CONTACTS])
