"""A small world in memory behind the ports, on virtual time: for tests of the agents and their loop.

Real keys and the real wire format; only the technologies are replaced.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.evidence import Shelf, Topics, stored
from support.followers import Followers
from support.git_world import MemoryGit, keys_of
from support.likeness import MemoryIndex

from sre_space.agents.brain.brain import Brain
from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.ended_units import EndedUnits
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.healthy_time import Interval
from sre_space.agents.brain.history import DesiredStateHistory
from sre_space.agents.brain.investigation import Investigation
from sre_space.agents.fixer.change import Changes
from sre_space.agents.fixer.fixer import Fixer
from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.agents.fixer.permission import Permission
from sre_space.agents.fixer.pull_requests import PullRequests
from sre_space.agents.fixer.restart import Restarts
from sre_space.agents.fixer.symptoms import SymptomReports
from sre_space.agents.memory.memory import Memory
from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.saturation_detector import MEMORY
from sre_space.agents.scout.scout import Scout
from sre_space.agents.scout.snapshots import Snapshots
from sre_space.analysis.detection.operations import ALL, OperationWatch
from sre_space.analysis.detection.saturation import Resource
from sre_space.analysis.detection.telemetry_health import Feed
from sre_space.analysis.detection.thresholds import Thresholds
from sre_space.analysis.statistics.sketch import Operation, bucket_of
from sre_space.codec.symptom_report import SymptomReport, encode
from sre_space.codec.topics import SPANS, SYMPTOM_REPORTS
from sre_space.domain.case import Case
from sre_space.domain.configuration import FOLDER, SPACE_FILE, Place, value_of
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis, Evidence
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.domain.facts import Agent, Detection, Fact, Step
from sre_space.domain.health_check import HealthCheck, http
from sre_space.domain.journeys import ConversionSteps, Journey, SpanSelector
from sre_space.domain.pauses import ClockPair, Pause, Pauses
from sre_space.domain.space_config import (
    Autonomy,
    Guardrails,
    Service,
    SpaceConfig,
    Tunable,
    TunableRemedy,
    ValueType,
)
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.feeds.hold_feed import HoldFeed
from sre_space.feeds.opening import Opener
from sre_space.loop.clock_check import ClockCheck
from sre_space.loop.duty import Duty
from sre_space.loop.hold_gate import HoldGate
from sre_space.loop.pager import Pager
from sre_space.loop.runner import Runner
from sre_space.ports.bus import Record
from sre_space.ports.case_index import Lesson, Recalled
from sre_space.ports.forge import Comment, Issue
from sre_space.ports.notifier import Note
from sre_space.ports.outbox import Pending
from sre_space.ports.probe import Health
from sre_space.ports.runtime import Died, Started, Unit
from sre_space.ports.signing import TrustStore
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import OPERATOR, IssueOrders

SECOND = 10**9
QUIET = 60  # rounds
MAX_TITLE, MAX_BODY = 256, 65_536  # characters, of GitHub
TOLD = 30  # sightings on the bus
REPOSITORY = "local/cloud-insurance"
PAGE = "https://forge.example/local/cloud-insurance"
SERVICES = ("quote-service", "policy-service", "user-service")
CONVERSION = ConversionSteps("quote_requested", "quote_purchased")
QUOTE_FILE = f"{FOLDER}/quote-service.env"
DESIRED = {
    QUOTE_FILE: "# How often it asks.\nDOWNSTREAM_ATTEMPTS=1\n# Sold online up to this.\nONLINE_LIMIT=250000\n",
    f"{FOLDER}/policy-service.env": "DATABASE_POOL_SIZE=5\n",
    f"{FOLDER}/user-service.env": "DATABASE_POOL_SIZE=5\n",
    SPACE_FILE: "POLICY_SERVICE_MEMORY_BYTES=400\nPOLICY_SERVICE_REPLICAS=1\n",
}
TUNABLES = {
    "quote-service": (
        Tunable(
            "DOWNSTREAM_ATTEMPTS", QUOTE_FILE, ValueType.INTEGER, "asks again", 1, 6,
            remedy_for=TunableRemedy(
                (CauseKind.ERROR,), True, to="5", follow_up="Repair what fails, then ask once again."
            ),
        ),
        Tunable("ONLINE_LIMIT", QUOTE_FILE, ValueType.INTEGER, "what is sold online", 0, 10**6),
        Tunable(
            "RISK_FALLBACK", QUOTE_FILE, ValueType.TEXT, "a tariff without the answer", values=("none", "standard"),
            remedy_for=TunableRemedy((CauseKind.SLOW_NETWORK,), True, to="standard"),
        ),
    ),
    "policy-service": (
        Tunable(
            "POLICY_SERVICE_MEMORY_BYTES", SPACE_FILE, ValueType.INTEGER, "more memory", 100, 1000,
            remedy_for=TunableRemedy((CauseKind.SATURATION,), False, times=1.5, follow_up="Find what leaks memory."),
        ),
    ),
}  # fmt: skip
Values = Mapping[str, str]


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self, world: "World") -> None:
        self.world, self.time = world, world.begun
        self.known = Pauses.of_start(self._read())

    def now(self) -> int:
        """Unix nanoseconds."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Time passes, and customers travel meanwhile."""
        self.time += int(seconds * SECOND)
        self.world.live()

    def pauses(self) -> Pauses:
        """Those that a story told of."""
        return Pauses(self.known.all, self._read())

    def _read(self) -> ClockPair:
        return ClockPair(self.time, self.time)


