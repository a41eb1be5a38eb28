"""How long a server is left alone after it failed or asked for rest. Used by the adapter of the forge."""

from dataclasses import dataclass

FIRST_S, MAX_S = 0.25, 10.0
MAX_ADVISED_S = 3600.0  # GitHub's primary limit ends within the hour; no advice silences an agent for longer
LIMITED_S = 60.0  # GitHub's advice for a secondary limit that names no time: wait for at least a minute


@dataclass(frozen=True)
class Backoff:
    """`until` is a monotonic time in seconds; before it the server is not asked."""

    failures: int = 0
    until: float = 0.0

    def rest(self, now: float) -> float:
        """Seconds that are left; 0.0 when it may be asked."""
        return max(0.0, self.until - now)

    def failed(self, now: float, advice: float | None) -> "Backoff":
        """After a failure: what the server advised in seconds, else twice as long as the time before.

        Calls that were under way together are one failure, and no advice is ever shortened.
        """
        if advice is not None:
            return Backoff(self.failures + 1, max(self.until, now + min(advice, MAX_ADVISED_S)))
        if self.rest(now):
            return self
        return Backoff(self.failures + 1, now + min(MAX_S, FIRST_S * 2.0 ** min(self.failures, 30)))

    def worked(self) -> "Backoff":
        """After an answer, an advice that another call was given meanwhile still holds."""
        return Backoff(0, self.until)
