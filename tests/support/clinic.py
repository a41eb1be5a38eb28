"""The Brain's inquest on the made-up shop, on virtual time: what it reads is put in, what it says is read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from support.evidence import UNHURRIED_S, Shelf, Topics, stored
from support.git_world import MemoryGit
from support.shop import EPOCH, Made

from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.investigation import Investigation
from sre_space.domain.case import Case, FoundFact
from sre_space.domain.configuration import SPACE_FILE, Place
from sre_space.domain.diagnosis import Diagnosis
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Detection, Fact, Payload, Step
from sre_space.domain.health_check import HealthCheck, http
from sre_space.domain.journeys import Journey, SpanSelector
from sre_space.domain.pauses import ClockPair, Pauses
from sre_space.domain.space_config import Autonomy, Guardrails, Service, SpaceConfig
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.ports.bus import Record
from sre_space.ports.gitops import Commit
from sre_space.ports.probe import Health
from sre_space.ports.runtime import Unit
from sre_space.ports.unit_output import UnitOutput

SECOND = 10**9
SICK = EPOCH + 200 * SECOND  # when the incident's first symptom was
NOW = SICK + 20 * SECOND
SERVICES = ("web", "cart", "price", "tax", "mail")
CALLERS = ("web",)
KINDS = (SpanKind.UNSPECIFIED, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT)
WELL = Health(True, True, "GET /health answered 200", 0.0)


def spans_at(made: Sequence[Made], begin: int) -> list[Span]:
    """Return a shop's spans, moved so that the first begins at a Unix ns."""
    first = min(one.start for one in made)
    return [_span(one, begin - first) for one in made]


def _span(one: Made, later: int) -> Span:
    status = SpanStatus.ERROR if one.status else SpanStatus.UNSET
    told: dict[str, str | int | float | bool] = {"peer.service": one.peer} if one.peer else {}
    if one.statement:
        told["db.query.text"] = one.statement
    start, end = one.start + later, one.end + later
    kind = KINDS[one.kind]
    return Span(one.trace, one.id, one.parent, one.service, one.operation, kind, start, end, status, one.message, told)


def config(
    services: Sequence[str] = SERVICES,
    calls: Mapping[str, tuple[str, ...]] | None = None,
    callers: Sequence[str] = CALLERS,
) -> SpaceConfig:
    """Return the shop's configuration, with a journey of each caller."""
    below = calls or {}
    named = {
        name: Service(
            name,
            http(f"http://{name}/health"),
            name,
            below.get(name, ()),
            Autonomy.AUTONOMOUS,
            memory=Place(SPACE_FILE, f"{name.upper()}_MEMORY_BYTES"),
        )
        for name in services
    }
    return SpaceConfig(
        "shop",
        named,
        tuple(Journey(f"buy from {caller}", SpanSelector(caller, ("GET /buy",)), 0.999) for caller in callers),
        Guardrails(("restart",), 6, 5.0, 2, 3),
    )


def case(kind: SymptomKind = SymptomKind.LATENCY, *later: tuple[int, Payload], limit: float = 0.1) -> Case:
    """Return an incident whose first symptom was at SICK; `later` are facts with their times."""
    detection = Detection("key", (Symptom(kind, "tax", "ill", 0.9, limit, SICK),), {}, JourneyCount(1, 0, 0, 1))
    facts = [Fact("01I", "o/r", 0, 0, "", Step.DETECT, 1, SICK + 5 * SECOND, detection)]
    facts += [Fact("01I", "o/r", 1, 1, "", Step.DECIDE, 1, at, payload) for at, payload in later]
    return Case(1, True, tuple(FoundFact(number, fact, "d", "scout") for number, fact in enumerate(facts)))


class Git(MemoryGit):
    """A repository behind a server that may be `gone`."""

    def __init__(self, now: Callable[[], int], answers: Callable[[str], Awaitable[None]]) -> None:
        super().__init__({}, now)
        self.answers = answers

    async def commit(self, sha: str) -> Commit:
        """One."""
        await self.answers("git")
        return await super().commit(sha)

    async def read_file(self, path: str, ref: str = "main") -> bytes:
        """One."""
        await self.answers("git")
        return await super().read_file(path, ref)


