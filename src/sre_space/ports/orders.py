"""The port to the orders that people give on an issue, and to the check who may give them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Verb = Literal["approve", "reject", "stop", "restart", "resolved", "hold", "release", "halt", "resume"]


@dataclass(frozen=True)
class Order:
    """One order of a person, `by` a login or operator, in the comment with the id `place`.

    `plan` depends on the verb: the id of the plan for `approve` and `reject`, "" for `stop`, the service's name for
    `restart` (which a person has carried out; the order is its record), for `resolved` the person's description of what
    resolved the incident, which is data for people and no order, for `hold` what is held and until when
    (`record/hold_format.py`), and for `release`, which ends the holds of its issue, "" or the comment id of one of
    them. `halt` and `resume` record that a person used the kill switch; their plan is the person's reason.
    """

    verb: Verb
    plan: str
    by: str
    place: int


@dataclass(frozen=True)
class Resolution:
    """A person's description of what resolved an incident: one line that cannot end a quotation, author, comment id."""

    text: str
    by: str
    place: int


class Orders(Protocol):
    """The orders of authorised people."""

    async def given(self, issue: int) -> Sequence[Order]:
        """Return the orders on an issue, oldest first.

        MUST contain only orders that an operator's key signed, and unedited comments of an account with write
        permission that no agent uses. MUST raise `Unavailable` when the forge does not answer.
        """
        ...


class Writers(Protocol):
    """The accounts with write permission on the repository."""

    async def may_write(self, login: str) -> bool:
        """Return True for a collaborator with permission write, maintain or admin.

        MUST return False when the forge does not list the account, and raise `Unavailable` when it does not answer.
        """
        ...

    async def close(self) -> None:
        """Release the connection; MUST be safe to call twice."""
        ...
