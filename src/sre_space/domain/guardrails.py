"""May this remedy be carried out now? Asked by Brain when it decides and by Fixer right before it acts.

What holds for a service holds for each one whose configuration the remedy changes, whomever the remedy names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sre_space.domain.configuration import FOLDER, Edit, owner
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import RuleAnswer
from sre_space.domain.grounds import Grounds, ask_grounds, waits
from sre_space.domain.remedies import ConfigChange, Escalate, Remedy, Restart, RevertChange, Scale, SetConfig
from sre_space.domain.space_config import DAY_NS, Autonomy, SpaceConfig

HOUR = 3600 * 10**9
COOL_DOWN, ONE_PER_SERVICE, CONCURRENCY = "cool-down", "one action per service", "global concurrency"
MAX_CHANGE = 2000  # characters of all edits: a fact holds them twice
_PASSING = {COOL_DOWN, ONE_PER_SERVICE, CONCURRENCY}


@dataclass(frozen=True)
class PastAction:
    """An action that changed a service, as its issue records it; `places` are the keys of desired state it changed.

    `cause` is the kind of the cause that it was decided on, "" when none was named.
    """

    service: str
    at: int
    incident: str
    finished: bool
    places: tuple[str, ...] = ()
    cause: str = ""


def looks_back(remedy: Remedy) -> int:
    """How much of the past (ns) has to be known to ask about a remedy."""
    return DAY_NS if remedy.edits else HOUR


def ask(
    config: SpaceConfig, remedy: Remedy, incident: str, past: Sequence[PastAction], now: int, *, grounds: Grounds
) -> tuple[RuleAnswer, ...]:
    """Every rule's answer, all of them also when one refuses. Escalating needs no permission."""
    if isinstance(remedy, Escalate):
        return (RuleAnswer("escalation", True, "asking a person is always allowed"),)
    others = [action for action in past if action.incident != incident]
    return (
        _allowed_action(config, remedy),
        _autonomy(config, remedy),
        *ask_grounds(config, remedy, grounds),
        *_of_its_kind(config, remedy, past, now),
        _cooldown(config, remedy, others, now),
        _one_at_a_time(config, remedy, others),
        _concurrency(config, others, now),
    )


def allowed(answers: Sequence[RuleAnswer]) -> bool:
    """True when no rule refused."""
    return all(answer.allowed for answer in answers)


def must_wait(answers: Sequence[RuleAnswer]) -> bool:
    """True when every refusal passes by itself: asking again later is better than giving up."""
    refusals = [answer for answer in answers if not answer.allowed]
    return bool(refusals) and all(answer.rule in _PASSING for answer in refusals)


def needs_approval(config: SpaceConfig, remedy: Remedy, verdict: Confidence) -> bool:
    """True when a person has to approve it first: who is touched wants that, or the diagnosis is not sure enough."""
    if isinstance(remedy, Escalate):
        return False
    if waits(config, remedy, verdict):
        return True
    touched = (config.services.get(name) for name in _touched(config, remedy))
    return any(service is not None and service.autonomy is Autonomy.APPROVE for service in touched)


def _touched(config: SpaceConfig, remedy: Remedy) -> frozenset[str]:
    """The service that a remedy names, and those whose configuration it changes."""
    return _with_owners(config, remedy.service, (edit.place for edit in remedy.edits))


def _with_owners(config: SpaceConfig, service: str, places: Iterable[str]) -> frozenset[str]:
    return frozenset({service, *(owner(place, config.services) for place in places)} - {""})


def _allowed_action(config: SpaceConfig, remedy: Remedy) -> RuleAnswer:
    word = remedy.kind.value.lower()
    return RuleAnswer(
        "allowed actions",
        word in config.guardrails.actions,
        f"the chart allows {', '.join(config.guardrails.actions)}",
    )


def _autonomy(config: SpaceConfig, remedy: Remedy) -> RuleAnswer:
    if remedy.service not in config.services:
        return RuleAnswer("autonomy", False, f"{remedy.service} is not in the chart")
    services = [config.services[name] for name in sorted(_touched(config, remedy))]
    left = all(service.autonomy is not Autonomy.OBSERVE for service in services)
    return RuleAnswer("autonomy", left, ", ".join(f"{service.name} is {service.autonomy}" for service in services))


def _of_its_kind(config: SpaceConfig, remedy: Remedy, past: Sequence[PastAction], now: int) -> tuple[RuleAnswer, ...]:
    match remedy:
        case Restart():
            return (_rate(config, remedy, past, now),)
        case SetConfig() | RevertChange() | Scale():
            return (
                _place(remedy),
                _protected(config, remedy.edits),
                _bounds(config, remedy),
                _size(config, remedy.edits),
                _frozen_key(config, remedy.edits, past, now),
                _freeze_window(config, now),
            )
        case Escalate():
            return ()


