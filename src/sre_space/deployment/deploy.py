"""A deployment: what main of the forge's repository says becomes what runs. Over the ports GitOps, Runtime and Probe.

1. Read `deploy/config/` of main; a file that does not parse refuses the whole deployment (`Unfit`), before anything
   changes.
2. Tell `changes` what begins.
3. Replace the files that differ, each at once; the warden reads `space.env` by itself.
4. Restart the services that run with another desired state than main's, and wait until each serves or has ended.
5. Tell `changes` what came of it, and write it into `deploy/deployments.jsonl`.

A deployer that is killed in between is continued by the next one (`journal.py`).

Running it twice changes nothing the second time; two at once take turns: the warden, which deploys whenever main moves
(`watch.py`), and whoever says `sre-space deploy`.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sre_space.codec.changes import MAX_TOLD
from sre_space.codec.topics import CHANGES
from sre_space.deployment import journal
from sre_space.deployment.desired_state import desired_state
from sre_space.deployment.journal import Deployment
from sre_space.deployment.services import DeployedServices
from sre_space.domain.bounds import cut
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.paths import StatePaths
from sre_space.ports.bus import Publisher
from sre_space.ports.gitops import GitOps
from sre_space.state_files import make_folder, make_way, remove, write_private

MAIN = "main"


class Unfit(Malformed):
    """A commit that cannot be deployed; the message names the file, the line and the reason."""

    def __init__(self, commit: str, subject: str, reason: str) -> None:
        super().__init__(f"{reason}; nothing was deployed")
        self.commit, self.subject, self.reason = commit, subject, reason


@dataclass(frozen=True)
class Main:
    """What main says: its commit, the subject of that, and the files of desired state by name."""

    commit: str
    subject: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Deployer:
    """Applies main in one state folder. `publisher` tells others of it; None where no bus is named."""

    state: StatePaths
    gitops: GitOps
    services: DeployedServices
    publisher: Publisher | None

    async def head(self) -> str:
        """Return the commit that main names now."""
        return (await self.gitops.commit(MAIN)).sha

    async def main(self) -> Main:
        """Return what main says now."""
        commit = await self.gitops.commit(MAIN)
        files = await self.gitops.read_files(FOLDER, commit.sha)
        names = {path.rpartition("/")[2]: content for path, content in files.items()}
        return Main(commit.sha, commit.message.partition("\n")[0], names)

    async def planned(self) -> Deployment:
        """Return what a deployment would do now; changes nothing. `Unfit` when it cannot be."""
        return (await self._plan(await self.main()))[1]

    async def deploy(self, known: Main | None = None) -> Deployment:
        """Apply main; `Unfit` when it cannot be. One that a killed deployer left half done is taken to its end.

        `known` saves the reading of files while main still names its commit.
        """
        make_folder(self.state.deployed)
        async with _alone(self.state):  # whoever waited here must not apply what main said before
            found = known if known is not None and known.commit == await self.head() else await self.main()
            wanted, left = await self._plan(found)
            broken_off, last = journal.under_way(self.state, self.services.names), journal.last(self.state)
            again = broken_off is not None and broken_off.commit == left.commit
            whole = _both(broken_off, left) if again and broken_off else replace(left, at=time.time_ns())
            if not whole.changes_something:
                return replace(left, at=last.at) if last and last.commit == left.commit else left
            previous = last.commit if last else ""
            if not again:
                await self._tell({**_event(whole), "phase": "started", "previous": previous})
                journal.begin(self.state, whole)
            _write(self.state, wanted, left.changed)
            failed = await self.services.restart(left.restarted, whole.restarted, wanted)
            done = replace(whole, failed=tuple(failed))
            await self._tell({**_event(done), "phase": "done", "previous": previous})
            journal.record(self.state, done)
        return done

    async def tell_refused(self, unfit: Unfit) -> None:
        """Tell `changes` of a commit that is not deployed, and why."""
        refused = Deployment(unfit.commit, unfit.subject, (), (), 0)
        await self._tell({**_event(refused), "phase": "refused", "reason": unfit.reason})

    async def _plan(self, main: Main) -> tuple[Mapping[str, str], Deployment]:
        """The wanted files, and what has to be done for them."""
        try:
            wanted = desired_state(main.files)
        except Malformed as error:
            raise Unfit(main.commit, main.subject, str(error)) from error
        present = {path.name: _content(path) for path in self.state.deployed.glob("*.env")}
        texts = {name: text.encode() for name, text in wanted.items()}
        changed = sorted(name for name in texts.keys() | present.keys() if texts.get(name) != present.get(name))
        broken_off = journal.under_way(self.state, self.services.names)
        stale = await self.services.stale(wanted, broken_off.restarted if broken_off else ())
        return wanted, Deployment(main.commit, main.subject, tuple(changed), tuple(stale), time.time_ns())

    async def _tell(self, event: Mapping[str, object]) -> None:
        """A hint on `changes`, always confirmed against Git: without the bus the deployment goes on."""
        if self.publisher is not None:
            with contextlib.suppress(Unavailable, Refused):
                await self.publisher.publish(CHANGES, json.dumps(event).encode(), key=str(event["id"]).encode())


def _both(begun: Deployment, left: Deployment) -> Deployment:
    """What a killed deployer had planned, and what is left to do now."""
    changed = tuple(sorted({*begun.changed, *left.changed}))
    return replace(begun, changed=changed, restarted=tuple(dict.fromkeys((*begun.restarted, *left.restarted))))


def _content(path: Path) -> bytes:
    """Nothing, for what cannot be read: it is not what is wanted, and is replaced."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(state: StatePaths, wanted: Mapping[str, str], changed: Sequence[str]) -> None:
    for name in changed:
        if name in wanted:
            write_private(state.deployed / name, wanted[name])
        else:
            remove(state.deployed / name)


def _event(deployment: Deployment) -> dict[str, object]:
    """What `changes` is told whatever the phase; with `id` and Git a reader has the diff (`sre-space diagnose`)."""
    return {
        "id": deployment.commit,
        "kind": "deployment",
        "time": time.time_ns(),
        "service": ",".join(deployment.restarted),
        "files": deployment.changed[:MAX_TOLD],
        "summary": cut(deployment.subject),  # the first line of a commit is as long as somebody writes it
    }


@contextlib.asynccontextmanager
async def _alone(state: StatePaths) -> AsyncIterator[None]:
    """Wait for a deployment under way."""
    path: Path = state.deployed.parent / "lock"
    try:
        make_way(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "r+") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield
