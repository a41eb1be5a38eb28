"""A space of the judge's own: healthy before each trial, hit by `trigger_chaos.py`, and watched through its forge."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sre_evaluation.verdicts import Opened
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.environment import SpacePlan
from sre_space.domain.case import Case
from sre_space.domain.errors import Unavailable
from sre_space.domain.symptoms import JourneyCount

SECOND = 10**9
LOOK_EVERY_S = 1.0  # every time that counts is in a fact: looking more often would only load the machine
HEALTHY_NS = 5 * SECOND
ENOUGH = 10  # attempts of a journey to call it good
T = TypeVar("T")


@dataclass(frozen=True)
class Patient:
    """The space that `plan` started."""

    plan: SpacePlan

    def chaos(self, *words: str) -> dict[str, object]:
        """Run the chaos command as anybody would; the first object that it answers."""
        script = self.plan.checkout / "trigger_chaos.py"
        command = [sys.executable, str(script), *words, "--state", str(self.plan.state.root), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        lines = done.stdout.strip().splitlines()
        answer: dict[str, object] = json.loads(lines[0]) if lines else {}
        return answer

    def incidents(self, since: int) -> list[Opened]:
        """Those opened at or after a Unix ns, oldest first."""
        found = []
        for case in self.cases_since(since):
            first, symptom = case.chain[0].fact, case.detection.symptoms[0]
            found.append(Opened(case.issue, first.at, symptom.kind, symptom.service))
        return found

    def cases_since(self, since: int) -> list[Case]:
        """The incidents that were opened at or after a Unix ns, as they are now."""
        return [case for case in self.cases(since) if case.chain[0].fact.at >= since]

    def cases(self, since: int = 0) -> Sequence[Case]:
        """All incidents on which something was done since a Unix ns; waits while the forge is away."""

        async def listed(operator: Operator) -> Sequence[Case]:
            return await operator.incidents.touched(since)

        return self.asked(listed)

    def well(self, learnt_since: int) -> bool:
        """True when nothing is open, the journeys are good, and they have been heard of since `learnt_since`."""

        async def good(operator: Operator) -> bool:
            now = time.time_ns()
            count = await operator.journeys(now - HEALTHY_NS, now)
            early = await operator.journeys(learnt_since - HEALTHY_NS, learnt_since)
            opened = await operator.incidents.open_cases()
            return (
                count.good >= ENOUGH
                and not count.bad
                and early.good + early.bad > 0
                and not opened
                and operator.agents_on_duty()
            )

        return self.asked(good)

    def journeys_good(self, since: int) -> bool:
        """True when of the attempts since then those of the last five seconds went well, at least ten, none badly."""
        now = time.time_ns()
        count = self._journeys(max(since, now - HEALTHY_NS), now)
        return count.good >= ENOUGH and not count.bad

    def failed(self, since: int, until: int) -> int:
        """Bad attempts that began in [since, until) Unix ns, asked for in pieces that one answer holds."""
        begins = range(since, until, HEALTHY_NS)
        return sum(self._journeys(begin, min(begin + HEALTHY_NS, until)).bad for begin in begins)

    def _journeys(self, since: int, until: int) -> JourneyCount:
        async def counted(operator: Operator) -> JourneyCount:
            return await operator.journeys(since, until)

        return self.asked(counted)

    def asked(self, question: Callable[[Operator], Awaitable[T]]) -> T:
        """The answer, once the space gives one."""

        async def ask() -> T:
            operator = Operator.of(self.plan.state)
            try:
                return await question(operator)
            finally:
                await operator.close()

        while True:
            try:
                return asyncio.run(ask())
            except Unavailable:
                time.sleep(LOOK_EVERY_S)

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, at most so long; whether it came."""
        deadline = time.monotonic() + seconds
        while not (there := condition()) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return there
