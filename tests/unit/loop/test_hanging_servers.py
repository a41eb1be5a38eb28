"""A server stops answering at each step of an incident: a death is restarted all the same, or a person is called."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.deaf import Deaf
from support.evidence import Shelf, Topics
from support.git_world import MemoryGit
from support.matrix import matrix
from support.world import REPOSITORY, SECOND, World

from sre_space.adapters.system_clock import SystemClock
from sre_space.agents.brain.brain import Brain
from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.history import DesiredStateHistory
from sre_space.agents.brain.investigation import Investigation
from sre_space.agents.fixer.fixer import Fixer
from sre_space.agents.fixer.symptoms import SymptomReports
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Agent, Decision, Step
from sre_space.domain.pauses import ClockPair
from sre_space.loop.duty import Duty
from sre_space.loop.stalls import SeenOnce, Stalls
from sre_space.loop.watch import Watch

START = 1_700_000_000 * SECOND
SERVERS = ("telemetry", "bus", "git", "memory")
STEPS = (Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM, Step.CONCLUDE)


@dataclass
class Away:
    """Stands before what an agent asks: every call fails as an adapter's does whose server hangs."""

    behind: object
    away: Callable[[], bool]
    name: str

    def __getattr__(self, called: str) -> Any:  # noqa: ANN401 - stands for any port
        async def asked(*values: object, **named: object) -> object:
            if self.away():
                raise Unavailable(f"the {self.name} does not answer")
            return await getattr(self.behind, called)(*values, **named)

        return asked


@dataclass
class Hanging(World):
    """A world whose servers in `away` do not answer; blind telemetry tells of no journey."""

    away: set[str] = field(default_factory=set)
    called: SeenOnce = field(default_factory=SeenOnce)

    def _before(self, behind: object, name: str) -> Any:  # noqa: ANN401 - stands for any port
        return Away(behind, lambda: name in self.away, name)

    def _duties(self) -> dict[Agent, Duty]:
        duties = super()._duties()
        brain, fixer, memory = duties[Agent.BRAIN], duties[Agent.FIXER], duties[Agent.MEMORY]
        assert isinstance(brain, Brain)
        assert isinstance(fixer, Fixer)
        git, topics = self._before(MemoryGit({}, self.clock.now), "git"), self._before(Topics(), "bus")
        gathering = Gathering(self._before(self, "telemetry"), topics, self.clock)
        investigation = Investigation(self.config, gathering, RecentDeployments(topics, git), self, Shelf(), self.clock)
        for duty, name, value in (
            (brain, "investigation", investigation),
            (brain, "history", DesiredStateHistory(self._before(self.git, "git"), self.config)),
            (brain, "runtime", self._before(self, "runtime")),
            (fixer.restarts, "runtime", self._before(self, "runtime")),
            (
                fixer.permission,
                "symptoms",
                SymptomReports(self._before(self.bus, "bus"), self.trust, REPOSITORY, self.clock),
            ),
            (memory, "index", self._before(self, "memory")),
        ):
            object.__setattr__(duty, name, value)
        return duties

    def live(self) -> None:
        """Without telemetry, or the bus that it comes by, no journey is heard of."""
        heard = self.book.add
        if self.away & {"telemetry", "bus"}:
            self.book.add = lambda *_: None  # type: ignore[method-assign]
        try:
            super().live()
        finally:
            self.book.add = heard  # type: ignore[method-assign]

    def watches(self) -> list[Watch]:
        """All agents' loops, as processes that share the record of calls."""
        return [Watch(self.runners[one], Deaf(), Deaf(), 1.0, lambda _: None, calls=self.called) for one in Agent]


async def watched(
    world: Hanging, seconds: float, until: Callable[[], bool], mute: Agent | None = None, every_s: float = 1
) -> None:
    """Poll after poll, for so long or until something is so; a `mute` agent is stopped."""
    watches = [one for one in world.watches() if one.runner.agent is not mute]
    begun, polled = world.clock.now(), 0
    while world.clock.now() - begun < seconds * SECOND and not until():
        await world.opener.open_missing(world.scout.detections())
        if world.clock.now() - polled >= every_s * SECOND:
            polled = world.clock.now()
            for watch in watches:
                await polls(watch)
                if until():
                    return
        await world.clock.sleep(0.25)


async def polls(watch: Watch) -> None:
    """One poll, and what follows from it."""
    await watch.poll_once()
    while watch.tasks:
        await asyncio.gather(*watch.tasks.values())
        await asyncio.sleep(0)


def reached(world: Hanging, step: Step) -> bool:
    """Return True once the incident's chain has a fact of the step."""
    texts = [world.forge.found[0].body, *(one.body for one in world.forge.written[1])] if world.forge.found else []
    return any(f"step={step.value}\n" in text for text in texts)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("step", matrix([None, *STEPS]))
