"""Scout's steps: open one incident for each group of related symptoms, and verify recovery on the user journey."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.inhibitions import BEFORE_NS
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.analysis.detection.correlation import SymptomGroup
from sre_space.analysis.detection.inhibition import DATING_NS
from sre_space.analysis.statistics.effect import Effect, eased, effect, effect_on_speed
from sre_space.domain.case import Case
from sre_space.domain.detectors import VerificationReport
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Action, ActionResult, Detection, JourneyNumbers, Outcome, Payload, Step, Verification
from sre_space.domain.intervals import wilson
from sre_space.domain.symptoms import Symptom
from sre_space.ports.clock import Clock

SECOND = 10**9
SETTLING_NS = 5 * SECOND  # after an action: requests that it interrupted do not count as its effect
MIN_UPTIME_NS = 5 * SECOND  # with a changed configuration: a service that ends sooner may have ended because of it
RECENT_NS = 10 * SECOND  # of the journey, for a detection
UNDONE_DEADLINE_NS = 5 * SECOND  # an undo need not lead to recovery: it only has to be in force
BASELINE_NS = 300 * SECOND  # before the first symptom: the usual durations, except in incidents
VERIFY_DEADLINE_NS = 60 * SECOND
NOT_EVALUATED = "Scout was started anew and has nothing yet to compare with for"
EVALUATE_EVERY_S = 0.2
MAX_EVALUATIONS = 5
MAX_TRACES = 3


@dataclass
class Scout:
    """The agent that watches: it evaluates the detectors and verifies the effect of actions."""

    detectors: Detectors
    clock: Clock

    def detections(self) -> list[Detection]:
        """Evaluate the detectors and return the incidents to be opened, without what joins one or is inhibited."""
        now = self.clock.now()
        self.detectors.resume(self.clock.pauses())
        groups = self.detectors.evaluate(now)
        return [self._detection(group, now) for group in groups if not group.joins and not group.inhibited]

    def opened(self, detection: Detection) -> None:
        """Take note that a detection has its incident: further symptoms of the fault join it."""
        self.detectors.open_incidents.opened(detection)
        for journey in self.detectors.journeys.values():
            if journey.budget is not None:
                journey.budget.exempt(detection.begun - BEFORE_NS)

    def _detection(self, group: SymptomGroup, now: int) -> Detection:
        title = group.kind, group.service
        findings = sorted(group.findings, key=lambda finding: (finding.symptom.kind, finding.symptom.service) != title)
        book = self._book_of(finding.symptom for finding in findings)
        traces = [trace for finding in findings for trace in finding.traces]
        traces += book.bad_traces(group.since - SECOND)
        first, *others = (finding.symptom for finding in findings)
        symptoms = (first, *(one if one.key == first.key else replace(one, usual=None) for one in others))
        unseen = min(filter(None, map(self.detectors.unseen, symptoms)), default=0)
        usual = self._usual_until(min(unseen or group.since, group.since) - BEFORE_NS, symptoms, group.since)
        return Detection(
            key=group.key,
            symptoms=symptoms,
            health={name: health.word for name, health in self.detectors.board.items()},
            journey=book.count(now - RECENT_NS, now),
            traces=tuple(dict.fromkeys(traces))[:MAX_TRACES],
            unseen=unseen,
            affected=book.numbers(first.since + DATING_NS, now, usual),
            usual=usual or None,
        )

    def _usual_until(self, until: int, symptoms: Sequence[Symptom], since: int) -> Mapping[str, int]:
        """Return the duration (ns) of each step that was usual before an incident since `since` (Unix ns).

        It is empty where durations do not matter.
        """
        if not symptoms[0].kind.shows_in_durations:
            return {}
        return self._book_of(symptoms).usual(since - BASELINE_NS, until, self.detectors.inhibitions.excuse)

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """Verify for a second and return the verdict; None while the journey has not decided.

        After None the case is read anew. Raise `Unavailable` when no journey attempts arrive after the deadline.
        """
        assert step is Step.VERIFY
        for _ in range(MAX_EVALUATIONS):
            if (verdict := self.verdict(case)) is not None:
                if verdict.outcome is Outcome.RECOVERED:
                    self.detectors.open_incidents.recovered(case.detection.key, self.clock.now())
                return verdict
            await self.clock.sleep(EVALUATE_EVERY_S)
        now = self.clock.now()
        overdue = now - case.last.at >= VERIFY_DEADLINE_NS and not _waits_for_people(case)
        if overdue and self._book(case).blind(now):
            raise Unavailable("nothing can be verified: no attempt of the journey arrives from telemetry or the bus")
        return None

    async def recorded(self, case: Case) -> None:
        """Do nothing: Fixer and Brain act on a verdict."""

    def verdict(self, case: Case) -> Verification | None:
        """Evaluate the case once and return the verdict; None while it is not decided.

        What was seen before a pause of this process does not count. In a hold only a recovery is recorded: what fails
        may come from the work, and says nothing about a remedy.
        """
        found = self._verdict(case)
        held = self.detectors.hold_on(case.detection.symptoms[0], self.clock.now())
        return None if held and found and found.outcome is not Outcome.RECOVERED else found

    def _verdict(self, case: Case) -> Verification | None:
        symptom, now = case.detection.symptoms[0], self.clock.now()
        detector = self.detectors.of(symptom)
        self.detectors.resume(self.clock.pauses())
        if self._failed_again(case, symptom):
            health = self.detectors.board[symptom.service]
            detail = f"{symptom.service} answered after the action and went out again: {health.detail}"
            return self._verification(Outcome.UNDECIDED, case, case.last.at, detail, anew=True)
        book = self._book(case)
        if book.blind(now):  # a probe without telemetry shows an outage, but no recovery
            return self._not_recovered(case, symptom, now) if detector.holds_without_telemetry(symptom) else None
        if self.detectors.hidden(symptom) and self._waited(case, SETTLING_NS) and not _waits_for_people(case):
            outcome = Outcome.WORSE if isinstance(case.last.payload, Action) else Outcome.NOT_RECOVERED
            return self._verification(outcome, case, case.last.at, self.detectors.board[symptom.service].detail)
        if not self._is_current(symptom):
            return None
        gone_since = [detector.gone_since(titled) for titled in case.detection.titled]
        if not all(gone_since):
            return self._not_recovered(case, symptom, now)
        if not all(map(detector.is_evaluated, case.detection.titled)):
            late = self._waited(case, VERIFY_DEADLINE_NS) and not _waits_for_people(case)
            detail = f"{NOT_EVALUATED} {symptom.identity}"
            return self._verification(Outcome.UNDECIDED, case, case.last.at, detail) if late else None
        recovered_at = max(*gone_since, symptom.since, self.detectors.resumed_at)
        visits, since = book.good_visits(recovered_at)
        required = max(journey.good_visits for journey in book.journeys)
        self.detectors.verifying[case.incident] = (now, VerificationReport(case.incident, visits, required))
        if visits >= required and now - recovered_at >= self._wait_s(symptom, now) * SECOND:
            return self._verification(Outcome.RECOVERED, case, since, f"{visits} visits in a row went well")
        return self._late(case, now, f"{visits} of {required} visits in a row")

    def _book(self, case: Case) -> JourneyBook:
        """Return the attempts of the journeys that the incident concerns."""
        return self._book_of(case.detection.symptoms)

    def _book_of(self, symptoms: Iterable[Symptom]) -> JourneyBook:
        subjects = {symptom.service for symptom in symptoms}
        return self.detectors.book.only(self.detectors.config.concerned(subjects))

    def _failed_again(self, case: Case, symptom: Symptom) -> bool:
        """Return True when the action took effect and the service has ended, or hangs, for another reason since.

        After a change of its configuration the service must have served for a while first. An outage during a
        deployment does not count. A Scout that was started since, and has not seen it answer, knows it by its spans.
        """
        action, health = case.last.payload, self.detectors.board.get(symptom.service)
        if not isinstance(action, Action) or not action.changed or health is None or _waits_for_people(case):
            return False
        min_uptime_ns = MIN_UPTIME_NS if action.remedy.edits else 0
        in_deployment = self.detectors.inhibitions.worked_on(symptom.service, health.failing_since)
        served_at = 0 if health.healthy_since else self.detectors.operations.served_at(symptom.service)
        return health.went_out(case.last.at, min_uptime_ns, served_at) and not in_deployment

    def _is_current(self, symptom: Symptom) -> bool:
        """Return True when Scout has evaluated the symptom since the newest pause, with telemetry that is not stale."""
        evaluated = self.detectors.active_symptoms.evaluated_at > self.detectors.resumed_at
        detector, has_telemetry = self.detectors.of(symptom), evaluated and not self.detectors.telemetry.blind
        return (has_telemetry or not detector.needs_telemetry) and detector.is_current(symptom)

    def _waited(self, case: Case, required_ns: int) -> bool:
        """Return True when Scout ran for `required_ns` since the newest fact, and for a while since the newest pause.

        Requests that a pause of the whole machine interrupted do not count as an effect of the action either.
        """
        now, pauses = self.clock.now(), self.clock.pauses()
        return pauses.ran(self._left_alone_since(case), now) >= required_ns and now - pauses.resumed_at >= SETTLING_NS

    def _left_alone_since(self, case: Case) -> int:
        """Return the time of the newest fact, or of the end of the last hold (Unix ns): nobody worked on it since."""
        return max(case.last.at, self.detectors.released(case.detection.symptoms[0], self.clock.now()))

    def _wait_s(self, symptom: Symptom, now: int) -> float:
        """Return for how many seconds the detector would need to see the fault again, at the journey's present rate."""
        count = self._book_of([symptom]).count(now - RECENT_NS, now)
        return self.detectors.of(symptom).seconds_to_see(symptom, (count.good + count.bad) / (RECENT_NS / SECOND))

    def _not_recovered(self, case: Case, symptom: Symptom, now: int) -> Verification | None:
        """Return the verdict on an action after which the symptom is still there; None before its deadline."""
        detector = self.detectors.of(symptom)
        deadline_ns = detector.action_deadline_ns if isinstance(case.last.payload, Action) else UNDONE_DEADLINE_NS
        if _waits_for_people(case) or not self._waited(case, deadline_ns):
            return None
        return self._verification(self._effect(case, symptom, now), case, case.last.at, detector.detail(symptom))

    def _effect(self, case: Case, symptom: Symptom, now: int) -> Outcome:
        """Return the outcome of an action that did not end the symptom; NOT_RECOVERED after an undo."""
        if not isinstance(case.last.payload, Action):
            return Outcome.NOT_RECOVERED
        journey = self._journey_effect(case, now)
        if journey is Effect.WORSE:
            return Outcome.WORSE
        then, strength = _strength_before(case, symptom), self.detectors.of(symptom).strength(symptom)
        weaker = then is not None and strength is not None and eased(then, strength)
        return Outcome.IMPROVED if journey is Effect.BETTER or weaker else Outcome.NOT_RECOVERED

    def _journey_effect(self, case: Case, now: int) -> Effect:
        """Return how the journey changed from before the decision to after the action.

        It is SAME while another incident is open. "Before" starts with the first symptom, which may be dated a little
        early, or with an earlier change that stays in force. The success rate decides; for a latency incident, also the
        share of attempts that are not slow, by step.
        """
        decided = case.fact_of(Step.DECIDE)
        if decided is None or self._another_is_open(case):
            return Effect.SAME
        before, after = self._before(case, decided.at), self._since_action(case, now)
        success = effect(before.visits, after.visits)
        return effect_on_speed(before.quick, after.quick) if success is Effect.SAME else success

    def _before(self, case: Case, until: int) -> JourneyNumbers:
        """Return the journey's numbers before the decision at `until` (Unix ns).

        A Scout that was started since takes those that the newest fact before the decision has recorded.
        """
        verdict = case.verdict_decided_on
        since = max(case.detection.symptoms[0].since + DATING_NS, case.change_in_force_at + SETTLING_NS)
        recorded = verdict.affected if verdict and case.change_in_force_at else case.detection.affected
        if recorded is None or self.detectors.book.reaches(since):
            return self._book(case).numbers(since, until, self._usual(case))
        return recorded

    def _since_action(self, case: Case, now: int) -> JourneyNumbers:
        return self._book(case).numbers(self._left_alone_since(case) + SETTLING_NS, now, self._usual(case))

    def _usual(self, case: Case) -> Mapping[str, int]:
        """Return the usual durations (ns) by step, from before the incident; empty where durations do not matter."""
        detection = case.detection
        return detection.usual or self._usual_until(detection.since, detection.symptoms, detection.since)

    def _another_is_open(self, case: Case) -> bool:
        return any(key != case.detection.key for key in self.detectors.open_incidents.open)

    def _late(self, case: Case, now: int, why: str) -> Verification | None:
        """Return UNDECIDED, or WORSE after a harmful action, once the deadline has passed; None before it."""
        if _waits_for_people(case) or not self._waited(case, VERIFY_DEADLINE_NS) or self._another_is_open(case):
            return None
        acted = isinstance(case.last.payload, Action)
        worse = acted and self._journey_effect(case, now) is Effect.WORSE
        return self._verification(Outcome.WORSE if worse else Outcome.UNDECIDED, case, case.last.at, why)

    def _verification(self, outcome: Outcome, case: Case, since: int, detail: str, anew: bool = False) -> Verification:
        """Return the verdict with the journey's numbers since `since` (Unix ns) and their 95 % Wilson interval."""
        now, book = self.clock.now(), self._book(case)
        count = book.count(max(since, self.detectors.resumed_at), now)
        low, high = wilson(count.good, count.good + count.bad)
        symptom = case.detection.symptoms[0]
        health = self.detectors.board.get(symptom.service)
        serving, failed = health.healthy_since if health and health.successes else 0, self._failed(case, now)
        verdict = Verification(outcome, count, round(low, 4), round(high, 4), failed, serving, detail, anew)
        if outcome is Outcome.RECOVERED:
            return verdict
        strength = self.detectors.of(symptom).strength(symptom)
        return replace(verdict, strength=strength, affected=self._since_action(case, now))

    def _failed(self, case: Case, now: int) -> int:
        """Return how many attempts failed since the first symptom; what a restarted Scout missed is in a fact."""
        since, book, verdict = case.detection.symptoms[0].since - SECOND, self._book(case), case.latest(Verification)
        before = verdict.failed if verdict else case.detection.affected.visits.bad if case.detection.affected else 0
        if self.detectors.book.reaches(since) or not before:
            return book.count(since, now).bad
        recorded = case.fact_of(Step.VERIFY) or case.chain[0].fact
        return before + book.count(recorded.at, now).bad


def _strength_before(case: Case, symptom: Symptom) -> float | None:
    """Return how strong the symptom was when the newest decision was taken; None when no fact says so.

    A verdict of 0.1.0 does not: then it is as it was detected, unless a change was in force.
    """
    verdict = case.verdict_decided_on
    if verdict is not None and verdict.strength is not None:
        return verdict.strength
    return None if case.change_in_force_at else symptom.value


def _waits_for_people(case: Case) -> bool:
    action = case.latest(Action)
    return action is not None and action.result is ActionResult.ESCALATED
