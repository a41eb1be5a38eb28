"""Findings from the runtime and the probes: a unit that ended, or that runs and does not answer.

An observation, not a statistic: a service that is down answers no request. The runtime's description of the end shows
the kind: out of memory is saturation; a unit that was never started is misconfigured, and no restart starts it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.messages import kind_of_message
from sre_space.analysis.diagnosis.tables import ServiceState
from sre_space.domain.dependencies import reach
from sre_space.domain.diagnosis import CauseKind, Evidence

OBSERVED = 1e-6  # the probability that an observation is wrong: probe and runtime err at once
_NEVER_STARTED = re.compile(  # Kubernetes' reasons: no place for it, no image, no configuration
    r"FailedScheduling|ErrImage|ImagePullBackOff|InvalidImageName|CreateContainer(Config)?Error"
)


def state_findings(states: Sequence[ServiceState]) -> list[Finding]:
    """Return two findings for each service that is out on its own evidence: its runtime's and its probe's."""
    return [finding for state in states if state.unhealthy for finding in _findings(state)]


def without_victims(findings: Sequence[Finding], states: Sequence[ServiceState]) -> list[Finding]:
    """Return the findings; when a service is out, without calls that failed at an unnamed end: they went to it."""
    if not any(state.unhealthy for state in states):
        return list(findings)
    return [
        finding
        for finding in findings
        if finding.signal is not Signal.FAILURE or finding.kind is not CauseKind.DEPENDENCY_ERROR
    ]


def contradicted(states: Sequence[ServiceState]) -> tuple[tuple[str, CauseKind], ...]:
    """Return the causes that a healthy probe disproves: a caller's timeout does not show that a service hangs."""
    healthy = answering(states)
    return tuple((service, kind) for service in sorted(healthy) for kind in (CauseKind.CRASH, CauseKind.HANG))


def answering(states: Sequence[ServiceState]) -> set[str]:
    """Return the services whose probes are healthy."""
    return {state.service for state in states if state.healthy and not state.ended}


def unheard_without_common_cause(states: Sequence[ServiceState]) -> bool:
    """Return True when half of the services are silent though they run: the reason is outside of the evidence.

    A service that ended, according to the runtime, is out on its own evidence, however many others ended with it.
    """
    unheard = [state for state in states if state.unhealthy and not state.ended]
    silent = [state for state in unheard if not state.answered]
    return len(silent) > 1 and len(unheard) * 2 >= len(states)


def first_out(alerted: str, states: Sequence[ServiceState]) -> str:
    """Return the service that is out and is to be named first; "" when fewer than two are out.

    For an alert on a service that ended, it is that service; for one that is silent, what it calls comes first.
    Services that ended come before silent ones, and callees before their callers.
    """
    out = {state.service: state for state in states if state.unhealthy}
    if len(out) < 2:
        return ""
    calls = {state.service: state.calls for state in states}
    near = reach(alerted, calls) & out.keys() if alerted in out else out.keys()

    def rank(name: str) -> tuple[bool, bool, int, bool, str]:
        is_alerted = name == alerted
        return (
            not (is_alerted and out[name].ended),
            not out[name].ended,
            len(reach(name, calls) & near),
            not is_alerted,
            name,
        )

    return min(near, key=rank)


def _findings(state: ServiceState) -> tuple[Finding, Finding]:
    evidence = Evidence(state.runtime_id, f"{state.service}: {state.runtime}")
    runtime = Finding(
        service=state.service,
        operation="",
        kind=_kind(state),
        signal=Signal.STATE,
        impact=1.0,
        p_value=OBSERVED,
        evidence=evidence,
        since=state.since if state.ended else 0,
    )
    return runtime, replace(runtime, evidence=Evidence(f"health:{state.service}", f"{state.service}: {state.health}"))


def _kind(state: ServiceState) -> CauseKind:
    if state.ended and kind_of_message(state.runtime) is CauseKind.SATURATION:
        return CauseKind.SATURATION
    if state.ended:
        return CauseKind.MISCONFIGURATION if _NEVER_STARTED.search(state.runtime) else CauseKind.CRASH
    return CauseKind.UNKNOWN if state.answered else CauseKind.HANG
