"""Whose telemetry an export request holds, and what is left of it when it may hold only some names'.

A resource is its `service.name`, so each is taken or rejected whole. Every attribute of that key must be a text that is
one of the names, exactly: readers differ in which of two they take.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

from sre_space.codec.otlp_records import SIGNALS, Signal, request_of

NAME = "service.name"
MAX_NAME_SHOWN = 60  # characters told of a name that somebody made up


@dataclass(frozen=True)
class Owned:
    """The part of a request that is the sender's own: its bytes, and how many items were `rejected`, and `why`.

    `empty`: nothing is left, though there was something.
    """

    body: bytes
    rejected: int = 0
    why: str = ""
    empty: bool = False

    def without(self, dropped: Mapping[str, int]) -> "Owned":
        """Return it with what was dropped by reason rejected too."""
        told = [*filter(None, [self.why]), *(f"{reason}: {number}" for reason, number in dropped.items())]
        return replace(self, rejected=self.rejected + sum(dropped.values()), why=", ".join(told))


def owned(signal: str, body: bytes, names: Collection[str]) -> Owned:
    """Keep the resources whose name is one of `names`; `Malformed` when the bytes are no request."""
    levels = SIGNALS[signal]
    request = request_of(signal, body)
    resources = getattr(request, levels.resources)
    foreign = [(number, why) for number, one in enumerate(resources) if (why := _foreign(one.resource, names))]
    if not foreign:
        return Owned(body)
    rejected = sum(_items(resources[number], levels) for number, _ in foreign)
    for number, _ in reversed(foreign):
        del resources[number]
    number, why = foreign[0]
    told = f"resource {number + 1} {why}; this token is for {', '.join(sorted(names))}"
    return Owned(request.SerializeToString(), rejected, told, not resources)


def answer(signal: str, done: Owned) -> bytes:
    """The export response (OTLP, "Partial Success"); empty when everything was taken."""
    levels = SIGNALS[signal]
    if not done.why:
        return b""
    return levels.response(
        partial_success={levels.rejected: done.rejected, "error_message": done.why}
    ).SerializeToString()


def _foreign(resource: Any, names: Collection[str]) -> str:  # noqa: ANN401 - protobuf
    """What is wrong with the name of a resource; "" when it is one of `names`."""
    told = [pair.value for pair in resource.attributes if pair.key == NAME]
    if not told:
        return f"has no {NAME}"
    for value in told:
        if value.WhichOneof("value") != "string_value":
            return f"has a {NAME} that is no text"
        if value.string_value not in names:
            return f"has the {NAME} {value.string_value[:MAX_NAME_SHOWN]!a}"
    return ""


def _items(resource: Message, levels: Signal) -> int:
    """As the response counts them: spans, log records, data points."""
    items = [item for scope in getattr(resource, levels.scopes) for item in getattr(scope, levels.items)]
    if levels.items != "metrics":
        return len(items)
    return sum(len(getattr(metric, kind).data_points) for metric in items if (kind := metric.WhichOneof("data")))
