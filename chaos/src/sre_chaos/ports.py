"""The ports to the parts of a space that can be hit; each is there for the embedded space and for Docker Compose."""

from collections.abc import Callable, Mapping
from typing import Protocol

Edited = Callable[[str], str]  # the new text of a file for its present one


class Runtime(Protocol):
    """What starts the units of the space."""

    def living(self, unit: str) -> int:
        """Return the process id of a unit, 0 when it does not run; MUST be another one after every start."""
        ...

    def kill(self, unit: str) -> int:
        """Send SIGKILL, and return the process id; MUST return only when `living` says that it is gone.

        Raise `NoTarget` when the unit does not run, as all others do.
        """
        ...

    def freeze(self, unit: str) -> int:
        """Stop a unit's processes, which live on and do not answer; return the process id."""
        ...

    def thaw(self, unit: str, pid: int) -> None:
        """Let a frozen unit go on; MUST leave one alone that was started again since it was `pid`."""
        ...

    def reload(self, unit: str) -> None:
        """Send SIGHUP."""
        ...

    def start(self, unit: str) -> None:
        """Start a unit that is down; MUST be a no-op for one that runs."""
        ...


class Network(Protocol):
    """The links between the application's services."""

    def delay(self, link: str, milliseconds: int) -> None:
        """Hold every byte on the link to a service back, in both directions; raise `NoTarget` when that is refused."""
        ...


class Demand(Protocol):
    """How many customers come."""

    def ask_for(self, per_second: float) -> None:
        """Set the rate; it MUST count from the next reload of the traffic generator on."""
        ...

    def restore(self) -> None:
        """Restore the usual rate; MUST be a no-op when it is the usual one."""
        ...


class Database(Protocol):
    """The database of one service, reached beside the service."""

    def require(self) -> None:
        """Raise `NoTarget` when the database is not there."""
        ...

    def hold_writes(self, seconds: float) -> None:
        """Let nobody write for so long; who reads MUST not wait, and nothing MUST be changed."""
        ...

    def refuse_inserts(self, percent: int) -> None:
        """Refuse a share of the inserts into `TABLE` from now on, each with an error; twice MUST be once."""
        ...

    def stop_refusing(self) -> None:
        """Take all inserts again; MUST be a no-op when none is refused."""
        ...


class Repository(Protocol):
    """The desired state on the branch main of a repository, changed as people do."""

    def require_consent(self, named: str) -> None:
        """Raise `NoTarget` when this is a repository that only a person may name (`--repo`), and `named` is another."""
        ...

    def change(self, file: str, edit: Edited, subject: str) -> tuple[str, str]:
        """Commit an edited file of `deploy/config` to main; return its text before and after.

        MUST NOT commit when the edit changes nothing.
        """
        ...

    def deploy(self) -> int:
        """Return when main is in force: the time when its deployment began to take effect (Unix ns).

        A service that does not serve afterwards is no error.
        """
        ...


TABLE, TRIGGER = "assessments", "assessments_quota"
REFUSAL = f"the quota of table {TABLE} is used up"  # the database's words
Address = tuple[str, int]  # host and port
Addresses = Mapping[str, Address]  # of services, by name
