"""The check that an export request holds only telemetry of the services that its sender may report.

A resource is identified by its `service.name`, so each is accepted or rejected whole. Every attribute of that key must
be exactly one of the allowed names: of two such attributes, readers differ in which they use.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

from sre_space.codec.otlp_records import SIGNALS, SignalLevels, request_of

NAME = "service.name"
MAX_NAME_SHOWN = 60  # characters of a foreign name that an error message shows


@dataclass(frozen=True)
class Owned:
    """The part of a request that its sender may report: its bytes, how many items were `rejected`, and `why`.

    `empty`: every resource of the request was rejected.
    """

    body: bytes
    rejected: int = 0
    why: str = ""
    empty: bool = False

    def without(self, dropped: Mapping[str, int]) -> "Owned":
        """Return this result with the dropped items, counted by reason, added to the rejected ones."""
        reasons = [*filter(None, [self.why]), *(f"{reason}: {number}" for reason, number in dropped.items())]
        return replace(self, rejected=self.rejected + sum(dropped.values()), why=", ".join(reasons))


def owned(signal: str, body: bytes, names: Collection[str]) -> Owned:
    """Return the resources of the request whose name is one of `names`; raise `Malformed` if `body` is no request."""
    levels = SIGNALS[signal]
    request = request_of(signal, body)
    resources = getattr(request, levels.resources)
    foreign = [(number, why) for number, item in enumerate(resources) if (why := _foreign(item.resource, names))]
    if not foreign:
        return Owned(body)
    rejected = sum(_items(resources[number], levels) for number, _ in foreign)
    for number, _ in reversed(foreign):
        del resources[number]
    number, why = foreign[0]
    error = f"resource {number + 1} {why}; this token is for {', '.join(sorted(names))}"
    return Owned(request.SerializeToString(), rejected, error, not resources)


def answer(signal: str, result: Owned) -> bytes:
    """Return the export response as bytes (OTLP, "Partial Success"); empty when everything was accepted."""
    levels = SIGNALS[signal]
    if not result.why:
        return b""
    return levels.response(
        partial_success={levels.rejected: result.rejected, "error_message": result.why}
    ).SerializeToString()


def _foreign(resource: Any, names: Collection[str]) -> str:  # noqa: ANN401 - protobuf
    """Return what is wrong with the name of a resource, "" when the name is one of `names`."""
    values = [pair.value for pair in resource.attributes if pair.key == NAME]
    if not values:
        return f"has no {NAME}"
    for value in values:
        if value.WhichOneof("value") != "string_value":
            return f"has a {NAME} that is not a string"
        if value.string_value not in names:
            return f"has the {NAME} {value.string_value[:MAX_NAME_SHOWN]!a}"
    return ""


def _items(resource: Message, levels: SignalLevels) -> int:
    """Return the number of items as the export response counts them: spans, log records or data points."""
    items = [item for scope in getattr(resource, levels.scopes) for item in getattr(scope, levels.items)]
    if levels.items != "metrics":
        return len(items)
    return sum(len(getattr(metric, kind).data_points) for metric in items if (kind := metric.WhichOneof("data")))
