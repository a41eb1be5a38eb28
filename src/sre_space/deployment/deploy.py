"""A deployment: main of the forge's repository becomes what runs. Uses the ports GitOps, Runtime and Probe.

1. Read the desired state of main; a file that does not parse refuses the whole deployment (`Undeployable`), before
   anything changes.
2. Publish the start on the topic `changes`.
3. Replace the files that differ, each atomically; the warden reads the limits by itself.
4. Restart the services that run with another desired state than main's, and wait until each serves or has ended.
5. Publish the result on `changes`, and append it to `deploy/deployments.jsonl`.

When a deployer is killed in between, the next deployment completes its work (`journal.py`).

A deployment is idempotent, and two at once take turns: the warden's, which deploys whenever main moves (`watch.py`),
and that of `sre-space deploy`.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sre_space.codec.changes import MAX_LISTED, name_of
from sre_space.codec.topics import CHANGES
from sre_space.deployment import journal
from sre_space.deployment.deployed_files import Files, difference
from sre_space.deployment.desired_state import desired_state
from sre_space.deployment.journal import Deployment
from sre_space.deployment.services import DeployedServices
from sre_space.domain.bounds import cut
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.paths import StatePaths
from sre_space.ports.bus import Publisher
from sre_space.ports.gitops import GitOps
from sre_space.record.desired_files import desired_files
from sre_space.state_files import make_folder, remove, set_folder_aside, write_private

MAIN = "main"


class Undeployable(Malformed):
    """The error for a commit that cannot be deployed; the message names the file, the line and the reason."""

    def __init__(self, commit: str, subject: str, reason: str) -> None:
        super().__init__(f"{reason}; nothing was deployed")
        self.commit, self.subject, self.reason = commit, subject, reason


@dataclass(frozen=True)
class Main:
    """The head of main: its commit, the commit's subject, and the files of desired state by path."""

    commit: str
    subject: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Plan:
    """The desired state by path, the files of the state folder to write or remove, and the deployment that does it."""

    desired: Mapping[str, str]
    files: Files
    deployment: Deployment


@dataclass(frozen=True)
class Deployer:
    """Applies main to one state folder. `publisher` sends the events to `changes`; None where no bus is configured."""

    state: StatePaths
    gitops: GitOps
    services: DeployedServices
    publisher: Publisher | None

    async def head(self) -> str:
        """Return the SHA of main's current commit."""
        return (await self.gitops.commit(MAIN)).sha

    async def main(self) -> Main:
        """Return the current head of main with its desired state."""
        commit = await self.gitops.commit(MAIN)
        files = await desired_files(self.gitops, self.services.config, commit.sha)
        return Main(commit.sha, commit.message.partition("\n")[0], files)

    async def planned(self) -> Deployment:
        """Return what a deployment would do now; change nothing. Raise `Undeployable` when main cannot be deployed."""
        return (await self._plan(await self.main())).deployment

    async def deploy(self, known: Main | None = None) -> Deployment:
        """Apply main and return what was done; complete what a killed deployer has left half done.

        `known` is used instead of reading main again while main is still at its commit. Raise `Undeployable` when main
        cannot be deployed.
        """
        make_folder(self.state.deployed)
        async with _locked(self.state):  # main may have moved while we waited: its head is compared again
            main = known if known is not None and known.commit == await self.head() else await self.main()
            plan = await self._plan(main)
            remaining = plan.deployment
            interrupted, last = journal.under_way(self.state, self.services.names), journal.last(self.state)
            continued = interrupted is not None and interrupted.commit == remaining.commit
            whole = (
                _merged(interrupted, remaining) if continued and interrupted else replace(remaining, at=time.time_ns())
            )
            if not whole.changes_something:
                return replace(remaining, at=last.at) if last and last.commit == remaining.commit else remaining
            previous = last.commit if last else ""
            if not continued:
                await self._publish({**_event(whole), "phase": "started", "previous": previous})
                journal.begin(self.state, whole)
            _write(plan.files)
            await self.services.note_next_start(plan.desired)
            failed = await self.services.restart(remaining.restarted, whole.restarted, plan.desired)
            done = replace(whole, failed=tuple(failed))
            await self._publish({**_event(done), "phase": "done", "previous": previous})
            journal.record(self.state, done)
        return done

    async def publish_refusal(self, unfit: Undeployable) -> None:
        """Publish on `changes` that a commit is not deployed, and why."""
        refused = Deployment(unfit.commit, unfit.subject, (), (), 0)
        await self._publish({**_event(refused), "phase": "refused", "reason": unfit.reason})

    async def _plan(self, main: Main) -> Plan:
        """Return how main becomes what runs."""
        try:
            desired = desired_state(main.files, self.services.config)
        except Malformed as error:
            raise Undeployable(main.commit, main.subject, str(error)) from error
        files, sources = difference(self.state, self.services.config, desired)
        changed = sorted(map(name_of, sources))
        interrupted = journal.under_way(self.state, self.services.names)
        stale = await self.services.stale(desired, interrupted.restarted if interrupted else ())
        deployment = Deployment(main.commit, main.subject, tuple(changed), tuple(stale), time.time_ns())
        return Plan(desired, files, deployment)

    async def _publish(self, event: Mapping[str, object]) -> None:
        """Publish an event on `changes`. Readers confirm it against Git, so a deployment goes on without the bus."""
        if self.publisher is not None:
            with contextlib.suppress(Unavailable, Refused):
                await self.publisher.publish(CHANGES, json.dumps(event).encode(), key=str(event["id"]).encode())


def _merged(begun: Deployment, remaining: Deployment) -> Deployment:
    """Return the deployment that a killed deployer began, extended by what remains to be done now."""
    changed = tuple(sorted({*begun.changed, *remaining.changed}))
    return replace(begun, changed=changed, restarted=tuple(dict.fromkeys((*begun.restarted, *remaining.restarted))))


def _write(files: Files) -> None:
    for path, text in files.items():
        if text is None:
            remove(path)
        else:
            make_folder(path.parent)
            write_private(path, text)


def _event(deployment: Deployment) -> dict[str, object]:
    """Return the fields that every event on `changes` has; with `id`, readers get the diff from Git."""
    return {
        "id": deployment.commit,
        "kind": "deployment",
        "time": time.time_ns(),
        "service": ",".join(deployment.restarted),
        "files": deployment.changed[:MAX_LISTED],
        "summary": cut(deployment.subject),  # the subject of a commit may have any length
    }


@contextlib.asynccontextmanager
async def _locked(state: StatePaths) -> AsyncIterator[None]:
    """Hold the lock of deployments, waiting for one under way; raise `Unavailable` when it cannot be opened."""
    path: Path = state.deployed.parent / "lock"
    try:
        set_folder_aside(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "r+") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield
