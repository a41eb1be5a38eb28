"""The open incidents and the inhibition windows: what a symptom joins, and what inhibits it. Used by Scout."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.detection.correlation import OpenIncident
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.facts import Detection, Step
from sre_space.domain.pauses import Pause

SECOND = 10**9
BEFORE_NS = 5 * SECOND  # before the first symptom: what failed then belongs to the same fault
MAX_AGE_NS = 15 * 60 * SECOND  # of a window that has ended: for as long, its telemetry may be read back


@dataclass
class OpenIncidents:
    """The open incidents and all inhibition windows; refreshed by each poll of the forge.

    `begun` is from when on the fault of each open incident may have existed (Unix ns). `past` are windows of incidents
    that are over, `planned` those of confirmed deployments, `held` those of announcements that Git has not confirmed
    yet. `unlisted` are the incidents opened since the newest poll: the next answer may be older than they are. `pauses`
    are those of this process.
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
    known: bool = False  # True from the first refresh on

    def opened(self, detection: Detection) -> None:
        """Add an incident that was just opened: it counts from its first symptom on, before any poll lists it."""
        self._begin(detection)
        self.unlisted.add(detection.key)
        self.verified.pop(detection.key, None)  # left over from an earlier incident

    def recall(self, cases: Iterable[Case]) -> None:
        """Add the incidents from before this process began: their windows inhibit what is read back from that time."""
        for case in cases:
            if case.is_open and not case.recovered:
                self._begin(case.detection)
            else:
                self.past.append(_widened(_open_window(case.detection), case.detection.begun, _end_of(case)))

    def recovered(self, key: str, at: int) -> None:
        """Note a recovery verified at `at` (Unix ns): the issue may be closed before the next poll."""
        self.verified[key] = at

    def refresh(self, cases: Iterable[Case], now: int) -> None:
        """Take over the open incidents that the forge lists at `now` (Unix ns); the others have ended.

        An incident that was opened during the poll is not listed yet: the next poll decides.
        """
        self.known = True
        unrecovered = {case.detection.key: case for case in cases if not case.recovered}
        recovered = {case.detection.key: case for case in cases if case.recovered}
        just_opened = self.unlisted - recovered.keys() - self.verified.keys()
        for key in [key for key in self.open if key not in unrecovered and key not in just_opened]:
            case = recovered.get(key)
            self._end(key, _end_of(case) if case else self.verified.pop(key, now))
        for case in unrecovered.values():
            self._begin(case.detection, waits_for_people(case))
        self.unlisted.clear()
        self._forget(now)

    def announce(self, window: Inhibition, before: Inhibition | None = None) -> None:
        """Add the window of a deployment, in place of the `before` that was known of it.

        A window without services inhibits nothing and is left out.
        """
        self.planned = [planned for planned in self.planned if planned != before] + (
            [window] if window.services else []
        )

    def hold_back(self, window: Inhibition) -> None:
        """Hold back incidents in the window of an announced deployment until Git confirms or refutes it."""
        self.held.append(window)

    def end_hold(self, window: Inhibition) -> None:
        """Stop holding back incidents in the window: Git has answered."""
        self.held.remove(window)

    def current_holds(self, now: int) -> Sequence[Inhibition]:
        """Return the held windows that last at `now` (Unix ns), each extended by the pauses in it."""
        return [window for window in map(self.extended, self.held) if now < window.until]

    def extended(self, window: Inhibition) -> Inhibition:
        """Return the window with its deadline extended by the pauses of this process in it, if it is a deadline."""
        until = window.until
        for pause in self.pauses if not window.done else ():
            until += pause.until - pause.since if window.since <= pause.since < until else 0
        return replace(window, until=until)

    def planned_at(self, at: int) -> Sequence[Inhibition]:
        """Return the windows of announced work, confirmed or not, that contain `at` (Unix ns)."""
        return [window for window in (*self.planned, *self.held) if window.holds(at)]

    def all_windows(self) -> Sequence[Inhibition]:
        """Return the windows that inhibit alarms: of incidents, past ones included, and of confirmed work."""
        return (*self.windows.values(), *self.past, *map(self.extended, self.planned))

    def inhibited(self, at: int) -> bool:
        """Return True when an attempt at `at` (Unix ns) does not count against the error budget.

        That is so in an incident or directly before it, during announced work, and in a pause of this process: what
        failed while Scout did not run is an outage only if it lasts.
        """
        of_open = (_widened(window, self.begun[key], STILL_OPEN) for key, window in self.windows.items())
        work = map(self.extended, (*self.planned, *self.held))
        paused = any(pause.since - BEFORE_NS <= at < pause.until for pause in self.pauses)
        return paused or any(window.holds(at) for window in (*of_open, *self.past, *work))

    def _begin(self, detection: Detection, waits: bool = False) -> None:
        window = _open_window(detection)
        self.open[detection.key] = OpenIncident(detection.key, detection.symptoms[0].service, window.since, waits)
        self.windows[detection.key] = window
        self.begun[detection.key] = detection.begun

    def _end(self, key: str, at: int) -> None:
        del self.open[key]
        self.past.append(_widened(self.windows.pop(key), self.begun.pop(key), at))

    def _forget(self, now: int) -> None:
        self.past = [window for window in self.past if now - window.until < MAX_AGE_NS]
        self.planned = [window for window in self.planned if now - self.extended(window).until < MAX_AGE_NS]


def _open_window(detection: Detection) -> Inhibition:
    """Return the window of an open incident, from its first symptom on without an end."""
    return Inhibition(detection.since, STILL_OPEN, frozenset({detection.symptoms[0].service}), detection.key)


def _widened(window: Inhibition, begun: int, until: int) -> Inhibition:
    """Return the window from shortly before the fault `begun` until `until` (Unix ns).

    Customers, and spans, may show a fault before Scout's first symptom.
    """
    return replace(window, since=begun - BEFORE_NS, until=until)


def _end_of(case: Case) -> int:
    """Return when the recovery was verified, or else the time of the newest fact (Unix ns)."""
    return (case.fact_of(Step.VERIFY) or case.last).at
