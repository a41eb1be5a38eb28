"""All four agents, model-tested: whatever happens in whatever order, they act once, never while halted, and end.

Real agents, real chains, a simulated application; services die, commits break it, agents forget everything, the forge
and the deployer go away and come back, people halt and resume.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.amounts import amount
from support.git_world import Killed
from support.world import QUOTE_FILE, SERVICES, Fault, World, diagnosis

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Diagnosis
from sre_space.domain.errors import SpaceError
from sre_space.domain.facts import Action, Agent, Decision, Undo
from sre_space.domain.labels import INCIDENT
from sre_space.domain.remedies import Escalate
from sre_space.domain.symptoms import SymptomKind

T = TypeVar("T")
GOOD, BAD = "ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500"


class Agents(RuleBasedStateMachine):
    """One world; `done_when_halted` is what had been done when somebody halted the agents."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.guilty = World(), ""
        self.world.diagnoses = self.diagnose
        self.done_when_halted: tuple[int, int] | None = None

    def diagnose(self, case: Case) -> Diagnosis | None:
        """Return the bad commit as the diagnosis of a journey error, and None for outages, which Brain diagnoses."""
        journey = case.detection.symptoms[0].kind is SymptomKind.ERROR
        return diagnosis("quote-service", CauseKind.BAD_CHANGE, self.guilty) if journey else None

    @property
    def done(self) -> tuple[int, int]:
        """Restarts and merges so far."""
        return len(self.world.restarts), sum(one.merged for one in self.world.git.requests.values())

    def cases(self) -> list[Case]:
        """All incidents, open or not."""
        down, self.world.forge.down = self.world.forge.down, False
        issues = [issue.number for issue in self.world.forge.found if INCIDENT in issue.labels]
        found = [run(self.world.incidents.case(number)) for number in issues]
        self.world.forge.down = down
        return [case for case in found if case is not None]

    @rule(service=st.sampled_from(SERVICES))
    def outage(self, service: str) -> None:
        """Stop a service, and let Scout probe for two seconds and open the incidents that it detects."""
        self.world.dead.add(service)
        for _ in range(8):
            run(self.world.clock.sleep(0.25))
            found = run(self.world.opener.open_missing(self.world.scout.detections()))
            for detection in found.values():
                self.world.scout.opened(detection)

    @precondition(lambda self: GOOD in self.world.git.main()[QUOTE_FILE].decode() and not self.world.forge.down)
    @rule()
    def bad_change(self) -> None:
        """Break the journey with a commit, and report it unless an open incident covers it already."""
        self.guilty = self.world.git.person_commits(QUOTE_FILE, GOOD, BAD)
        self.world.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda v: v["ONLINE_LIMIT"] == "2500")]
        run(self.world.clock.sleep(0.25))
        key = f"{SymptomKind.ERROR}/quote-service"
        if not any(case.detection.key == key and not case.recovered and case.is_open for case in self.cases()):
            run(self.world.report(SymptomKind.ERROR, "quote-service"))

    @rule(times=st.integers(1, 12))
    def work(self, times: int) -> None:
        for _ in range(times):
            self.once()

    @rule(call=st.sampled_from(["create_branch", "commit_files", "open_pull", "squash"]))
    def die_at(self, call: str) -> None:
        """Kill Fixer right after its next call of this kind, before the result is recorded."""
        self.world.git.dies_after = call

    def once(self) -> None:
        """Every agent visits every case once; one that gets no answer tries again later."""
        for case in self.cases():
            for agent in Agent:
                try:
                    run(self.world.turn(case.issue, agent))
                except SpaceError:
                    continue
                except Killed:
                    self.world.runners[Agent.FIXER] = self.world.runner(Agent.FIXER)
        run(self.world.clock.sleep(0.25))

    @rule(agent=st.sampled_from(Agent))
    def forget(self, agent: Agent) -> None:
        self.world.runners[agent] = self.world.runner(agent)

    @rule(down=st.booleans())
    def forge(self, down: bool) -> None:
        self.world.forge.down = self.world.git.down = down

    @rule(there=st.booleans())
    def deployer(self, there: bool) -> None:
        self.world.deployer = there

    @rule()
    def halt(self) -> None:
        self.world.halted_now = True
        self.done_when_halted = self.done_when_halted or self.done

    @rule()
    def resume(self) -> None:
        self.world.halted_now, self.done_when_halted = False, None

    @invariant()
    def nothing_is_done_while_halted(self) -> None:
        assert self.done_when_halted in (None, self.done)

    @invariant()
    def nothing_is_done_twice(self) -> None:
        merged = [one.head for one in self.world.git.requests.values() if one.merged]
        assert len({name.removesuffix("-2").removesuffix("-3") for name in merged}) == len(merged)
        payloads = [payload for case in self.cases() for payload in case.payloads]
        commands = sum(isinstance(one, Decision) and not isinstance(one.remedy, Escalate) for one in payloads)
        undone = sum(isinstance(one, Undo) for one in payloads)
        assert sum(self.done) <= 2 * (commands + undone) + self.under_way()

    def under_way(self) -> int:
        """Undoing leaves its record at the end: at most a merge and a start for each open case."""
        return 2 * sum(case.is_open for case in self.cases())

    @invariant()
    def every_action_answers_one_decision(self) -> None:
        for case in self.cases():
            kinds = [type(one) for one in case.payloads if isinstance(one, Decision | Action)]
            assert kinds == [Decision, Action] * (len(kinds) // 2) + [Decision] * (len(kinds) % 2)
            assert not case.frozen_reason

    def teardown(self) -> None:
        """People mend what is left; then every case must end."""
        world = self.world
        world.forge.down = world.git.down = world.halted_now = False
        world.deployer, world.faults = True, []
        self.done_when_halted, world.git.dies_after = None, ""
        for _ in range(1500):
            world.dead.clear()
            self.once()
            if not any(case.is_open for case in self.cases()):
                return
        raise AssertionError([(case.issue, case.last) for case in self.cases() if case.is_open])


def run(doing: Coroutine[Any, Any, T]) -> T:
    """Now."""
    return asyncio.run(doing)


TestAgents = Agents.TestCase
TestAgents.settings = settings(
    max_examples=amount(15, 4),
    stateful_step_count=15,
    deadline=None,
    phases=[Phase.generate],  # shrinking takes longer than reading fifteen steps
    suppress_health_check=list(HealthCheck),
)
