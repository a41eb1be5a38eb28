"""What stands for a runtime, a trace store or a bus that no setting names: nothing is known and nothing can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.telemetry import Span
from sre_space.ports.bus import History, Record
from sre_space.ports.runtime import Runtime, Unit
from sre_space.ports.traces import Traces


@dataclass(frozen=True)
class RuntimeNotSet(Runtime):
    """A runtime without units; `told` names the setting."""

    told: str

    async def units(self) -> Sequence[Unit]:
        """None."""
        return ()

    async def unit(self, name: str) -> Unit:
        """`Missing`, with the setting."""
        raise Missing(f"{name} is not known: {self.told}")

    async def restart(self, name: str, expected: str) -> Unit:
        """`Missing`, with the setting."""
        raise Missing(f"{name} cannot be restarted as {expected}: {self.told}")


@dataclass(frozen=True)
class TracesNotSet(Traces):
    """A trace store that cannot be asked; `told` names the setting."""

    told: str

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """`Malformed`, with the setting."""
        raise Malformed(f"{self.told} (asked for {limit} traces of {service} from {since} to {until})")

    async def close(self) -> None:
        """There is nothing to release."""


@dataclass(frozen=True)
class HistoryNotSet(History):
    """A bus that cannot be asked; `told` names the setting."""

    told: str

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """`Malformed`, with the setting."""
        raise Malformed(f"{self.told} (asked for {limit} records of {topic} from {since} to {until})")
