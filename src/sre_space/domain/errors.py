"""The errors of the doctor; every adapter chains the vendor's error under one of these.

An error says whose fault it is and whether trying again can help.
"""


class SpaceError(Exception):
    """Any failure that a person reads as one sentence naming the thing and the remedy."""


class Unavailable(SpaceError):
    """The other side is down, slow or overloaded; the same call may succeed later.

    `retry_after` is the other side's own advice in seconds, None when it gave none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(SpaceError):
    """The other side understood and said no (permission, conflict, validation); do not repeat."""


class Missing(Refused):
    """What was named does not exist over there."""


class Conflict(Refused):
    """It moved meanwhile, or cannot be merged: read anew and decide again."""


class Malformed(SpaceError):
    """Bytes or settings that do not parse; the message names the place and the reason."""


class Damaged(Exception):
    """A file that nobody may go on without; the message names it and the remedy. It ends the process.

    Not a `SpaceError`: what is tried again later must not pass over it.
    """
