"""Scout's duties: open one incident for what hangs together, and verify on the journey that it is over."""

from dataclasses import dataclass

from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.open_incidents import BEFORE_NS
from sre_space.analysis.detection.correlation import SymptomGroup
from sre_space.analysis.detection.inhibition import DATING_NS
from sre_space.analysis.statistics.detection_delay import seconds_to_alarm
from sre_space.analysis.statistics.effect import Effect, eased, effect
from sre_space.domain.case import Case
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Action, ActionResult, Detection, Outcome, Payload, Step, Verification
from sre_space.domain.intervals import wilson
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.ports.clock import Clock

SECOND = 10**9
SETTLING = 5 * SECOND  # after an action: requests that it interrupted are no effect of it
LIVED = 5 * SECOND  # under a changed configuration: what ends sooner may have ended by it
SHARES = (SymptomKind.LATENCY, SymptomKind.ERROR)  # whose value is the share of requests that went wrong
LOOK_BACK = 10 * SECOND  # of the journey, for the snapshot
SERVING_DEADLINE = 20 * SECOND  # an action after which the symptom is still there did not help
DECIDING_DEADLINE = 50 * SECOND  # customers take their time to decide, and an alarm to be sure that it is over
UNDONE_DEADLINE = 5 * SECOND  # what was taken back owes no recovery: it only has to be in force
HEALTHY = 300 * SECOND  # before the first symptom: what is usual, but for incidents
VERIFY_DEADLINE = 60 * SECOND
LOOK_EVERY_S = 0.2
LOOKS = 5
TRACES = 3
MAX_WAIT_S = 45.0  # for a detector to see the fault again: within the deadline


