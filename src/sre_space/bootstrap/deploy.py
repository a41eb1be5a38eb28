"""`sre-space deploy`: what main of the embedded forge's repository says becomes what runs.

1. Read `deploy/config/` of main; a file that does not parse refuses the whole deployment (`Unfit`), before anything
   changes.
2. Tell `changes` what begins.
3. Replace the files that differ, each at once; the warden reads `space.env` by itself.
4. Restart the services that run with another desired state than main's, and wait until each serves or has ended.
5. Tell `changes` what came of it, and write it into `deploy/deployments.jsonl`.

Running it twice changes nothing the second time; two at once take turns: the warden, which deploys whenever main moves
(`deploy_watch.py`), and whoever says `sre-space deploy`.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

from sre_space.adapters.kafka import KafkaPublisher
from sre_space.bootstrap import space_supervisor
from sre_space.bootstrap.desired_state import SPACE_FILE, desired_state
from sre_space.bootstrap.space_ports import HOST
from sre_space.bootstrap.space_state import Running, State, running_space, write_private
from sre_space.bootstrap.space_table import SERVICES
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.embedded.forge.repository import CONFIG, files_at
from sre_space.embedded.launcher import digest, running_file
from sre_space.wire.memory_limits import memory_limits

TOPIC = "changes"
SERVES_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05
ENDED = ("EXITED", "FATAL", "BACKOFF", "STOPPED")


@dataclass(frozen=True)
class Deployment:
    """What was done: the commit and its subject, files replaced, services restarted, and those that do not serve now.

    `at` is when the first change began (Unix ns); when main runs already, when it was last deployed.
    """

    commit: str
    subject: str
    changed: tuple[str, ...]
    restarted: tuple[str, ...]
    at: int
    failed: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """False when main runs already."""
        return bool(self.changed or self.restarted)


class Unfit(Malformed):
    """A commit that cannot be deployed; the message names the file, the line and the reason."""

    def __init__(self, commit: str, subject: str, reason: str) -> None:
        super().__init__(f"{reason}; nothing was deployed")
        self.commit, self.subject, self.reason = commit, subject, reason


async def deploy(state: State) -> Deployment:
    """Apply main; `Unfit` when it cannot be."""
    running = running_space(state)
    with _alone(state):
        wanted, planned = await asyncio.to_thread(_plan, state, running)
        last = _last(state)
        if not planned.changes_something:
            return replace(planned, at=last.at) if last and last.commit == planned.commit else planned
        planned = replace(planned, at=time.time_ns())
        previous = last.commit if last else ""
        await _tell(running, {**_event(planned), "phase": "started", "previous": previous})
        _write(state, wanted, planned.changed)
        failed = await asyncio.to_thread(_restart, running, planned.restarted)
        done = replace(planned, failed=tuple(failed))
        await _tell(running, {**_event(done), "phase": "done", "previous": previous})
        _record(state, done)
    return done


def planned(state: State) -> Deployment:
    """What a deployment would do now: changes nothing; `Unfit` when it cannot be."""
    return _plan(state, running_space(state))[1]


async def tell_refused(state: State, unfit: Unfit) -> None:
    """Tell `changes` of a commit that is not deployed, and why."""
    refused = Deployment(unfit.commit, unfit.subject, (), (), 0)
    await _tell(running_space(state), {**_event(refused), "phase": "refused", "reason": unfit.reason})


def repository(state: State, running: Running) -> Path:
    """Where the embedded forge keeps the repository of a space."""
    owner, _, repo = running.repository.partition("/")
    return state.root / "forge" / owner / f"{repo}.git"


def _plan(state: State, running: Running) -> tuple[Mapping[str, str], Deployment]:
    """The wanted files, and what has to be done for them."""
    commit, subject, files = files_at(repository(state, running), CONFIG)
    try:
        wanted = desired_state(files)
    except Malformed as error:
        raise Unfit(commit, subject, str(error)) from error
    present = {path.name: path.read_text() for path in state.deployed.glob("*.env")}
    changed = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    units = {unit.name for unit in space_supervisor.units(running.socket)}
    resized = _resized(present.get(SPACE_FILE, ""), wanted.get(SPACE_FILE, ""))
    stale = [
        one
        for one in SERVICES
        if one in units and (one in resized or _runs(state, one) != digest(_content(wanted, one)))
    ]
    return wanted, Deployment(commit, subject, tuple(changed), tuple(stale), time.time_ns())


def _resized(before: str, after: str) -> set[str]:
    """Services whose memory limit changes: they begin anew with it, as containers do."""
    old, new = memory_limits(before), memory_limits(after)
    return {service for service in old.keys() | new.keys() if old.get(service) != new.get(service)}


def _content(wanted: Mapping[str, str], service: str) -> bytes:
    return wanted.get(f"{service}.env", "").encode()


def _runs(state: State, service: str) -> str:
    """The digest of what a service was started with, "" when it never was."""
    with contextlib.suppress(FileNotFoundError):
        return running_file(state.root, service).read_text()
    return ""


def _write(state: State, wanted: Mapping[str, str], changed: Sequence[str]) -> None:
    for name in changed:
        if name in wanted:
            write_private(state.deployed / name, wanted[name])
        else:
            (state.deployed / name).unlink(missing_ok=True)


def _restart(running: Running, services: Sequence[str]) -> list[str]:
    """Restart one after the other; those that do not serve afterwards."""
    failed = []
    for service in services:
        with contextlib.suppress(Refused):  # it is down already
            space_supervisor.call(running.socket, "stopProcess", service)
        space_supervisor.start(running.socket, service)
        if not _serves(running, service):
            failed.append(service)
    return failed


def _serves(running: Running, service: str) -> bool:
    """True once it is ready; False when it ended or took too long."""
    port = running.ports[f"{service.replace('-', '_')}_port"]
    url = f"http://{HOST}:{port}/ready"
    deadline = time.monotonic() + SERVES_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=1.0, trust_env=False).is_success:
                return True
        if any(unit.name == service and unit.state in ENDED for unit in space_supervisor.units(running.socket)):
            return False
        time.sleep(LOOK_EVERY_S)
    return False


def _event(deployment: Deployment) -> dict[str, object]:
    """What `changes` is told whatever the phase; with `id` and Git a reader has the diff (`sre-space diagnose`)."""
    return {
        "id": deployment.commit,
        "kind": "deployment",
        "time": time.time_ns(),
        "service": ",".join(deployment.restarted),
        "files": deployment.changed,
        "summary": deployment.subject,
    }


async def _tell(running: Running, event: Mapping[str, object]) -> None:
    """A hint on `changes`, always confirmed against Git: without the bus the deployment goes on."""
    publisher = KafkaPublisher(f"{HOST}:{running.ports['bus_port']}")
    with contextlib.suppress(Unavailable):
        await publisher.publish(TOPIC, json.dumps(event).encode(), key=str(event["id"]).encode())
    await publisher.close()


def _last(state: State) -> Deployment | None:
    """The newest deployment on record; a line that was cut off counts as none."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError, IndexError):
        told = json.loads(_records(state).read_text().splitlines()[-1])
        lists = {name: tuple(told[name]) for name in ("changed", "restarted", "failed")}
        return Deployment(**{**told, **lists})
    return None


def _record(state: State, deployment: Deployment) -> None:
    with os.fdopen(os.open(_records(state), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
        file.write(json.dumps(asdict(deployment)) + "\n")


def _records(state: State) -> Path:
    return state.deployed.parent / "deployments.jsonl"


@contextlib.contextmanager
def _alone(state: State) -> Iterator[None]:
    """Wait for a deployment under way."""
    path: Path = state.deployed.parent / "lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
