"""Scout's duties: open one incident per symptom key, and verify on the journey that it is over."""

from dataclasses import dataclass

from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart
from sre_space.domain.facts import (
    Action,
    ActionResult,
    Detection,
    JourneyCount,
    Outcome,
    Payload,
    Step,
    Symptom,
    SymptomKind,
    Verification,
)
from sre_space.domain.statistics import wilson
from sre_space.ports.clock import Clock

VISITS_WANTED = 30
LOOK_BACK = 10 * 10**9  # of the journey, for the snapshot
SERVING_DEADLINE = 20 * 10**9  # an action that did not make the service answer by then did not help
VERIFY_DEADLINE = 60 * 10**9
LOOK_EVERY_S = 0.2
LOOKS = 5


@dataclass
class Scout:
    """What Scout knows and answers; `bootstrap/scout.py` feeds the board and the book."""

    chart: Chart
    board: dict[str, ServiceHealth]
    book: JourneyBook
    clock: Clock

    def detections(self) -> list[Detection]:
        """What should be an open incident now: one for each service that is out on its own evidence."""
        now = self.clock.now()
        out = sorted((one for one in self.board.values() if one.firing), key=lambda one: one.failing_since)
        return [
            Detection(
                key=f"infrastructure/{one.service}",
                symptoms=(_symptom(one),),
                health={name: each.word for name, each in self.board.items()},
                journey=self.book.count(now - LOOK_BACK, now),
                traces=self.book.bad_traces(one.failing_since - 10**9),
            )
            for one in out
        ]

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """VERIFY: look for a second; None while the journey has not decided, so that the case is read anew."""
        assert step is Step.VERIFY
        for _ in range(LOOKS):
            if (verdict := self.verdict(case)) is not None:
                return verdict
            await self.clock.sleep(LOOK_EVERY_S)
        return None

    async def recorded(self, case: Case) -> None:
        """Nothing follows from a verdict; Fixer and Brain take over."""

    def verdict(self, case: Case) -> Verification | None:
        """One look at the case; None while the journey has not decided."""
        health = self.board[case.detection.symptoms[0].service]
        now = self.clock.now()
        if self.book.blind(now):
            return self._late(case, health, now, "blind: no journey was heard of")
        if health.firing or health.healthy_since == 0 or not health.successes:
            return self._not_serving(case, health, now)
        effect = max(health.healthy_since, case.detection.symptoms[0].since)
        visits, since = self.book.good_visits(effect)
        if visits >= VISITS_WANTED:
            return self._verification(Outcome.RECOVERED, case, health, since, f"{visits} visits in a row went well")
        return self._late(case, health, now, f"{visits} of {VISITS_WANTED} visits in a row")

    def _not_serving(self, case: Case, health: ServiceHealth, now: int) -> Verification | None:
        if _waits_for_people(case) or now - case.last.at < SERVING_DEADLINE:
            return None
        return self._verification(Outcome.NOT_RECOVERED, case, health, case.last.at, health.detail)

    def _late(self, case: Case, health: ServiceHealth, now: int, why: str) -> Verification | None:
        if _waits_for_people(case) or now - case.last.at < VERIFY_DEADLINE:
            return None
        return self._verification(Outcome.UNDECIDED, case, health, case.last.at, why)

    def _verification(
        self, outcome: Outcome, case: Case, health: ServiceHealth, since: int, detail: str
    ) -> Verification:
        now = self.clock.now()
        count: JourneyCount = self.book.count(since, now)
        low, high = wilson(count.good, count.good + count.bad)
        failed = self.book.count(case.detection.symptoms[0].since - 10**9, now).bad
        serving = health.healthy_since if health.successes else 0
        return Verification(outcome, count, round(low, 4), round(high, 4), failed, serving, detail)


def _symptom(health: ServiceHealth) -> Symptom:
    """How long the service has not answered, against how long its detector tolerates that (seconds)."""
    return Symptom(
        SymptomKind.INFRASTRUCTURE,
        health.service,
        health.detail,
        round((health.last_at - health.failing_since) / 1e9, 3),
        health.tolerated_s,
        health.failing_since,
    )


def _waits_for_people(case: Case) -> bool:
    action = case.latest(Action)
    return action is not None and action.result is ActionResult.ESCALATED
