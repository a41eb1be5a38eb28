"""The ports of the evaluation to the space under test: one that it starts itself, or one of containers that runs."""

from collections.abc import Sequence
from typing import Protocol

from sre_space.bootstrap.operator import Operator


class Access(Protocol):
    """How the space is hit and observed."""

    @property
    def chaos(self) -> Sequence[str]:
        """Return the command that injects faults into this space, without what it is to inject."""
        ...

    @property
    def jaeger(self) -> str:
        """Return the URL of the trace store."""
        ...

    def operator(self) -> Operator:
        """Return new connections as an operator has them; raise `Unavailable` while there are none."""
        ...


class DesiredState(Protocol):
    """The branch main of the space's repository, which is restored between rounds as a person would."""

    def head(self) -> str:
        """Return the commit of main."""
        ...

    def reset(self, commit: str) -> None:
        """Restore the configuration of a commit by another one, and return when it is in force."""
        ...