@dataclass
class Scout:
    """What Scout answers, from what its watchers know."""

    detectors: Detectors
    clock: Clock

    def detections(self) -> list[Detection]:
        """What should be an open incident now; what joins one or is excused is none."""
        now = self.clock.now()
        self.detectors.resume(self.clock.pauses())
        groups = self.detectors.look(now)
        return [self._detection(group, now) for group in groups if not group.joins and not group.quiet]

    def opened(self, detection: Detection) -> None:
        """It has its incident: what else it causes joins it."""
        self.detectors.open_incidents.opened(detection)
        self.detectors.budget.excuse(detection.begun - BEFORE_NS)

    def _detection(self, group: SymptomGroup, now: int) -> Detection:
        book = self.detectors.book
        title = group.kind, group.service
        findings = sorted(group.findings, key=lambda one: (one.symptom.kind, one.symptom.service) != title)
        traces = [trace for finding in findings for trace in finding.traces]
        traces += book.bad_traces(group.since - SECOND)
        symptoms = tuple(finding.symptom for finding in findings)
        return Detection(
            key=group.key,
            symptoms=symptoms,
            health={name: each.word for name, each in self.detectors.board.items()},
            journey=book.count(now - LOOK_BACK, now),
            traces=tuple(dict.fromkeys(traces))[:TRACES],
            unseen=min(filter(None, map(self.detectors.unseen, symptoms)), default=0),
        )

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """VERIFY: look for a second; None while the journey has not decided, so that the case is read anew."""
        assert step is Step.VERIFY
        for _ in range(LOOKS):
            if (verdict := self.verdict(case)) is not None:
                if verdict.outcome is Outcome.RECOVERED:
                    self.detectors.open_incidents.recovered(case.detection.key, self.clock.now())
                return verdict
            await self.clock.sleep(LOOK_EVERY_S)
        now = self.clock.now()
        late = now - case.last.at >= VERIFY_DEADLINE and not _waits_for_people(case)
        if late and self.detectors.book.blind(now):
            raise Unavailable("nothing can be verified: no journey is heard of from telemetry or the bus")
        return None

    async def recorded(self, case: Case) -> None:
        """Nothing follows from a verdict; Fixer and Brain take over."""

    def verdict(self, case: Case) -> Verification | None:
        """One look at the case; None while the journey has not decided. What was seen before a pause does not count."""
        symptom, now = case.detection.symptoms[0], self.clock.now()
        self.detectors.resume(self.clock.pauses())
        if self._out_anew(case, symptom):
            detail = f"{symptom.service} answered after the action and went out again: {self._health(symptom).detail}"
            return self._verification(Outcome.UNDECIDED, case, case.last.at, detail, anew=True)
        if self.detectors.book.blind(now):  # a probe sees without telemetry that it is out, and not that all is well
            out = symptom.kind is SymptomKind.INFRASTRUCTURE and self._health(symptom).firing
            return self._still_there(case, symptom, now) if out else None
        if self._fell(symptom) and self._waited(case, SETTLING) and not _waits_for_people(case):
            fell = Outcome.WORSE if isinstance(case.last.payload, Action) else Outcome.NOT_RECOVERED
            return self._verification(fell, case, case.last.at, self.detectors.board[symptom.service].detail)
        if not self._sees(symptom):
            return None
        gone_since = self._gone_since(symptom)
        if not gone_since:
            return self._still_there(case, symptom, now)
        effect = max(gone_since, symptom.since, self.detectors.resumed_at)
        visits, since = self.detectors.book.good_visits(effect)
        wanted = self.detectors.config.journey.good_visits
        if visits >= wanted and now - effect >= self._wait_s(symptom, now) * SECOND:
            return self._verification(Outcome.RECOVERED, case, since, f"{visits} visits in a row went well")
        return self._late(case, now, f"{visits} of {wanted} visits in a row")

    def _out_anew(self, case: Case, symptom: Symptom) -> bool:
        """True when the action did its work and something else has ended the service, or made it hang, since then.

        Under a changed configuration it must have lived for a while first. What is being deployed now is no end.
        """
        action, health = case.last.payload, self.detectors.board.get(symptom.service)
        if not isinstance(action, Action) or not action.changed or health is None or _waits_for_people(case):
            return False
        least = LIVED if action.remedy.edits else 0
        deployed = any(
            one.services & {symptom.service} for one in self.detectors.open_incidents.planned_at(health.failing_since)
        )
        return health.went_out(case.last.at, least) and not deployed

    def _health(self, symptom: Symptom) -> ServiceHealth:
        return self.detectors.board[symptom.service]

    def _sees(self, symptom: Symptom) -> bool:
        """True when Scout has looked again since it went on after a pause, and knows whether the symptom is there."""
        if symptom.kind is SymptomKind.INFRASTRUCTURE:
            return self.detectors.board[symptom.service].known
        return (
            self.detectors.active_symptoms.looked_at > self.detectors.resumed_at and not self.detectors.telemetry.blind
        )

    def _waited(self, case: Case, owed: int) -> bool:
        """True when Scout ran for `owed` ns since the newest fact, and a while since it went on after a pause.

        What a pause of the whole machine interrupted is no effect of an action either.
        """
        now, pauses = self.clock.now(), self.clock.pauses()
        return pauses.ran(case.last.at, now) >= owed and now - pauses.resumed_at >= SETTLING

    def _fell(self, symptom: Symptom) -> bool:
        """True when the service of a lesser symptom is out now: what is dead shows no symptom and has not recovered."""
        health = self.detectors.board.get(symptom.service)
        return symptom.kind is not SymptomKind.INFRASTRUCTURE and health is not None and health.firing

    def _gone_since(self, symptom: Symptom) -> int:
        """When the incident's own detector stopped to see it (Unix ns); 0 while it sees it."""
        if symptom.kind is SymptomKind.INFRASTRUCTURE:
            health = self.detectors.board[symptom.service]
            return 0 if health.firing else health.healthy_since
        seen = self.detectors.active_symptoms.gone_since(symptom.kind, symptom.service)
        return 0 if seen >= self.detectors.active_symptoms.looked_at else max(seen, 1)

    def _wait_s(self, symptom: Symptom, now: int) -> float:
        """As long as the detector that fired would need to see the fault again, at the journey's present rate."""
        bad, tolerated = symptom.value, symptom.limit
        if symptom.kind is SymptomKind.CONVERSION:
            bad, tolerated = 1 - bad, 1 - tolerated
        if symptom.kind not in (SymptomKind.LATENCY, SymptomKind.ERROR, SymptomKind.CONVERSION):
            return 0.0
        count = self.detectors.book.count(now - LOOK_BACK, now)
        rate = (count.good + count.bad) / (LOOK_BACK / SECOND)
        return min(MAX_WAIT_S, seconds_to_alarm(rate, bad, tolerated))

    def _still_there(self, case: Case, symptom: Symptom, now: int) -> Verification | None:
        served = DECIDING_DEADLINE if symptom.kind is SymptomKind.CONVERSION else SERVING_DEADLINE
        owed = served if isinstance(case.last.payload, Action) else UNDONE_DEADLINE
        if _waits_for_people(case) or not self._waited(case, owed):
            return None
        health = self.detectors.board.get(symptom.service) if symptom.kind is SymptomKind.INFRASTRUCTURE else None
        detail = health.detail if health else symptom.detail
        return self._verification(self._effect(case, symptom, now), case, case.last.at, detail)

    def _effect(self, case: Case, symptom: Symptom, now: int) -> Outcome:
        """What an action did that did not end the symptom; after an undo nothing is owed to an action any more."""
        if not isinstance(case.last.payload, Action):
            return Outcome.NOT_RECOVERED
        journey = self._journey_effect(case, now)
        if journey is Effect.WORSE:
            return Outcome.WORSE
        first = not case.eased_at  # how strong the symptom was between two changes is not kept
        weaker = first and symptom.kind in SHARES and eased(symptom.value, self._strength(symptom))
        return Outcome.IMPROVED if journey is Effect.BETTER or weaker else Outcome.NOT_RECOVERED

    def _journey_effect(self, case: Case, now: int) -> Effect:
        """The journey before the decision against that after the action; SAME while another incident holds it down.

        Before is since the first symptom, which may be dated a little early, or since an earlier change that stands.
        Success decides; where what is wrong is slowness, so does the share of attempts that are not slow, by step.
        """
        decided = case.fact_of(Step.DECIDE)
        if decided is None or self._another_is_open(case):
            return Effect.SAME
        symptoms, book = case.detection.symptoms, self.detectors.book
        since = min(symptom.since for symptom in symptoms)  # a burnt budget is dated back into healthy time
        begun, ill = case.last.at + SETTLING, max(symptoms[0].since + DATING_NS, case.eased_at + SETTLING)
        success = effect(book.count_visits(ill, decided.at), book.count_visits(begun, now))
        if success is not Effect.SAME or case.detection.symptoms[0].kind is not SymptomKind.LATENCY:
            return success
        usual = book.usual(since - HEALTHY, since, self.detectors.open_incidents.excused)
        return book.effect_on_speed((ill, decided.at), (begun, now), usual)

    def _another_is_open(self, case: Case) -> bool:
        return any(key != case.detection.key for key in self.detectors.open_incidents.open)

    def _strength(self, symptom: Symptom) -> float:
        return self.detectors.active_symptoms.strength.get((symptom.kind, symptom.service), symptom.value)

    def _late(self, case: Case, now: int, why: str) -> Verification | None:
        if _waits_for_people(case) or not self._waited(case, VERIFY_DEADLINE) or self._another_is_open(case):
            return None
        acted = isinstance(case.last.payload, Action)
        worse = acted and self._journey_effect(case, now) is Effect.WORSE
        return self._verification(Outcome.WORSE if worse else Outcome.UNDECIDED, case, case.last.at, why)

    def _verification(self, outcome: Outcome, case: Case, since: int, detail: str, anew: bool = False) -> Verification:
        now, book = self.clock.now(), self.detectors.book
        count = book.count(max(since, self.detectors.resumed_at), now)
        low, high = wilson(count.good, count.good + count.bad)
        failed = book.count(case.detection.symptoms[0].since - SECOND, now).bad
        health = self.detectors.board.get(case.detection.symptoms[0].service)
        serving = health.healthy_since if health and health.successes else 0
        return Verification(outcome, count, round(low, 4), round(high, 4), failed, serving, detail, anew)


def _waits_for_people(case: Case) -> bool:
    action = case.latest(Action)
    return action is not None and action.result is ActionResult.ESCALATED
