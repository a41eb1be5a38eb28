"""What people say on an issue that counts as an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Verb = Literal["approve", "reject", "stop", "restart", "resolved"]


@dataclass(frozen=True)
class Order:
    """One order: `plan` names what is approved or rejected ("" for stop), `by` who said it, `place` the comment.

    A person who restarts a service does so by himself: then `plan` is its name, and the order is the record. Who says
    that a case is `resolved` orders nothing: then `plan` is what was said, and it is data for people.
    """

    verb: Verb
    plan: str
    by: str
    place: int


@dataclass(frozen=True)
class Resolution:
    """What a person said ended an incident: one line that cannot end a quotation, who wrote it, in which comment."""

    text: str
    by: str
    place: int


class Orders(Protocol):
    """Orders of people who may give them."""

    async def given(self, issue: int) -> Sequence[Order]:
        """The orders on an issue, oldest first.

        MUST hold only what an operator's key signed, or the unedited comment of an account with write permission that
        no agent uses. Raises `Unavailable` when the forge does not answer.
        """
        ...


class Writers(Protocol):
    """Whom the forge grants to write to the repository."""

    async def may_write(self, login: str) -> bool:
        """True for a collaborator with permission write, maintain or admin.

        MUST answer False when the forge does not list the account, and raise `Unavailable` when it does not answer.
        """
        ...
