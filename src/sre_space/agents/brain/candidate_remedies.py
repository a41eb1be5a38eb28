"""The candidate remedies for a cause, least harmful first. Used by Brain, which asks the guardrails about each one.

A closed set: what Memory knows may reorder the candidates, never add one. A remedy that was tried in this incident and
did not end it is not tried again; when no candidate is left, the incident is escalated to a person.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.brain.attempts import exhausted
from sre_space.agents.brain.investigation import cause_line
from sre_space.codec.desired_values import value_of
from sre_space.domain.case import Case, Trial
from sre_space.domain.configuration import Edit, Place
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import ActionResult, Decision, Outcome, Recall, Verification
from sre_space.domain.guardrails import HOUR, PastAction
from sre_space.domain.remedies import Escalate, Remedy, Restart, RevertChange, Scale, SetConfig, name_in
from sre_space.domain.space_config import Service, SpaceConfig, Tunable


@dataclass(frozen=True)
class Situation:
    """Everything that the choice of a remedy is made from.

    `incarnations`: the process of each service; `desired`: the files of desired state on main by path; `reverse`: the
    edits that revert the guilty commit, () when no commit is guilty or it cannot be reverted alone (`irreversible` says
    why). `ended`: the services whose unit has ended, according to the runtime. `unit` is what the suspected service's
    own unit shows that justifies a restart ("": nothing): without it nothing is restarted.
    """

    config: SpaceConfig
    case: Case
    diagnosis: Diagnosis
    incarnations: Mapping[str, str]
    past: Sequence[PastAction]
    now: int
    desired: Mapping[str, str]
    reverse: tuple[Edit, ...] = ()
    irreversible: str = ""
    ended: Collection[str] = ()
    unit: str = ""

    @property
    def cause(self) -> Cause:
        """Return the most probable cause."""
        return self.diagnosis.causes[0]

    @property
    def kind(self) -> CauseKind:
        """Return the kind of cause by which the remedy is chosen.

        A saturation without a symptom of the service's own resources is treated as what it looks like from outside, an
        error or slow code: a full quota, pool or disk is freed neither by a restart nor by a higher memory limit.
        """
        kinds = {symptom.kind for symptom in self.case.detection.symptoms if symptom.service == self.cause.service}
        if self.cause.kind is not CauseKind.SATURATION or any(kind.is_of_unit for kind in kinds):
            return self.cause.kind
        return CauseKind.ERROR if any(kind.is_error for kind in kinds) else CauseKind.SLOW_CODE


def candidate_remedies(situation: Situation) -> list[Remedy]:
    """Return the remedies to ask the guardrails about, in order; the last is always the escalation to a person."""
    reason = _why_escalate(situation)
    if reason:
        return [Escalate(reason)]
    tried = ruled_out(situation.case, situation.ended)
    fitting = [
        remedy for find in FITTING[situation.kind] for remedy in find(situation) if remedy.attempt_key not in tried
    ]
    fitting.sort(key=lambda remedy: -_experience(situation, remedy))
    if _restart_count(situation) or (situation.kind is CauseKind.SATURATION and _recurred_within_the_hour(situation)):
        fitting.sort(key=lambda remedy: isinstance(remedy, Restart))  # a restart helped before, but not for long
    return [*fitting, Escalate(_escalation_reason(situation, bool(fitting)))]


def ruled_out(case: Case, ended: Collection[str]) -> set[str]:
    """Return the attempts that did not end the incident, or that could not be carried out.

    A restart is not ruled out when the process that it began has `ended` since, or had served before it failed: that
    restart did its work.
    """
    return {
        trial.action.remedy.attempt_key
        for trial in case.trials
        if (trial.action.changed or trial.action.result is ActionResult.FAILED) and not _ended_again(trial, ended)
    }


def _ended_again(trial: Trial, ended: Collection[str]) -> bool:
    """Return True for a restart whose new process served, or ended, later: it is no failed remedy."""
    remedy = trial.action.remedy
    return isinstance(remedy, Restart) and trial.action.changed and (trial.anew or remedy.service in ended)


def _restart_count(situation: Situation) -> int:
    """Return how often the suspected service was restarted in this incident."""
    remedies = [trial.action.remedy for trial in situation.case.trials if trial.action.changed]
    return sum(isinstance(remedy, Restart) and remedy.service == situation.cause.service for remedy in remedies)


def _why_escalate(situation: Situation) -> str:
    """Return why no remedy is considered at all, or "" when one may be."""
    case = situation.case
    if any(trial.undo and trial.undo.result is ActionResult.FAILED for trial in case.trials):
        return "an action that did not help could not be undone"
    plans = [payload for payload in case.payloads if isinstance(payload, Decision) and payload.plan]
    if plans and case.trials and case.trials[-1].action.result is ActionResult.REFUSED:
        return f"the plan was not carried out: {case.trials[-1].action.detail}"
    last = case.last.payload
    if isinstance(last, Verification) and last.outcome is Outcome.UNDECIDED and not last.anew:
        return f"it is not known whether {case.trials[-1].action.remedy.name} helped: {last.detail}"
    if reason := exhausted(case, situation.config.guardrails.attempts):
        return f"{reason}{_ended_note(situation)}"
    if situation.diagnosis.verdict is Confidence.INCONCLUSIVE or not situation.diagnosis.causes:
        return f"the evidence names no cause{_ended_note(situation)}"
    suspected = situation.cause.service
    return "" if suspected in situation.config.services else f"{suspected} is not in the configuration"


def _ended_note(situation: Situation) -> str:
    """Return a note of the services that have ended according to the runtime, or "" when none has."""
    names = ", ".join(sorted(situation.ended))
    subject = "this service has" if len(situation.ended) == 1 else "these services have"
    return f"; according to the runtime, {subject} ended: {names}" if names else ""


def _escalation_reason(situation: Situation, some_fit: bool) -> str:
    """Return why a person is asked: the cause, what was tried, and why no candidate is left."""
    improved_by = [trial.action.remedy.attempt_key for trial in situation.case.trials if trial.helped]
    tried = sorted(ruled_out(situation.case, situation.ended) - set(improved_by))
    restarts = _restart_count(situation) if situation.cause.service in situation.ended else 0
    parts = [
        cause_line(situation.cause),
        f"it was restarted {restarts} times in this incident and ended again each time" if restarts else "",
        f"improved by {', '.join(improved_by)}, which stays in force" if improved_by else "",
        f"tried without success: {', '.join(tried)}" if tried else "",
        situation.irreversible,
        "the guardrails allow no other remedy" if some_fit else _no_candidate(situation),
    ]
    return "; ".join(part for part in parts if part)


def _no_candidate(situation: Situation) -> str:
    """Return why the configuration offers no remedy for the cause."""
    service = situation.config.services[situation.cause.service]
    if situation.cause.kind is CauseKind.TRAFFIC and service.most_replicas <= 1:
        return f"the runtime cannot run more than one {service.name}"
    if _restart in FITTING[situation.kind] and not situation.unit:
        return f"{service.name} itself shows nothing that justifies a restart, and no other remedy fits"
    return "no configured remedy fits"


def _experience(situation: Situation, remedy: Remedy) -> float:
    """Return how often the remedy helped against this cause before, minus how often not, weighted by similarity."""
    recall = situation.case.latest(Recall)
    cause = f"{situation.cause.service} {situation.cause.kind}"
    same_cause = [past for past in recall.cases if past.cause == cause] if recall else []
    return sum(
        (1 if past.worked else -1) * past.similarity for past in same_cause if name_in(past.remedy) == remedy.name
    )


def _recurred_within_the_hour(situation: Situation) -> bool:
    """Return True when another incident with this cause was acted on in the last hour: a restart does not last."""
    return any(
        (action.service, action.cause) == (situation.cause.service, situation.cause.kind)
        and action.incident != situation.case.incident
        and situation.now - action.at < HOUR
        for action in situation.past
    )


def _restart(situation: Situation) -> list[Remedy]:
    """Return the restart of the suspected service, or nothing without evidence from its own unit."""
    service = situation.cause.service
    return [Restart(service, situation.incarnations[service], _reason(situation))] if situation.unit else []


def _revert(situation: Situation) -> list[Remedy]:
    """Return the revert of the guilty commit, or nothing when there is none that can be reverted alone."""
    if not situation.reverse:
        return []
    why = f"{_reason(situation)}; it came with commit {situation.diagnosis.change[:12]}"
    return [RevertChange(_changed_service(situation), situation.diagnosis.change, situation.reverse, why)]


def _changed_service(situation: Situation) -> str:
    """Return the service that the guilty commit configured: the suspected one, or another one that affected it."""
    owners = [situation.config.owner(edit.place) for edit in situation.reverse]
    suspected = situation.cause.service
    return suspected if suspected in owners else next(filter(None, owners), suspected)


def _tune(situation: Situation) -> list[Remedy]:
    """Return the configuration changes that `sre-space.yaml` declares for such a cause, in the order of the file."""
    return [
        remedy
        for service in situation.config.services.values()
        for tunable in service.tunables
        if _cures(service, tunable, situation) and (remedy := _set(situation, service, tunable)) is not None
    ]


def _cures(service: Service, tunable: Tunable, situation: Situation) -> bool:
    """Return True when the tunable is declared for this kind of cause and applies to the suspected service."""
    cause = situation.cause
    if tunable.remedy_for is None or tunable.protected or situation.kind not in tunable.remedy_for.kinds:
        return False
    if situation.kind is CauseKind.SLOW_NETWORK and cause.service == service.name:
        return True  # a slow network hop belongs to both of its ends
    if not tunable.remedy_for.of_dependency:
        return cause.service == service.name
    return cause.service in service.calls and _is_affected(service, situation)


def _is_affected(service: Service, situation: Situation) -> bool:
    """Return False when the service's own spans show that its callee does not affect it.

    Then it is not reconfigured, whatever the telemetry of other services suggests.
    """
    return situation.diagnosis.hurt is None or service.name in situation.diagnosis.hurt


def _set(situation: Situation, service: Service, tunable: Tunable) -> Remedy | None:
    """Return the change of one tunable, or None when its file or a next value is missing."""
    known, present = _present(situation, tunable.place)
    wanted = tunable.remedied_value(present) if known else None
    if wanted is None or tunable.remedy_for is None:
        return None
    why, follow_up = f"{_reason(situation)}; {tunable.purpose}", tunable.remedy_for.follow_up
    return SetConfig(service.name, tunable.file, tunable.key, present, wanted, why, tunable.purpose, follow_up)


def _scale(situation: Situation) -> list[Remedy]:
    """Return the doubling of the replicas, at most the configured maximum, where the runtime can run more than one."""
    service = situation.config.services[situation.cause.service]
    place = service.replicas
    present = _present(situation, place)[1] if place else None
    if place is None or present is None or not present.isdecimal():
        return []
    wanted = min(2 * int(present), service.most_replicas)
    if wanted <= int(present):
        return []
    return [Scale(service.name, place.file, place.key, present, str(wanted), _reason(situation))]


def _present(situation: Situation, place: Place) -> tuple[bool, str | None]:
    """Return whether the value at a place can be read on main, and the value, None where it is not set."""
    try:
        return place.file in situation.desired, value_of(situation.desired, place)
    except Malformed:
        return False, None


def _reason(situation: Situation) -> str:
    """Return the cause in words, with the share of failures or impact that it explains."""
    cause = situation.cause
    share_of = "the failed traces" if cause.kind in (CauseKind.CRASH, CauseKind.HANG) else "what went wrong"
    return f"{cause_line(cause)}, explains {cause.score:.0%} of {share_of}"


FITTING: Mapping[CauseKind, tuple[Callable[[Situation], list[Remedy]], ...]] = {
    CauseKind.CRASH: (_restart, _revert),
    CauseKind.HANG: (_restart, _revert),
    CauseKind.SATURATION: (_restart, _tune, _revert),
    CauseKind.SLOW_NETWORK: (_tune,),
    CauseKind.SLOW_CODE: (_tune, _revert),
    CauseKind.SLOW_QUERY: (_tune, _revert),
    CauseKind.ERROR: (_tune, _revert),
    CauseKind.DEPENDENCY_ERROR: (_tune, _revert),
    CauseKind.MISCONFIGURATION: (_revert, _tune),
    CauseKind.BAD_CHANGE: (_revert,),
    CauseKind.TRAFFIC: (_scale,),
    CauseKind.UNKNOWN: (),
}
