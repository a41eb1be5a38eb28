"""The guardrails: whether a remedy may be carried out now. Brain evaluates them when it decides, Fixer before it acts.

A rule about a service applies to each service whose configuration the remedy changes, not only to the one it names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.configuration import Edit
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import Decision, RuleAnswer
from sre_space.domain.grounds import Grounds, ask_grounds, ask_stateful, waits
from sre_space.domain.holds import Hold, blamable, held
from sre_space.domain.remedies import ConfigChange, Escalate, Remedy, Restart, RevertChange, Scale, SetConfig
from sre_space.domain.space_config import DAY_NS, Autonomy, Service, SpaceConfig

HOUR = 3600 * 10**9
COOL_DOWN, ONE_PER_SERVICE, CONCURRENCY = "cool-down", "one action per service", "global concurrency"
HOLD = "hold"
MAX_CHANGE = 2000  # characters of all edits: a fact holds them twice
_PASSING = {COOL_DOWN, ONE_PER_SERVICE, CONCURRENCY, HOLD}


@dataclass(frozen=True)
class PastAction:
    """An action that changed a service at `at` (Unix ns), as its issue records it.

    `places` are the keys of desired state that it changed (`<file>:<key>`), `cause` is the kind of the diagnosed cause
    ("": none was named), `finished` says whether its incident is over.
    """

    service: str
    at: int
    incident: str
    finished: bool
    places: tuple[str, ...] = ()
    cause: str = ""


def lookback_ns(remedy: Remedy) -> int:
    """Return how far back past actions must be known to evaluate a remedy (ns)."""
    return DAY_NS if remedy.edits else HOUR


def ask(
    config: SpaceConfig,
    remedy: Remedy,
    incident: str,
    past: Sequence[PastAction],
    now: int,
    *,
    grounds: Grounds,
    holds: Sequence[Hold],
) -> tuple[RuleAnswer, ...]:
    """Return the answer of every rule, also when one refuses. An escalation is always allowed."""
    if isinstance(remedy, Escalate):
        return (RuleAnswer("escalation", True, "asking a person is always allowed"),)
    others = [action for action in past if action.incident != incident]
    return (
        _allowed_action(config, remedy),
        _autonomy(config, remedy),
        *_runtime(config, remedy),
        *ask_grounds(config, remedy, grounds),
        *ask_stateful(_touched_services(config, remedy), grounds),
        *_of_its_kind(config, remedy, past, now),
        _cooldown(config, remedy, others, now),
        _one_at_a_time(config, remedy, others),
        _concurrency(config, others, now),
        _hold(config, remedy, holds, now),
    )


def allowed(answers: Sequence[RuleAnswer]) -> bool:
    """Return True when no rule refused."""
    return all(answer.allowed for answer in answers)


def must_wait(answers: Sequence[RuleAnswer]) -> bool:
    """Return True when rules refused and every refusal is temporary: waiting is then better than giving up."""
    refusals = [answer for answer in answers if not answer.allowed]
    return bool(refusals) and all(answer.rule in _PASSING for answer in refusals)


def needs_approval(config: SpaceConfig, remedy: Remedy, verdict: Confidence) -> bool:
    """Return True when a person has to approve the remedy: for a service's autonomy or state, or for the verdict."""
    if isinstance(remedy, Escalate):
        return False
    if waits(config, remedy, verdict):
        return True
    touched = _touched_services(config, remedy)
    return any(service.autonomy is Autonomy.APPROVE or service.stateful for service in touched)


def _touched_services(config: SpaceConfig, remedy: Remedy) -> Sequence[Service]:
    """Return the configured services that a remedy restarts or reconfigures, by name."""
    return [config.services[name] for name in sorted(_touched(config, remedy)) if name in config.services]


def hold_of(config: SpaceConfig, case: Case, holds: Iterable[Hold], now: int) -> Hold | None:
    """Return the hold for whose end an incident waits at `now` (Unix ns); None when it waits for none.

    It is on something that the incident's first symptom may come from, or on what the newest decision changes.
    """
    first, decision = case.detection.symptoms[0], case.latest(Decision)
    changed = _touched(config, decision.remedy) if decision else frozenset()
    return held(holds, blamable(first.kind, first.service, config.calls) | changed, now)


def _touched(config: SpaceConfig, remedy: Remedy) -> frozenset[str]:
    """Return the service that a remedy names, and those whose configuration it changes."""
    return _with_owners(config, remedy.service, (edit.place for edit in remedy.edits))


def _with_owners(config: SpaceConfig, service: str, places: Iterable[str]) -> frozenset[str]:
    return frozenset({service, *(owner for place in places for owner in config.owners(place))} - {""})


def _allowed_action(config: SpaceConfig, remedy: Remedy) -> RuleAnswer:
    word = remedy.kind.value.lower()
    return RuleAnswer(
        "allowed actions",
        word in config.guardrails.actions,
        f"the configuration allows {', '.join(config.guardrails.actions)}",
    )


def _autonomy(config: SpaceConfig, remedy: Remedy) -> RuleAnswer:
    if remedy.service not in config.services:
        return RuleAnswer("autonomy", False, f"{remedy.service} is not in the configuration")
    services = _touched_services(config, remedy)
    permitted = all(service.autonomy is not Autonomy.OBSERVE for service in services)
    return RuleAnswer("autonomy", permitted, ", ".join(f"{service.name} is {service.autonomy}" for service in services))


def _runtime(config: SpaceConfig, remedy: Remedy) -> tuple[RuleAnswer, ...]:
    """Return a refusal where nothing runs a service that the remedy touches; else nothing."""
    without = [service.name for service in _touched_services(config, remedy) if not service.has_runtime]
    reason = f"{', '.join(without)} has no runtime here: the agents observe, decide and ask"
    return (RuleAnswer("runtime", False, reason),) if without else ()


