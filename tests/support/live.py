"""A real space for end-to-end tests: started once, broken often."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import time_ns
from typing import TypeVar

from support.waiting import until

from sre_space.bootstrap import space, space_supervisor
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space_env import Plan
from sre_space.bootstrap.space_ports import Ports
from sre_space.bootstrap.space_state import Running, State
from sre_space.domain.case import Case
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Decision

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[2]
LIMITS = ("restarts_per_hour: 6", "changes_per_key_a_day: 2")  # of the chart


@dataclass(frozen=True)
class LiveSpace:
    """A running space and what a test asks of it."""

    plan: Plan
    running: Running

    @property
    def state(self) -> State:
        """Its folders."""
        return self.plan.state

    def ask(self, question: Callable[[Operator], Awaitable[T]]) -> T:
        """Ask as the operator."""

        async def asked() -> T:
            operator = Operator.of(self.state)
            try:
                return await question(operator)
            finally:
                await operator.close()

        return asyncio.run(asked())

    def pid(self, unit: str) -> int:
        """The process id of a unit, 0 when it does not run."""
        return next(one.pid for one in space_supervisor.units(self.running.socket) if one.name == unit)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `sre-space` on this space's state."""
        environment = {**os.environ, "SRE_SPACE_STATE": str(self.state.root), "NO_COLOR": "1", "COLUMNS": "300"}
        program = [sys.executable, "-m", "sre_space.entrypoints.cli", *words]
        return subprocess.run(program, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    def answer(self, *words: str) -> str:
        """What `sre-space` prints when all is well."""
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
        """All incidents opened since (Unix ns), oldest first; waits while the forge is away."""

        async def listed(operator: Operator) -> list[Case]:
            return [case for case in await operator.casebook.touched(since) if case.chain[0].fact.at >= since]

        return self.patiently(lambda: self.ask(listed))

    def open_cases(self) -> list[Case]:
        """The open incidents, oldest first; waits while the forge is away."""

        async def listed(operator: Operator) -> list[Case]:
            return list(await operator.casebook.open_cases())

        return self.patiently(lambda: self.ask(listed))

    def patiently(self, question: Callable[[], T]) -> T:
        """The answer, once the forge gives one."""

        def asked() -> list[T]:
            try:
                return [question()]
            except Unavailable:
                return []

        return until(asked, "the forge answers", 90)[0]

    def healthy(self) -> None:
        """Wait until journeys go well, that began after this was asked, and all agents are on duty."""
        begun = time_ns()  # what was good before may not have been heard to end

        async def good(operator: Operator) -> bool:
            now = time_ns()
            count = await operator.journeys(max(begun, now - 3 * 10**9), now)
            return count.good >= 8 and not count.bad and operator.agents_on_duty()

        until(lambda: self.patiently(lambda: self.ask(good)), "healthy journeys", 120)

    def next_case(self, known: int, seconds: float = 30) -> Case:
        """The incident after the first `known` ones."""
        return until(lambda: self.cases()[known:], "an incident is opened", seconds)[0]

    def healed(self, service: str) -> Case:
        """A killed service that was healed: the newest such incident of this space, or one that is made now."""
        known = self.cases()
        past = [one for one in known if one.recovered and not one.is_open and _accused(one) == (service, "crash")]
        if past:
            return past[-1]
        self.kill(service)
        return self.closed(self.next_case(len(known)).issue)

    def closed(self, issue: int, seconds: float = 60) -> Case:
        """The incident once it is closed."""
        return until(
            lambda: [case for case in self.cases() if case.issue == issue and not case.is_open],
            f"issue {issue} is closed; the last steps are {[(c.issue, c.last.step) for c in self.cases()]}",
            seconds,
        )[0]


def _accused(case: Case) -> tuple[str, str]:
    decision = case.latest(Decision)
    causes = decision.diagnosis.causes if decision else ()
    return (causes[0].service, causes[0].kind) if causes else ("", "")


def start(folder: Path, only: tuple[str, ...] = ()) -> LiveSpace:
    """Start a space in `folder` on free ports, with a chart that allows many restarts and changes of one key."""
    checkout = folder / "checkout"
    checkout.mkdir()
    shutil.copytree(CHECKOUT / "deploy", checkout / "deploy")
    chart = checkout / "sre-space.yaml"
    text = (CHECKOUT / "sre-space.yaml").read_text()
    for limit in LIMITS:
        assert limit in text
        text = text.replace(limit, f"{limit.partition(':')[0]}: 1000")
    chart.write_text(text)
    plan = Plan(State((folder / "state").resolve()), Ports.free_block(), chart, "local", "cloud-insurance")
    return LiveSpace(plan, space.up(plan, lambda _: None, only))
