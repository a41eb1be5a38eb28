"""Critical user journeys: which spans are their attempts, when one is good, and which two steps make a conversion.

Frozen values of the configuration, without a clock. `agents/scout/journeys.py` counts the attempts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

SECOND = 10**9
CODES = ("http.response.status_code", "http.status_code", "rpc.grpc.status_code")  # attributes that hold a code
RECORD_KEY = "key"


class Side(StrEnum):
    """From where a journey is seen: the root spans of its caller, calls that a service makes, or that it serves."""

    ROOT = "root"
    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True)
class SpanSelector:
    """Selects spans of `service` by side, name (() for any) and attributes, all of which must hold."""

    service: str
    names: tuple[str, ...] = ()
    side: Side = Side.ROOT
    attributes: Mapping[str, str] = field(default_factory=dict)

    def selects(self, span: Span) -> bool:
        """Return True for a span that is an attempt of the journey."""
        return (
            span.service == self.service
            and (not self.names or span.name in self.names)
            and self._is_seen_from(span)
            and all(str(span.attributes.get(name)) == value for name, value in self.attributes.items())
        )

    def _is_seen_from(self, span: Span) -> bool:
        match self.side:
            case Side.ROOT:
                return not span.parent_id
            case Side.CLIENT:
                return span.kind is SpanKind.CLIENT
            case Side.SERVER:
                return span.kind is SpanKind.SERVER


@dataclass(frozen=True)
class Success:
    """When an attempt is good: by its code where `codes` are given, by an attribute's value, else by its span's status.

    `codes` are ranges, both ends included. A span without any code, or without the attribute, is judged by its status.
    """

    codes: tuple[tuple[int, int], ...] = ()
    attribute: str = ""
    values: tuple[str, ...] = ()

    def of(self, span: Span) -> bool:
        """Return True for a good attempt."""
        said = span.attributes.get(self.attribute) if self.attribute else None
        if said is not None:
            return str(said) in self.values
        code = next((span.attributes[name] for name in CODES if name in span.attributes), None)
        if self.codes and code is not None:
            return any(low <= _number(code) <= high for low, high in self.codes)
        return span.status is not SpanStatus.ERROR


def _number(code: str | float) -> float:
    try:
        return float(code)
    except ValueError:
        return -1.0


@dataclass(frozen=True)
class ConversionSteps:
    """The conversion of a journey: of those who take the `first` step, how many take the `second` within a time.

    With `topics` the steps are the events of two topics; `key` is where an event has the key that both share: the
    record's `key`, `header:NAME`, or `data:a.b` in its JSON. Otherwise the steps are two names of the journey's spans,
    and the visit is the key.
    """

    first: str
    second: str
    topics: bool = True
    key: str = RECORD_KEY
    within_ns: int = 5 * SECOND


@dataclass(frozen=True)
class Journey:
    """A critical user journey; `slo` is the promised share of good attempts, 0 to 1, None for no promise.

    `visit` is the attribute that names the visit which an attempt belongs to, "" for its trace. An incident counts as
    recovered once `good_visits` visits in a row succeeded.
    """

    name: str
    spans: SpanSelector
    slo: float | None = None
    good_visits: int = 30
    visit: str = ""
    success: Success = Success()
    conversion: ConversionSteps | None = None


def journey_of(span: Span, journeys: Iterable[Journey]) -> Journey | None:
    """Return the first journey that selects a span; None when none does."""
    return next((journey for journey in journeys if journey.spans.selects(span)), None)


def requests_of(service: str) -> Journey:
    """Return the journey that stands for a service's own requests, where the configuration declares none."""
    return Journey(f"requests of {service}", SpanSelector(service, side=Side.SERVER))
