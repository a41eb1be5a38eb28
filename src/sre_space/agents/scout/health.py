"""The health detector of a service, fed by four probes a second: a service that does not answer counts as out.

When the runtime says that its process has ended it is out at once, and until probes are answered again.
"""

from dataclasses import dataclass

from sre_space.domain.detectors import DetectorReport, DetectorState, MeasureUnit
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.probe import Health

PERIOD_S = 0.25
OUT_PERIOD_S = 0.05  # of a service that is out, until it answers
FAILURES_TO_FIRE = 3  # in a row, once the service has been healthy: the alarm fires 0.5 to 0.75 s after the outage
FAILURES_TO_FIRE_UNSEEN = 20  # before it was ever healthy: it may still be starting
SUCCESSES_TO_CLEAR = 2
ANSWERING_NS = int(SUCCESSES_TO_CLEAR * PERIOD_S * 1e9)  # a shorter time may be a single answer by chance


@dataclass
class ServiceHealth:
    """The health detector of one service, updated by each probe. Times are Unix ns, counts are consecutive probes."""

    service: str
    seen_healthy: bool = False
    failures: int = 0
    successes: int = 0
    failing_since: int = 0
    healthy_since: int = 0
    last_at: int = 0
    ended_at: int = 0
    probes: int = 0
    firing: bool = False
    answered: bool = False
    detail: str = "not probed yet"

    def update(self, health: Health, at: int) -> None:
        """Add the result of a probe that was sent at `at` (Unix ns); one sent before an end says nothing any more."""
        if at < self.ended_at:
            return
        self.detail, self.last_at, self.answered = health.detail, at, health.answered
        self.probes += 1
        if health.healthy:
            self._succeed(at)
        else:
            self._fail(at)

    def end(self, at: int, detail: str) -> None:
        """Add that the service's process has ended at `at` (Unix ns), by the runtime's word `detail`."""
        self.detail, self.answered, self.ended_at, self.last_at = detail, False, at, max(at, self.last_at)
        self._fail(at)
        self.firing = True

    def forget(self) -> None:
        """Reset the detector: probes from before a pause of Scout's process say nothing about now."""
        self.failures = self.successes = self.failing_since = self.healthy_since = self.probes = 0
        self.firing, self.detail = False, "not probed yet"

    @property
    def awaited(self) -> bool:
        """Return True while the service is out and has not answered yet."""
        return self.firing and not self.successes

    @property
    def known(self) -> bool:
        """Return True when it is known whether the service is out; one or two failures do not decide it."""
        return self.firing or self.successes >= SUCCESSES_TO_CLEAR

    @property
    def evaluated(self) -> bool:
        """Return True once there were as many probes as an alarm needs."""
        return self.probes >= FAILURES_TO_FIRE

    def _succeed(self, at: int) -> None:
        self.healthy_since = at if self.successes == 0 else self.healthy_since
        self.successes, self.failures, self.seen_healthy = self.successes + 1, 0, True
        if self.successes >= SUCCESSES_TO_CLEAR:
            self.firing = False

    def _fail(self, at: int) -> None:
        self.failing_since = at if self.failures == 0 else self.failing_since
        self.failures, self.successes = self.failures + 1, 0
        self.firing = self.firing or self.failures >= self._needed

    @property
    def _needed(self) -> int:
        return FAILURES_TO_FIRE if self.seen_healthy else FAILURES_TO_FIRE_UNSEEN

    @property
    def tolerated_s(self) -> float:
        """Return the number of seconds without a healthy answer that do not fire the alarm yet; none after an end."""
        ended = self.firing and self.ended_at >= self.failing_since
        return 0.0 if ended else (self._needed - 1) * PERIOD_S

    def went_out(self, after: int, min_ns: int, served_at: int = 0) -> bool:
        """Return True when the service is out, and had served for at least `min_ns` since `after` (Unix ns) before.

        `served_at` is when it served last (Unix ns), where no probe of this process was answered.
        """
        if served_at:
            return self.firing and served_at - after >= max(min_ns, ANSWERING_NS)
        answered = self.healthy_since and self.failing_since - self.healthy_since >= ANSWERING_NS
        return self.firing and bool(answered) and self.failing_since - max(self.healthy_since, after) >= min_ns

    def report(self) -> DetectorReport:
        """Return the detector's report; its value is for how many seconds the service has not been healthy."""
        state, since, why = self._state
        unhealthy_s = (self.last_at - self.failing_since) / 1e9 if self.failures else 0.0
        return DetectorReport(
            SymptomKind.INFRASTRUCTURE,
            self.service,
            state,
            since=since,
            value=round(unhealthy_s, 3) if self.probes else None,
            threshold=self.tolerated_s,
            unit=MeasureUnit.SECONDS,
            why=why,
        )

    @property
    def _state(self) -> tuple[DetectorState, int, str]:
        if self.firing:
            return DetectorState.FIRING, self.failing_since, self.detail
        if self.failures:
            return (
                DetectorState.UNKNOWN,
                self.failing_since,
                f"{self.failures} of {self._needed} failed probes in a row",
            )
        if self.known:
            return DetectorState.OK, self.healthy_since, ""
        return DetectorState.UNKNOWN, 0, f"{self.successes} of {SUCCESSES_TO_CLEAR} good probes in a row"

    @property
    def word(self) -> str:
        """Return the state as a word: `healthy`, `failing`, `out` or `unknown`."""
        if self.firing:
            return "out"
        if self.failures:
            return "failing"
        return "healthy" if self.seen_healthy and self.probes else "unknown"
