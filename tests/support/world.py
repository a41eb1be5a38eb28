"""A small world in memory behind the ports, on virtual time: for tests of the agents and their loop.

Real keys and the real wire format; only the technologies are replaced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.evidence import Git, Shelf, Topics, document

from sre_space.agents.brain import Brain
from sre_space.agents.deployments import Deployments
from sre_space.agents.duty import Duty
from sre_space.agents.fixer import Fixer
from sre_space.agents.gathering import Gathering
from sre_space.agents.inquest import Inquest
from sre_space.agents.memory import Memory
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.agents.scout.scout import Scout
from sre_space.agents.scout.watchers import Watchers
from sre_space.domain.case import Case
from sre_space.domain.chart import Autonomy, Chart, Guardrails, Journey, Service
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.domain.facts import Agent, Fact, Step
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.loop.casebook import Casebook
from sre_space.loop.opening import Opener
from sre_space.loop.runner import Runner
from sre_space.ports.case_index import Lesson, Recalled
from sre_space.ports.forge import Comment, Issue
from sre_space.ports.outbox import Pending
from sre_space.ports.probe import Health
from sre_space.ports.runtime import Unit

SECOND = 10**9
REPOSITORY = "local/cloud-insurance"
SERVICES = ("quote-service", "policy-service", "user-service")


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self, world: "World") -> None:
        self.world, self.time = world, 1_000_000 * SECOND

    def now(self) -> int:
        """Unix nanoseconds."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Time passes, and customers travel meanwhile."""
        self.time += int(seconds * SECOND)
        self.world.live()


class Key:
    """A real key."""

    def __init__(self, name: str) -> None:
        self.key_id, self.private = name, Ed25519PrivateKey.generate()

    def sign(self, message: bytes) -> bytes:
        """A signature."""
        return self.private.sign(message)


