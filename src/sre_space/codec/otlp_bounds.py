"""Bounds on what an export request may hold, in time and in size. Used by the embedded telemetry server.

The numbers of attributes, events and links are those that OpenTelemetry's SDKs keep by default. A request that keeps
them is handed on byte for byte; in another one long texts are cut, and items of no possible time, or too large even so,
are dropped and counted by their reason.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from sre_space.codec.otlp_records import SIGNALS, Signal
from sre_space.domain.bounds import MAX_NAME, MAX_TEXT, TOO_LARGE, cut
from sre_space.domain.errors import Malformed
from sre_space.domain.event_time import why_no_span, why_not

MAX_ATTRIBUTES = MAX_EVENTS = MAX_LINKS = 128
MAX_ITEM_BYTES = 256 * 1024  # of a span, a log record or a metric, once its texts are cut
MAX_RESOURCE_BYTES = 16 * 1024  # of what is told of a process or a library; it is kept with each span
MAX_REPEATED_BYTES = 128 * 2**20  # of a resource times its spans
MAX_ITEMS = 100_000  # of a request

Item = Any  # a span, a log record or a metric: protobuf's messages share no type with these fields


@dataclass
class Bounded:
    """A request inside of the bounds: its bytes, and by reason how many items it lost."""

    body: bytes
    dropped: Counter[str] = field(default_factory=Counter)


def bounded(signal: str, body: bytes, now: int, kept: int) -> Bounded:
    """The request at `now`, of items at most `kept` ns old; `Malformed` when the bytes are none."""
    levels = SIGNALS[signal]
    request = levels.request()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are no OTLP {signal} request: {error}") from error
    _refuse_many(request, levels)
    dropped: Counter[str] = Counter()
    changed = False
    for resource in getattr(request, levels.resources):
        changed |= _cut_origin(resource.resource)
        for scope in getattr(resource, levels.scopes):
            changed |= _cut_origin(scope.scope)
            items = getattr(scope, levels.items)
            changed |= sum(map(_cut_item, items)) > 0
            _drop(items, lambda one: _WHY[signal](one, now, kept), dropped)
        _refuse_repeated(resource, levels)
    return Bounded(request.SerializeToString() if changed or dropped else body, dropped)


def _drop(items: Any, why: Callable[[Item], str], dropped: Counter[str]) -> None:  # noqa: ANN401 - a repeated field
    reasons = [TOO_LARGE if one.ByteSize() > MAX_ITEM_BYTES else why(one) for one in items]
    if any(reasons):
        dropped.update(filter(None, reasons))
        _keep(items, [one for one, reason in zip(items, reasons, strict=True) if not reason])


def _refuse_many(request: Any, levels: Signal) -> None:  # noqa: ANN401 - any signal's
    resources = getattr(request, levels.resources)
    count = sum(len(getattr(scope, levels.items)) for one in resources for scope in getattr(one, levels.scopes))
    if count > MAX_ITEMS:
        raise Malformed(f"{count} items are more than {MAX_ITEMS}; send smaller batches")


def _refuse_repeated(resource: Any, levels: Signal) -> None:  # noqa: ANN401 - any signal's
    """Each span is kept with its resource: together they may not be much larger than what was sent."""
    for scope in getattr(resource, levels.scopes):
        origin = resource.resource.ByteSize() + scope.scope.ByteSize()
        if origin * len(getattr(scope, levels.items)) > MAX_REPEATED_BYTES:
            raise Malformed(f"{origin} bytes of a resource are too many for so many items; send smaller batches")


def _why_no_span(span: Item, now: int, kept: int) -> str:
    return why_no_span(span.start_time_unix_nano, span.end_time_unix_nano, now, kept)


def _why_no_record(record: Item, now: int, kept: int) -> str:
    """A record may leave its times out: 0 is unknown, says OTLP."""
    at = record.time_unix_nano or record.observed_time_unix_nano
    return why_not(at, now, kept) if at else ""


def _why_no_metric(metric: Item, now: int, kept: int) -> str:
    """A metric with one impossible point is dropped whole."""
    return next((why for one in _points(metric) if (why := why_not(one.time_unix_nano, now, kept))), "")


_WHY: dict[str, Callable[[Item, int, int], str]] = {
    "traces": _why_no_span,
    "logs": _why_no_record,
    "metrics": _why_no_metric,
}


def _points(metric: Item) -> Sequence[Any]:
    kind = metric.WhichOneof("data")
    points: Sequence[Any] = getattr(metric, kind).data_points if kind else ()
    return points


def _cut_item(item: Item) -> bool:
    """Cut its texts; False when there was nothing to cut: what is small as a whole holds nothing large."""
    if len(getattr(item, "name", "")) <= MAX_NAME and item.ByteSize() <= MAX_TEXT:
        return False
    for name in ("name", "unit", "severity_text", "event_name"):
        _cut_field(item, name, MAX_NAME)
    for name in ("description", "trace_state"):
        _cut_field(item, name, MAX_TEXT)
    if "body" in item.DESCRIPTOR.fields_by_name:
        _cut_value(item.body, MAX_TEXT)
    if "status" in item.DESCRIPTOR.fields_by_name:
        _cut_field(item.status, "message", MAX_TEXT)
    for part in (item, *_parts(item)):
        _cut_attributes(part)
    return True


def _parts(item: Item) -> Iterator[Any]:
    """What carries attributes of its own: events and links (no more than are kept), and points."""
    for name, most in (("events", MAX_EVENTS), ("links", MAX_LINKS)):
        if name in item.DESCRIPTOR.fields_by_name:
            parts = getattr(item, name)
            del parts[most:]
            for part in parts:
                _cut_field(part, "name", MAX_NAME)
                yield part
    if "gauge" in item.DESCRIPTOR.fields_by_name:
        yield from _points(item)


def _cut_origin(origin: Any) -> bool:  # noqa: ANN401 - a resource or a scope
    """What is told of a process or a library: bounded as a whole, its name first. False when nothing was to be cut."""
    names = [one for one in origin.attributes if one.key == "service.name"]
    fits = all(one.value.ByteSize() <= MAX_NAME for one in names) and origin.ByteSize() <= MAX_RESOURCE_BYTES
    if fits:
        return False
    for one in names:
        _cut_value(one.value, MAX_NAME)
    for name in ("name", "version"):
        _cut_field(origin, name, MAX_NAME)
    _cut_attributes(origin)
    left, kept = MAX_RESOURCE_BYTES - 4 * MAX_NAME, []
    for pair in sorted(origin.attributes, key=lambda one: one.key != "service.name"):
        left -= pair.ByteSize()
        kept += [pair] if left >= 0 else []
    _keep(origin.attributes, kept)
    return True


def _cut_attributes(message: Any) -> None:  # noqa: ANN401 - any message; exponential points and summaries have them too
    if "attributes" in message.DESCRIPTOR.fields_by_name:
        kept = [pair for pair in message.attributes if len(pair.key) <= MAX_NAME][:MAX_ATTRIBUTES]
        for pair in kept:
            _cut_value(pair.value, MAX_TEXT)
        _keep(message.attributes, kept)


def _keep(repeated: Any, kept: Sequence[Any]) -> None:  # noqa: ANN401 - a repeated field
    if len(kept) < len(repeated):
        copies = [type(one).FromString(one.SerializeToString()) for one in kept]
        del repeated[:]
        repeated.extend(copies)


def _cut_value(value: AnyValue, most: int) -> None:
    """A long text is cut; of another long value only its size is left."""
    if value.ByteSize() > most:
        text = value.string_value
        value.string_value = cut(text, most) if text else f"(a value of {value.ByteSize()} bytes)"


def _cut_field(message: Any, name: str, most: int) -> None:  # noqa: ANN401 - any message
    text = getattr(message, name, "")
    if len(text) > most:
        setattr(message, name, cut(text, most))
