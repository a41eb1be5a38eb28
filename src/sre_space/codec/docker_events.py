"""The meaning of Docker's events: which end of a container was planned, and which life of it ended; no I/O.

Docker says `kill` with its signal before `die`, also for a stop and for a restart; the order of `stop` and `die` is not
defined. So an end is planned when a signal that asks a process to end came shortly before. `docker kill` sends SIGKILL
at once, which asks for nothing: that end is not planned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sre_space.codec.docker import SERVICE, SHORT, exit_code
from sre_space.ports.runtime import UNSEEN, Died

ASKS_TO_END = ("2", "3", "15")  # SIGINT, SIGQUIT, SIGTERM: the stop signals in use
STOPS_WITHIN_NS = 60 * 10**9  # a process that lives on after such a signal was not stopped by it
OUT_OF_MEMORY_NS = 5 * 10**9  # between the kernel's notice and the end; a killed child process is no end


@dataclass(frozen=True)
class Event:
    """An event of a container: its id, its name and service, what happened, when (Unix ns), and the attributes."""

    id: str
    name: str
    service: str
    action: str
    time: int
    attributes: Mapping[str, str]


def event_of(event: Any) -> Event:  # noqa: ANN401 - JSON
    """Return an event of the stream; raise `KeyError`, `TypeError` or `ValueError` for another shape."""
    actor = event["Actor"]
    attributes = {str(key): str(value) for key, value in actor["Attributes"].items()}
    name, service = attributes.get("name", ""), attributes.get(SERVICE, "")
    return Event(str(actor["ID"]), name, service, str(event["Action"]), int(event["timeNano"]), attributes)


@dataclass(frozen=True)
class _Life:
    incarnation: str
    since: int


@dataclass
class Lives:
    """What is known of each container: its present life, and signals and notices that explain its end."""

    _lives: dict[str, _Life] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _out_of_memory: dict[str, int] = field(default_factory=dict)

    def began(self, id: str, incarnation: str, since: int) -> bool:
        """Note a life of a container, which began at `since` (Unix ns); return whether it is a new one."""
        before, self._lives[id] = self._lives.get(id), _Life(incarnation, since)
        return before != self._lives[id]

    def signalled(self, event: Event) -> None:
        """Note a signal to a container."""
        if event.attributes.get("signal") in ASKS_TO_END:
            self._asked[event.id] = event.time

    def ran_out_of_memory(self, event: Event) -> None:
        """Note that the kernel killed a process of a container, which need not be its first."""
        self._out_of_memory[event.id] = event.time

    def died(self, event: Event, unit: str) -> Died:
        """Return the end of a container's life, and forget all about it."""
        asked = self._asked.pop(event.id, None)
        starved = self._out_of_memory.pop(event.id, None)
        code = event.attributes.get("exitCode", "")
        return Died(
            unit=unit,
            incarnation=self._ended(event),
            time=event.time,
            exit_code=exit_code(int(code)) if code.isdecimal() and len(code) <= 3 else None,
            planned=asked is not None and event.time - asked <= STOPS_WITHIN_NS,
            detail="killed: out of memory" if starved and event.time - starved <= OUT_OF_MEMORY_NS else "",
            instance=event.name,
        )

    def _ended(self, event: Event) -> str:
        """Return the incarnation that ended; a known life that began after the end is a later one, and stays."""
        life = self._lives.get(event.id)
        if life is None or life.since > event.time:
            return f"{event.id[:SHORT]}{UNSEEN}"
        del self._lives[event.id]
        return life.incarnation