class Trust:
    """Public keys by agent."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.keys = keys

    def owner(self, key_id: str, message: bytes, signature: bytes) -> str | None:
        """The agent."""
        try:
            self.keys[key_id].private.public_key().verify(signature, message)
        except (KeyError, InvalidSignature):
            return None
        return key_id


@dataclass
class MemoryForge:
    """Issues and comments in lists; `down` makes every call `Unavailable`."""

    found: list[Issue] = field(default_factory=list)
    written: dict[int, list[Comment]] = field(default_factory=dict)
    down: bool = False

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the forge is away")

    async def whoami(self) -> str:
        """Somebody."""
        return "sre"

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Append."""
        self._up()
        number = len(self.found) + 1
        self.found.append(Issue(number, title, body, "open", "sre", tuple(labels), 0, 0, 0))
        self.written[number] = []
        return number

    async def issue(self, number: int) -> Issue:
        """One."""
        self._up()
        if not 0 < number <= len(self.found):
            raise Missing(f"issue {number}")
        return replace(self.found[number - 1], comments=len(self.written[number]))

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """All."""
        self._up()
        found = [await self.issue(one.number) for one in self.found]
        return [one for one in found if state in ("all", one.state)]

    async def search(self, words: str) -> Sequence[Issue]:
        """By title."""
        return [one for one in self.found if words in one.title]

    async def comment(self, number: int, body: str) -> int:
        """Append."""
        self._up()
        id = sum(map(len, self.written.values())) + 1
        self.written[number].append(Comment(id, "sre", 1, body, 0, 0))
        return id

    async def comments(self, number: int) -> Sequence[Comment]:
        """All of an issue."""
        self._up()
        return tuple(self.written[number])

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace."""
        self._up()
        self.found[number - 1] = replace(self.found[number - 1], labels=tuple(labels))

    async def close_issue(self, number: int) -> None:
        """Close."""
        self._up()
        self.found[number - 1] = replace(self.found[number - 1], state="closed")

    async def read_file(self, path: str, ref: str = "main") -> bytes:
        """Nothing here."""
        raise Missing(path)

    async def ping(self) -> None:
        """Is it there."""
        self._up()

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Spans:
    """The steps of all incidents as they were reported: (step, parent's digest)."""

    told: list[tuple[Step, str]] = field(default_factory=list)

    def recorded(self, fact: Fact, digest: str, root: str, begun: int) -> None:
        """Keep."""
        self.told.append((fact.step, "" if digest == root else root))

    def waiting(self, cases: int, overdue: int) -> None:
        """Nobody asks."""


@dataclass
class World:
    """One patient, one doctor. `dead` services do not answer; a `stubborn` one dies again at once."""

    autonomy: Autonomy = Autonomy.AUTONOMOUS
    dead: set[str] = field(default_factory=set)
    stubborn: set[str] = field(default_factory=set)
    starts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 1))
    restarted_at: dict[str, int] = field(default_factory=dict)
    halted_now: bool = False
    lessons: dict[str, Lesson] = field(default_factory=dict)
    pending: dict[tuple[Agent, str], Pending] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Wire it."""
        self.clock, self.forge = Clock(self), MemoryForge()
        self.keys = {agent.value: Key(agent.value) for agent in Agent}
        self.casebook = Casebook(self.forge, Trust(self.keys), REPOSITORY)
        services = {name: Service(name, f"http://{name}:80/health", name, (), self.autonomy) for name in SERVICES}
        journey = Journey("buy", "traffic", ("journey quote",), 0.999)
        self.chart = Chart("space", services, journey, Guardrails(("restart",), 6, 5.0, 2, 3))
        self.board = {name: ServiceHealth(name) for name in SERVICES}
        self.book = JourneyBook(journey)
        self.watchers = Watchers(self.chart, self.board, self.book)
        self.spans: list[Span] = []
        self.duties = self._duties()
        self.reporter = Spans()
        self.opener = Opener(self.casebook, self.forge, self.keys["scout"], self.clock, self.reporter)
        self.runners = {agent: self.runner(agent) for agent in Agent}
        self.live()

    def _duties(self) -> dict[Agent, Duty]:
        self.scout = Scout(self.watchers, self.clock)
        return {
            Agent.SCOUT: self.scout,
            Agent.BRAIN: Brain(self.chart, self, self._inquest(), self.casebook, self.clock),
            Agent.FIXER: Fixer(self.chart, self, self, self.casebook, self, self.clock),
            Agent.MEMORY: Memory(self, self.casebook, self.forge, self.clock),
        }

    def _inquest(self) -> Inquest:
        git, topics = Git(), Topics()
        gathering = Gathering(self, topics, git, self.clock, self.chart.journey.caller)
        return Inquest(self.chart, gathering, Deployments(topics, git), self, Shelf(), self.clock)

    def runner(self, agent: Agent) -> Runner:
        """The loop of one agent, as a fresh process would have it."""
        outbox = Outbox(self, agent)
        return Runner(
            agent,
            self.duties[agent],
            self.casebook,
            self.forge,
            outbox,
            self.keys[agent.value],
            self.clock,
            self.reporter,
        )

    def live(self) -> None:
        """A moment passes: probes, and one customer a moment, whose visit fails when a service is dead."""
        now = self.clock.time
        for name, health in self.board.items():
            alive = name not in self.dead
            health.update(Health(alive, alive, "200" if alive else "no connection", 0.0), now)
        self.book.add(self._visit(now), now)

    def _visit(self, now: int) -> Span:
        id, status = f"{now:x}", SpanStatus.ERROR if self.dead else SpanStatus.UNSET
        for name in self.dead:
            peer: dict[str, str | int | float | bool] = {"server.address": name, "server.port": 80}
            self.spans.append(
                Span(id, f"c{id}", "", "quote-service", "POST", SpanKind.CLIENT, now, now + 5, status, "", peer)
            )
        return Span(id, id, "", "traffic", "journey quote", SpanKind.INTERNAL, now, now + 5, status)

    # ports.probe
    async def check(self, url: str) -> Health:
        """Alive or not."""
        alive = urlsplit(url).hostname not in self.dead
        return Health(alive, alive, "GET /health answered 200" if alive else "no connection", 0.0)

    # ports.runtime
    async def units(self) -> Sequence[Unit]:
        """All."""
        return [await self.unit(name) for name in SERVICES]

    async def unit(self, name: str) -> Unit:
        """A life is named by how often it was started, and whether it ended."""
        since = self.restarted_at.get(name, 0)
        dead = name in self.dead and not since
        state: Literal["exited", "running"] = "exited" if dead else "running"
        return Unit(name, state, f"{self.starts[name]}:{state}", None if dead else 1, since, -9 if dead else None)

    async def restart(self, name: str, expected: str) -> Unit:
        """Start again."""
        if (await self.unit(name)).incarnation != expected:
            raise Refused("another life; nothing was changed")
        self.starts[name] += 1
        self.dead -= {name} - self.stubborn
        return await self.unit(name)

    # ports.traces
    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """By time; every trace is a customer's."""
        return document([span for span in self.spans if since <= span.start < until])

    async def close(self) -> None:
        """Nothing to release."""

    # ports.brake
    def halted(self) -> bool:
        """The brake."""
        return self.halted_now

    # ports.case_index
    async def remember(self, lesson: Lesson) -> None:
        """Keep."""
        self.lessons[lesson.id] = lesson

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """All, alike."""
        return [Recalled(lesson, 0.9) for lesson in self.lessons.values()][:limit]

    async def forget(self, id: str) -> None:
        """Drop."""
        self.lessons.pop(id, None)

    async def ping(self) -> None:
        """Here."""

    async def detect(self) -> int:
        """Let time pass until Scout has opened an incident."""
        for _ in range(20):
            await self.clock.sleep(0.25)
            opened = await self.opener.open_missing(self.scout.detections())
            for number, detection in opened.items():
                self.scout.opened(detection)
                return number
        raise AssertionError("nothing was detected")

    async def case(self, number: int) -> Case:
        """The case now."""
        case = await self.casebook.case(number)
        assert case is not None
        return case

    async def turn(self, number: int, *agents: Agent) -> bool:
        """Each agent visits once; True when somebody did something."""
        posted = [await self.runners[agent].visit(await self.case(number)) for agent in agents or tuple(Agent)]
        self.watchers.docket.refresh(await self.casebook.open_cases(), self.clock.now())
        return any(posted)

    async def play(self, number: int, rounds: int = 100) -> Case:
        """Let all agents work until the case is closed or nothing moves for a while."""
        for _ in range(rounds):
            await self.turn(number)
            await self.clock.sleep(0.25)
            if not (await self.case(number)).is_open:
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

    def drop(self, incident: str) -> None:
        """Forget."""
        self.world.pending.pop((self.agent, incident), None)
