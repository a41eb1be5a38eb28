"""People: who the token of a request names, and the orders that this person gives."""

from typing import Literal

from pydantic import Field

from sre_space.dashboard.answers.base import Model

OrderVerb = Literal["approve", "reject", "halt", "resume", "hold", "release"]


class Me(Model):
    """The person whose token the request carries; `why` says why nobody may act with it."""

    name: str | None
    may: tuple[OrderVerb, ...]
    why: str
    reads: bool = Field(description="false: this address answers reads only with a token")
    operators: int = Field(description="number of people who can act here; 0: add one with `sre-space operators add`")


class NewOrder(Model):
    """An order. `approve` and `reject` need `plan` (and `incident`), `hold` needs `services`, `seconds` and `reason`
    (no services: everything), `release` needs `issue`; `halt` and `resume` need nothing, and take a `reason`.
    """

    verb: OrderVerb
    incident: int | None = Field(None, ge=1, le=2**53)
    plan: str = Field("", max_length=12, pattern="^([0-9a-f]{12})?$")
    services: tuple[str, ...] = Field((), max_length=200)
    seconds: int | None = Field(None, ge=60, le=86_400)
    reason: str = Field("", max_length=400)
    issue: int | None = Field(None, ge=1, le=2**53)


class OrderTaken(Model):
    """What was signed, where it is recorded, by whom, and what happens now, in one sentence."""

    text: str
    by: str
    issue: int | None
    comment: int | None
    recorded: bool = Field(description="false: a halt took effect although the forge was away")
