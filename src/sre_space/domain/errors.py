"""The errors of SRE-Space; every adapter chains the vendor's error under one of these.

The class of an error says which side is at fault and whether a retry can help.
"""


class SpaceError(Exception):
    """Any failure whose message is one sentence for people that names the thing and the remedy."""


class Unavailable(SpaceError):
    """The server is down, slow or overloaded; the same call may succeed later.

    `retry_after` is the server's own advice in seconds, None when it gave none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(SpaceError):
    """The server understood the request and refused it (permission, conflict, validation); a retry does not help."""


class Missing(Refused):
    """The named object does not exist on the server."""


class Conflict(Refused):
    """The object changed meanwhile or cannot be merged: read the present state and decide again."""


class Malformed(SpaceError):
    """Bytes or settings that do not parse; the message names the place and the reason."""


class Damaged(Exception):
    """A damaged file without which the process must not continue; the message names the file and the remedy.

    It ends the process. It is not a `SpaceError`, so that code which retries a `SpaceError` does not swallow it.
    """
