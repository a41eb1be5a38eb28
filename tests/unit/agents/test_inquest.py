"""What Brain makes of traces when every service answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from support.shop import EPOCH, Fault, Made, shop

from sre_space.agents.inquest import STATEMENTS, Inquest, told
from sre_space.domain.case import Case, Found
from sre_space.domain.facts import (
    CauseKind,
    Confidence,
    Detection,
    Fact,
    JourneyCount,
    Step,
    Symptom,
    SymptomKind,
)
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

SECOND = 10**9
HEALTHY, SICK = 100 * SECOND, 200 * SECOND  # when the two windows begin, after the shop's epoch
SERVICES = ("web", "cart", "price", "tax", "mail")
KINDS = (SpanKind.UNSPECIFIED, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT)


def at(made: list[Made], begin: int) -> list[Span]:
    """A shop's spans, moved to a time."""
    first = min(one.start for one in made)

    def moved(one: Made) -> Span:
        status = SpanStatus.ERROR if one.status else SpanStatus.UNSET
        start, end = (EPOCH + begin + when - first for when in (one.start, one.end))
        span = Span(one.trace, one.id, one.parent, one.service, one.operation, KINDS[one.kind], start, end, status)
        return replace(span, status_message=one.message)

    return [moved(one) for one in made]


@dataclass
class Traces:
    """The trace store, which holds these spans."""

    spans: list[Span]

    async def services(self) -> Sequence[str]:
        """All names."""
        return SERVICES

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """By time; every trace begins at `web`."""
        assert service == "web"
        return [span for span in self.spans if since <= span.start < until]

    async def trace(self, trace_id: str) -> Sequence[Span]:
        """One."""
        return [span for span in self.spans if span.trace_id == trace_id]

    async def close(self) -> None:
        """Nothing to release."""


def case() -> Case:
    """An incident on slow requests whose first symptom is the sick window's beginning."""
    symptom = Symptom(SymptomKind.LATENCY, "tax", "slow", 0.9, 0.1, EPOCH + SICK)
    detection = Detection("latency/tax", (symptom,), {}, JourneyCount(1, 0, 0, 1))
    fact = Fact("01I", "o/r", 0, 0, "", Step.DETECT, 1, EPOCH + SICK, detection)
    return Case(1, True, (Found(0, fact, "d", "scout"),))


def held(fault: Fault | None, known: Sequence[str] = SERVICES) -> tuple[Confidence, list[str]]:
    """The verdict and the causes on a healthy window and one with a fault."""
    spans = at(shop(200, 3), HEALTHY + 45 * SECOND) + at(shop(120, 5, fault or Fault()), SICK)
    inquest = Inquest(Traces(spans), "web")
    found = asyncio.run(inquest.hold(case(), EPOCH + SICK + 400 * SECOND, known))
    assert all(len(item.statement) <= STATEMENTS for item in found.evidence)
    assert {id for cause in found.causes for id in cause.evidence} == {item.id for item in found.evidence}
    return found.verdict, [told(cause) for cause in found.causes]


def test_a_slow_operation_is_named_with_its_service() -> None:
    verdict, causes = held(Fault(slow={"GET /rate": 300}))

    assert verdict is not Confidence.INCONCLUSIVE
    assert causes[0] == f"tax: {CauseKind.SLOW_CODE} at `GET /rate`"


def test_nothing_wrong_names_nobody() -> None:
    assert held(None)[0] is Confidence.INCONCLUSIVE


def test_a_service_outside_the_chart_is_not_judged() -> None:
    _, causes = held(Fault(slow={"GET /rate": 300}), known=("web", "cart"))

    assert not any("tax" in cause for cause in causes)