def _of_its_kind(config: SpaceConfig, remedy: Remedy, past: Sequence[PastAction], now: int) -> tuple[RuleAnswer, ...]:
    match remedy:
        case Restart():
            return (_rate(config, remedy, past, now),)
        case SetConfig() | RevertChange() | Scale():
            return (
                _place(config, remedy),
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


def _place(config: SpaceConfig, remedy: ConfigChange) -> RuleAnswer:
    outside = [edit.place for edit in remedy.edits if not config.is_desired(edit.file, edit.key)]
    inside = bool(remedy.edits) and not outside
    return RuleAnswer("desired state", inside, f"outside of desired state: {', '.join(outside) or 'nothing'}")


def _protected(config: SpaceConfig, edits: Sequence[Edit]) -> RuleAnswer:
    tunables = {edit.key: config.tunable(edit.file, edit.key) for edit in edits}
    protected = [key for key, tunable in tunables.items() if tunable is not None and tunable.protected]
    return RuleAnswer("protected keys", not protected, f"changed: {', '.join(protected) or 'none'}")


def _bounds(config: SpaceConfig, remedy: ConfigChange) -> RuleAnswer:
    """Return whether every value is in its bounds; a key that is set must be declared, a reverted one need not be."""
    if isinstance(remedy, Scale):
        maximum = config.services[remedy.service].most_replicas if remedy.service in config.services else 0
        fits = remedy.new is not None and remedy.new.isdecimal() and 1 <= int(remedy.new) <= maximum
        return RuleAnswer("bounds", fits, f"{remedy.new} replicas; the runtime can run {maximum}")
    for edit in remedy.edits:
        tunable = config.tunable(edit.file, edit.key)
        if tunable is None and isinstance(remedy, SetConfig):
            return RuleAnswer("bounds", False, f"the configuration declares no tunable {edit.place}")
        reason = tunable.why_not(edit.new) if tunable else ""
        if reason:
            return RuleAnswer("bounds", False, f"{edit.key}: {reason}")
    return RuleAnswer("bounds", True, "every value is within the bounds of the configuration")


def _size(config: SpaceConfig, edits: Sequence[Edit]) -> RuleAnswer:
    """Return whether the change is small enough to be recorded, decided and undone in one fact each."""
    limit, length = config.guardrails.keys_per_change, sum(len(str(edit)) for edit in edits)
    reason = f"{len(edits)} of at most {limit} keys, {length} of at most {MAX_CHANGE} characters"
    return RuleAnswer("size of a change", len(edits) <= limit and length <= MAX_CHANGE, reason)


def _frozen_key(config: SpaceConfig, edits: Sequence[Edit], past: Sequence[PastAction], now: int) -> RuleAnswer:
    limit = config.guardrails.changes_per_key_a_day
    recent = [place for action in past if now - action.at < DAY_NS for place in action.places]
    frozen = [edit.key for edit in edits if recent.count(edit.place) >= limit]
    reason = f"changed {limit} times within a day: {', '.join(frozen) or 'none'}"
    return RuleAnswer("frozen keys", not frozen, reason)


def _freeze_window(config: SpaceConfig, now: int) -> RuleAnswer:
    frozen = any(window.holds(now) for window in config.guardrails.freeze)
    return RuleAnswer("freeze window", not frozen, "no configuration may be changed now" if frozen else "none now")


def _cooldown(config: SpaceConfig, remedy: Remedy, others: Sequence[PastAction], now: int) -> RuleAnswer:
    ages = [(now - action.at) / 1e9 for action in _about(config, remedy, others)]
    youngest = min(ages, default=None)
    rested = youngest is None or youngest >= config.guardrails.cooldown_seconds
    since = "never changed before" if youngest is None else f"last changed {youngest:.0f} s ago"
    return RuleAnswer(COOL_DOWN, rested, f"{since}; {config.guardrails.cooldown_seconds:g} s required")


def _about(config: SpaceConfig, remedy: Remedy, others: Sequence[PastAction]) -> list[PastAction]:
    """Return the actions that changed a service which the remedy changes as well."""
    touched = _touched(config, remedy)
    return [action for action in others if touched & _with_owners(config, action.service, action.places)]


def _one_at_a_time(config: SpaceConfig, remedy: Remedy, others: Sequence[PastAction]) -> RuleAnswer:
    busy = [action.incident for action in _about(config, remedy, others) if not action.finished]
    return RuleAnswer(ONE_PER_SERVICE, not busy, f"in progress: {', '.join(busy) or 'none'}")


def _concurrency(config: SpaceConfig, others: Sequence[PastAction], now: int) -> RuleAnswer:
    """Return whether a slot is free; a restart frees its slot after the cool-down: verification may need others."""
    limit, settling = config.guardrails.global_concurrency, config.guardrails.cooldown_seconds * 1e9
    in_progress = [action for action in others if not action.finished and (action.places or now - action.at < settling)]
    running = len({action.incident for action in in_progress})
    return RuleAnswer(CONCURRENCY, running < limit, f"{running} of {limit} other actions in progress")


def _hold(config: SpaceConfig, remedy: Remedy, holds: Sequence[Hold], now: int) -> RuleAnswer:
    """Return whether people hold none of the services that the remedy changes; the reason of a hold is not repeated."""
    hold = held(holds, _touched(config, remedy), now)
    return RuleAnswer(HOLD, hold is None, f"{hold.names} held by {hold.by}, {hold.source}" if hold else "none now")
