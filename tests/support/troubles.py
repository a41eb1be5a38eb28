"""Faults whose treatment is interrupted, and what must hold of it: a restart, a pull request, one that is taken back.

Probes see all of them, so none waits for Scout to learn what is usual.
"""

import errno
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, TCPServer

import psutil
from support.kills import KILLED, next_outage
from support.live import LiveSpace
from support.main_branch import MainBranch
from support.stages import Stage
from support.waiting import until

from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.servers import HOST
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.facts import Action, ActionResult, Step, Undo

FILE, KEY = f"{KILLED}.env", "DATABASE_POOL_SIZE"
STORY = (
    Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER,
)  # fmt: skip
UNDONE = (*STORY[:5], Step.UNDO, Step.VERIFY, Step.DECIDE)


@dataclass(frozen=True)
class Killed:
    """SIGKILL: one restart mends it. `starts`: how often the service had been started before."""

    live: LiveSpace
    starts: int
    story: Sequence[Step] = STORY
    watched_until: Stage | None = None

    @classmethod
    def of(cls, live: LiveSpace) -> "Killed":
        """To be struck."""
        return cls(live, live.starts(KILLED))

    def strike(self) -> None:
        """Kill."""
        self.live.kill(KILLED)

    def mend(self, since: int) -> None:
        """Nobody has to."""

    def holds(self, case: Case) -> None:
        """Assert that the service was started once, and that this was recorded once."""
        assert self.live.starts(KILLED) - self.starts == sum(action.changed for action in _actions(case)) == 1


@dataclass(frozen=True)
class Hanging(Killed):
    """SIGSTOP: a restart mends it, and takes three seconds to end what does not listen."""

    def strike(self) -> None:
        """Stop it."""
        psutil.Process(self.live.pid(KILLED)).suspend()


@dataclass(frozen=True)
class BadCommit:
    """A merged and deployed commit ends the service at each start: its revert mends it."""

    live: LiveSpace
    main: MainBranch
    story: Sequence[Step] = STORY
    watched_until: Stage | None = Stage.MERGED

    @classmethod
    def of(cls, live: LiveSpace) -> "BadCommit":
        """To be struck."""
        return cls(live, MainBranch.of(live))

    def strike(self) -> None:
        """Merge it; the deployer applies it."""
        self.main.commit(FILE, KEY, "500", "A larger pool of connections")
        until(lambda: not self.live.pid(KILLED), "the service has ended")

    def mend(self, since: int) -> None:
        """Nobody has to."""

    def holds(self, case: Case) -> None:
        """One pull request, merged, the exact inverse: the files are what they were."""
        bad, revert = self.main.since(case)

        assert [action.result for action in _actions(case)] == [ActionResult.DONE]
        assert revert.tree_id == bad.parents[0].tree_id


@dataclass(frozen=True)
class TakenPort:
    """A stranger takes the service's port while an innocent commit is deployed: the revert cannot help and is undone.

    Whatever Memory knows: a bad change has no other remedy. People then find the stranger.
    """

    live: LiveSpace
    main: MainBranch
    story: Sequence[Step] = UNDONE
    watched_until: Stage | None = Stage.MERGED
    stranger: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, live: LiveSpace) -> "TakenPort":
        """To be struck."""
        return cls(live, MainBranch.of(live))

    def strike(self) -> None:
        """Merge the commit; while the deployer starts the service anew its port is free."""
        self.main.commit(FILE, KEY, "6" if self.main.value(FILE, KEY) == "5" else "5", "Another pool of connections")
        port = self.live.running.ports["policy_service_port"]
        (server,) = until(lambda: _listening(port), "the service leaves its port")
        self.stranger.callback(server.server_close)
        self.stranger.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        until(lambda: not self.live.pid(KILLED), "the service has ended")

    def mend(self, since: int) -> None:
        """Once the remedy is taken back the stranger goes; a person who is asked starts the service."""
        live = self.live
        until(lambda: next_outage(live, since).latest(Undo), "the remedy is taken back")
        self.stranger.close()
        until(lambda: _rests(next_outage(live, since)), "it recovers, or a person is asked")
        space_supervisor.start(live.running.socket, KILLED)

    def holds(self, case: Case) -> None:
        """Two pull requests, merged: the commit's exact inverse, and the way back; the files are the commit's."""
        innocent, revert, back = self.main.since(case)

        assert [payload.result for payload in case.payloads if isinstance(payload, Undo)] == [ActionResult.DONE]
        assert sum(action.changed and bool(action.remedy.edits) for action in _actions(case)) == 1
        assert (revert.tree_id, back.tree_id) == (innocent.parents[0].tree_id, innocent.tree_id)


def _actions(case: Case) -> list[Action]:
    return [payload for payload in case.payloads if isinstance(payload, Action)]


def _rests(case: Case) -> bool:
    """Return whether the agents do nothing more by themselves."""
    return not case.is_open or waits_for_people(case)


def _listening(port: int) -> list[TCPServer]:
    """Return one server that hangs up on every client; none while the port is another's."""

    class Stranger(TCPServer):
        allow_reuse_address = True

    try:
        return [Stranger((HOST, port), BaseRequestHandler)]
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return []
