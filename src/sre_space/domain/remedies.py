"""The closed set of remedies: what the doctor can do to the patient, each with its inverse or, plainly, none.

`MITIGATION: PR` is a change of desired state: a pull request whose diff must equal the edits of the remedy.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from sre_space.domain.configuration import Edit


class RemedyKind(StrEnum):
    """The kinds; in lower case they are the words of the chart's allowed actions."""

    RESTART = "RESTART"
    SET_CONFIG = "SET-CONFIG"
    REVERT = "REVERT"
    SCALE = "SCALE"
    ESCALATE = "ESCALATE"


class _Remedy(Protocol):
    """What all of them tell."""

    @property
    def name(self) -> str:
        """What is tried, whatever the values: `RESTART policy-service`."""
        ...

    @property
    def attempt(self) -> str:
        """What is not tried twice in one incident."""
        return self.name

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What it changes in desired state."""
        return ()

    @property
    def command(self) -> str:
        """The line that people read on the issue; text of theirs that looks like it is never obeyed."""
        values = ", ".join(map(str, self.edits))
        return f"MITIGATION: {self.name}" + (f": {values}" if values else "")


@dataclass(frozen=True)
class _OneKey(_Remedy):
    """Sets one key of one file of desired state; `service` is whom it changes."""

    service: str
    file: str
    key: str
    old: str | None
    new: str | None
    reason: str

    @property
    def edits(self) -> tuple[Edit, ...]:
        """That key."""
        return (Edit(self.file, self.key, self.old, self.new),)


@dataclass(frozen=True)
class Restart(_Remedy):
    """End a unit and start it again; `incarnation` is the life of the unit that was diagnosed. No inverse."""

    service: str
    incarnation: str
    reason: str
    kind: Literal[RemedyKind.RESTART] = RemedyKind.RESTART

    @property
    def name(self) -> str:
        """The kind and its target."""
        return f"RESTART {self.service}"


@dataclass(frozen=True)
class SetConfig(_OneKey):
    """Set a tunable; `purpose` is what the chart says that it is for.

    `follow_up` is what stays to be done by people when it helps; "" when nothing does.
    """

    purpose: str = ""
    follow_up: str = ""
    kind: Literal[RemedyKind.SET_CONFIG] = RemedyKind.SET_CONFIG

    @property
    def name(self) -> str:
        """The kind and its target."""
        return f"PR SET {self.service} {self.key}"


@dataclass(frozen=True)
class RevertChange(_Remedy):
    """Take back one commit and nothing else: `changes` are its keys, backwards."""

    service: str
    commit: str
    changes: tuple[Edit, ...]
    reason: str
    kind: Literal[RemedyKind.REVERT] = RemedyKind.REVERT

    @property
    def name(self) -> str:
        """The kind and its target."""
        return f"PR REVERT {self.service}"

    @property
    def attempt(self) -> str:
        """The revert of this commit: that of another one is another attempt."""
        return f"{self.name} (of {self.commit[:12]})"

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The keys of the commit."""
        return self.changes

    @property
    def command(self) -> str:
        """Names the commit too."""
        return f"{super().command} (of {self.commit[:12]})"


@dataclass(frozen=True)
class Scale(_OneKey):
    """Run another number of replicas."""

    kind: Literal[RemedyKind.SCALE] = RemedyKind.SCALE

    @property
    def name(self) -> str:
        """The kind and its target."""
        return f"PR SCALE {self.service}"


@dataclass(frozen=True)
class Escalate(_Remedy):
    """A person is asked. Nothing is changed, so there is nothing to take back."""

    reason: str
    service: str = ""
    kind: Literal[RemedyKind.ESCALATE] = RemedyKind.ESCALATE

    @property
    def name(self) -> str:
        """The word."""
        return "ESCALATE"

    @property
    def command(self) -> str:
        """No mitigation."""
        return self.name


ConfigChange = SetConfig | RevertChange | Scale
Remedy = Restart | SetConfig | RevertChange | Scale | Escalate


def name_in(line: str) -> str:
    """The `name` of the remedy whose command a line is."""
    return line.removeprefix("MITIGATION: ").partition(": ")[0]


def inverse(remedy: Remedy, commit: str) -> ConfigChange | None:
    """The remedy that takes back what was merged as `commit`; None where there is none."""
    match remedy:
        case Restart() | Escalate():
            return None
        case SetConfig():
            back = f"takes back {remedy.name}"
            return SetConfig(remedy.service, remedy.file, remedy.key, remedy.new, remedy.old, back, remedy.purpose)
        case Scale():
            back = f"takes back {remedy.name}"
            return Scale(remedy.service, remedy.file, remedy.key, remedy.new, remedy.old, back)
        case RevertChange():
            edits = tuple(edit.inverse for edit in reversed(remedy.changes))
            return RevertChange(remedy.service, commit, edits, f"takes back {remedy.name} of {remedy.commit[:12]}")
