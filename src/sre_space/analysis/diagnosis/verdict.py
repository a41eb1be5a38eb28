"""How sure a ranking is. A wrong confident answer is worse than none."""

from collections.abc import Sequence

from sre_space.analysis.diagnosis.findings import Sense
from sre_space.analysis.diagnosis.ranking import LARGE, Suspect
from sre_space.domain.diagnosis import CauseKind, Confidence

SURE_HARM = 0.3
PROVEN_TWICE = 0.1  # enough where the service's own log tells of its failing spans too: two records of one failure
UNLIKELY = 0.05  # after counting how often it was looked
SURE = 0.001
CLEAR = 1.25  # how much more a cause must explain than the next when both explain the same harm


def verdict_of(suspects: Sequence[Suspect], looked: int, compared: bool, probed: str = "") -> Confidence:
    """INCONCLUSIVE when nothing is large, nothing unlikely, or two explanations of one harm are close.

    Causes that own spans prove do not compete: two slow services are two causes. `looked` counts the findings
    (Bonferroni). Without a baseline nothing is CONFIRMED, unless runtime and probe agree that the unit ended, or it is
    silent now and was for the probes that raised the alert on it (`probed`). What only metrics and logs tell must be
    larger; where a service's own log confirms its failing spans, these need not be as many.
    """
    if not suspects or suspects[0].score < LARGE or suspects[0].kind is CauseKind.UNKNOWN:
        return Confidence.INCONCLUSIVE
    best = suspects[0]
    chance = best.chance * max(1, looked)
    tied = best.own >= LARGE > best.settled
    hearsay = best.own < LARGE and best.score < SURE_HARM
    if chance > UNLIKELY or tied or hearsay or _competes(suspects):
        return Confidence.INCONCLUSIVE
    silent = best.kind is CauseKind.HANG and best.service != probed
    witnessed = compared or (best.findings[0].sense is Sense.STATE and not silent)
    large = best.own >= SURE_HARM or (best.own >= PROVEN_TWICE and _says_so_itself(best, looked))
    sure = witnessed and large and chance <= SURE
    return Confidence.CONFIRMED if sure else Confidence.LIKELY


def _says_so_itself(suspect: Suspect, looked: int) -> bool:
    """True when its spans fail and its own log tells of failures, each beyond chance: two records, one story."""
    beyond = [one for one in suspect.findings if one.speaker == suspect.service and one.chance * looked <= SURE]
    return {Sense.FAILURE, Sense.LOG} <= {one.sense for one in beyond if one.harm >= PROVEN_TWICE}


def _competes(suspects: Sequence[Suspect]) -> bool:
    """True when the next suspect explains nearly as much, and not by evidence of its own beside the best's own."""
    if len(suspects) < 2:
        return False
    best, second = suspects[:2]
    proven = best.own >= LARGE and second.own >= LARGE
    return not proven and best.score < CLEAR * second.score
