"""The closed set of remedies: what the agents can do to the application, each with its inverse where there is one.

`MITIGATION: PR` is a change of desired state: a pull request whose diff must equal the edits of the remedy.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from sre_space.domain.configuration import Edit


class RemedyKind(StrEnum):
    """The kinds of remedies; in lower case they are the values of `actions` in the configuration."""

    RESTART = "RESTART"
    SET_CONFIG = "SET-CONFIG"
    REVERT = "REVERT"
    SCALE = "SCALE"
    ESCALATE = "ESCALATE"


class _Remedy(Protocol):
    """The properties that all remedies have."""

    @property
    def name(self) -> str:
        """Return the remedy's kind and target without values, as in `RESTART checkout`."""
        ...

    @property
    def attempt_key(self) -> str:
        """Return what identifies the attempt: one that failed is not repeated in the same incident."""
        return self.name

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Return the edits of desired state that the remedy makes; empty when it makes none."""
        return ()

    @property
    def command(self) -> str:
        """Return the line that states the remedy on the issue. It is for people: no agent acts on such a line."""
        values = ", ".join(map(str, self.edits))
        return f"MITIGATION: {self.name}" + (f": {values}" if values else "")


@dataclass(frozen=True)
class _OneKey(_Remedy):
    """A remedy that sets one key of one file of desired state; `service` is the service that it changes."""

    service: str
    file: str
    key: str
    old: str | None
    new: str | None
    reason: str

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Return the edit of that key."""
        return (Edit(self.file, self.key, self.old, self.new),)


@dataclass(frozen=True)
class Restart(_Remedy):
    """A restart of a unit; `incarnation` identifies the process that was diagnosed. It has no inverse."""

    service: str
    incarnation: str
    reason: str
    kind: Literal[RemedyKind.RESTART] = RemedyKind.RESTART

    @property
    def name(self) -> str:
        """Return the kind and its target."""
        return f"RESTART {self.service}"


@dataclass(frozen=True)
class SetConfig(_OneKey):
    """A remedy that sets a tunable; `purpose` is the tunable's purpose as the configuration states it.

    `follow_up` is what people have to do afterwards when it helps; "" for nothing.
    """

    purpose: str = ""
    follow_up: str = ""
    kind: Literal[RemedyKind.SET_CONFIG] = RemedyKind.SET_CONFIG

    @property
    def name(self) -> str:
        """Return the kind and its target."""
        return f"PR SET {self.service} {self.key}"


@dataclass(frozen=True)
class RevertChange(_Remedy):
    """The revert of one commit and of nothing else: `changes` are the inverse edits of the commit's keys."""

    service: str
    commit: str
    changes: tuple[Edit, ...]
    reason: str
    kind: Literal[RemedyKind.REVERT] = RemedyKind.REVERT

    @property
    def name(self) -> str:
        """Return the kind and its target."""
        return f"PR REVERT {self.service}"

    @property
    def attempt_key(self) -> str:
        """Return the name with the commit: to revert another commit is another attempt."""
        return f"{self.name} (of {self.commit[:12]})"

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Return the inverse edits of the commit's keys."""
        return self.changes

    @property
    def command(self) -> str:
        """Return the line that states the remedy on the issue, with the commit that it reverts."""
        return f"{super().command} (of {self.commit[:12]})"


@dataclass(frozen=True)
class Scale(_OneKey):
    """A remedy that changes the number of a service's replicas."""

    kind: Literal[RemedyKind.SCALE] = RemedyKind.SCALE

    @property
    def name(self) -> str:
        """Return the kind and its target."""
        return f"PR SCALE {self.service}"


@dataclass(frozen=True)
class Escalate(_Remedy):
    """An escalation to a person. Nothing is changed, so there is nothing to undo."""

    reason: str
    service: str = ""
    kind: Literal[RemedyKind.ESCALATE] = RemedyKind.ESCALATE

    @property
    def name(self) -> str:
        """Return "ESCALATE"."""
        return "ESCALATE"

    @property
    def command(self) -> str:
        """Return the bare name: an escalation is no mitigation."""
        return self.name


ConfigChange = SetConfig | RevertChange | Scale
Remedy = Restart | SetConfig | RevertChange | Scale | Escalate


def name_in(line: str) -> str:
    """Return the `name` of the remedy whose `command` is this line."""
    return line.removeprefix("MITIGATION: ").partition(": ")[0]


def inverse(remedy: Remedy, commit: str) -> ConfigChange | None:
    """Return the remedy that undoes what was merged as `commit`; None for a remedy that has no inverse."""
    match remedy:
        case Restart() | Escalate():
            return None
        case SetConfig():
            back = f"undoes {remedy.name}"
            return SetConfig(remedy.service, remedy.file, remedy.key, remedy.new, remedy.old, back, remedy.purpose)
        case Scale():
            back = f"undoes {remedy.name}"
            return Scale(remedy.service, remedy.file, remedy.key, remedy.new, remedy.old, back)
        case RevertChange():
            edits = tuple(edit.inverse for edit in reversed(remedy.changes))
            return RevertChange(remedy.service, commit, edits, f"undoes {remedy.name} of {remedy.commit[:12]}")