@dataclass
class Clinic:
    """Everything that an inquest reads. `ended` and `silent` are services that are out.

    `gone` are the sources that do not answer (`traces`, `topics`, `git`): at once, or, when it `hangs`, never.
    """

    spans: list[Span] = field(default_factory=list)
    topics: Topics = field(default_factory=Topics)
    shelf: Shelf = field(default_factory=Shelf)
    limits: dict[str, int] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    time: int = NOW
    calls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    callers: Sequence[str] = CALLERS
    gone: set[str] = field(default_factory=set)
    hangs: bool = False
    garbage: bytes = b""
    patience_s: float = UNHURRIED_S
    output: UnitOutput | None = None
    git: Git = field(init=False)

    def __post_init__(self) -> None:
        """Nothing on main yet."""
        self.git = Git(self.now, self.answers)

    def now(self) -> int:
        """Unix ns."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.time += int(seconds * SECOND)

    async def answers(self, source: str) -> None:
        """Nothing, or what a server does that does not serve."""
        if source in self.gone and self.hangs:
            await asyncio.Event().wait()
        if source in self.gone:
            raise Unavailable(f"{source} does not answer")

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """Return the bus's records of a topic, as `Topics` has them."""
        await self.answers("topics")
        return await self.topics.window(topic, since, until, limit)

    def pauses(self) -> Pauses:
        """None since long ago."""
        return replace(Pauses.of_start(ClockPair(0, 0)), read=ClockPair(self.time, self.time))

    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """As a trace store does."""
        await self.answers("traces")
        if self.garbage:
            return self.garbage
        return stored(self.spans, service, since, until, limit)

    async def check(self, check: HealthCheck) -> Health:
        """Who is out does not answer."""
        name = check.address
        return Health(False, False, "no connection", 0.0) if name in self.ended or name in self.silent else WELL

    def units(self, services: Sequence[str] = SERVICES) -> dict[str, Unit]:
        """As the runtime tells them."""
        return {name: self._unit(name) for name in services}

    def _unit(self, name: str) -> Unit:
        if name in self.ended:
            return Unit(name, "exited", "ended:1", None, SICK, None, self.ended[name], self.limits.get(name))
        return Unit(name, "running", "1:1", 1, EPOCH, None, memory_limit=self.limits.get(name))

    def deploy(self, sha: str, service: str, at: int, before: str, after: str) -> None:
        """Add a commit to a service's configuration, and its deployment at a Unix ns, done two seconds later."""
        path = f"deploy/config/{service}.env"
        self.git.holds(f"before-{sha}", {path: before.encode()})
        self.git.holds(sha, {path: after.encode()}, (f"before-{sha}",))
        for phase, when in (("started", at), ("done", at + 2 * SECOND)):
            told = f'{{"id": "{sha}", "kind": "deployment", "phase": "{phase}", "time": {when}, "service": "{service}",'
            self.topics.add("changes", when, f'{told} "files": ["{service}.env"], "summary": "Tune"}}'.encode())

    def level(self, service: str, name: str, at: int, value: float) -> None:
        """One sample of a gauge on the topic of metrics."""
        request = ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        resource.resource.attributes.add(key="service.name").value.string_value = service
        metric = resource.scope_metrics.add().metrics.add(name=name)
        metric.gauge.data_points.add(time_unix_nano=at, as_double=value)
        self.topics.add("otlp_metrics", at, request.SerializeToString())

    def log(self, service: str, at: int, text: str) -> None:
        """One error on the topic of logs."""
        request = ExportLogsServiceRequest()
        resource = request.resource_logs.add()
        resource.resource.attributes.add(key="service.name").value.string_value = service
        record = resource.scope_logs.add().log_records.add(time_unix_nano=at, severity_number=17)
        record.body.string_value = text
        self.topics.add("otlp_logs", at, request.SerializeToString())

    def ask(self, incident: Case, services: Sequence[str] = SERVICES) -> Diagnosis:
        """Return the inquest's diagnosis of an incident."""
        gathering, deployments = (
            Gathering(self, self, self),
            RecentDeployments(self, self.git),
        )
        known = config(services, self.calls, self.callers)
        investigation = Investigation(
            known, gathering, deployments, self, self.shelf, self, patience_s=self.patience_s, output=self.output
        )
        return asyncio.run(investigation.diagnose(incident, self.units(services)))