class OwnClock:
    """The world's time as one agent lives it: with pauses of its own."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.own, self.stopped_at = clock, clock.pauses(), 0
        self.ahead = 0

    def now(self) -> int:
        """Unix nanoseconds, wrong by `ahead`."""
        return self.clock.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Time passes for all."""
        await self.clock.sleep(seconds)

    def pauses(self) -> Pauses:
        """Return the pauses that the clock has had."""
        return Pauses(self.own.all, ClockPair(self.now(), self.clock.now()))

    def go_on(self) -> None:
        """End the pause that began at `stopped_at`, and record it."""
        known = self.pauses()
        self.own, self.stopped_at = known.with_pause(Pause(self.stopped_at, self.now()), known.read), 0


class Key:
    """A real key."""

    def __init__(self, name: str) -> None:
        self.name, self.private = name, Ed25519PrivateKey.generate()
        self.key_id = hashlib.sha256(self.private.public_key().public_bytes_raw()).hexdigest()[:16]

    def __deepcopy__(self, memo: object) -> "Key":
        return self  # it does not change

    def sign(self, message: bytes) -> bytes:
        """Return the message's signature."""
        return self.private.sign(message)


class Trust:
    """Public keys by agent; `older` knows those of before, as after a rotation.

    Each signature is computed once, however often its fact is read.
    """

    older: TrustStore | None = None

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.keys = keys
        self.owners: dict[tuple[str, bytes, bytes], str | None] = {}

    def owner(self, key_id: str, message: bytes, signature: bytes, at: int) -> str | None:
        """Return the agent whose key made the signature; ask `older` where no current key fits."""
        asked = key_id, message, signature
        if asked not in self.owners:
            self.owners[asked] = self._owner(*asked)
        found = self.owners[asked]
        return self.older.owner(key_id, message, signature, at) if found is None and self.older else found

    def _owner(self, key_id: str, message: bytes, signature: bytes) -> str | None:
        named = {key.key_id: (name, key) for name, key in self.keys.items()}
        try:
            name, key = named[key_id]
            key.private.public_key().verify(signature, message)
        except (KeyError, InvalidSignature):
            return None
        return name


