"""A world in which nothing is scripted: Scout and Brain see telemetry only, with the real detectors and engine.

Each visit leaves the spans that its services would export; what is wrong with them follows from a fault and from the
configuration in force, so that a remedy helps or does not. All on virtual time. Used by `test_seen_faults.py`.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2
from support.evidence import UNHURRIED_S, Shelf, stored
from support.spans import attributes, resource_spans
from support.world import SECOND, SERVICES, Values, World

from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.investigation import Investigation
from sre_space.agents.scout.deployment_verifier import DeploymentVerifier
from sre_space.codec.sketches import Frame, SpanSketcher
from sre_space.domain.case import Case
from sre_space.domain.facts import Agent
from sre_space.domain.symptoms import JourneyCount
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.feeds.announcements import Announcements
from sre_space.ports.bus import Record
from sre_space.ports.gitops import Commit

MS = 10**6
TICK_S = 0.25
CHANGES = "changes"
PATIENCE_MS = 50.0  # of a quote that has a fallback
ASKED_ALL_THE_SAME = 1 / 8  # of the quotes that have one: the others spare who failed lately
LEARNT_S = 150.0  # of health, until every detector has its baseline
KINDS = {
    SpanKind.INTERNAL: trace_pb2.Span.SPAN_KIND_INTERNAL,
    SpanKind.SERVER: trace_pb2.Span.SPAN_KIND_SERVER,
    SpanKind.CLIENT: trace_pb2.Span.SPAN_KIND_CLIENT,
}


@dataclass(frozen=True)
class Sick:
    """What is wrong: the way to policy-service takes longer by `way_ms`, or a share of its requests `fails`."""

    way_ms: float = 0.0
    fails: float = 0.0


HEALTHY = Sick()


@dataclass
class Visit:
    """One trace as it is made: `at` is the time (Unix ns) up to which it has come."""

    trace: str
    at: int
    chance: random.Random
    spans: list[Span] = field(default_factory=list)

    def work(self, median_ms: float) -> None:
        """Let time pass as the service's own work: log-normal, as measured on the demo's services."""
        self.at += int(self.chance.lognormvariate(log(median_ms), 0.3) * MS)

    def begin(self, service: str, name: str, kind: SpanKind, parent: str, peer: str = "") -> int:
        """Begin a span now, and return its number."""
        told: Mapping[str, str | int | float | bool] = {"server.address": peer, "server.port": 80} if peer else {}
        id = f"{self.chance.getrandbits(64) | 1:016x}"
        self.spans.append(
            Span(self.trace, id, parent, service, name, kind, self.at, self.at, SpanStatus.UNSET, "", told)
        )
        return len(self.spans) - 1

    def end(self, number: int, error: str = "") -> None:
        """End a span now."""
        status = SpanStatus.ERROR if error else SpanStatus.UNSET
        self.spans[number] = replace(self.spans[number], end=self.at, status=status, status_message=error)


@dataclass
class SeenWorld(World):
    """A customer every quarter of a second. `sick` is the fault; a commit to the configuration may be another one."""

    sick: Sick = HEALTHY
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    frames: int = 0

    def __post_init__(self) -> None:
        """As any world, with Scout's ear for deployments."""
        super().__post_init__()
        self.announcements = Announcements(
            DeploymentVerifier(self.git, self.config.services), self.detectors.inhibitions, self.reporter, self.clock
        )

    async def restart_scout(self) -> None:
        """As in any world; of what went on, Scout reads the announced deployments back."""
        work = [known for known in self.detectors.inhibitions.known if known.is_work]
        await super().restart_scout()
        self.announcements.inhibitions = self.detectors.inhibitions
        self.detectors.inhibitions.known += work

    def _inquest(self) -> Investigation:
        gathering = Gathering(self, self.bus, self.clock)
        deployments = RecentDeployments(self.bus, self.git)
        return Investigation(self.config, gathering, deployments, self, Shelf(), self.clock, patience_s=UNHURRIED_S)

    async def go(self, seconds: float) -> None:
        """Let time pass; deployments are confirmed as Scout's process does it."""
        for _ in range(int(seconds / TICK_S)):
            await self.clock.sleep(TICK_S)
            await self.announcements.confirm()

    async def found(self, within_s: float = 60.0) -> int:
        """Return the issue number of the first incident that Scout opens; fail when there is none in time."""
        begun = self.clock.now()
        while self.clock.now() - begun < within_s * SECOND:
            await self.go(TICK_S)
            if number := await self.look():
                return number
        raise AssertionError(f"nothing was detected within {within_s:g} s")

    async def turn(self, number: int, *agents: Agent) -> bool:
        """As in any world; Scout hears of deployments meanwhile."""
        await self.announcements.confirm()
        return await super().turn(number, *agents)

    def _deploy(self) -> None:
        """As in any world, and the deployer tells of it before and after."""
        main = self.git.main()
        changed = [path for path, content in main.items() if self.running.get(path) != content]
        before = dict(self.starts)
        super()._deploy()
        restarted = [name for name in SERVICES if self.starts[name] != before[name]]
        for phase in ("started", "done") if changed and hasattr(self, "announcements") else ():
            self._announce(phase, changed, restarted)

    def _announce(self, phase: str, paths: Sequence[str], restarted: Sequence[str]) -> None:
        head: Commit = self.git.commits_[self.git.heads["main"]][0]
        now = self.clock.now()
        told = {
            "id": head.sha,
            "kind": "deployment",
            "phase": phase,
            "time": now,
            "service": ",".join(restarted),
            "files": [path.rpartition("/")[2] for path in paths],
            "summary": head.message,
            "previous": head.parents[0] if head.parents else "",
        }
        value = json.dumps(told).encode()
        self.bus.add(CHANGES, now, value)
        self.announcements.take(Record(CHANGES, 0, len(self.bus.records[CHANGES]), now, value))

    def _visit(self, now: int) -> Span:
        """Make a quote's trace, for Jaeger whole and for Scout's detectors as sketches; return its root span."""
        visit = Visit(f"{now:032x}", 0, self.chance)
        root = visit.begin("traffic", "journey quote", SpanKind.INTERNAL, "")
        visit.end(root, _quote(visit, self.sick, self.values))
        late = now - visit.at  # it ends now
        spans = [replace(one, start=one.start + late, end=one.end + late) for one in visit.spans]
        self.spans += spans
        intake = SpanSketcher(frozenset(SERVICES))
        intake.take(_exported(spans), now)
        self.frames += 1
        self.detectors.take_frame(Frame(0, self.frames, self.frames, intake.drain()), now)
        return spans[root]

    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """Return the newest traces in which `service` began a span in a window, whole, as Jaeger gives them."""
        return stored(self.spans, service, since, until, limit)

    async def case_of(self, number: int) -> Case:
        """Played to its end."""
        return await self.play(number, rounds=2000)

    async def journey(self, seconds: float) -> JourneyCount:
        """Let so many seconds pass, and count the journey attempts in them."""
        since = self.clock.now()
        await self.go(seconds)
        return self.book.count(since, self.clock.now())


