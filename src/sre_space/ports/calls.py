"""Which calls for a person were made already, by whichever agent."""

from typing import Protocol


class Calls(Protocol):
    """Shared by the agents, so that one of them calls for each thing."""

    def first(self, what: str) -> bool:
        """Return True for the first agent that asks about a thing, ever, and False for each one after it.

        MUST be decided atomically among processes, and MUST NOT raise: where it cannot be known the answer is True,
        since two calls are better than none. `what` is a file's name without a path.
        """
        ...