@dataclass
class MemoryForge:
    """Issues and comments in lists; `down` makes every call `Unavailable`."""

    found: list[Issue] = field(default_factory=list)
    written: dict[int, list[Comment]] = field(default_factory=dict)
    down: bool = False
    now: Callable[[], int] = lambda: 0
    fails: Callable[[], bool] = lambda: False
    loses_answer: Callable[[], bool] = lambda: False
    advice: float | None = None

    def _up(self) -> None:
        if self.down or self.fails():
            raise Unavailable("the forge is away", self.advice)

    def _answered(self) -> None:
        if self.loses_answer():
            raise Unavailable("written, but the answer was lost")

    def _known(self, number: int) -> None:
        if not 0 < number <= len(self.found):
            raise Missing(f"issue {number}")

    def _change(self, number: int, **changed: Any) -> None:  # noqa: ANN401 - fields of an issue
        self._known(number)
        self.found[number - 1] = replace(self.found[number - 1], updated=self.now(), **changed)

    async def whoami(self) -> str:
        """Somebody."""
        self._up()
        return "sre"

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Append."""
        self._up()
        if len(title) > MAX_TITLE or len(body) > MAX_BODY:
            raise Refused("the title or the body is too long")
        number, now = len(self.found) + 1, self.now()
        self.found.append(Issue(number, title, body, "open", "sre", tuple(labels), 0, now, now))
        self.written[number] = []
        self._answered()
        return number

    async def issue(self, number: int) -> Issue:
        """One."""
        self._up()
        self._known(number)
        if self.found[number - 1].comments != (count := len(self.written[number])):
            self.found[number - 1] = replace(self.found[number - 1], comments=count)
        return self.found[number - 1]

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """By state and time."""
        self._up()
        found = [await self.issue(one.number) for one in self.found]
        return [one for one in found if state in ("all", one.state) and one.updated >= since]

    async def comment(self, number: int, body: str) -> int:
        """Append."""
        self._up()
        if len(body) > MAX_BODY:
            raise Refused("the body is too long")
        self._known(number)
        id, now = self.next_id(), self.now()
        self.written[number].append(Comment(id, "sre", 1, body, now, now))
        self._change(number)
        self._answered()
        return id

    def next_id(self) -> int:
        """After all that are there."""
        return 1 + max((one.id for comments in self.written.values() for one in comments), default=0)

    async def comments(self, number: int) -> Sequence[Comment]:
        """All of an issue."""
        self._up()
        self._known(number)
        return tuple(self.written[number])

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace."""
        self._up()
        self._change(number, labels=tuple(labels))

    async def close_issue(self, number: int) -> None:
        """Close."""
        self._up()
        self._change(number, state="closed")

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Spans:
    """The steps of all incidents as they were reported: (step, parent's digest)."""

    told: list[tuple[Step, str]] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    report: DetectorsReport | None = None

    def recorded(self, fact: Fact, digest: str, root: str, begun: int) -> None:
        """Keep."""
        self.told.append((fact.step, "" if digest == root else root))

    def dismissed(self, reason: str) -> None:
        """Keep."""
        self.void.append(reason)

    def dropped(self, reason: str, count: int) -> None:
        """Count."""
        self.lost[reason] += count

    def waiting(self, cases: int, overdue: int) -> None:
        """Nobody asks."""

    def clock(self, offset: float) -> None:
        """Nobody asks."""

    def budget(self, journey: str, spent: float) -> None:
        """Nobody asks."""

    def detectors(self, report: DetectorsReport) -> None:
        """Keep the newest."""
        self.report = report


@dataclass
class Bus(Topics):
    """Records by topic; what Scout tells is signed once somebody reads it, and nobody reads what is older."""

    told: list[tuple[SymptomReport, Key]] = field(default_factory=list)

    def tell(self, symptom_report: SymptomReport, key: Key) -> None:
        """Queue what Scout reports now, to be signed once somebody reads the bus; keep only the newest reports."""
        self.told.append((symptom_report, key))
        del self.told[:-TOLD]

    def add(self, topic: str, at: int, value: bytes, headers: Mapping[str, bytes] | None = None) -> None:
        """One more, after all that was told before."""
        self._sign()
        super().add(topic, at, value, headers)

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """By time."""
        self._sign()
        return await super().window(topic, since, until, limit)

    def _sign(self) -> None:
        for symptom_report, key in self.told:
            value, headers = encode(symptom_report, key)
            super().add(SYMPTOM_REPORTS, symptom_report.at, value, headers)
        self.told.clear()
        del self.records.get(SYMPTOM_REPORTS, [])[:-TOLD]


@dataclass(frozen=True)
class Fault:
    """What is wrong while `holds` says so of the values in force by key; `fails`: the share of visits that go wrong."""

    symptom: SymptomKind
    service: str
    holds: Callable[[Values], bool]
    fails: Callable[[Values], float] = lambda _: 1.0


