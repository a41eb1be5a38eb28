"""The confidence of a ranking. A wrong confident answer is worse than none."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.analysis.diagnosis.findings import Signal
from sre_space.analysis.diagnosis.ranking import LARGE, Suspect
from sre_space.domain.diagnosis import CauseKind, Confidence

SURE_IMPACT = 0.3
PROVEN_TWICE = 0.1  # enough where the service's own log reports its failing spans: two records of one failure
UNLIKELY = 0.05  # a larger p-value, corrected for the number of findings, is inconclusive
SURE = 0.001
MIN_REQUESTS = 5  # that show it: fewer of many convict nobody, and all of fewer leave doubt
CLEAR = 1.25  # how many times more a cause must explain than the next one


@dataclass(frozen=True)
class Seen:
    """What a verdict rests on besides the findings.

    `compared` tells whether there is a baseline, `requests` how many the incident has, `alerted` is the service that an
    alert is about, and `probed` is the same when probes raised it; "" for none.
    """

    compared: bool = False
    requests: int = MIN_REQUESTS
    alerted: str = ""
    probed: str = ""


def verdict_of(suspects: Sequence[Suspect], looked: int, seen: Seen) -> Confidence:
    """Return the confidence; INCONCLUSIVE when nothing is large or unlikely, or two explanations are close.

    Causes that own spans prove do not compete: two slow services are two causes. `looked` counts the findings
    (Bonferroni). Without a baseline nothing is CONFIRMED, unless runtime and probe agree that the unit ended, or the
    service is silent now and was for the probes that raised the alert on it. A cause that only metrics and
    logs show must be larger; where a service's own log confirms its failing spans, these need not be as many. A few
    requests convict only the service that the alert is about; all of a few make a cause LIKELY, unless they do
    not tell who was called.
    """
    if not suspects or suspects[0].score < LARGE or suspects[0].kind is CauseKind.UNKNOWN:
        return Confidence.INCONCLUSIVE
    best = suspects[0]
    is_alerted = best.service == seen.alerted
    few = MIN_REQUESTS if best.kind is CauseKind.DEPENDENCY_ERROR else min(MIN_REQUESTS, seen.requests)
    if not _shown_by(best, 1 if is_alerted else few):
        return Confidence.INCONCLUSIVE
    p_value = best.p_value * max(1, looked)
    tied = best.own >= LARGE > best.untied
    is_indirect = best.own < LARGE and best.score < SURE_IMPACT
    if p_value > UNLIKELY or tied or is_indirect or _competes(suspects):
        return Confidence.INCONCLUSIVE
    silent = best.kind is CauseKind.HANG and best.service != seen.probed
    is_confirmable = seen.compared or (best.findings[0].signal is Signal.STATE and not silent)
    large = best.own >= SURE_IMPACT or (best.own >= PROVEN_TWICE and _confirms_itself(best, looked))
    enough = is_alerted or _shown_by(best, MIN_REQUESTS)
    sure = is_confirmable and enough and large and p_value <= SURE
    return Confidence.CONFIRMED if sure else Confidence.LIKELY


def _shown_by(suspect: Suspect, requests: int) -> bool:
    """Return True when findings of a known kind, large together, each rest on so many requests, or on none at all."""
    known = [finding for finding in suspect.findings if finding.kind is not CauseKind.UNKNOWN]
    return sum(finding.impact for finding in known if finding.requests not in range(1, requests)) >= LARGE


def _confirms_itself(suspect: Suspect, looked: int) -> bool:
    """Return True when the service's spans fail and its own log reports failures, each beyond chance."""
    significant = [
        finding
        for finding in suspect.findings
        if finding.reporter == suspect.service and finding.p_value * looked <= SURE
    ]
    return {Signal.FAILURE, Signal.LOG} <= {finding.signal for finding in significant if finding.impact >= PROVEN_TWICE}


def _competes(suspects: Sequence[Suspect]) -> bool:
    """Return True when the next suspect explains nearly as much, unless own evidence proves both."""
    if len(suspects) < 2:
        return False
    best, second = suspects[:2]
    proven = best.own >= LARGE and second.own >= LARGE
    return not proven and best.score < CLEAR * second.score