def _quote(visit: Visit, sick: Sick, values: Values) -> str:
    """Add the spans of a quote that quote-service makes; return its error, "" when the quote is given."""
    served = visit.begin("quote-service", "POST /quotes", SpanKind.SERVER, visit.spans[0].span_id)
    id = visit.spans[served].span_id
    visit.work(4.0)
    _user(visit, id)
    failed = _risks(visit, id, sick, values)
    if values["ONLINE_LIMIT"] == "0":
        failed = "ConfigurationError: ONLINE_LIMIT is 0: nothing may be sold"
    visit.work(1.0)
    visit.end(served, failed)
    return failed


def _risks(visit: Visit, parent: str, sick: Sick, values: Values) -> str:
    """Ask until it answers; with a fallback now and then and with little patience, for nothing depends on it."""
    if values.get("RISK_FALLBACK", "none") != "none":
        if visit.chance.random() < ASKED_ALL_THE_SAME:
            _risk(visit, parent, sick, values, PATIENCE_MS)
        return ""
    failed = ""
    for _ in range(int(values["DOWNSTREAM_ATTEMPTS"])):
        failed = _risk(visit, parent, sick, values)
        if not failed:
            break
    return failed


def _user(visit: Visit, parent: str) -> None:
    asked = visit.begin("quote-service", "GET", SpanKind.CLIENT, parent, "user-service")
    served = visit.begin("user-service", "GET /users/{id}", SpanKind.SERVER, visit.spans[asked].span_id)
    visit.work(2.0)
    visit.end(served)
    visit.end(asked)


def _risk(visit: Visit, parent: str, sick: Sick, values: Values, patience_ms: float = 5000) -> str:
    """One request to policy-service; its error. It goes on there when nobody waits for it any more."""
    begun = visit.at
    asked = visit.begin("quote-service", "POST", SpanKind.CLIENT, parent, "policy-service")
    visit.at += int(sick.way_ms * MS / 2)
    served = visit.begin("policy-service", "POST /risk-assessments", SpanKind.SERVER, visit.spans[asked].span_id)
    visit.work(3.0)
    error = "RatingError: the table of risks is not readable" if visit.chance.random() < sick.fails else ""
    if values["DATABASE_POOL_SIZE"] == "0":
        error = "TimeoutError: QueuePool limit of size 0 reached"
    visit.end(served, error)
    visit.at += int(sick.way_ms * MS / 2)
    if visit.at - begun > patience_ms * MS:
        visit.at, error = begun + int(patience_ms * MS), "ReadTimeout"
    visit.end(asked, error and "500")
    return error


def _exported(spans: Sequence[Span]) -> bytes:
    request = ExportTraceServiceRequest()
    for service in sorted({one.service for one in spans}):
        group = [_otlp(one) for one in spans if one.service == service]
        request.resource_spans.append(resource_spans(service, group))
    return request.SerializeToString()


def _otlp(span: Span) -> trace_pb2.Span:
    failed = span.status is SpanStatus.ERROR
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        name=span.name,
        kind=KINDS[span.kind],
        start_time_unix_nano=span.start,
        end_time_unix_nano=span.end,
        attributes=attributes(span.attributes),
        status=trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR) if failed else None,
    )
