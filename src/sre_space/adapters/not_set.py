"""Placeholders for a runtime, a trace store or a bus that no setting names: every query fails or is empty."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.telemetry import Span
from sre_space.ports.bus import History, Record
from sre_space.ports.runtime import Runtime, Unit
from sre_space.ports.traces import Traces


@dataclass(frozen=True)
class RuntimeNotSet(Runtime):
    """A runtime without units; `reason` names the setting to set."""

    reason: str

    async def units(self) -> Sequence[Unit]:
        """Return no units."""
        return ()

    async def unit(self, name: str) -> Unit:
        """Raise `Missing` with the setting to set."""
        raise Missing(f"{name} is not known: {self.reason}")

    async def restart(self, name: str, expected: str) -> Unit:
        """Raise `Missing` with the setting to set."""
        raise Missing(f"{name} cannot be restarted as {expected}: {self.reason}")


@dataclass(frozen=True)
class TracesNotSet(Traces):
    """A trace store that cannot be queried; `reason` names the setting to set."""

    reason: str

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """Raise `Malformed` with the setting to set."""
        raise Malformed(f"{self.reason} (asked for {limit} traces of {service} from {since} to {until})")

    async def close(self) -> None:
        """Do nothing: there is no connection."""


@dataclass(frozen=True)
class HistoryNotSet(History):
    """A bus that cannot be queried; `reason` names the setting to set."""

    reason: str

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """Raise `Malformed` with the setting to set."""
        raise Malformed(f"{self.reason} (asked for {limit} records of {topic} from {since} to {until})")