@dataclass(frozen=True)
class ScriptedInquest(Investigation):
    """An inquest whose answer a story may write; without one it is its own."""

    script: Callable[[Case], Diagnosis | None] = lambda _: None

    async def diagnose(self, case: Case, units: Mapping[str, Unit], ill: Sequence[Interval] = ()) -> Diagnosis:
        """Return the diagnosis that the script gives, or else the inquest's own."""
        return self.script(case) or await super().diagnose(case, units, ill)


@cache
def values_of(*contents: bytes) -> Values:
    """Return the values that these files set, by key."""
    texts = [content.decode() for content in contents]
    return MappingProxyType({key: value_of(text, key) or "" for text in texts for key in keys_of(text)})


def diagnosis(service: str, kind: CauseKind, change: str = "") -> Diagnosis:
    """Return a confirmed diagnosis with one cause."""
    evidence = (Evidence("trace:1", f"{service} did it"),)
    return Diagnosis(Confidence.CONFIRMED, (Cause(service, "", kind, 0.9, ("trace:1",)),), evidence, change)


@dataclass
class World:
    """One application and its agents. `dead` services do not answer; a `stubborn` one dies again at once.

    One that is `hanging` is dead for a probe and lives for the runtime.
    A `doomed` service dies while its predicate holds of the values in force. What main says is deployed at the next
    moment, unless the `deployer` is away. While it `counts`, attempts pay from the error budget. `asked`
    hears of each probe and of each question for traces, before its answer arrives. `lives` names lives that have
    other names than the world gives.
    """

    autonomy: Autonomy = Autonomy.AUTONOMOUS
    guardrails: Guardrails = Guardrails(("restart", "set-config", "revert", "scale"), 6, 5.0, 2, 3)
    faults: list[Fault] = field(default_factory=list)
    doomed: dict[str, Callable[[Values], bool]] = field(default_factory=dict)
    deployer: bool = True
    diagnoses: Callable[[Case], Diagnosis | None] = lambda _: None
    writers: frozenset[str] = frozenset({"robin"})
    dead: set[str] = field(default_factory=set)
    stubborn: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    starts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 1))
    restarted_at: dict[str, int] = field(default_factory=dict)
    halted_now: bool = False
    scout_tells: bool = True
    counts: bool = False
    asked: Callable[[str], None] = lambda _: None
    dry_run: bool = False
    visits: int = 0
    restarts: list[tuple[str, str]] = field(default_factory=list)
    lessons: dict[str, Lesson] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    pending: dict[tuple[Agent, str], Pending] = field(default_factory=dict)
    misread: dict[str, int] = field(default_factory=dict)
    set_aside: list[tuple[Agent, Pending, str]] = field(default_factory=list)
    begun: int = 1_700_000_000 * SECOND
    configured: SpaceConfig | None = None
    desired: Mapping[str, str] = field(default_factory=lambda: DESIRED)
    lives: dict[str, str] = field(default_factory=dict)
    read_holds: dict[Agent, IssueHolds] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Wire it."""
        self.clock, self.forge, self.bus = Clock(self), MemoryForge(), Bus()
        self.followers = Followers(self._present)
        self.clocks = {agent: OwnClock(self.clock) for agent in Agent}
        self.forge.now = self.clock.now
        self.keys = {name: Key(name) for name in (*Agent, OPERATOR)}
        self.trust = Trust(self.keys)
        self.incidents = IncidentRepository(self.forge, self.trust, REPOSITORY)
        self.orders = IssueOrders(self.forge, self.trust, self, REPOSITORY)
        self.git = MemoryGit({path: text.encode() for path, text in self.desired.items()}, self.clock.now)
        self.running = dict(self.git.main())
        journey = Journey(
            "buy", SpanSelector("traffic", ("journey quote",)), 0.999, visit="journey.id", conversion=CONVERSION
        )
        made = SpaceConfig("space", {name: self._service(name) for name in SERVICES}, (journey,), self.guardrails)
        self.config = self.configured or made
        self.board = {name: ServiceHealth(name) for name in SERVICES}
        self.book = JourneyBook(self.config.measured)
        self.detectors = Detectors(self.config, self.board, self.book)
        self.processes = Processes(self.clock.now())
        self.hold_feed = HoldFeed(self.holds(Agent.SCOUT), self.detectors, self.clocks[Agent.SCOUT])
        self.spans: list[Span] = []
        self.unheard: list[Span] = []
        self.ended_units = EndedUnits(self.config)
        self.duties = self._duties()
        self.reporter = Spans()
        scouts = self.clocks[Agent.SCOUT]
        self.opener = Opener(
            self.incidents,
            self.forge,
            self.keys["scout"],
            scouts,
            self.reporter,
            self.pager(),
            self.clock_check(Agent.SCOUT),
            Snapshots(DetectorReports(self.detectors), self.processes, "http://jaeger.example").take,
            contacts=self.config.contacts,
        )
        self.runners = {agent: self.runner(agent) for agent in Agent}
        self.live()

    def _service(self, name: str) -> Service:
        calls = ("policy-service", "user-service") if name == "quote-service" else ()
        health, tunables = http(f"http://{name}:80/health"), TUNABLES.get(name, ())
        prefix = name.upper().replace("-", "_")
        memory, replicas = (Place(SPACE_FILE, f"{prefix}_{what}") for what in ("MEMORY_BYTES", "REPLICAS"))
        return Service(name, health, name, calls, self.autonomy, tunables=tunables, memory=memory, replicas=replicas)

    def _script(self, case: Case) -> Diagnosis | None:
        return self.diagnoses(case)

    def fixer(self) -> Fixer:
        """Return a Fixer that was just started, with the present configuration."""
        restarts = Restarts(self.config, self, self, self)
        clock = self.clocks[Agent.FIXER]
        changes = Changes(PullRequests(self.config, self.git, self, clock), restarts, self, clock)
        symptoms = SymptomReports(self.bus, self.trust, REPOSITORY, clock)
        permission = Permission(
            self.config, self.incidents, self.orders, self.holds(Agent.FIXER), symptoms, clock, self.dry_run
        )
        return Fixer(self.config, restarts, changes, permission, self, FollowUps(self.forge), self)

    def _duties(self) -> dict[Agent, Duty]:
        self.scout = Scout(self.detectors, self.clocks[Agent.SCOUT])
        brains = self.clocks[Agent.BRAIN]
        return {
            Agent.SCOUT: self.scout,
            Agent.BRAIN: Brain(
                self.config,
                self,
                self._inquest(),
                self.incidents,
                brains,
                DesiredStateHistory(self.git, self.config),
                self.orders,
                self.holds(Agent.BRAIN),
                self.ended_units,
            ),
            Agent.FIXER: self.fixer(),
            Agent.MEMORY: Memory(self, self.incidents, self.forge, self.orders, self.clocks[Agent.MEMORY]),
        }

    def _inquest(self) -> Investigation:
        clock, topics = self.clocks[Agent.BRAIN], Topics()
        git = MemoryGit({}, clock.now)
        gathering = Gathering(self, topics, clock)
        return ScriptedInquest(
            self.config, gathering, RecentDeployments(topics, git), self, Shelf(), clock, self._script
        )

    def runner(self, agent: Agent) -> Runner:
        """Return the loop of one agent, as a fresh process would have it."""
        outbox = Outbox(self, agent)
        return Runner(
            agent,
            self.duties[agent],
            self.incidents,
            self.forge,
            outbox,
            self.keys[agent.value],
            self.clocks[agent],
            self.reporter,
            self.pager(),
            self.clock_check(agent),
            HoldGate(self.holds(agent), self.forge, self.config, self.clocks[agent]),
        )

    def holds(self, agent: Agent) -> IssueHolds:
        """Return the holds as the agent reads them."""
        read = IssueHolds(self.incidents, self.orders, self.config, self.clocks[agent])
        return self.read_holds.setdefault(agent, read)

    async def restart_scout(self) -> None:
        """Kill Scout and start it anew: it reads the open incidents, and nothing of what it saw before."""
        clock = self.clocks[Agent.SCOUT]
        clock.own = Pauses.of_start(ClockPair(self.clock.now(), self.clock.now()))
        self.board, self.book = {name: ServiceHealth(name) for name in SERVICES}, JourneyBook(self.config.measured)
        self.detectors = Detectors(self.config, self.board, self.book)
        self.detectors.open_incidents.recall(await self.incidents.open_cases())
        self.hold_feed = HoldFeed(self.holds(Agent.SCOUT), self.detectors, clock)
        self.scout = self.duties[Agent.SCOUT] = Scout(self.detectors, clock)
        self.runners[Agent.SCOUT] = self.runner(Agent.SCOUT)

    def clock_check(self, agent: Agent) -> ClockCheck:
        """Of an agent that compares its clock with the forge's and the services'."""
        return ClockCheck(self, self.clocks[agent], self.reporter, self.pager())

    # ports.dates
    async def ask(self) -> Mapping[str, int]:
        """All tell the world's time, wrong by `misread`."""
        return {name: self.clock.now() + self.misread.get(name, 0) for name in ("the forge", *SERVICES)}

    def pager(self) -> Pager:
        """As a fresh process would have it; every call ends in `notes`."""
        return Pager(self, PAGE)

    # ports.notifier
    def notify(self, note: Note) -> None:
        """Keep."""
        self.notes.append(note)

    def live(self) -> None:
        """Play one moment: a customer's visit, which fails when a service is dead, then probes and detection."""
        if self.deployer:
            self._deploy()
        now, values = self.clock.time, self.values
        self.dead |= {name for name, holds in self.doomed.items() if holds(values)}
        self.unheard.append(self._visit(now))
        if self.clocks[Agent.SCOUT].stopped_at:
            return
        self.detectors.resume(self.clocks[Agent.SCOUT].pauses())
        for name, health in self.board.items():
            alive = name not in self.dead
            health.update(Health(alive, alive, "200" if alive else "no connection", 0.0), now)
        self._hear(now)
        self.detectors.evaluate(now)
        held = {fault.symptom.of(fault.service): now for fault in self.faults if fault.holds(values)}
        self.detectors.active_symptoms.present |= held
        if self.scout_tells and self.detectors.evaluated:
            self._tell(now)

    def _hear(self, now: int) -> None:
        """Give Scout's detectors the visits not heard yet, and mark the feed of spans as heard up to now."""
        for span in self.unheard:
            attempt = self.book.add(span, span.end)
            if attempt is not None and self.counts:
                self.detectors.take_attempt(attempt)
        self.unheard.clear()
        self.detectors.spans = Feed(SPANS, now, now)

    def stop(self, *agents: Agent) -> None:
        """Stop these agents; the application goes on."""
        for agent in agents:
            self.clocks[agent].stopped_at = self.clock.now()

    def go_on(self) -> None:
        """Whoever was stopped runs again."""
        for clock in self.clocks.values():
            if clock.stopped_at:
                clock.go_on()

    def suspend(self, seconds: float) -> None:
        """Suspend the whole machine, with the application, for so many seconds of the world's time."""
        self.stop(*Agent)
        self.clock.time += int(seconds * SECOND)
        self.go_on()

    def _tell(self, now: int) -> None:
        """Scout says what it sees."""
        seen, blind = self.detectors.active_symptoms.seen, self.detectors.telemetry.blind
        self.bus.tell(SymptomReport(REPOSITORY, now, seen, blind), self.keys["scout"])

    @property
    def values(self) -> Values:
        """What is in force, by key."""
        return values_of(*self.running.values())

    def _deploy(self) -> None:
        """Put what main says in force, and start the service of each changed file again."""
        for path, content in self.git.main().items():
            if self.running.get(path) == content:
                continue
            self.running[path] = content
            service = path.rpartition("/")[2].removesuffix(".env")
            if service in SERVICES:
                self.starts[service] += 1
                self.dead.discard(service)

    def _unlucky(self, share: float) -> bool:
        """Return whether this visit is among the failing share, spread evenly (multiples of the golden ratio)."""
        self.visits += 1
        return (self.visits * 0.6180339887) % 1.0 < share

    def _visit(self, now: int) -> Span:
        share = max((fault.fails(self.values) for fault in self.faults if fault.holds(self.values)), default=0.0)
        bad = bool(self.dead) or self._unlucky(share)
        id, status = f"{now:x}", SpanStatus.ERROR if bad else SpanStatus.UNSET
        root = Span(id, id, "", "traffic", "journey quote", SpanKind.INTERNAL, now, now + 5, status)
        self.spans.append(root)
        for number, name in enumerate(sorted(self.dead)):
            peer: dict[str, str | int | float | bool] = {"server.address": name, "server.port": 80}
            self.spans.append(
                Span(id, f"c{number}{id}", id, "quote-service", "POST", SpanKind.CLIENT, now, now + 5, status, "", peer)
            )
        return root

    # ports.probe
    async def check(self, check: HealthCheck) -> Health:
        """Alive or not."""
        alive = urlsplit(check.target).hostname not in self.dead
        self.asked(check.target)
        return Health(alive, alive, "GET /health answered 200" if alive else "no connection", 0.0)

    # ports.runtime
    async def units(self) -> Sequence[Unit]:
        """Return all units."""
        return [await self.unit(name) for name in SERVICES]

    async def unit(self, name: str) -> Unit:
        """Return a unit, whose incarnation is how often it was started and its state, unless a test has set another."""
        if name not in self.starts:
            raise Missing(f"the runtime has no unit {name!r}")
        since = self.restarted_at.get(name, 0)
        dead = name in self.dead - self.hanging and not since
        state: Literal["exited", "running"] = "exited" if dead else "running"
        life = self.lives.get(name, f"{self.starts[name]}:{state}")
        restarts, limit = self.starts[name] - 1, self.limit_of(name)
        return Unit(name, state, life, None if dead else 1, since, -9 if dead else None, "", limit, restarts)

    def limit_of(self, name: str) -> int | None:
        """Return the memory limit that desired state in force gives a unit."""
        service = self.config.services.get(name)
        value = self.values.get(service.memory.key, "") if service and service.memory else ""
        return int(value) if value.isdecimal() else None

    async def restart(self, name: str, expected: str) -> Unit:
        """Start again."""
        if (await self.unit(name)).incarnation != expected:
            raise Refused("another life; nothing was changed")
        self.restarts.append((name, expected))
        if name not in self.dead:
            self.kill(name, planned=True)
        self.lives.pop(name, "")
        self.starts[name] += 1
        doomed = {one for one, holds in self.doomed.items() if holds(self.values)}
        self.dead -= {name} - self.stubborn - doomed
        self.hanging -= {name} - self.stubborn
        after = await self.unit(name)
        if after.state == "running":
            self.followers.say(Started(name, after.incarnation, self.clock.now()))
        return after

    def kill(self, name: str, planned: bool = False) -> None:
        """End a unit's process, as somebody does who asks the runtime, where it is `planned`."""
        ended = Died(name, f"{self.starts[name]}:running", self.clock.now(), None if planned else -9, planned)
        self.dead.add(name)
        self.followers.say(ended)

    def _present(self) -> Sequence[Started]:
        alive = [name for name in SERVICES if name not in self.dead]
        return [Started(name, f"{self.starts[name]}:running", self.restarted_at.get(name, 0)) for name in alive]

    def events(self) -> AsyncGenerator[Started | Died, None]:
        """Follow."""
        return self.followers.events()

    # ports.deployments
    async def in_force(self, path: str, content: bytes) -> bool:
        """Return whether a file is in force with this content."""
        return self.running.get(path) == content

    # ports.traces
    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """As a trace store does."""
        self.asked("traces")
        return stored(self.spans, service, since, until, limit)

    async def close(self) -> None:
        """Nothing to release."""

    # ports.brake
    def halted(self) -> bool:
        """Return whether the space is halted."""
        return self.halted_now

    def halt(self) -> None:
        """Halt the space."""
        self.halted_now = True

    # ports.orders
    async def may_write(self, login: str) -> bool:
        """Return whether the account is one of `writers`."""
        return login in self.writers

    # ports.case_index
    async def remember(self, lesson: Lesson) -> None:
        """Keep."""
        await MemoryIndex(self.lessons).remember(lesson)

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """By the words."""
        return await MemoryIndex(self.lessons).recall(text, limit, where)

    async def detect(self) -> int:
        """Let time pass until Scout has opened an incident."""
        for _ in range(20):
            await self.clock.sleep(0.25)
            if number := await self.look():
                return number
        raise AssertionError("nothing was detected")

    async def look(self) -> int:
        """Let Scout open what it has detected; return the issue number of the first incident, 0 when there is none."""
        await self.hold_feed.read()
        opened = await self.opener.open_missing(self.scout.detections())
        for detection in opened.values():
            self.scout.opened(detection)
        return next(iter(opened), 0)

    async def tampered(self) -> int:
        """Alter an accepted fact of an incident in a halted world; return the incident's issue number."""
        self.dead, self.halted_now = {"policy-service"}, True
        number = await self.detect()
        await self.play(number, 10)
        comments = self.forge.written[number]
        comments[0] = replace(comments[0], body=comments[0].body.replace("payload=", "payload=AA"))
        return number

    def has_watched(self) -> None:
        """Let Scout have something to compare with for every detector, as one that has watched for long."""
        usual = Thresholds(5e6, 5e6, bucket_of(100_000_000), 0.1, 0.0, 0.01)
        for name in self.config.services:
            requests = Operation(name, SpanKind.SERVER, ALL)
            watch = self.detectors.operations.watches.setdefault(requests, OperationWatch(requests))
            watch.thresholds, watch.evaluated_since = usual, self.clock.now()
            self.detectors.take_level(Resource(name, MEMORY, 400.0), self.clock.now(), 100.0)
        for journey in self.detectors.journeys.values():
            if journey.conversion is not None:
                journey.conversion.evaluated_since = 1

    async def report(self, kind: SymptomKind, service: str, value: float = 0.3) -> int:
        """Scout opens an incident for a symptom of any kind: what its detectors are tested for elsewhere."""
        self.has_watched()
        now = self.clock.now()
        symptom = Symptom(kind, service, "it is so", value, 0.01, now - 5 * SECOND)
        found = Detection(f"{kind}/{service}", (symptom,), dict.fromkeys(SERVICES, "ok"), JourneyCount(0, 0, now, now))
        (number,) = await self.opener.open_missing([found])
        self.scout.opened(found)
        return number

    async def case(self, number: int) -> Case:
        """Return the incident's case as it is now."""
        case = await self.incidents.case(number)
        assert case is not None
        return case

    def says(self, number: int, body: str, who: str = "robin", edited: bool = False) -> None:
        """Somebody comments."""
        comments = self.forge.written[number]
        comments.append(Comment(self.forge.next_id(), who, 2, body, 0, int(edited)))

    async def turn(self, number: int, *agents: Agent) -> bool:
        """Each agent visits once; True when somebody did something."""
        running = [agent for agent in agents or tuple(Agent) if not self.clocks[agent].stopped_at]
        posted = [await self.runners[agent].visit(await self.case(number)) for agent in running]
        self.detectors.open_incidents.refresh(await self.incidents.open_cases(), self.clock.now())
        await self.hold_feed.read()
        return any(posted)

    async def play(self, number: int, rounds: int = 100) -> Case:
        """Let all agents work until the case is closed or waits for people and nothing moves for a while."""
        quiet = 0
        for _ in range(rounds):
            quiet = 0 if await self.turn(number) else quiet + 1
            await self.clock.sleep(0.25)
            case = await self.case(number)
            if not case.is_open or (waits_for_people(case) and quiet > QUIET):
                break
        return await self.case(number)


@dataclass(frozen=True)
class Outbox:
    """Pending facts that survive their agent."""

    world: World
    agent: Agent

    def put(self, pending: Pending) -> None:
        """Keep."""
        self.world.pending[self.agent, pending.incident] = pending

    def get(self, incident: str) -> Pending | None:
        """Look."""
        return self.world.pending.get((self.agent, incident))

    def set_aside(self, incident: str, why: str) -> None:
        """Keep it out of the way."""
        self.world.set_aside.append((self.agent, self.world.pending.pop((self.agent, incident)), why))

    def drop(self, incident: str) -> None:
        """Forget."""
        self.world.pending.pop((self.agent, incident), None)
