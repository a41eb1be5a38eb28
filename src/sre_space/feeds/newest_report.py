"""The newest thing that Scout told: what its detectors say, for the command line."""

from sre_space.codec.symptom_report import SymptomReport, decode
from sre_space.codec.topics import SIGHTINGS
from sre_space.domain.errors import Malformed
from sre_space.ports.bus import History
from sre_space.ports.signing import TrustStore

SECOND = 10**9
BACK_S = (10, 120, 900)  # how far one looks back, each time that nothing newer was found
AHEAD_NS = 5 * SECOND  # by which the clocks may differ


async def newest_report(history: History, trust: TrustStore, repository: str, now: int) -> SymptomReport | None:
    """Return what Scout told last in the quarter of an hour before a Unix ns; None when it said nothing.

    `Unavailable` when the bus does not answer. What Scout did not sign does not count.
    """
    until = now + AHEAD_NS
    for seconds in BACK_S:
        since = now - seconds * SECOND
        for record in reversed(await history.window(SIGHTINGS, since, until)):
            try:
                symptom_report = decode(record, trust)
            except Malformed:
                continue
            if symptom_report.repository == repository:
                return symptom_report
        until = since
    return None
