"""The port to the registry of notifications, by which the agents avoid notifying people twice about one thing."""

from typing import Protocol


class NotificationRegistry(Protocol):
    """A registry of sent notifications, shared by the agents."""

    def first(self, what: str) -> bool:
        """Return True to the first caller, of all agents and times, that asks about `what`; False to every later one.

        MUST be atomic among processes, and MUST NOT raise: when the registry cannot be used the answer is True, since
        two notifications are better than none. `what` is a file name without a path.
        """
        ...
