"""Points of OTLP metrics in JSON: each with whom it describes, and whether it counts or measures."""

from collections.abc import Iterator, Mapping
from typing import Any

from sre_space.analysis.diagnosis.building import MetricBuilder
from sre_space.analysis.diagnosis.metric_words import is_outgoing
from sre_space.analysis.diagnosis.tables import Series
from sre_space.codec.lost import Lost
from sre_space.codec.origins import Origin, origin_of
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.plain_values import attributes_of
from sre_space.codec.times import nanoseconds

Json = Mapping[str, Any]  # foreign JSON
KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
_CUMULATIVE = (2, "2", "AGGREGATION_TEMPORALITY_CUMULATIVE")
_DELTA = (1, "1", "AGGREGATION_TEMPORALITY_DELTA")
_BUCKETS = ("_bucket", ".bucket")
_OWNERS = ("service.name", "service_name")  # of the spans that a connector has counted
_SOURCES = ("source", "source_workload")  # the second is Istio's
_DESTINATIONS = ("destination", "destination_workload")
_SERVERS = ("peer.service", "server.address", "net.peer.name")  # the callee, where the caller measures


def add_metric(metric: Json, origin: Origin, into: MetricBuilder, lost: Lost) -> None:
    """Add the points of one metric; a point that cannot be read is lost alone."""
    name = str(metric["name"])
    for kind in KINDS:
        body = metric.get(kind)
        if body:
            counts = _counts(kind, body)
            for point in body.get("dataPoints") or ():
                with lost.guard("metric point"):
                    _add_point(point, name, origin, counts, into)


def _counts(kind: str, body: Json) -> str:
    """Return "cumulative" or "delta" for what only ever grows, "" for a level."""
    if kind == "summary":
        return "cumulative"  # a summary has no temporality: it counts since its start
    if kind == "gauge" or (kind == "sum" and not body.get("isMonotonic")):
        return ""
    temporality = body.get("aggregationTemporality")
    return "delta" if temporality in _DELTA else "cumulative" if temporality in _CUMULATIVE or kind == "sum" else ""


def _add_point(point: Json, name: str, origin: Origin, counts: str, into: MetricBuilder) -> None:
    attributes = {key: str(value) for key, value in attributes_of(point.get("attributes")).items()}
    if name.endswith(_BUCKETS) and "le" in attributes:
        return  # the parts of a histogram that its sum and count tell already
    at = nanoseconds(point.get("timeUnixNano"))
    if at < 0 or (counts and not at):
        raise ValueError("a count without a time")
    sender = _sender(attributes, origin)
    source = _taken(attributes, _SOURCES)
    destination = _taken(attributes, _DESTINATIONS)
    if not destination and is_outgoing(name):
        destination = _taken(attributes, _SERVERS)
    rest = tuple(sorted(attributes.items()))
    for suffix, value in _values(point, counts):
        grows = bool(counts) and suffix != ".max"
        number = into.number(Series(*sender[:2], name + suffix, sender.version, source, destination, rest, grows))
        if grows and counts == "delta":
            into.deltas.add(number)
        into.points.append((number, at, value))


def _sender(attributes: dict[str, str], origin: Origin) -> Origin:
    """Return whom a point describes: the service among its attributes, else its resource's."""
    named = _taken(attributes, _OWNERS)
    if named:
        return origin._replace(service=named)
    if origin.service != UNKNOWN_SERVICE:
        return origin
    told = origin_of(attributes)
    return told._replace(instance=told.instance or origin.instance, version=told.version or origin.version)


def _taken(attributes: dict[str, str], keys: tuple[str, ...]) -> str:
    """Return the first of the attributes that is there, and take all of them out."""
    values = [attributes.pop(key, "") for key in keys]
    return next((value for value in values if value), "")


def _values(point: Json, counts: str) -> Iterator[tuple[str, float]]:
    """Yield suffix and value: a number as it is, a histogram or summary as its count, its sum and its maximum.

    The maximum since the beginning of time tells nothing of now.
    """
    for key in ("asDouble", "asInt", "value"):
        if key in point:
            yield "", float(point[key])
            return
    for key, suffix in (("count", ".count"), ("sum", ".sum"), ("max", ".max")):
        if key in point and not (key == "max" and counts == "cumulative"):
            yield suffix, float(point[key])
