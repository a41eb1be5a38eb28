"""How long a server is not called after it failed or asked for a pause. Used by the adapter of the forge."""

from dataclasses import dataclass

FIRST_S, MAX_S = 0.25, 10.0
MAX_ADVISED_S = 3600.0  # GitHub's primary limit ends within the hour; no advice silences an agent for longer
LIMITED_S = 60.0  # GitHub's advice for a secondary limit that names no time: wait for at least a minute


@dataclass(frozen=True)
class Backoff:
    """The backoff of one server: it is not called before `until`, a monotonic time in seconds."""

    failures: int = 0
    until: float = 0.0

    def rest(self, now: float) -> float:
        """Return the seconds that are left at `now`; 0.0 when the server may be called."""
        return max(0.0, self.until - now)

    def failed(self, now: float, advice: float | None) -> "Backoff":
        """Return the backoff after a failure: the server's `advice` in seconds, else twice the pause before.

        Calls that fail during the pause do not lengthen it, and a pause that the server advised is never shortened.
        """
        if advice is not None:
            return Backoff(self.failures + 1, max(self.until, now + min(advice, MAX_ADVISED_S)))
        if self.rest(now):
            return self
        return Backoff(self.failures + 1, now + min(MAX_S, FIRST_S * 2.0 ** min(self.failures, 30)))

    def worked(self) -> "Backoff":
        """Return the backoff after a successful call; a pause that the server advised another call still holds."""
        return Backoff(0, self.until)
