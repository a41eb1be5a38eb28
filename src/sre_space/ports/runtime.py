"""The port to the runtime that runs the units of the application (processes, containers, pods).

An agent that only reads has a `RuntimeReader`, whose credentials can change nothing.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

State = Literal["running", "starting", "stopped", "exited", "fatal", "unknown"]
_WORST_FIRST: tuple[State, ...] = ("fatal", "exited", "stopped", "unknown", "starting", "running")


@dataclass(frozen=True)
class Unit:
    """The runtime's state of one unit, or of one of its instances.

    `incarnation` identifies the unit's present process: it MUST differ after every start and MUST NOT
    change in between (for a unit that ended, it identifies that end). `state` is the runtime's view, `since`
    its begin (Unix ns); `exit_code` is None while running, negative for a signal (-9: SIGKILL) when known.

    `memory_limit` is what the present process, or the one that ended, was started with, in bytes; None where it has no
    limit or the runtime does not know it. `restarts` is how often the runtime has started it again since it counts;
    None where it does not count. Both MAY follow the incarnation by a moment. `instance` tells the copies of a unit
    apart, as the name of a container or pod does; "" for a unit that can have only one. `restart_command` is what a
    person would type to restart it, "" where the runtime has no such command; nothing ever runs it.
    """

    name: str
    state: State
    incarnation: str
    pid: int | None
    since: int
    exit_code: int | None
    detail: str = ""
    memory_limit: int | None = None
    restarts: int | None = None
    instance: str = ""
    restart_command: str = ""


def representative(instances: Iterable[Unit]) -> Unit:
    """Return the instance that stands for its unit: the one in the worst state, so that no healthy copy hides it.

    Among equals it is the first by name, so that the answer stays the same. `instances` must not be empty.
    """
    return min(instances, key=lambda unit: (_WORST_FIRST.index(unit.state), unit.instance))


def by_name(units: Iterable[Unit]) -> dict[str, Unit]:
    """Return the representative of each unit, by the unit's name."""
    instances: dict[str, list[Unit]] = {}
    for unit in units:
        instances.setdefault(unit.name, []).append(unit)
    return {name: representative(copies) for name, copies in instances.items()}


class RuntimeReader(Protocol):
    """A reader of the state of units."""

    async def units(self) -> Sequence[Unit]:
        """Return all units of the application, each instance of a unit on its own.

        The instances of one unit have its name and MUST differ in `instance`. MUST raise `Unavailable` when the runtime
        does not answer.
        """
        ...

    async def unit(self, name: str) -> Unit:
        """Return one unit, of several instances their `representative`.

        MUST raise `Missing` when the runtime does not know the unit.
        """
        ...


class Runtime(RuntimeReader, Protocol):
    """A reader that can also restart units."""

    async def restart(self, name: str, expected: str) -> Unit:
        """Stop the unit if it runs, start it, and return its new state; of several instances the `expected` one alone.

        MUST raise `Refused` and change nothing when no instance of the unit has the incarnation `expected`.
        MUST accept only names that the runtime knows; no shell. Returns when the runtime has
        started the unit, not when it serves.
        """
        ...


@runtime_checkable
class MemoryLimiter(Protocol):
    """A runtime that sets memory limits itself; with any other, limits are another process's."""

    async def limit_memory(self, name: str, limit: int) -> Sequence[Unit]:
        """Give each instance of a unit a memory limit in bytes, and return those that had another, as they are then.

        MUST raise `Missing` when the runtime does not know the unit, `Refused` when it does not set this limit.
        """
        ...


@dataclass(frozen=True)
class Started:
    """A unit, or an instance of it, runs: since `time` (Unix ns), as `incarnation`."""

    unit: str
    incarnation: str
    time: int
    instance: str = ""


@dataclass(frozen=True)
class Died:
    """A unit's process, or that of an instance, has ended at `time` (Unix ns).

    `incarnation` is the one that `RuntimeReader` gave while the process ran; it ends in `UNSEEN` where nobody saw it.
    `planned` is True when somebody had asked the runtime to stop it, so that it is no failure. `exit_code` is as in
    `Unit`; `detail` says why, where the runtime knows.
    """

    unit: str
    incarnation: str
    time: int
    exit_code: int | None
    planned: bool
    detail: str = ""
    instance: str = ""


UNSEEN = ":gone"  # the end of the incarnation of a process that ended before anybody could look at it


class RuntimeEvents(Protocol):
    """A stream of the starts and ends of units."""

    def events(self) -> AsyncGenerator[Started | Died, None]:
        """Iterate over what happens from now on, after a `Started` for each unit that runs already.

        Whoever stops early closes it (`contextlib.aclosing`), which ends the connection.

        MUST yield a unit's events in their order, and each end once. MUST keep no more in memory than a fixed amount
        for each unit, however much happens and however slowly it is read. MUST raise `Unavailable` when the runtime
        does not answer, when the stream ends, and when it knows that events were lost; whoever iterates again learns
        the present state. A runtime MAY lose events without knowing it, so that an event is evidence, and its absence
        is none.
        """
        ...
