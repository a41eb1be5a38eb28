"""The incidents that Scout knows of, and the announced windows: what explains a symptom, and what it joins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.detection.correlation import OpenIncident
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.facts import Detection, Step
from sre_space.domain.pauses import Pause

SECOND = 10**9
BEFORE_NS = 5 * SECOND  # the first symptom that was seen: what failed then was of the same fault
MAX_AGE_NS = 15 * 60 * SECOND  # of a window that is over: as long as telemetry of it may be read back


@dataclass
class OpenIncidents:
    """Refreshed by every poll of the forge; what was just opened counts at once.

    `begun` is from when on each open incident's fault may have been there (Unix ns); `pauses` are this process's.
    `unlisted` are those opened since the newest poll came back: the next one may have been asked before them.
    """

    open: dict[str, OpenIncident] = field(default_factory=dict)
    windows: dict[str, Inhibition] = field(default_factory=dict)
    past: list[Inhibition] = field(default_factory=list)
    planned: list[Inhibition] = field(default_factory=list)
    held: list[Inhibition] = field(default_factory=list)
    verified: dict[str, int] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    pauses: tuple[Pause, ...] = ()
    known: bool = False  # from the first refresh on: before it, what is open is not known

    def opened(self, detection: Detection) -> None:
        """An incident was opened: it lasts from its first symptom on."""
        self._begin(detection)
        self.unlisted.add(detection.key)
        self.verified.pop(detection.key, None)  # of an incident before it

    def recall(self, cases: Iterable[Case]) -> None:
        """Incidents of before this process began: their windows excuse what is read back of them."""
        for case in cases:
            if case.is_open and not case.recovered:
                self._begin(case.detection)
            else:
                self.past.append(_from_before(_lasting(case.detection), case.detection.begun, _end_of(case)))

    def recovered(self, key: str, at: int) -> None:
        """A recovery was verified at a Unix ns: its issue may be closed before the next poll sees it."""
        self.verified[key] = at

    def refresh(self, cases: Iterable[Case], now: int) -> None:
        """The open cases as the forge has them at `now` (Unix ns). What is not among them is over.

        What was opened while the forge was asked is not among them either: the next answer tells.
        """
        self.known = True
        lasting = {case.detection.key: case for case in cases if not case.recovered}
        recovered = {case.detection.key: case for case in cases if case.recovered}
        begun = self.unlisted - recovered.keys() - self.verified.keys()
        for key in [key for key in self.open if key not in lasting and key not in begun]:
            case = recovered.get(key)
            self._end(key, _end_of(case) if case else self.verified.pop(key, now))
        for case in lasting.values():
            self._begin(case.detection, waits_for_people(case))
        self.unlisted.clear()
        self._forget(now)

    def announce(self, window: Inhibition, before: Inhibition | None = None) -> None:
        """A deployment or other planned work; `before`: as it was known until now. Work on nobody excuses nothing."""
        self.planned = [one for one in self.planned if one != before] + ([window] if window.services else [])

    def hold(self, window: Inhibition) -> None:
        """Somebody announced work, and it is asked whether that is true: what it would excuse waits."""
        self.held.append(window)

    def release(self, window: Inhibition) -> None:
        """It is answered."""
        self.held.remove(window)

    def holding(self, now: int) -> Sequence[Inhibition]:
        """What is waited for at a Unix ns; what began in it is news when nobody confirmed it in time."""
        return [one for one in map(self.lengthened, self.held) if now < one.until]

    def lengthened(self, window: Inhibition) -> Inhibition:
        """Work that was to be over by a deadline, by as much as this process stood still in it."""
        until = window.until
        for one in self.pauses if not window.done else ():
            until += one.until - one.since if window.since <= one.since < until else 0
        return replace(window, until=until)

    def planned_at(self, at: int) -> Sequence[Inhibition]:
        """The announced work, confirmed or not yet, that a Unix ns lies in."""
        return [one for one in (*self.planned, *self.held) if one.holds(at)]

    def all_windows(self) -> Sequence[Inhibition]:
        """What excuses symptoms, planned or not."""
        return (*self.windows.values(), *self.past, *map(self.lengthened, self.planned))

    def excused(self, at: int) -> bool:
        """True for an attempt of the journey that began in an incident or right before, or during (announced) work.

        So for one of a pause: what went wrong while nobody looked is an outage only if it still is one after it.
        """
        lasting = (_from_before(window, self.begun[key], STILL_OPEN) for key, window in self.windows.items())
        work = map(self.lengthened, (*self.planned, *self.held))
        paused = any(one.since - BEFORE_NS <= at < one.until for one in self.pauses)
        return paused or any(window.holds(at) for window in (*lasting, *self.past, *work))

    def _begin(self, detection: Detection, waits: bool = False) -> None:
        window = _lasting(detection)
        self.open[detection.key] = OpenIncident(detection.key, detection.symptoms[0].service, window.since, waits)
        self.windows[detection.key] = window
        self.begun[detection.key] = detection.begun

    def _end(self, key: str, at: int) -> None:
        del self.open[key]
        self.past.append(_from_before(self.windows.pop(key), self.begun.pop(key), at))

    def _forget(self, now: int) -> None:
        self.past = [one for one in self.past if now - one.until < MAX_AGE_NS]
        self.planned = [one for one in self.planned if now - self.lengthened(one).until < MAX_AGE_NS]


def _lasting(detection: Detection) -> Inhibition:
    """From the first symptom on."""
    return Inhibition(detection.since, STILL_OPEN, frozenset({detection.symptoms[0].service}), detection.key)


def _from_before(window: Inhibition, begun: int, until: int) -> Inhibition:
    """An incident's window from right before its fault `begun` on: customers, and spans, may tell of a fault sooner."""
    return replace(window, since=begun - BEFORE_NS, until=until)


def _end_of(case: Case) -> int:
    """When a recovery was verified, or else when the last thing happened (Unix ns)."""
    return (case.fact_of(Step.VERIFY) or case.last).at
