"""A real space for end-to-end tests: started once, broken often."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import TypeVar

from support.asking import Asker
from support.waiting import until

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.space import lifecycle as space
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.plan import separate_plan
from sre_embedded.space.processes import IDENTITIES
from sre_space.adapters.kafka import KafkaHistory
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.servers import BUS, HOST
from sre_space.bootstrap.space.state import Running, SpaceState
from sre_space.domain.case import Case
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Decision
from sre_space.ports.bus import Record

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[2]
GOOD_VISITS = 10
STRANGER = "mallory"  # has an account on the forge, as anyone may, and no permission
SETTINGS = {  # of the chart: many restarts and changes of one key, and less to be seen before an incident is over
    "${RESTARTS_PER_HOUR:-6}": "1000",
    "${CHANGES_PER_KEY_A_DAY:-2}": "1000",
    "good_visits: 30": f"good_visits: {GOOD_VISITS}",
}


@dataclass
class LiveSpace:
    """A running space and what a test asks of it."""

    plan: SpacePlan
    running: Running
    asker: Asker = field(init=False)

    def __post_init__(self) -> None:
        """One operator for its life."""
        self.asker = Asker(self.plan.state)

    @property
    def state(self) -> SpaceState:
        """Its folders."""
        return self.plan.state

    @property
    def bus(self) -> str:
        """The address of its bus."""
        return self.running.servers.get(BUS) or f"{HOST}:{self.running.ports['bus_port']}"

    def down(self) -> None:
        """End it, whatever is left of it."""
        self.asker.close()
        space.down(self.state, lambda _: None)

    def ask(self, question: Callable[[Operator], Awaitable[T]]) -> T:
        """Ask as the operator; waits while a server does not answer."""
        return self.patiently(lambda: self.asker.ask(question))

    def pid(self, unit: str) -> int:
        """Return the process id of a unit, 0 when it does not run."""
        return next(one.pid for one in space_supervisor.units(self.running.socket) if one.name == unit)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `sre-space` on this space's state."""
        environment = {**os.environ, "SRE_SPACE_STATE": str(self.state.root), "NO_COLOR": "1", "COLUMNS": "300"}
        program = [sys.executable, "-m", "sre_space.cli.main", *words]
        return subprocess.run(program, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    def answer(self, *words: str) -> str:
        """Run `sre-space`, assert that it succeeds, and return what it prints."""
        done = self.command(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill(self, unit: str) -> int:
        """SIGKILL a unit that runs, waiting until it does."""
        pid = until(lambda: self.pid(unit), f"{unit} runs")
        os.kill(pid, signal.SIGKILL)
        return pid

    def starts(self, unit: str) -> int:
        """How often supervisord has started a unit."""
        return self.state.log("supervisord").read_text().count(f"spawned: '{unit}' ")

    def cases(self, since: int = 0) -> list[Case]:
        """All incidents opened since (Unix ns), oldest first."""

        async def listed(operator: Operator) -> list[Case]:
            return [case for case in await self.asker.cases(operator, since) if case.chain[0].fact.at >= since]

        return self.ask(listed)

    def open_cases(self) -> list[Case]:
        """Return the open incidents, oldest first."""

        async def listed(operator: Operator) -> list[Case]:
            return list(await operator.incidents.open_cases())

        return self.ask(listed)

    def patiently(self, question: Callable[[], T]) -> T:
        """Return the answer; ask again while the server is unavailable."""

        def asked() -> list[T]:
            try:
                return [question()]
            except Unavailable:
                return []

        return until(asked, "the server answers")[0]

    def records(self, topic: str, since: int) -> Sequence[Record]:
        """Return what the bus holds of a topic since (Unix ns); wait while it does not answer."""
        bus = KafkaHistory(self.bus)
        return self.patiently(lambda: asyncio.run(bus.window(topic, since, 2**62)))

    def healthy(self) -> None:
        """Wait until journeys go well, that began after this was asked, and all agents are on duty."""
        begun = time_ns()  # what was good before may not have been heard to end

        async def good(operator: Operator) -> bool:
            now = time_ns()
            count = await operator.journeys(max(begun, now - 3 * 10**9), now)
            return count.good >= 8 and not count.bad and operator.agents_on_duty()

        until(lambda: self.ask(good), "healthy journeys")

    def incidents(self, key: str, since: int) -> list[Case]:
        """Return the incidents with this key opened since (Unix ns), oldest first: a busy machine may see others."""
        return [case for case in self.cases(since) if case.detection.key == key]

    def incident(self, key: str, since: int) -> Case:
        """Return the first incident with this key opened since (Unix ns); wait until there is one."""
        return until(lambda: self.incidents(key, since), f"{key} is opened")[0]

    def outages(self, service: str, since: int) -> list[Case]:
        """Return the outages of a service opened since (Unix ns), oldest first."""
        return self.incidents(f"infrastructure/{service}", since)

    def outage(self, service: str, since: int) -> Case:
        """Return the first outage of a service opened since (Unix ns); wait until there is one."""
        return self.incident(f"infrastructure/{service}", since)

    def healed(self, service: str, earlier: int = 0) -> Case:
        """Return the newest healed crash of a service; kill the service until there are more than `earlier` of them."""
        while True:
            past = [
                one for one in self.cases() if one.recovered and not one.is_open and _accused(one) == (service, "crash")
            ]
            if len(past) > earlier:
                return past[-1]
            self.healthy()
            since = time_ns()
            self.kill(service)
            self.closed(self.outage(service, since).issue)

    def closed(self, issue: int) -> Case:
        """Return the incident once it is closed."""
        return until(
            lambda: [case for case in self.cases() if case.issue == issue and not case.is_open],
            f"issue {issue} is closed",
        )[0]


def _accused(case: Case) -> tuple[str, str]:
    decision = case.latest(Decision)
    causes = decision.diagnosis.causes if decision else ()
    return (causes[0].service, causes[0].kind) if causes else ("", "")


def start(folder: Path, only: tuple[str, ...] = (), settings: Mapping[str, str] = {}) -> LiveSpace:
    """Start a space in `folder` on free ports, with the checkout's chart but for SETTINGS and `settings`."""
    return started(separate_plan(folder / "state", copied(folder, settings)), only)


def started(plan: SpacePlan, only: tuple[str, ...] = ()) -> LiveSpace:
    """Start the space of a plan, with a stranger's account on its forge."""
    write_identities(plan.state.identities, {**IDENTITIES, STRANGER: "none"})
    return LiveSpace(plan, space.up(plan, lambda _: None, only))


def copied(folder: Path, settings: Mapping[str, str] = {}) -> Path:
    """Return the chart of a copy of the checkout in `folder`, as it is but for SETTINGS and `settings`."""
    checkout = folder / "checkout"
    checkout.mkdir()
    shutil.copytree(CHECKOUT / "deploy", checkout / "deploy")
    config = checkout / "sre-space.yaml"
    text = (CHECKOUT / "sre-space.yaml").read_text()
    for ours, theirs in {**SETTINGS, **settings}.items():
        assert ours in text
        text = text.replace(ours, theirs)
    config.write_text(text)
    shutil.copy(CHECKOUT / "processes.yaml", checkout)
    return config


def telemetry_tokens(live: LiveSpace) -> dict[str, bytes]:
    """Return the token that each exporter authenticates with, by its process."""
    given = {path.stem: path.read_text() for path in (live.state.root / "run" / "env").glob("*.env")}
    return {name: text.partition("Bearer%20")[2].split()[0].encode() for name, text in given.items() if "%20" in text}
