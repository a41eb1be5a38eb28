"""The space under test: hit by the command of chaos, and observed through its forge as an operator would."""

import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sre_evaluation.access import Access
from sre_evaluation.verdicts import Opened
from sre_space.bootstrap.operator import Operator
from sre_space.domain.case import Case
from sre_space.domain.errors import Unavailable
from sre_space.domain.symptoms import JourneyCount

SECOND = 10**9
LOOK_EVERY_S = 1.0  # all times that count are in facts: polling more often would only load the machine
HEALTHY_NS = 5 * SECOND
MIN_ATTEMPTS = 10  # attempts of the journey that are enough to call it healthy
T = TypeVar("T")


@dataclass(frozen=True)
class SpaceUnderTest:
    """A running space; every query waits while the space does not answer."""

    access: Access

    def chaos(self, *words: str) -> dict[str, object]:
        """Run the chaos command and return the first JSON object that it prints, {} without one."""
        command = [*self.access.chaos, *words, "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # its errors are shown
        lines = done.stdout.strip().splitlines()
        answer: dict[str, object] = json.loads(lines[0]) if lines else {}
        return answer

    def incidents(self, since: int) -> list[Opened]:
        """Return the incidents opened at or after `since` (Unix ns), oldest first."""
        incidents = []
        for case in self.cases_since(since):
            first, symptom = case.chain[0].fact, case.detection.symptoms[0]
            incidents.append(Opened(case.issue, first.at, symptom.kind, symptom.service))
        return incidents

    def cases_since(self, since: int) -> list[Case]:
        """Return the present cases of the incidents that were opened at or after `since` (Unix ns)."""
        return [case for case in self.cases(since) if case.chain[0].fact.at >= since]

    def cases(self, since: int = 0) -> Sequence[Case]:
        """Return all incidents that were updated at or after `since` (Unix ns)."""

        async def listed(operator: Operator) -> Sequence[Case]:
            return await operator.incidents.touched(since)

        return self.asked(listed)

    def healthy(self, learnt_since: int) -> bool:
        """Return True when no incident is open, the journeys succeed, and all agents run.

        Journeys must have been observed before `learnt_since` (Unix ns) as well.
        """

        async def good(operator: Operator) -> bool:
            now = time.time_ns()
            count = await operator.journeys(now - HEALTHY_NS, now)
            early = await operator.journeys(learnt_since - HEALTHY_NS, learnt_since)
            opened = await operator.incidents.open_cases()
            return (
                count.good >= MIN_ATTEMPTS
                and not count.bad
                and early.good + early.bad > 0
                and not opened
                and operator.agents_on_duty()
            )

        return self.asked(good)

    def journeys_good(self, since: int) -> bool:
        """Return True when at least ten attempts succeeded in the last 5 s since `since` (Unix ns) and none failed."""
        now = time.time_ns()
        count = self._journeys(max(since, now - HEALTHY_NS), now)
        return count.good >= MIN_ATTEMPTS and not count.bad

    def failed(self, since: int, until: int) -> int:
        """Return the number of failed attempts that began in [since, until) Unix ns."""
        begins = range(since, until, HEALTHY_NS)
        return sum(self._journeys(begin, min(begin + HEALTHY_NS, until)).bad for begin in begins)

    def _journeys(self, since: int, until: int) -> JourneyCount:
        async def counted(operator: Operator) -> JourneyCount:
            return await operator.journeys(since, until)

        return self.asked(counted)

    def asked(self, question: Callable[[Operator], Awaitable[T]]) -> T:
        """Return the answer to a question, which is repeated while the space does not answer."""

        async def ask() -> T:
            operator = self.access.operator()
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
        """Wait for a condition, for at most `seconds`; return whether it came true."""
        deadline = time.monotonic() + seconds
        while not (met := condition()) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return met
