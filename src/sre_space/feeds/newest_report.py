"""Scout's newest report of all detectors, read from the bus. Used by the command line."""

from sre_space.codec.symptom_report import SymptomReport, decode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.domain.errors import Malformed
from sre_space.ports.bus import History
from sre_space.ports.signing import TrustStore

SECOND = 10**9
BACK_S = (10, 120, 900)  # how far back each further search goes
AHEAD_NS = 5 * SECOND  # by which the clocks may differ


async def newest_report(history: History, trust: TrustStore, repository: str, now: int) -> SymptomReport | None:
    """Return Scout's newest report in the quarter of an hour before `now` (Unix ns); None when there is none.

    Reports that Scout did not sign do not count. Raise `Unavailable` when the bus does not answer.
    """
    until = now + AHEAD_NS
    for seconds in BACK_S:
        since = now - seconds * SECOND
        for record in reversed(await history.window(SYMPTOM_REPORTS, since, until)):
            try:
                report = decode(record, trust)
            except Malformed:
                continue
            if report.repository == repository:
                return report
        until = since
    return None
