"""What the runtime and the probes say of the services: a unit that ended, or lives and does not answer.

An observation, not a statistic: a service that is down answers nobody. What the runtime says of the end tells the
kind (`kinds.said`: out of memory is saturation).
"""

from collections.abc import Sequence
from dataclasses import replace

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.kinds import said
from sre_space.analysis.diagnosis.tables import ServiceState
from sre_space.domain.dependencies import reach
from sre_space.domain.diagnosis import CauseKind, Evidence

OBSERVED = 1e-6  # how often an observation is wrong: a probe and a runtime that err at once


def state_findings(states: Sequence[ServiceState]) -> list[Finding]:
    """Two findings for each service that is out on its own evidence: its runtime's and its probe's."""
    return [finding for state in states if state.sick for finding in _findings(state)]


def without_victims(found: Sequence[Finding], states: Sequence[ServiceState]) -> list[Finding]:
    """Findings but calls that fail at an end without a name, when a service is out: that is what they called."""
    if not any(state.sick for state in states):
        return list(found)
    return [one for one in found if one.sense is not Signal.FAILURE or one.kind is not CauseKind.DEPENDENCY_ERROR]


def contradicted(states: Sequence[ServiceState]) -> tuple[tuple[str, CauseKind], ...]:
    """What a probe that is answered well contradicts: whoever gives up on a service has not shown that it hangs."""
    well = [one.service for one in states if one.healthy and not one.ended]
    return tuple((service, kind) for service in well for kind in (CauseKind.CRASH, CauseKind.HANG))


def unheard_without_common_cause(states: Sequence[ServiceState]) -> bool:
    """True for half of the services silent though they run, each by itself: whatever did that is not seen here.

    What the runtime says has ended is its own evidence, however many others have ended with it.
    """
    unheard = [state for state in states if state.sick and not state.ended]
    silent = [state for state in unheard if not state.answered]
    return len(silent) > 1 and len(unheard) * 2 >= len(states)


def first_out(alerted: str, states: Sequence[ServiceState]) -> str:
    """The service that is out on its own evidence and to be named first; "" when fewer than two are out.

    Of an alert on a service that has ended it is that one; of one that is silent, what it calls goes before it. What
    has ended goes before what is silent, and who is called before the callers.
    """
    sick = {state.service: state for state in states if state.sick}
    if len(sick) < 2:
        return ""
    calls = {state.service: state.calls for state in states}
    near = reach(alerted, calls) & sick.keys() if alerted in sick else sick.keys()

    def rank(name: str) -> tuple[bool, bool, int, bool, str]:
        asked = name == alerted
        return not (asked and sick[name].ended), not sick[name].ended, len(reach(name, calls) & near), not asked, name

    return min(near, key=rank)


def _findings(state: ServiceState) -> tuple[Finding, Finding]:
    told = Evidence(state.runtime_id, f"{state.service}: {state.runtime}")
    runtime = Finding(
        service=state.service,
        operation="",
        kind=_kind(state),
        sense=Signal.STATE,
        impact=1.0,
        p_value=OBSERVED,
        evidence=told,
        since=state.since if state.ended else 0,
    )
    return runtime, replace(runtime, evidence=Evidence(f"health:{state.service}", f"{state.service}: {state.health}"))


def _kind(state: ServiceState) -> CauseKind:
    if state.ended:
        return CauseKind.SATURATION if said(state.runtime) is CauseKind.SATURATION else CauseKind.CRASH
    return CauseKind.UNKNOWN if state.answered else CauseKind.HANG
