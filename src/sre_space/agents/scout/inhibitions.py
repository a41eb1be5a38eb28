"""All inhibitions that Scout knows, from whatever source: the one place that is asked what is excused."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.detection.inhibition import Inhibition, Scope, Source, applying
from sre_space.domain.pauses import Pause

SECOND = 10**9
BEFORE_NS = 5 * SECOND  # before the first symptom: what failed then belongs to the same fault
MAX_AGE_NS = 15 * 60 * SECOND  # of an inhibition that has ended: for as long, its telemetry may be read back


@dataclass
class Inhibitions:
    """The inhibitions in the order in which they became known; `pauses` are those of this process."""

    known: list[Inhibition] = field(default_factory=list)
    pauses: tuple[Pause, ...] = ()

    def put(self, inhibition: Inhibition, before: Inhibition | None = None) -> None:
        """Add an inhibition, in place of the `before` that was known of it; one without services inhibits nothing."""
        place = self.known.index(before) if before in self.known else len(self.known)
        self.known[place : place + 1] = [inhibition] if inhibition.services else []

    def remove(self, inhibition: Inhibition) -> None:
        """Forget an inhibition: it was refuted, or another one is known in its place."""
        self.known.remove(inhibition)

    def work(self, confirmed: bool = True) -> list[Inhibition]:
        """Return announced work, as announced: confirmed by Git, or not yet."""
        return [known for known in self.known if known.is_work and known.confirmed is confirmed]

    def incident(self, key: str) -> Inhibition | None:
        """Return the inhibition of the open incident with this key; None when none is open."""
        of_key = (known for known in self.known if known.source is Source.INCIDENT and not known.done)
        return next((known for known in of_key if known.case == key), None)

    def hold(self, lasting: Sequence[Inhibition], now: int) -> None:
        """Take over the holds that last at `now` (Unix ns); one that is missing was released, and ends now."""
        kept = {(hold.hold, hold.since) for hold in lasting}
        others = [known for known in self.known if not known.is_hold]
        ended = [hold.ended(min(hold.until, now)) for hold in self._holds() if (hold.hold, hold.since) not in kept]
        self.known = [*others, *ended, *lasting]

    def held(self, scope: Scope, now: int) -> Inhibition | None:
        """Return the hold that ends last, at `now` (Unix ns), on one of the services of a scope; None without any."""
        lasting = (hold for hold in applying(self._holds(), scope) if hold.holds(now))
        return max(lasting, key=lambda hold: hold.until, default=None)

    def released(self, scope: Scope, now: int) -> int:
        """Return when the newest hold on a scope ended by `now` (Unix ns); 0 when none has for a while."""
        return max((hold.until for hold in applying(self._holds(), scope) if hold.until <= now), default=0)

    def _holds(self) -> list[Inhibition]:
        return [known for known in self.known if known.is_hold]

    def worked_on(self, service: str, at: int) -> bool:
        """Return True when work on a service, confirmed or not, was going on at `at` (Unix ns)."""
        return any(known.is_work and known.holds(at) for known in applying(self.known, frozenset({service})))

    def confirmed(self) -> Sequence[Inhibition]:
        """Return all but unconfirmed work: what excuses alarms, and keeps baselines from learning.

        Incidents come first, the open ones before those that are over.
        """
        return [self.extended(known) for known in sorted(self.known, key=_rank) if known.confirmed]

    def current(self, now: int) -> Sequence[Inhibition]:
        """Return those that hold at `now` (Unix ns), unconfirmed work included."""
        return [known for known in map(self.extended, self.known) if known.holds(now)]

    def excuse(self, at: int) -> bool:
        """Return True when an attempt at `at` (Unix ns) does not count against the error budget.

        That is so in an inhibition and in a pause of this process: what failed while Scout did not run is an outage
        only if it lasts.
        """
        paused = any(pause.since - BEFORE_NS <= at < pause.until for pause in self.pauses)
        return paused or any(known.excuses(at) for known in map(self.extended, self.known))

    def extended(self, inhibition: Inhibition) -> Inhibition:
        """Return it with its deadline extended by the pauses of this process in it, if it is a deadline."""
        if not self.pauses or inhibition.done or not inhibition.is_work:
            return inhibition
        until = inhibition.until
        for pause in self.pauses:
            until += pause.until - pause.since if inhibition.since <= pause.since < until else 0
        return replace(inhibition, until=until)

    def forget(self, now: int) -> None:
        """Forget what ended so long before `now` (Unix ns) that nothing of its time is read back any more.

        Work that Git has not answered about stays until it does.
        """
        ages = ((known, now - self.extended(known).until) for known in self.known)
        self.known = [known for known, age in ages if age < MAX_AGE_NS or not known.confirmed]


def _rank(inhibition: Inhibition) -> tuple[bool, bool]:
    return inhibition.is_work, inhibition.done and not inhibition.is_work
