"""The ladder: which remedies fit a cause, least harm first. Used by Brain, which asks the guardrails about each rung.

A closed set: what Memory knows may reorder the remedies that fit, never add one. What was tried in this incident and
did not cure it is not tried again; when no rung is left a person is asked.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.inquest import told
from sre_space.agents.tried import gave_up
from sre_space.domain.case import Case, Trial
from sre_space.domain.chart import Chart, Service, Tunable
from sre_space.domain.configuration import SPACE_FILE, Edit, owner, value_of
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis
from sre_space.domain.facts import ActionResult, Decision, Outcome, Recall, Verification
from sre_space.domain.guardrails import HOUR, PastAction
from sre_space.domain.remedies import Escalate, Remedy, Restart, RevertChange, Scale, SetConfig, name_in
from sre_space.domain.symptoms import SymptomKind


@dataclass(frozen=True)
class Scene:
    """What the choice is made from.

    `lives`: each service's incarnation; `desired`: the files of desired state on main by path; `reverse`: the keys of
    the guilty commit backwards, () when no commit is guilty or it cannot be taken back alone (`stuck` says why).
    `ended`: the services that have ended, by the runtime's word. `unit` says what the accused service shows of itself
    ("": nothing): without it nothing is restarted.
    """

    chart: Chart
    case: Case
    diagnosis: Diagnosis
    lives: Mapping[str, str]
    past: Sequence[PastAction]
    now: int
    desired: Mapping[str, str]
    reverse: tuple[Edit, ...] = ()
    stuck: str = ""
    ended: Collection[str] = ()
    unit: str = ""

    @property
    def cause(self) -> Cause:
        """The first cause."""
        return self.diagnosis.causes[0]

    @property
    def kind(self) -> CauseKind:
        """The kind to choose by: what is full but not of the service's own memory is what it looks like from outside.

        A quota, a pool or a disk is freed neither by a restart nor by a higher limit of memory.
        """
        seen = {one.kind for one in self.case.detection.symptoms if one.service == self.cause.service}
        if self.cause.kind is not CauseKind.SATURATION or seen & {SymptomKind.SATURATION, SymptomKind.INFRASTRUCTURE}:
            return self.cause.kind
        return CauseKind.ERROR if SymptomKind.ERROR in seen else CauseKind.SLOW_CODE


def rungs(scene: Scene) -> list[Remedy]:
    """The remedies to ask the guardrails about, in their order; always ends with asking a person."""
    reason = _why_nothing(scene)
    if reason:
        return [Escalate(reason)]
    tried = ruled_out(scene.case, scene.ended)
    fitting = [remedy for find in FITTING[scene.kind] for remedy in find(scene) if remedy.attempt not in tried]
    fitting.sort(key=lambda remedy: -_experience(scene, remedy))
    if _restarted(scene) or (scene.kind is CauseKind.SATURATION and _again_within_the_hour(scene)):
        fitting.sort(key=lambda remedy: isinstance(remedy, Restart))  # it helped, and not for long
    return [*fitting, Escalate(_why_a_person(scene, bool(fitting)))]


def ruled_out(case: Case, ended: Collection[str]) -> set[str]:
    """The attempts that were carried out in this incident and did not end it, or could not be carried out.

    A restart began a new life. When that has `ended`, or had served before it went out, it is not what failed.
    """
    return {
        trial.action.remedy.attempt
        for trial in case.trials
        if (trial.action.changed or trial.action.result is ActionResult.FAILED) and not _lived(trial, ended)
    }


def _lived(trial: Trial, ended: Collection[str]) -> bool:
    remedy = trial.action.remedy
    return isinstance(remedy, Restart) and trial.action.changed and (trial.anew or remedy.service in ended)


def _restarted(scene: Scene) -> int:
    """How often the accused service was restarted in this incident."""
    remedies = [trial.action.remedy for trial in scene.case.trials if trial.action.changed]
    return sum(isinstance(one, Restart) and one.service == scene.cause.service for one in remedies)


def _why_nothing(scene: Scene) -> str:
    """Why no remedy is even considered; "" when one is."""
    case = scene.case
    if any(trial.undo and trial.undo.result is ActionResult.FAILED for trial in case.trials):
        return "an action that did not help could not be taken back"
    plans = [payload for payload in case.payloads if isinstance(payload, Decision) and payload.plan]
    if plans and case.trials and case.trials[-1].action.result is ActionResult.REFUSED:
        return f"the plan was not carried out: {case.trials[-1].action.detail}"
    last = case.last.payload
    if isinstance(last, Verification) and last.outcome is Outcome.UNDECIDED and not last.anew:
        return f"nobody can tell whether {case.trials[-1].action.remedy.name} helped: {last.detail}"
    if reason := gave_up(case, scene.chart.guardrails.attempts):
        return f"{reason}{_down(scene)}"
    if scene.diagnosis.verdict is Confidence.INCONCLUSIVE or not scene.diagnosis.causes:
        return f"the evidence names no cause{_down(scene)}"
    return "" if scene.cause.service in scene.chart.services else f"{scene.cause.service} is not in the chart"


def _down(scene: Scene) -> str:
    """What is known all the same: who has ended by the runtime's word."""
    names = ", ".join(sorted(scene.ended))
    return (
        f"; by the runtime's word {'this has' if len(scene.ended) == 1 else 'these have'} ended: {names}"
        if names
        else ""
    )