async def test_a_dead_service_is_restarted_once_whichever_server_hangs_from_whichever_step_on(
    server: str, step: Step | None
) -> None:
    world = Hanging()
    world.dead = {"policy-service"}
    if step is not None:
        await watched(world, 60, lambda: reached(world, step))
    world.away = {server}
    await watched(world, 12, lambda: False)

    assert world.restarts == [("policy-service", "1:exited")]

    world.away = set()
    await watched(world, 60, lambda: world.forge.found[0].state == "closed")
    assert world.forge.found[0].state == "closed"
    assert world.starts["policy-service"] == 2


async def test_with_all_away_but_forge_and_runtime_a_death_is_restarted_and_the_diagnosis_says_what_was_missing() -> (
    None
):
    world = Hanging()
    world.dead, world.away = {"policy-service"}, set(SERVERS)
    await watched(world, 15, lambda: bool(world.restarts))

    decision = (await world.case(1)).latest(Decision)
    assert decision is not None
    assert world.restarts
    assert "traces were not available: the telemetry does not answer" in decision.diagnosis.report
    assert "deployments were not available: the bus does not answer" in decision.diagnosis.report


@pytest.mark.parametrize(
    ("server", "step", "why"),
    [
        (
            "telemetry",
            Step.VERIFY,
            "nothing can be verified: no attempt of the journey arrives from telemetry or the bus",
        ),
        ("bus", Step.VERIFY, "nothing can be verified: no attempt of the journey arrives from telemetry or the bus"),
        ("runtime", Step.DECIDE, "the runtime does not answer"),
        ("memory", Step.REMEMBER, "the memory does not answer"),
    ],
)
async def test_what_cannot_go_on_calls_a_person_once_and_says_what_it_waits_for(
    server: str, step: Step, why: str
) -> None:
    world = Hanging()
    world.dead, world.away = {"policy-service"}, {server}
    await watched(world, 110, lambda: False, every_s=4)

    (note,) = world.notes
    assert note.title == f"Incident 1: no progress at the step {step}: Infrastructure on policy-service"
    assert f"The agent waits: {why}" in note.text

    world.away = set()
    await watched(world, 60, lambda: world.forge.found[0].state == "closed")
    assert world.forge.found[0].state == "closed"
    assert len(world.notes) == 1


@pytest.mark.parametrize("agent", [Agent.BRAIN, Agent.FIXER, Agent.SCOUT])
async def test_for_an_agent_that_hangs_another_one_calls_once(agent: Agent) -> None:
    world = Hanging()
    world.dead = {"policy-service"}
    number = await world.detect()
    await watched(world, 110, lambda: False, agent, every_s=4)

    (note,) = world.notes
    assert f"is due, and the agent {agent} has not done it in time" in note.text
    assert note.title.startswith(f"Incident {number}: no progress at the step ")


async def test_a_forge_that_hangs_amid_an_incident_calls_once_for_it() -> None:
    world = Hanging()
    world.dead, world.halted_now = {"policy-service"}, False
    watches = world.watches()
    await world.detect()
    for watch in watches:
        await watch.poll_once()
    await asyncio.gather(*(task for watch in watches for task in watch.tasks.values()))
    world.forge.down = True
    for _ in range(60):
        for watch in watches:
            await watch.poll_once()
        await world.clock.sleep(1)

    (note,) = world.notes
    assert "The agent waits: the forge is away." in note.text


async def test_what_a_person_has_halted_is_not_called_for() -> None:
    world = Hanging()
    world.dead, world.halted_now = {"policy-service"}, True
    watches = world.watches()
    for watch in watches:
        watch.stalls.halted = world.halted
    await world.detect()
    for _ in range(40):
        for watch in watches:
            await watch.poll_once()
            await asyncio.gather(*watch.tasks.values())
        await world.clock.sleep(1)

    assert world.notes == []


async def test_who_cannot_know_of_others_calls_each_calls_once_himself() -> None:
    @dataclass
    class Unknown:
        """A folder that nothing can be written into."""

        def first(self, what: str) -> bool:
            return bool(what)

    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    cases = [await world.case(number)]
    stalls = Stalls(Agent.BRAIN, world.pager(), Unknown())
    for _ in range(200):
        stalls.overdue_steps(cases, world.clock.pauses(), {})
        await world.clock.sleep(1)

    assert len(world.notes) == 1


async def test_a_clock_that_is_set_back_starts_the_agent_anew_since_what_it_remembers_lies_in_the_future() -> None:
    """Else it would wait for what it has waited for already, and tell nothing until that time comes again."""
    steady = itertools.count(0, SECOND)
    wall = itertools.chain((START, START), itertools.repeat(START - 11 * SECOND))
    world = Hanging()
    watch = world.watches()[0]
    watch.runner.clock = SystemClock(lambda: ClockPair(next(wall), next(steady)))

    with pytest.raises(SystemExit):
        await watch.watch_pauses()