def _rate(config: SpaceConfig, remedy: Remedy, past: Sequence[PastAction], now: int) -> RuleAnswer:
    limit = config.guardrails.restarts_per_hour
    count = sum(action.service == remedy.service and now - action.at < HOUR for action in past)
    return RuleAnswer("restarts per hour", count < limit, f"{count} of {limit} used for {remedy.service}")


def _place(remedy: ConfigChange) -> RuleAnswer:
    strangers = [edit.file for edit in remedy.edits if edit.file.rpartition("/")[0] != FOLDER]
    inside = bool(remedy.edits) and not strangers
    return RuleAnswer("desired state", inside, f"outside of {FOLDER}: {', '.join(strangers) or 'nothing'}")


def _protected(config: SpaceConfig, edits: Sequence[Edit]) -> RuleAnswer:
    tunables = {edit.key: config.tunable(edit.file, edit.key) for edit in edits}
    held = [key for key, tunable in tunables.items() if tunable is not None and tunable.protected]
    return RuleAnswer("protected keys", not held, f"touched: {', '.join(held) or 'none'}")


def _bounds(config: SpaceConfig, remedy: ConfigChange) -> RuleAnswer:
    """What is set must be declared; what is taken back need not be, but may not leave the bounds of what is."""
    if isinstance(remedy, Scale):
        most = config.services[remedy.service].most_replicas if remedy.service in config.services else 0
        fits = remedy.new is not None and remedy.new.isdecimal() and 1 <= int(remedy.new) <= most
        return RuleAnswer("bounds", fits, f"{remedy.new} replicas; the runtime can run {most}")
    for edit in remedy.edits:
        tunable = config.tunable(edit.file, edit.key)
        if tunable is None and isinstance(remedy, SetConfig):
            return RuleAnswer("bounds", False, f"the chart names no tunable {edit.place}")
        why = tunable.why_not(edit.new) if tunable else ""
        if why:
            return RuleAnswer("bounds", False, f"{edit.key}: {why}")
    return RuleAnswer("bounds", True, "every value lies in the bounds of the chart")


def _size(config: SpaceConfig, edits: Sequence[Edit]) -> RuleAnswer:
    """A change that is too long to be recorded, decided and taken back is nothing for an agent."""
    limit, long = config.guardrails.keys_per_change, sum(len(str(edit)) for edit in edits)
    told = f"{len(edits)} of at most {limit} keys, {long} of at most {MAX_CHANGE} characters"
    return RuleAnswer("size of a change", len(edits) <= limit and long <= MAX_CHANGE, told)


def _frozen_key(config: SpaceConfig, edits: Sequence[Edit], past: Sequence[PastAction], now: int) -> RuleAnswer:
    limit = config.guardrails.changes_per_key_a_day
    recent = [place for action in past if now - action.at < DAY_NS for place in action.places]
    frozen = [edit.key for edit in edits if recent.count(edit.place) >= limit]
    told = f"changed {limit} times within a day: {', '.join(frozen) or 'none'}"
    return RuleAnswer("frozen keys", not frozen, told)


def _freeze_window(config: SpaceConfig, now: int) -> RuleAnswer:
    frozen = any(window.holds(now) for window in config.guardrails.freeze)
    return RuleAnswer("freeze window", not frozen, "no configuration is changed now" if frozen else "none now")


def _cooldown(config: SpaceConfig, remedy: Remedy, others: Sequence[PastAction], now: int) -> RuleAnswer:
    ages = [(now - action.at) / 1e9 for action in _about(config, remedy, others)]
    youngest = min(ages, default=None)
    rested = youngest is None or youngest >= config.guardrails.cooldown_seconds
    since = "never touched before" if youngest is None else f"last touched {youngest:.0f} s ago"
    return RuleAnswer(COOL_DOWN, rested, f"{since}; {config.guardrails.cooldown_seconds:g} s wanted")


def _about(config: SpaceConfig, remedy: Remedy, others: Sequence[PastAction]) -> list[PastAction]:
    """The actions on a service that the remedy touches as well."""
    touched = _touched(config, remedy)
    return [action for action in others if touched & _with_owners(config, action.service, action.places)]


def _one_at_a_time(config: SpaceConfig, remedy: Remedy, others: Sequence[PastAction]) -> RuleAnswer:
    busy = [action.incident for action in _about(config, remedy, others) if not action.finished]
    return RuleAnswer(ONE_PER_SERVICE, not busy, f"in progress: {', '.join(busy) or 'none'}")


def _concurrency(config: SpaceConfig, others: Sequence[PastAction], now: int) -> RuleAnswer:
    """A restart is over once its service had the cool-down to start: its verification may need the others back."""
    limit, settling = config.guardrails.global_concurrency, config.guardrails.cooldown_seconds * 1e9
    under_way = [one for one in others if not one.finished and (one.places or now - one.at < settling)]
    running = len({action.incident for action in under_way})
    return RuleAnswer(CONCURRENCY, running < limit, f"{running} of {limit} other actions in progress")
