"""Interruptions in mid-incident: carried out, and what must hold afterwards whatever they did."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from time import time_ns
from typing import Protocol

import psutil
from support.deeds import aimed
from support.interruptions import DEPLOYER, SERVERS, Interruption, Moment
from support.live import LiveSpace
from support.stages import Change, Stage
from support.waiting import until

from sre_space.domain.case import Case
from sre_space.domain.facts import OWNER, Agent, Step

KILLED = "policy-service"
LOOK_EVERY_S = 0.001


class Trouble(Protocol):
    """A fault of the application and what the agents do about it; `support/troubles.py` has them.

    `story` is the usual chain, at least as far as it is interrupted. `watched_until` is the stage of its change until
    which Fixer asks what Scout sees, None when it changes nothing: without Scout nothing would be done.
    """

    @property
    def live(self) -> LiveSpace: ...
    @property
    def story(self) -> Sequence[Step]: ...
    @property
    def watched_until(self) -> Stage | None: ...

    def strike(self) -> None:
        """Inject the fault; return once the application is affected."""

    def mend(self, since: int) -> None:
        """Do what people do meanwhile, once the incident, opened after `since` (Unix ns), has come so far."""

    def holds(self, case: Case) -> None:
        """Assert that everything was done, and once."""


def interrupted(trouble: Trouble, what: Interruption) -> Case:
    """One incident with this interruption, from the fault to its end."""
    live, since = trouble.live, quiet(trouble.live)
    act = aimed(what, live)
    (_until_it_shows if what.moment.stage else _until_it_is_due)(trouble, what.moment, since)
    time.sleep(what.delay_s)
    act()
    trouble.mend(since)
    case = live.closed(next_outage(live, since).issue)
    ended_well(live, case, since)
    trouble.holds(case)
    return case


def _until_it_shows(trouble: Trouble, moment: Moment, _: int) -> None:
    """Inject the fault, and look a thousand times a second for the stage: stages are some ten milliseconds apart."""
    assert moment.stage is not None
    change, stage = Change.next_of(trouble.live, undo=moment.step is Step.UNDO), moment.stage
    trouble.strike()
    until(lambda: change.reached(stage), f"{stage} in {moment.step}", every_s=LOOK_EVERY_S)


def _until_it_is_due(trouble: Trouble, moment: Moment, since: int) -> None:
    """Inject the fault; stop the agent that owns the step (SIGSTOP) before the step is due, and resume it then.

    So the kill falls into its work and not beside it.
    """
    live, place, owner = trouble.live, moment.place(trouble.story), OWNER[moment.step]
    change, watched = Change.next_of(live, undo=False), trouble.watched_until
    with _held(live, owner.value) as held:
        mine = [number for number, step in enumerate(trouble.story[:place]) if OWNER[step] is owner]
        if place and not mine:
            held()
        trouble.strike()
        if mine:
            _until_recorded(live, since, mine[-1] + 1)
            if owner is Agent.SCOUT and watched:
                until(lambda: change.reached(watched), f"{watched}", every_s=LOOK_EVERY_S)
            held()
        _until_recorded(live, since, place)


def outages(live: LiveSpace, since: int) -> list[Case]:
    """Return the broken service's outages since (Unix ns), oldest first: a busy machine may see other incidents."""
    return live.outages(KILLED, since)


def quiet(live: LiveSpace) -> int:
    """Wait until nothing is open that the next incident could join, and return the time (Unix ns)."""
    until(lambda: not live.open_cases(), "no incident is open")
    return time_ns()


def next_outage(live: LiveSpace, since: int) -> Case:
    """Return the broken service's first outage since (Unix ns); wait until there is one."""
    return live.outage(KILLED, since)


@contextlib.contextmanager
def _held(live: LiveSpace, unit: str) -> Iterator[Callable[[], None]]:
    """Yield a function that stops the unit; resume the unit at the end, whatever happens meanwhile."""
    stopped: list[psutil.Process] = []

    def hold() -> None:
        stopped.append(psutil.Process(until(lambda: live.pid(unit), f"{unit} runs")))
        stopped[-1].suspend()

    try:
        yield hold
    finally:
        for process in stopped:
            process.resume()


def _until_recorded(live: LiveSpace, since: int, facts: int) -> None:
    """Wait until the incident has so many facts, or has ended without them."""

    def there() -> bool:
        return not facts or any(len(case.chain) >= facts or not case.is_open for case in outages(live, since))

    until(there, f"{facts} facts are recorded")


def ended_well(live: LiveSpace, case: Case, since: int) -> None:
    """Recovered, nothing lost, nothing twice, everybody runs: whatever was killed."""
    assert case.recovered
    assert not case.frozen_reason
    assert [entry.fact.seq for entry in case.chain] == list(range(len(case.chain)))
    assert {void.reason for void in case.void} <= {"a later duplicate"}
    assert len(outages(live, since)) == 1
    for unit in (*SERVERS, DEPLOYER):
        until(lambda unit=unit: live.pid(unit), f"{unit} runs again")  # type: ignore[misc]
