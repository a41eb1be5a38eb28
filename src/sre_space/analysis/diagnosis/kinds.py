"""From findings to the kind of a cause."""

import re
from collections.abc import Sequence

from sre_space.analysis.diagnosis.changes import Charge
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.messages import is_expired, kind_of_message
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import Shift
from sre_space.analysis.diagnosis.ranking import LARGE, Suspect
from sre_space.domain.diagnosis import CauseKind

FULL = 0.5  # the share of a resource's present use that must be new to call it saturated
UNLIKELY = 0.01

# Resources that a call exhausts on its caller's side.
_OWN_CLIENT = re.compile(r"pool(?!\(host=)|acquiring a connection|idle object|too many open files", re.IGNORECASE)
_OF_THE_OTHER_END = (CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION)


def kind_of(suspect: Suspect, resources: Sequence[Shift], charge: Charge | None) -> CauseKind:
    """Return the suspect's kind: by its change, else its failures' messages, else its resources, else its spans."""
    strongest = suspect.findings[0]
    if strongest.kind is CauseKind.TRAFFIC:
        return CauseKind.TRAFFIC
    if charge is not None:
        return CauseKind.MISCONFIGURATION if _configures(charge) else CauseKind.BAD_CHANGE
    if strongest.signal in (Signal.FAILURE, Signal.LOG):
        kinds = (_message_kind(finding) for finding in suspect.findings if finding.signal is strongest.signal)
        kind = next((kind for kind in kinds if kind), strongest.kind)
        return _slow(suspect) or kind if kind is CauseKind.ERROR and is_said_to_hang(suspect) else kind
    if strongest.kind in (CauseKind.SLOW_CODE, CauseKind.SLOW_NETWORK, CauseKind.UNKNOWN) and _full(
        suspect.service, resources
    ):
        return CauseKind.SATURATION
    if strongest.kind is CauseKind.SLOW_NETWORK and _fails_there(suspect):
        return CauseKind.DEPENDENCY_ERROR
    return strongest.kind


def _fails_there(suspect: Suspect) -> bool:
    """Return True when the slow calls are calls of a peer without spans that fail: they wait for no answer."""
    return any(
        finding.kind is CauseKind.DEPENDENCY_ERROR
        and finding.signal is Signal.FAILURE
        and finding.operation == suspect.findings[0].operation
        and finding.impact >= LARGE
        and _message_kind(finding) in (None, CauseKind.DEPENDENCY_ERROR)
        for finding in suspect.findings
    )


def _message_kind(finding: Finding) -> CauseKind | None:
    """Return the kind that a finding's message names, where the message can describe the accused service.

    What a service reports about its callee concerns the callee. A service that logs "connection refused" is up and was
    refused; only calls that left no span at their other end show that this one is down. That another is down, hangs or
    is full needs evidence of its own: what its callers say of it may be the network, or their patience.
    """
    text = finding.evidence.statement
    kind = kind_of_message(text)
    if finding.kind is CauseKind.DEPENDENCY_ERROR and is_expired(text):
        return finding.kind
    if finding.kind is CauseKind.DEPENDENCY_ERROR and kind in _OF_THE_OTHER_END:
        return kind if kind is CauseKind.SATURATION and _OWN_CLIENT.search(text) else finding.kind
    if kind not in _OF_THE_OTHER_END or finding.kind is CauseKind.CRASH:
        return kind
    if finding.reporter == finding.service:
        return CauseKind.DEPENDENCY_ERROR if kind is CauseKind.CRASH else kind
    return finding.kind


def is_said_to_hang(suspect: Suspect) -> bool:
    """Return True when the failures charged to the service say that something took too long."""
    strongest = suspect.findings[0].signal
    said = (kind_of_message(finding.evidence.statement) for finding in suspect.findings if finding.signal is strongest)
    return strongest in (Signal.FAILURE, Signal.LOG) and next(filter(None, said), None) is CauseKind.HANG


def _slow(suspect: Suspect) -> CauseKind | None:
    """Return what makes the suspect slow; None when it is not."""
    slow = (f.kind for f in suspect.findings if f.signal is Signal.TIME and f.impact >= LARGE and not f.tied)
    return next(slow, None)


def _configures(charge: Charge) -> bool:
    """Return True when the change was to a setting.

    A deployment that was seen to break its service is a bad change, whatever it touched.
    """
    return not charge.change.applied and (
        charge.effect.config or charge.change.kind in ("config", "configuration", "flag")
    )


def _full(service: str, shifts: Sequence[Shift]) -> bool:
    """Return True when a resource of the service is saturated and was not in health."""
    return any(
        shift.series.service == service
        and shift.meaning is Meaning.SATURATION
        and shift.p_value <= UNLIKELY
        and shift.impact >= FULL
        for shift in shifts
    )
