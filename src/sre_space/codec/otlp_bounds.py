"""Limits on the times and sizes in an export request. Used by the embedded telemetry server.

The numbers of attributes, events and links are the defaults of OpenTelemetry's SDKs. A request within the limits is
passed on byte for byte; in any other request long texts are cut, and items with an impossible time, or still too large,
are dropped and counted by reason.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from sre_space.codec.otlp_records import SIGNALS, SignalLevels
from sre_space.domain.bounds import MAX_NAME, MAX_TEXT, TOO_LARGE, cut
from sre_space.domain.errors import Malformed
from sre_space.domain.event_time import implausible_reason, implausible_span_reason

MAX_ATTRIBUTES = MAX_EVENTS = MAX_LINKS = 128
MAX_ITEM_BYTES = 256 * 1024  # of a span, a log record or a metric, once its texts are cut
MAX_RESOURCE_BYTES = 16 * 1024  # of a resource (process) or scope (library); stored with each of its spans
MAX_REPEATED_BYTES = 128 * 2**20  # size of a resource times its number of spans
MAX_ITEMS = 100_000  # of a request

Item = Any  # a span, a log record or a metric: protobuf's messages share no type with these fields


@dataclass
class Bounded:
    """A request within the limits: its bytes, and by reason how many items were dropped."""

    body: bytes
    dropped: Counter[str] = field(default_factory=Counter)


def bounded(signal: str, body: bytes, now: int, kept: int) -> Bounded:
    """Return the request at `now` (Unix ns) without items older than `kept` ns; raise `Malformed` if it is not one."""
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
            _drop(items, lambda item: _WHY[signal](item, now, kept), dropped)
        _refuse_repeated(resource, levels)
    return Bounded(request.SerializeToString() if changed or dropped else body, dropped)


def _drop(items: Any, why: Callable[[Item], str], dropped: Counter[str]) -> None:  # noqa: ANN401 - a repeated field
    reasons = [TOO_LARGE if item.ByteSize() > MAX_ITEM_BYTES else why(item) for item in items]
    if any(reasons):
        dropped.update(filter(None, reasons))
        _keep(items, [item for item, reason in zip(items, reasons, strict=True) if not reason])


def _refuse_many(request: Any, levels: SignalLevels) -> None:  # noqa: ANN401 - any signal's
    resources = getattr(request, levels.resources)
    count = sum(
        len(getattr(scope, levels.items)) for resource in resources for scope in getattr(resource, levels.scopes)
    )
    if count > MAX_ITEMS:
        raise Malformed(f"{count} items are more than {MAX_ITEMS}; send smaller batches")


def _refuse_repeated(resource: Any, levels: SignalLevels) -> None:  # noqa: ANN401 - any signal's
    """Raise `Malformed` when the items, each stored with a copy of its resource, would need too many bytes."""
    for scope in getattr(resource, levels.scopes):
        origin = resource.resource.ByteSize() + scope.scope.ByteSize()
        if origin * len(getattr(scope, levels.items)) > MAX_REPEATED_BYTES:
            raise Malformed(f"{origin} bytes of a resource are too many for so many items; send smaller batches")


def _why_no_span(span: Item, now: int, kept: int) -> str:
    return implausible_span_reason(span.start_time_unix_nano, span.end_time_unix_nano, now, kept)


def _why_no_record(record: Item, now: int, kept: int) -> str:
    """Return why the record's time is impossible, "" otherwise; in OTLP a record's time may be unknown (0)."""
    at = record.time_unix_nano or record.observed_time_unix_nano
    return implausible_reason(at, now, kept) if at else ""


def _why_no_metric(metric: Item, now: int, kept: int) -> str:
    """Return why a point's time is impossible, "" otherwise; a metric with one such point is dropped whole."""
    return next((why for point in _points(metric) if (why := implausible_reason(point.time_unix_nano, now, kept))), "")


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
    """Cut the texts of an item; return False when the item is so small that it has nothing to cut."""
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
    """Yield the parts with attributes of their own: events and links (the excess deleted), and points of a gauge."""
    for name, limit in (("events", MAX_EVENTS), ("links", MAX_LINKS)):
        if name in item.DESCRIPTOR.fields_by_name:
            parts = getattr(item, name)
            del parts[limit:]
            for part in parts:
                _cut_field(part, "name", MAX_NAME)
                yield part
    if "gauge" in item.DESCRIPTOR.fields_by_name:
        yield from _points(item)


def _cut_origin(origin: Any) -> bool:  # noqa: ANN401 - a resource or a scope
    """Cut a resource or scope to its limit, service name first; return False when there was nothing to cut."""
    names = [pair for pair in origin.attributes if pair.key == "service.name"]
    fits = all(pair.value.ByteSize() <= MAX_NAME for pair in names) and origin.ByteSize() <= MAX_RESOURCE_BYTES
    if fits:
        return False
    for pair in names:
        _cut_value(pair.value, MAX_NAME)
    for name in ("name", "version"):
        _cut_field(origin, name, MAX_NAME)
    _cut_attributes(origin)
    left, kept = MAX_RESOURCE_BYTES - 4 * MAX_NAME, []
    for pair in sorted(origin.attributes, key=lambda pair: pair.key != "service.name"):
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
        copies = [type(item).FromString(item.SerializeToString()) for item in kept]
        del repeated[:]
        repeated.extend(copies)


def _cut_value(value: AnyValue, limit: int) -> None:
    """Cut a long text; replace any other long value by a text that states its size."""
    if value.ByteSize() > limit:
        text = value.string_value
        value.string_value = cut(text, limit) if text else f"(a value of {value.ByteSize()} bytes)"


def _cut_field(message: Any, name: str, limit: int) -> None:  # noqa: ANN401 - any message
    text = getattr(message, name, "")
    if len(text) > limit:
        setattr(message, name, cut(text, limit))