def _why_a_person(scene: Scene, some_fit: bool) -> str:
    eased = [trial.action.remedy.attempt for trial in scene.case.trials if trial.helped]
    tried = sorted(ruled_out(scene.case, scene.ended) - set(eased))
    restarts = _restarted(scene) if scene.cause.service in scene.ended else 0
    parts = [
        told(scene.cause),
        f"restarted {restarts} times in this incident, it ended again each time" if restarts else "",
        f"eased by {', '.join(eased)}, which stays" if eased else "",
        f"tried without success: {', '.join(tried)}" if tried else "",
        scene.stuck,
        "no other remedy may be used" if some_fit else _no_rung(scene),
    ]
    return "; ".join(part for part in parts if part)


def _no_rung(scene: Scene) -> str:
    service = scene.chart.services[scene.cause.service]
    if scene.cause.kind is CauseKind.TRAFFIC and service.most_replicas <= 1:
        return f"the runtime cannot run more than one {service.name}"
    if _restart in FITTING[scene.kind] and not scene.unit:
        return f"{service.name} itself shows nothing for which it would be restarted, and no other remedy fits"
    return "no remedy of the chart fits"


def _experience(scene: Scene, remedy: Remedy) -> float:
    """How often it helped against this cause before, less how often it did not, each weighed by similarity."""
    recall = scene.case.latest(Recall)
    cause = f"{scene.cause.service} {scene.cause.kind}"
    like = [past for past in recall.cases if past.cause == cause] if recall else []
    return sum((1 if past.worked else -1) * past.similarity for past in like if name_in(past.remedy) == remedy.name)


def _again_within_the_hour(scene: Scene) -> bool:
    """True when the same cause was treated lately: what the service had was not enough."""
    return any(
        (one.service, one.cause) == (scene.cause.service, scene.cause.kind)
        and one.incident != scene.case.incident
        and scene.now - one.at < HOUR
        for one in scene.past
    )


def _restart(scene: Scene) -> list[Remedy]:
    service = scene.cause.service
    return [Restart(service, scene.lives[service], _because(scene))] if scene.unit else []


def _revert(scene: Scene) -> list[Remedy]:
    if not scene.reverse:
        return []
    why = f"{_because(scene)}; it came with commit {scene.diagnosis.change[:12]}"
    return [RevertChange(_changed(scene), scene.diagnosis.change, scene.reverse, why)]


def _changed(scene: Scene) -> str:
    """Whom the guilty commit configured: the accused service, or another one that made it ill."""
    owners = [owner(edit.place, scene.chart.services) for edit in scene.reverse]
    accused = scene.cause.service
    return accused if accused in owners else next(filter(None, owners), accused)


def _tune(scene: Scene) -> list[Remedy]:
    """What the chart declares for such a cause, in the chart's order."""
    return [
        remedy
        for service in scene.chart.services.values()
        for tunable in service.tunables
        if _cures(service, tunable, scene) and (remedy := _set(scene, service, tunable)) is not None
    ]


def _cures(service: Service, tunable: Tunable, scene: Scene) -> bool:
    cause = scene.cause
    if tunable.cure is None or tunable.protected or scene.kind not in tunable.cure.kinds:
        return False
    if scene.kind is CauseKind.SLOW_NETWORK and cause.service == service.name:
        return True  # a slow way belongs to both of its ends
    if not tunable.cure.of_dependency:
        return cause.service == service.name
    return cause.service in service.calls and _is_hurt(service, scene)


def _is_hurt(service: Service, scene: Scene) -> bool:
    """True unless its own spans show that what it calls does it no harm: it is not changed on another one's word."""
    return scene.diagnosis.hurt is None or service.name in scene.diagnosis.hurt


def _set(scene: Scene, service: Service, tunable: Tunable) -> Remedy | None:
    if tunable.file not in scene.desired:
        return None
    present = value_of(scene.desired[tunable.file], tunable.key)
    wanted = tunable.cured(present)
    if wanted is None or tunable.cure is None:
        return None
    why, follow_up = f"{_because(scene)}; {tunable.purpose}", tunable.cure.follow_up
    return SetConfig(service.name, tunable.file, tunable.key, present, wanted, why, tunable.purpose, follow_up)


def _scale(scene: Scene) -> list[Remedy]:
    """Twice as many, where the runtime can."""
    service = scene.chart.services[scene.cause.service]
    key = f"{service.name.upper().replace('-', '_')}_REPLICAS"
    present = value_of(scene.desired.get(SPACE_FILE, ""), key)
    if present is None or not present.isdecimal():
        return []
    wanted = min(2 * int(present), service.most_replicas)
    if wanted <= int(present):
        return []
    return [Scale(service.name, SPACE_FILE, key, present, str(wanted), _because(scene))]


def _because(scene: Scene) -> str:
    cause = scene.cause
    of = "the failed traces" if cause.kind in (CauseKind.CRASH, CauseKind.HANG) else "what went wrong"
    return f"{told(cause)}, explains {cause.score:.0%} of {of}"


FITTING: Mapping[CauseKind, tuple[Callable[[Scene], list[Remedy]], ...]] = {
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
