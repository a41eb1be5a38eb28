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
    """An order: which fields each verb needs stands in docs/dashboard-api.md, Acting."""

    verb: OrderVerb
    incident: int | None = Field(None, ge=1, le=2**53, description="approve, reject: the incident of the plan")
    plan: str = Field("", max_length=12, pattern="^([0-9a-f]{12})?$", description="approve, reject")
    services: tuple[str, ...] = Field((), max_length=200, description="hold: these; none for everything")
    seconds: int | None = Field(None, ge=60, le=86_400, description="hold: for how long")
    reason: str = Field("", max_length=400, description="hold: why; halt and resume may have one")
    issue: int | None = Field(None, ge=1, le=2**53, description="release: the hold's issue")
    order: int | None = Field(None, ge=1, le=2**53, description="release: the hold's order, where it has one")


class OrderTaken(Model):
    """What was signed, where it is recorded, by whom, and what happens now, in one sentence."""

    text: str
    by: str
    issue: int | None
    comment: int | None
    recorded: bool = Field(description="false: a halt took effect although the forge was away")
