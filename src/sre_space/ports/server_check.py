"""The port to a server's own word on whether it serves. Asked by `sre-space doctor`."""

from dataclasses import dataclass
from typing import Protocol


class ServerCheck(Protocol):
    """A server that the agents use, at one address and with one set of credentials."""

    async def ask(self) -> str:
        """Return what serves there, in words, with its version where it tells one.

        MUST change nothing that another client can see. MUST raise `Unavailable` without an answer within the
        adapter's time limit, and `Refused` when the server refuses the credentials; the message names the setting.
        """
        ...


@dataclass(frozen=True)
class Door:
    """What is behind an address of a runtime: its `name`, in words, and whether units may be changed through it."""

    name: str
    may_change: bool


class DoorCheck(Protocol):
    """An address of a runtime."""

    async def ask(self) -> Door:
        """Return what is behind the address; MUST change nothing, also where it may. Raise as `ServerCheck.ask`."""
        ...
